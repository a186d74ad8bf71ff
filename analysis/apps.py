"""The analysis app."""

from django.apps import AppConfig


class AnalysisConfig(AppConfig):
    """The text AI tasks, and the ledger of what was asked of language models."""

    name = "analysis"
    verbose_name = "Analysis"
