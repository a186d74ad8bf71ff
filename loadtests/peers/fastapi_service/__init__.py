"""FastAPI and SQLAlchemy, as the service that one would write instead: tuned, and on our tables."""
