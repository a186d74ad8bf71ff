"""The accounts app."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """API keys, their scopes and their limits."""

    name = "videogen.accounts"
    label = "accounts"
