"""What every test stands on: real servers of its own."""
