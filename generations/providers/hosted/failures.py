"""Everything that can go wrong at a service, as the errors that the rest of the product knows.

Messages are for people, and are stored: they hold no key, no signed address, and no web page.
"""

import re

from generations.providers.base import OutcomeUnknown, ProviderError
from generations.providers.hosted.answers import Answer
from generations.providers.hosted.redaction import quoted
from generations.providers.hosted.vendors import Vendor
from videogen.kernel.errors import DomainError, Postponed
from videogen.kernel.retry_after import retry_after_seconds

#: How long a service is left alone that was asked too often: where it does not say, at least and at most.
LEFT_ALONE_SECONDS = 30.0
LEFT_ALONE_LEAST = 1.0
LEFT_ALONE_CAP = 600.0
#: Such a redirect says that nothing was done where we asked.
REDIRECTS = {301, 302, 307, 308}
#: We were slow, or are said to have left: somebody on the way speaks, who does not know what came through.
NO_VERDICT = {408, 499}
REWRITE = (
    "Rewrite the scene: no real people, no violence, no nudity, no brands of others. Or use another model."
)

# Services have no code for a rejected prompt, or several; these are their words.
_MODERATION = re.compile(
    r"\bE005\b|flagged as sensitive|sensitive (?:content|words?)|\bnsfw\b"
    r"|content[ _](?:policy|policies|filter|moderat|checker)|\bmoderat(?:ion|ed)\b|(?<!-)\bsafety\b"
    r"|responsible ai|prohibited content|inappropriate content"
    r"|violat\w* (?:\w+ ){0,4}(?:polic|guideline|terms)",
    re.IGNORECASE,
)
_NO_CREDIT = re.compile(
    r"(?:insufficient|exhausted|not enough) (?:account )?(?:credit|balance|fund)|out of credit", re.IGNORECASE
)
_BAD_INPUT = re.compile(
    r"\bE006\b|invalid[ _](?:input|argument|parameter|value)|validation error|unprocessable"
    r"|must be (?:one of|between|less|greater|at (?:least|most))|is not supported|unsupported|out of range",
    re.IGNORECASE,
)


def submission_failure(vendor: Vendor, answer: Answer, *, model: str) -> DomainError:
    """What an answer to a submission means that names no job.

    A client's error is the one kind that says that the work was not taken. A server's error may come
    from a gateway that passed the request on; there and in all else the outcome is unknown.
    """
    if answer.status == 429:
        return rate_limited(vendor, answer)
    if answer.status in REDIRECTS:
        return _redirected(vendor, answer)
    if not 400 <= answer.status < 500 or answer.status in NO_VERDICT:
        return OutcomeUnknown(
            f"{vendor.title} answered {answer.status} and named no job. "
            "That does not say whether it has taken the work."
        )
    return _refusal(vendor, answer, model)


def look_failure(vendor: Vendor, answer: Answer) -> DomainError:
    """What an answer means that tells nothing about the job that was asked for. The job goes on."""
    if answer.status == 429:
        return rate_limited(vendor, answer)
    if answer.status in {401, 403}:
        return unauthorized(vendor, answer.status)
    if answer.status in REDIRECTS:
        return _redirected(vendor, answer)
    said = f"answered {answer.status}"
    if answer.is_success:
        said = "answered something that is not its protocol"
    return unreachable(vendor, said)


def upload_failure(vendor: Vendor, answer: Answer) -> DomainError:
    """What an answer to a file means that names no address for it."""
    if answer.status in {400, 404, 413, 415, 422}:
        return refused(vendor, answer.message or f"it does not take the file ({answer.status})")
    return look_failure(vendor, answer)


def rate_limited(vendor: Vendor, answer: Answer) -> Postponed:
    """It has had too many requests, and says when to come back, or does not."""
    asked = retry_after_seconds(answer.headers, answer.text)
    seconds = LEFT_ALONE_SECONDS if asked is None else min(max(asked, LEFT_ALONE_LEAST), LEFT_ALONE_CAP)
    return Postponed(
        f"{vendor.title} has had too many requests; it is left alone for {seconds:.0f} s.",
        seconds=seconds,
        code="provider.rate_limited",
    )


