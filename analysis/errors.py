"""What can go wrong with a text task."""

from videogen.kernel.errors import DomainError


class AnalysisError(DomainError):
    """A text task could not be done. `retryable` says whether another attempt may help."""

    code = "analysis.failed"
