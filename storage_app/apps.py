"""The storage app."""

from django.apps import AppConfig


class StorageConfig(AppConfig):
    """Assets and their bytes."""

    name = "storage_app"
    verbose_name = "Storage"
