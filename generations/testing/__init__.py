"""Video providers of our own, for tests and benchmarks."""
