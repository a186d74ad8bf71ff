"""The state of a stage run in one word, as operators need it."""

from django.utils import timezone
from django.utils.safestring import SafeString

from generations.models import StageRun
from generations.states import StageStatus
from videogen.kernel.admin.formatting import badge


def run_badge(run: StageRun) -> SafeString:
    """Its status; `put back` while it is queued and too early for it."""
    waits = run.status == StageStatus.QUEUED and run.put_back_count and run.available_at > timezone.now()
    return badge("put_back" if waits else run.status)
