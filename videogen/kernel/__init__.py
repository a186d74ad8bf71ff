"""What every app may use. It imports no app."""
