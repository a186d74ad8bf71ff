"""The project as an app, so that its commands and checks are found."""

from django.apps import AppConfig
from importlib import import_module


class VideogenConfig(AppConfig):
    """System checks, and the commands of the whole stack."""

    name = "videogen"

    def ready(self) -> None:
        import_module("videogen.checks")  # Registers them.
