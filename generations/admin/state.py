"""The state of a stage run, and of a paid call, in one word, as operators need it."""

from django.utils import timezone
from django.utils.safestring import SafeString

from generations.models import ProviderCall, StageRun
from generations.states import CallStatus, StageStatus
from videogen.kernel.admin.formatting import badge


def run_badge(run: StageRun) -> SafeString:
    """Its status; `put back` while it is queued and too early for it."""
    waits = run.status == StageStatus.QUEUED and run.put_back_count and run.available_at > timezone.now()
    return badge("put_back" if waits else run.status)


def is_undecided(call: ProviderCall) -> bool:
    """Whether only a person can find out what has become of it."""
    return call.status == CallStatus.UNKNOWN and call.given_up_at is not None


def call_badge(call: ProviderCall) -> SafeString:
    """Its status; `asks for a decision` where a person has to find out."""
    return badge("asks_for_a_decision" if is_undecided(call) else call.status)
