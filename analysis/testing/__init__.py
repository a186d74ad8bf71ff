"""A language model server of our own, for tests and benchmarks."""
