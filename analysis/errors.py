"""What can go wrong with a text task. Each says whether another attempt may help, and what would."""

from videogen.kernel.errors import DomainError


class AnalysisError(DomainError):
    """A text task could not be done."""

    code = "analysis.failed"


class EngineFailed(AnalysisError):
    """The engine, and not the request, is the reason: another engine could do the task."""


class RateLimited(EngineFailed):
    """Too many requests, or tokens, in this minute."""

    code = "analysis.rate_limited"
    status = 503
    retryable = True
    hint = "It is tried again by itself; a higher limit at the provider makes it quicker."


class QuotaExhausted(EngineFailed):
    """The account has no money left, or has reached its own spending limit."""

    code = "analysis.quota_exhausted"
    status = 503
    hint = "Add credit or raise the spending limit of the account that OPENAI_API_KEY belongs to."


class WrongKey(EngineFailed):
    """The key is missing, wrong, revoked, or may not do this."""

    code = "analysis.unauthorized"
    status = 503
    hint = "Set OPENAI_API_KEY to a key that may use the configured models; `manage.py doctor` tests it."


class ModelUnknown(EngineFailed):
    """The server does not have the configured model."""

    code = "analysis.model_unknown"
    status = 503
    hint = "Name models that the server has in OPENAI_MODEL; `manage.py doctor` lists what is configured."


class CallRefused(EngineFailed):
    """The server does not accept the call as it is made: an option or a format that it does not know."""

    code = "analysis.call_refused"
    status = 503
    hint = "Compatible servers differ: try OPENAI_TRANSPORT=chat, or a newer version of the server."


class TimedOut(EngineFailed):
    """No whole answer came within OPENAI_TIMEOUT_SECONDS."""

    code = "analysis.timed_out"
    status = 503
    retryable = True
    hint = "A slower model or server needs a larger OPENAI_TIMEOUT_SECONDS."


class Unreachable(EngineFailed):
    """No connection, a cut one, or a server that fails on its side (5xx)."""

    code = "analysis.unreachable"
    status = 503
    retryable = True
    hint = "Look at OPENAI_BASE_URL and at the provider's status page."


class Truncated(EngineFailed):
    """The answer did not end within its limit of tokens, a second one with more room neither."""

    code = "analysis.truncated"
    status = 503
    retryable = True
    hint = "Ask for a shorter video, or configure a model with more room."


class Malformed(EngineFailed):
    """The answer is not what was asked for: no JSON, another shape, or a plan that does not add up."""

    code = "analysis.malformed"
    status = 503
    retryable = True
    hint = "Another attempt may do better; a more capable model (OPENAI_MODEL_…) certainly does."


class Refused(AnalysisError):
    """The model declined to answer, for safety. Another attempt gets the same answer."""

    code = "safety.refused"
    status = 422
    hint = "Rewrite the prompt without what a provider may not show."


class Unsafe(AnalysisError):
    """Moderation blocked a text. The code ends with the category: `safety.input.violence`."""

    code = "safety.input"
    status = 422
    hint = "Rewrite the text without what its category names."
