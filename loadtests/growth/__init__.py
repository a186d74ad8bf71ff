"""Databases of several sizes, and what it costs in each to ask and to do the same."""
