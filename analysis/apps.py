"""The analysis app."""

from django.apps import AppConfig


class AnalysisConfig(AppConfig):
    """The text AI tasks. It keeps no rows of its own yet."""

    name = "analysis"
    verbose_name = "Analysis"
