"""The aggregate root: one request for one video."""

import uuid
from collections.abc import Iterable
from decimal import Decimal
from typing import ClassVar, Self

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from generations.states import FINISHED, UNFINISHED, GenerationStatus
from storage_app.models import Asset
from videogen.accounts.models import SMALLEST_USD as SMALLEST_USD  # What is kept of an amount of money.
from videogen.accounts.models import ApiKey

#: Who is behind so many is told that they are behind so many.
QUEUE_COUNTED = 1000


class Approval(models.TextChoices):
    """Whether a person looks at the storyboard before anything is rendered."""

    AUTO = "auto"
    STORYBOARD = "storyboard"


class Transition(models.TextChoices):
    """How a clip gives way to the next one; see `generations.media.transitions`."""

    CUT = "cut"
    FADE = "fade", "fade through black"
    DISSOLVE = "dissolve"
    WIPE = "wipe", "wipe from the left"


class NumberOf(models.Subquery):
    """How many rows a subquery has; with a limit, PostgreSQL stops there."""

    template = "(SELECT COUNT(*) FROM (%(subquery)s) AS counted)"
    output_field = models.IntegerField()


class GenerationQuerySet(models.QuerySet["Generation"]):
    """Generations by who may see them, and as what is asked most."""

    def visible_to(self, user: models.Model | None) -> Self:
        """The owner's own, and nobody else's."""
        return self.filter(owner=user) if user else self.none()

    def with_queue_position(self) -> Self:
        """Adds `queue_position`: 1 for the next one to start, None once it has started.

        No more than `QUEUE_COUNTED` are counted, so that polls stay quick while the queue is long.
        """
        earlier = Generation.objects.filter(
            status=GenerationStatus.QUEUED, created_at__lt=models.OuterRef("created_at")
        )
        ahead = NumberOf(earlier.order_by().values("created_at")[:QUEUE_COUNTED]) + 1
        queued = models.When(status=GenerationStatus.QUEUED, then=ahead)
        return self.annotate(
            queue_position=models.Case(queued, default=None, output_field=models.IntegerField())
        )


class Generation(models.Model):
    """One request for one video, and how far it is.

    A status moves only by `generations.states.GENERATION`; `percentage` never goes back;
    `last_sequence` is the number of its newest ProgressEvent. `actual_usd` is what its clips and
    its text tasks have cost so far; `analysis_usd` is the latter's part, as of their ledger, and
    `reserved_usd` what is held back for calls that have not ended. `routing` is how `provider: auto`
    was decided, and null where a provider was named.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    # An index of its own would only be a shorter one than that of owner and age.
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="generations", db_index=False
    )

    api_key = models.ForeignKey(ApiKey, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")

    prompt = models.TextField()
    duration_seconds = models.PositiveSmallIntegerField(
        validators=[MinValueValidator(4), MaxValueValidator(180)]
    )
    aspect_ratio = models.CharField(max_length=8)
    resolution = models.CharField(max_length=8)
    # The database has the default, too: processes of the version before go on while this one starts.
    transition = models.CharField(
        max_length=20, choices=Transition, default=Transition.CUT, db_default=Transition.CUT
    )
    style = models.CharField(max_length=200, blank=True)
    brand = models.JSONField(null=True, blank=True)
    references = models.JSONField("ids of reference pictures", default=list, blank=True)
    provider = models.CharField(max_length=40)
    model = models.CharField(max_length=100, blank=True)
    audio = models.BooleanField(null=True, blank=True)
    routing = models.JSONField(null=True, blank=True)
    approval = models.CharField(max_length=20, choices=Approval, default=Approval.AUTO)
    max_cost_usd = models.DecimalField(max_digits=14, decimal_places=8, null=True, blank=True)
    seed = models.BigIntegerField()
    metadata = models.JSONField(default=dict, blank=True)

    status = models.CharField(max_length=20, choices=GenerationStatus, default=GenerationStatus.QUEUED)
    stage = models.CharField(max_length=30, blank=True)
    percentage = models.PositiveSmallIntegerField(default=0)
    estimated_completion = models.DateTimeField(null=True, blank=True)
    last_sequence = models.PositiveIntegerField(default=0)
    warnings = models.JSONField(default=list, blank=True)
    error = models.JSONField(null=True, blank=True)

    analysis = models.JSONField(null=True, blank=True)
    brand_analysis = models.JSONField(null=True, blank=True)
    storyboard = models.JSONField(null=True, blank=True)
    clip_count = models.PositiveSmallIntegerField(default=0)
    clips_ready = models.PositiveSmallIntegerField(default=0)

    estimated_usd = models.DecimalField(max_digits=14, decimal_places=8, default=Decimal(0))
    actual_usd = models.DecimalField(max_digits=14, decimal_places=8, default=Decimal(0))
    analysis_usd = models.DecimalField(max_digits=14, decimal_places=8, default=Decimal(0))

    reserved_usd = models.DecimalField(max_digits=14, decimal_places=8, default=Decimal(0))

    video = models.ForeignKey(Asset, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    poster = models.ForeignKey(Asset, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")

    version = models.PositiveSmallIntegerField(default=1)
    parent = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.SET_NULL, related_name="children"
    )

    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True, blank=True)
    approved_at = models.DateTimeField(null=True, blank=True)
    retried_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    #: Where `with_queue_position`, or whoever makes it, has said so.
    queue_position: int | None

    objects: ClassVar = GenerationQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(percentage__lte=100), name="generation_percentage_at_most_100"
            ),
            models.CheckConstraint(
                condition=Q(duration_seconds__gte=4, duration_seconds__lte=180),
                name="generation_duration_4_to_180",
            ),
            models.CheckConstraint(
                condition=Q(status__in=FINISHED, finished_at__isnull=False)
                | (~Q(status__in=FINISHED) & Q(finished_at__isnull=True)),
                name="generation_finished_at_when_finished",
            ),
            models.CheckConstraint(
                condition=Q(clips_ready__lte=F("clip_count")), name="generation_clips_ready_fits"
            ),
        ]
        indexes = [
            models.Index(fields=["status", "-created_at"], name="generation_status_created"),
            models.Index(fields=["owner", "-created_at", "-id"], name="generation_owner_created"),
            models.Index(fields=["-created_at", "-id"], name="generation_created"),
            models.Index(
                fields=["owner"], condition=Q(status__in=UNFINISHED), name="generation_owner_active"
            ),
            models.Index(
                fields=["created_at"], condition=Q(status=GenerationStatus.QUEUED), name="generation_queue"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.prompt[:60]} ({self.status})"

    @property
    def is_finished(self) -> bool:
        """Whether nothing will happen any more, unless a failed one is retried."""
        return self.status in FINISHED

    def asset_ids(self) -> Iterable[uuid.UUID]:
        """The assets that belong to the whole video."""
        return [pk for pk in (self.video_id, self.poster_id) if pk]
