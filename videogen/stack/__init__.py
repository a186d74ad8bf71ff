"""Everything that one machine needs, started together, watched, and stopped together."""
