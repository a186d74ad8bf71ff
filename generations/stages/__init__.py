"""What each stage does: `execute` works without touching state, `apply` writes the result in one transaction."""
