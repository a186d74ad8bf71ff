"""Whether a run met its objectives."""
