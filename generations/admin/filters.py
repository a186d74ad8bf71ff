"""List filters named after the questions that operators ask."""

from collections.abc import Mapping
from datetime import timedelta

from django.contrib import admin
from django.db.models import DurationField, ExpressionWrapper, F, Model, Q, QuerySet, Value
from django.db.models.functions import Coalesce, Now
from django.http import HttpRequest

from generations.pipeline import STAGES
from generations.providers.registry import hosted_names, provider_names
from generations.states import LIVE, CallStatus, GenerationStatus, StageStatus
from videogen.kernel.admin.formatting import words

WORKING = (GenerationStatus.PROCESSING, GenerationStatus.CANCELLING)
TWICE_ITS_LENGTH = ExpressionWrapper(
    F("duration_seconds") * Value(timedelta(seconds=2)), output_field=DurationField()
)

FAILED_LATELY = Q(status=GenerationStatus.FAILED, finished_at__gte=Now() - timedelta(hours=24))
STUCK = Q(status__in=WORKING, updated_at__lt=Now() - timedelta(minutes=5))
WAITING_LONG = Q(status=GenerationStatus.QUEUED, updated_at__lt=Now() - timedelta(minutes=5))
RUNNING = Q(status__in=WORKING)
SLOW = Q(started_at__lt=Coalesce(F("finished_at"), Now()) - TWICE_ITS_LENGTH)
OVERDUE = Q(status=StageStatus.RUNNING, lease_expires_at__lt=Now())

PUT_BACK = Q(status=StageStatus.QUEUED, put_back_count__gt=0, available_at__gt=Now())

UNDECIDED = Q(status=CallStatus.UNKNOWN, given_up_at__isnull=False)
AT_WORK = Q(status__in=(CallStatus.SUBMITTING, CallStatus.ACCEPTED))
#: A provider that refuses does not fail, yet there is no clip. Without an error it was only taken back.
CALL_FAILED = Q(status=CallStatus.FAILED) | Q(status=CallStatus.REFUSED) & ~Q(error_code="")
CALL_FAILED_LATELY = CALL_FAILED & Q(finished_at__gte=Now() - timedelta(hours=24))
#: What a call was made for: its clip came, and is the one that counts.
CLIP_BOUGHT = Q(status=CallStatus.SUCCEEDED, is_superseded=False, error_code="")
WASTED = Q(finished_at__isnull=False, actual_usd__gt=0) & ~CLIP_BOUGHT


class QuestionFilter(admin.SimpleListFilter):
    """One choice for each question; a question is a condition on rows."""

    title = "question"
    parameter_name = "question"
    questions: Mapping[str, tuple[str, Q]]

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, str]]:
        return [(name, label) for name, (label, _) in self.questions.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Model]) -> QuerySet[Model]:
        asked = self.questions.get(self.value() or "")
        return queryset.filter(asked[1]) if asked else queryset


class GenerationQuestion(QuestionFilter):
    """What needs a person, and what is happening."""

    questions = {
        "failed": ("Needs attention: failed in the last 24 h", FAILED_LATELY),
        "stuck": ("Stuck: no news for 5 minutes", STUCK),
        "waiting": ("Queued for over 5 minutes", WAITING_LONG),
        "slow": ("Slow: took over twice its length", SLOW),
        "running": ("Running now", RUNNING),
    }


class StageRunQuestion(QuestionFilter):
    """Which attempts are at work, and which went wrong."""

    questions = {
        "live": ("Live: queued, running or waiting", Q(status__in=LIVE)),
        "put back": ("Put back: too early for it", PUT_BACK),
        "failed": ("Failed", Q(status=StageStatus.FAILED)),
        "lost": ("Lost: its worker went silent", Q(status=StageStatus.LOST)),
        "overdue": ("Running on an expired lease", OVERDUE),
    }


class CallQuestion(QuestionFilter):
    """Which paid calls need a person, and what has become of money."""

    questions = {
        "undecided": ("Asks for a decision", UNDECIDED),
        "waiting": ("At the provider now", AT_WORK),
        "unknown": ("Unknown: it may have been taken", Q(status=CallStatus.UNKNOWN)),
        "failed": ("Failed in the last 24 h", CALL_FAILED_LATELY),
        "wasted": ("Billed without a clip", WASTED),
    }


class KnownValueFilter(admin.SimpleListFilter):
    """The values of a field that the code knows; Django would read the whole table to find them."""

    def known(self) -> list[str]:
        raise NotImplementedError

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, str]]:
        return [(name, words(name)) for name in self.known()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Model]) -> QuerySet[Model]:
        return queryset.filter(**{str(self.parameter_name): self.value()}) if self.value() else queryset


class ProviderFilter(KnownValueFilter):
    """By provider."""

    title = parameter_name = "provider"

    def known(self) -> list[str]:
        return provider_names()


class HostedProviderFilter(ProviderFilter):
    """By provider, of those that are paid."""

    def known(self) -> list[str]:
        return hosted_names()


class StageFilter(KnownValueFilter):
    """By stage."""

    title = parameter_name = "stage"

    def known(self) -> list[str]:
        return [stage.name for stage in STAGES]
