"""What the text tasks are judged by: a set of prompts, and what an answer costs."""
