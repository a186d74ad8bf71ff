"""Measurements from the outside: users as Locust plays them, and what the pipeline itself costs."""
