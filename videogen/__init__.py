"""Videogen: from a prompt to a finished video."""

__version__ = "0.1.0"
