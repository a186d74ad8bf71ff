"""The shapes of answers, for the OpenAPI document; a test holds them and the answers together."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from generations.states import ClipStatus, GenerationStatus

#: A JSON object whose shape is described elsewhere, or is the client's own.
OBJECT = {"type": "object", "additionalProperties": True}


def money(help_text: str, *, nullable: bool = False) -> serializers.RegexField:
    """US dollars as text."""
    return serializers.RegexField(r"^\d+\.\d{6}$", help_text=help_text, allow_null=nullable)


class Shape(serializers.Serializer[Any]):
    """Described, never used to serialise."""


@extend_schema_field(OBJECT)
class Free(serializers.JSONField):
    """An object that is not described further."""


class Video(Shape):
    """The finished video."""

    url = serializers.URLField(help_text="The MP4; takes Range. May redirect to a signed address.")
    poster_url = serializers.URLField(allow_null=True)
    duration_seconds = serializers.IntegerField()
    width = serializers.IntegerField()
    height = serializers.IntegerField()
    size_bytes = serializers.IntegerField()
    sha256 = serializers.CharField()
    media_type = serializers.CharField()


class Cost(Shape):
    """US dollars, as text."""

    estimated_usd = money("What it should cost.")
    actual_usd = money("What it has cost so far: its clips and its text tasks.")
    analysis_usd = money("The part of the text tasks, failed and repaired answers included.")
    reserved_usd = money(
        "Held back for clips that are being bought; after a cancel, what may still be billed."
    )


class Error(Shape):
    """Why a generation failed."""

    code = serializers.CharField()
    message = serializers.CharField()
    stage = serializers.CharField(allow_blank=True)
    position = serializers.IntegerField(allow_null=True, help_text="Of the clip, where it was one.")
    retryable = serializers.BooleanField(help_text="Whether `/retry` may help.")
    hint = serializers.CharField(allow_blank=True, help_text="What can be done about it, beyond the message.")


class Links(Shape):
    """Where the rest is found."""

    events = serializers.URLField()
    clips = serializers.URLField()
    storyboard = serializers.URLField()
    cancel = serializers.URLField()
    video = serializers.URLField()
    websocket = serializers.CharField()

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        # `self` cannot be declared as an attribute.
        return {"self": serializers.URLField(), **super().get_fields()}


class Scores(Shape):
    """From 0 to 1."""

    fit = serializers.FloatField(help_text="How much of the picture and of the seconds is used.")
    price = serializers.FloatField()
    time = serializers.FloatField()
    reliability = serializers.FloatField(help_text="The share of its newest calls that did not fail.")


class Candidate(Shape):
    """A model that could do it."""

    provider = serializers.CharField()
    model = serializers.CharField()
    score = serializers.FloatField()
    scores = Scores()
    estimated_usd = money("Of all clips.")
    usual_seconds = serializers.FloatField(help_text="How long a clip takes.")


class RejectedModel(Shape):
    """A model that could not, and why."""

    provider = serializers.CharField()
    model = serializers.CharField()
    reason = serializers.CharField()


class Routing(Shape):
    """How `provider: auto` was decided."""

    asked = serializers.CharField()
    chosen = Candidate()
    reasons = serializers.ListField(child=serializers.CharField())
    others = Candidate(many=True)
    rejected = RejectedModel(many=True)


class Generation(Shape):
    """One request for one video, and how far it is."""

    id = serializers.UUIDField()
    status = serializers.ChoiceField(GenerationStatus.choices)
    stage = serializers.CharField(help_text="The stage at work; empty before the first and after the last.")
    percentage = serializers.IntegerField(min_value=0, max_value=100, help_text="Never goes back.")
    eta_seconds = serializers.IntegerField(allow_null=True, help_text="null once it is finished.")
    queue_position = serializers.IntegerField(
        allow_null=True, help_text="1 is next, 1001 is behind at least 1,000; null once started."
    )
    prompt = serializers.CharField()
    duration_seconds = serializers.IntegerField()
    aspect_ratio = serializers.CharField()
    resolution = serializers.CharField()
    transition = serializers.CharField()
    style = serializers.CharField()  # type: ignore[assignment]  # DRF takes fields out of the class.
    brand = Free(allow_null=True)
    references = serializers.ListField(child=serializers.UUIDField(), help_text="Ids of reference pictures.")
    provider = serializers.CharField(help_text="Never `auto`: what was chosen.")
    model = serializers.CharField()
    audio = serializers.BooleanField(allow_null=True)
    routing = Routing(allow_null=True, help_text="How `auto` was decided; null where a provider was named.")
    approval = serializers.CharField()
    max_cost_usd = money("The limit that was asked for.", nullable=True)
    seed = serializers.IntegerField()
    metadata = Free()
    clip_count = serializers.IntegerField(help_text="0 until the storyboard is written.")
    clips_ready = serializers.IntegerField()
    video = Video(allow_null=True, help_text="null until it is completed.")
    error = Error(allow_null=True)
    cost = Cost()
    warnings = serializers.ListField(child=serializers.CharField())
    version = serializers.IntegerField()
    parent_id = serializers.UUIDField(allow_null=True)
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()
    started_at = serializers.DateTimeField(allow_null=True)
    finished_at = serializers.DateTimeField(allow_null=True)
    estimated_completion = serializers.DateTimeField(allow_null=True)
    links = Links()


class GenerationPage(Shape):
    """Newest first."""

    results = Generation(many=True)
    next = serializers.URLField(allow_null=True, help_text="The next page; null on the last.")


class Scene(Shape):
    """One scene; it becomes one clip."""

    position = serializers.IntegerField(min_value=1)
    duration_seconds = serializers.FloatField()
    title = serializers.CharField(help_text="Words on the picture; may be empty.")
    micro_prompt = serializers.CharField(help_text="What the provider is asked for.")
    subject = serializers.CharField()
    setting = serializers.CharField()
    time_of_day = serializers.CharField()
    weather = serializers.CharField()
    mood = serializers.CharField()
    camera = serializers.CharField()
    palette = serializers.ListField(child=serializers.CharField())


class Storyboard(Shape):
    """The ordered plan made from the prompt."""

    title = serializers.CharField()
    scenes = Scene(many=True)


class PlannedFrame(Shape):
    """Pixels, and frames per second."""

    width = serializers.IntegerField()
    height = serializers.IntegerField()
    fps = serializers.IntegerField()


class Plan(Shape):
    """What would be made. Nothing is stored."""

    dry_run = serializers.BooleanField()
    provider = serializers.CharField()
    model = serializers.CharField()
    frame = PlannedFrame()
    storyboard = Storyboard()
    estimated_usd = money("What it should cost.")
    estimated_seconds = serializers.FloatField(help_text="How long it should take, once it starts.")
    routing = Routing(allow_null=True, help_text="How `auto` was decided; null where a provider was named.")
    warnings = serializers.ListField(child=serializers.CharField())


class ClipVideo(Shape):
    """The bytes of a clip."""

    url = serializers.URLField()
    size_bytes = serializers.IntegerField()
    sha256 = serializers.CharField()
    media_type = serializers.CharField()


class Clip(Shape):
    """One rendered piece."""

    id = serializers.UUIDField()
    position = serializers.IntegerField(min_value=1)
    status = serializers.ChoiceField(ClipStatus.choices)
    duration_seconds = serializers.FloatField(help_text="How long it plays.")
    bought_seconds = serializers.FloatField(
        allow_null=True, help_text="How long a clip is bought for it; null where none is bought."
    )
    reused = serializers.BooleanField(help_text="Taken over from the version before, and paid for there.")
    scene = Scene()
    fingerprint = serializers.CharField(help_text="Hash of all that it is made from.")
    provider = serializers.CharField()
    model = serializers.CharField()
    seed = serializers.IntegerField()
    cost_usd = money("What it has cost.")
    video = ClipVideo(allow_null=True)
    thumbnail_url = serializers.URLField(allow_null=True)


class ClipList(Shape):
    """In order of their positions."""

    results = Clip(many=True)


class Event(Shape):
    """One numbered line of the history; the WebSocket sends the same."""

    type = serializers.CharField(help_text="Always `event`.")
    generation_id = serializers.UUIDField()
    sequence = serializers.IntegerField(min_value=1, help_text="Counts from 1, without a gap.")
    event = serializers.CharField()
    stage = serializers.CharField()
    position = serializers.IntegerField(allow_null=True)
    status = serializers.CharField()
    percentage = serializers.IntegerField()
    message = serializers.CharField()
    data = Free()  # type: ignore[assignment]
    created_at = serializers.DateTimeField()


class EventPage(Shape):
    """The events after a number."""

    results = Event(many=True)
    complete = serializers.BooleanField(help_text="Whether none of these, or before the first, was pruned.")
    last_sequence = serializers.IntegerField(help_text="Of the newest event that there is.")
    next = serializers.URLField(allow_null=True, help_text="null when there are no more yet.")


class Price(Shape):
    """What a second of clip costs: silent where the model leaves the choice, and at the dearest length."""

    model = serializers.CharField()
    resolution = serializers.CharField()
    usd_per_second = money("US dollars.")


class Model(Shape):
    """What one hosted model can do, as far as is known."""

    name = serializers.CharField()
    title = serializers.CharField()
    clip_seconds = serializers.ListField(
        child=serializers.FloatField(), help_text="The lengths that it sells, at its smallest picture."
    )
    aspect_ratios = serializers.ListField(child=serializers.CharField(), help_text="Without cropping.")
    resolutions = serializers.ListField(child=serializers.CharField(), help_text="Without scaling.")
    audio = serializers.CharField(help_text="`never`, `always` or `optional`.")
    references = serializers.IntegerField(help_text="How many pictures it can take.")
    usual_seconds = serializers.FloatField(help_text="How long a clip takes.")
    source = serializers.CharField()  # type: ignore[assignment]
    as_of = serializers.DateField()
    unverified = serializers.ListField(child=serializers.CharField())
    shutdown_on = serializers.DateField(allow_null=True)


class Capabilities(Shape):
    """What can be asked for."""

    models = serializers.ListField(child=serializers.CharField(), help_text="The first is the default.")
    aspect_ratios = serializers.ListField(child=serializers.CharField())
    resolutions = serializers.ListField(child=serializers.CharField())
    min_clip_seconds = serializers.FloatField()
    max_clip_seconds = serializers.FloatField()
    audio = serializers.BooleanField()


class Provider(Shape):
    """What makes clips."""

    name = serializers.CharField()
    description = serializers.CharField()
    is_default = serializers.BooleanField(help_text="Whether `auto` may choose it now.")
    available = serializers.BooleanField()
    unavailable_because = serializers.CharField(allow_null=True, help_text="And what to do about it.")
    paid = serializers.BooleanField()
    state = serializers.CharField(
        help_text="`ready`, `unavailable`, or `failing`: it is left alone for a while."
    )
    prices = Price(many=True)
    models = Model(many=True, help_text="Those of a hosted provider.")
    capabilities = Capabilities()


class ProviderList(Shape):
    """All that this installation knows."""

    results = Provider(many=True)


class AssetLinks(Shape):
    """Where the bytes are."""

    content = serializers.URLField()

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        # `self` cannot be declared as an attribute.
        return {"self": serializers.URLField(), **super().get_fields()}


class Asset(Shape):
    """A reference picture, as it was kept."""

    id = serializers.UUIDField()
    kind = serializers.CharField(help_text="Always `reference`.")
    size_bytes = serializers.IntegerField()
    sha256 = serializers.CharField()
    media_type = serializers.CharField(help_text="Always `image/jpeg`, whatever was sent.")
    width = serializers.IntegerField()
    height = serializers.IntegerField()
    created_at = serializers.DateTimeField()
    links = AssetLinks()


class AssetList(Shape):
    """Newest first."""

    results = Asset(many=True)


class Ticket(Shape):
    """Opens one WebSocket, once."""

    ticket = serializers.CharField()
    expires_in_seconds = serializers.IntegerField()
    url = serializers.CharField(help_text="The WebSocket's address, with the ticket.")


class FieldError(Shape):
    """What is wrong with one field."""

    field = serializers.CharField()
    code = serializers.CharField()
    message = serializers.CharField()


class Problem(Shape):
    """An error, as RFC 9457 has it."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField(help_text="A sentence for people.")
    instance = serializers.CharField()
    code = serializers.CharField(help_text="For programs; it does not change.")
    errors = FieldError(many=True)  # type: ignore[assignment]
    request_id = serializers.CharField()
    retryable = serializers.BooleanField(
        required=False, help_text="Whether the same request may succeed later; where that is known."
    )
    hint = serializers.CharField(required=False, help_text="What can be done about it, beyond the detail.")
