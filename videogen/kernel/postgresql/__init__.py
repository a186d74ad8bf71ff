"""Django's PostgreSQL backend with connections that are checked for nothing and recycled a few at a time."""
