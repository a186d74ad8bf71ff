"""Clip providers. They know neither the queue nor the API."""
