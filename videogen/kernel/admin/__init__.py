"""What the operator's pages of every app share."""
