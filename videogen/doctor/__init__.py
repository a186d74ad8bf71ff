"""What is configured, what is reachable, what is unsafe; each with what to do about it."""
