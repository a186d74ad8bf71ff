"""The generations app."""

from django.apps import AppConfig
from django.core.checks import register

from generations.checks import video_models_check


class GenerationsConfig(AppConfig):
    """Generations, clips, stage runs and progress events."""

    name = "generations"

    def ready(self) -> None:
        register(video_models_check)
