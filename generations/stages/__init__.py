"""What each stage does: `execute` works and touches no state, `apply` writes the result down."""
