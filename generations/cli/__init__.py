"""A client of the API for people at a shell. It knows the service only by its addresses."""
