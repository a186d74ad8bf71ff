"""The analysis app."""

from django.apps import AppConfig
from django.core.checks import register

from analysis.checks import analysis_check


class AnalysisConfig(AppConfig):
    """The text AI tasks, and the ledger of what was asked of language models."""

    name = "analysis"
    verbose_name = "Analysis"

    def ready(self) -> None:
        register(analysis_check)
