"""The project as an app, so that its commands and checks are found."""

from importlib import import_module

from django.apps import AppConfig


class VideogenConfig(AppConfig):
    """System checks, and the commands of the whole stack."""

    name = "videogen"

    def ready(self) -> None:
        import_module("videogen.checks")  # Registers them.
