"""HTTP as a client, with bounds on what the other side can do to us."""
