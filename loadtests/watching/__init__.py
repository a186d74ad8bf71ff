"""What the stack under load costs, looked at once a second from the outside."""