def unreachable(vendor: Vendor, said: str) -> ProviderError:
    """No answer, or none that is its own. `said` completes the sentence."""
    return ProviderError(f"{vendor.title} {said}.", code="provider.unreachable", retryable=True)


def unauthorized(vendor: Vendor, status: int) -> ProviderError:
    return advised(
        ProviderError(
            f"{vendor.title} does not accept the key ({status}).",
            code="provider.unauthorized",
            retryable=False,
        ),
        f"Check {vendor.key_variable}; keys are made at {vendor.key_page}.",
    )


def unsafe(vendor: Vendor, said: str) -> ProviderError:
    """The prompt, or what came of it, was found unsafe. Asking the same again gives the same."""
    error = ProviderError(
        sentence(f"{vendor.title} rejected the scene, for safety", said),
        code="safety.provider",
        retryable=False,
    )
    error.status = 422
    return advised(error, REWRITE)


def job_failure(vendor: Vendor, said: str) -> ProviderError:
    """A job that was taken and has failed, by the words that were left. Input that is wrong stays wrong."""
    if _MODERATION.search(said) or _BAD_INPUT.search(said):
        return input_failure(vendor, said)
    return failed(vendor, said)


def input_failure(vendor: Vendor, said: str) -> ProviderError:
    """Input that was not accepted: for safety where the words say so."""
    return (unsafe if _MODERATION.search(said) else refused)(vendor, said)


def failed(vendor: Vendor, said: str) -> ProviderError:
    """The clip could not be made, and nothing says that it never can."""
    text = sentence(f"{vendor.title} could not make the clip", said)
    return ProviderError(text, code="provider.failed", retryable=True)


def refused(vendor: Vendor, said: str) -> ProviderError:
    """It does not accept what it was asked for."""
    text = sentence(f"{vendor.title} does not accept the request", said)
    return ProviderError(text, code="provider.refused", retryable=False)


def output_lost(vendor: Vendor, what: str) -> ProviderError:
    """The work was done, or may have been, and what came of it is gone."""
    return ProviderError(f"{vendor.title} {what}.", code="provider.output_lost", retryable=False)


def advised(error: ProviderError, hint: str) -> ProviderError:
    """The error, with what its reader can do about it."""
    error.hint = hint
    return error


def sentence(start: str, said: str) -> str:
    """One sentence, which ends with what the service says, as far as that can be repeated."""
    said = quoted(said).rstrip(" .")
    return f"{start}: {said}." if said else f"{start}."


def _refusal(vendor: Vendor, answer: Answer, model: str) -> ProviderError:
    said = answer.message
    if answer.status == 402 or _NO_CREDIT.search(said):
        error = ProviderError(
            f"The account at {vendor.title} has no credit left.", code="provider.no_credit", retryable=False
        )
        return advised(error, f"Add credit at {vendor.billing_page}.")
    if _is_about_safety(answer, said):
        return unsafe(vendor, said)
    if answer.status in {401, 403}:
        return unauthorized(vendor, answer.status)
    if answer.status == 404:
        error = ProviderError(
            f"{vendor.title} does not have the model {model}.", code="provider.model_unknown", retryable=False
        )
        return advised(error, "See which models there are with: manage.py sync_capabilities")
    return refused(vendor, said)


def _is_about_safety(answer: Answer, said: str) -> bool:
    is_verdict = answer.status in {400, 403, 422, 451} and answer.body is not None
    return is_verdict and any(map(_MODERATION.search, [said, *kinds(answer.body)]))


def kinds(body: object) -> set[str]:
    """The machine-readable types of an error, where a service gives any."""
    members = body if isinstance(body, dict) else {}
    details = members.get("detail")
    items = details if isinstance(details, list) else []
    found = [members.get("error_type"), *(item.get("type") for item in items if isinstance(item, dict))]
    return {kind for kind in found if isinstance(kind, str)}


def _redirected(vendor: Vendor, answer: Answer) -> ProviderError:
    error = unreachable(vendor, f"answered with a redirect ({answer.status}), which is not followed")
    error.retryable = False
    return advised(error, f"Check {vendor.url_variable}.")
