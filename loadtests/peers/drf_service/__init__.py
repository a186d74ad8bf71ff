"""Plain Django REST framework, as its tutorial builds it, on our tables."""
