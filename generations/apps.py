"""The generations app."""

from django.apps import AppConfig


class GenerationsConfig(AppConfig):
    """Generations, clips, stage runs and progress events."""

    name = "generations"
