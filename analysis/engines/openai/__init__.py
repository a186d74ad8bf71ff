"""Text tasks by a language model, at OpenAI or at any server that speaks its protocol."""
