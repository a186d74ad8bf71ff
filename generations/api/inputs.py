"""What clients send: each field with what it takes, and the default where it may be left out."""

import re
from typing import Any

from drf_spectacular.utils import extend_schema_field, extend_schema_serializer
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

from generations.api.fields import (
    Choice,
    Dollars,
    Metadata,
    StrictSerializer,
    Text,
    TruthOrNull,
    WholeNumber,
    refusals,
)
from generations.media.frame import ASPECT_RATIOS, RESOLUTIONS
from generations.models import Approval, Transition
from generations.services.generations import MAX_SEED
from generations.states import GenerationStatus

#: RFC 8941: a string in double quotes, `"` and `\` escaped.
QUOTED = re.compile(r'"((?:[^"\\]|\\["\\])*)"')

#: As many as the model takes that takes most.
MAX_REFERENCES = 9

TIME = "a time such as 2026-01-31T12:00:00Z (RFC 3339)"


class Colour(serializers.RegexField):
    """`#rrggbb`, kept in lower case."""

    def to_internal_value(self, data: Any) -> str:
        return str(super().to_internal_value(data)).lower()


@extend_schema_serializer(component_name="Brand")
class BrandFields(StrictSerializer):
    """A brand, written out."""

    allowed = "an object with name, palette, tone and guidelines; ids of stored brands are not supported yet"

    name = Text(allowed="text of 1 to 80 characters", max_length=80)
    palette = serializers.ListField(
        child=Colour(r"^#[0-9a-fA-F]{6}\Z", error_messages=refusals('a colour such as "#1b4d3e"')),
        max_length=6,
        default=list,
        error_messages=refusals('a list of at most 6 colours such as "#1b4d3e"'),
    )
    tone = Text(allowed="text of at most 200 characters", max_length=200, allow_blank=True, default="")
    guidelines = Text(
        allowed="text of at most 2000 characters", max_length=2000, allow_blank=True, default=""
    )


class References(serializers.ListField):
    """Ids of the caller's own pictures. Whether there are such is found out later."""

    allowed = "a list of at most 9 ids of reference pictures, each once"

    def __init__(self, **options: Any) -> None:
        child = serializers.UUIDField(error_messages=refusals("the id of a reference picture"))
        super().__init__(
            child=child, max_length=MAX_REFERENCES, error_messages=refusals(self.allowed), **options
        )

    def to_internal_value(self, data: Any) -> list[str]:
        if isinstance(data, list) and not all(isinstance(each, str) for each in data):
            self.fail("not_a_list")
        ids = [str(each) for each in super().to_internal_value(data)]
        if len(set(ids)) < len(ids):
            self.fail("not_a_list")
        return ids


@extend_schema_serializer(component_name="Generation")
class GenerationInput(StrictSerializer):
    """The body of `POST /generations`."""

    allowed = 'a JSON object such as {"prompt": "A lighthouse at dusk"}'

    prompt = Text(
        allowed="text of 1 to 4000 characters", max_length=4000, help_text="What the video is about."
    )
    duration_seconds = WholeNumber(
        allowed="a whole number from 4 to 180", min_value=4, max_value=180, default=15
    )
    aspect_ratio = Choice(list(ASPECT_RATIOS), default="16:9")
    resolution = Choice(list(RESOLUTIONS), default="720p", help_text="Names the shorter side.")
    transition = Choice(
        Transition.values,
        default="cut",
        help_text="How scenes give way to each other: `fade` goes through black, `dissolve` blends, `wipe` "
        "comes from the left. The video is as long as with `cut`.",
    )
    style = Text(  # type: ignore[assignment]  # DRF takes fields out of the class.
        allowed="text of at most 200 characters", max_length=200, allow_blank=True, default=""
    )
    brand = BrandFields(allow_null=True, default=None)
    references = References(
        default=list,
        help_text="Ids of pictures that clips are made from (`POST /assets`). Not every model takes them.",
    )
    provider = Text(
        allowed="auto or the name of a provider (see GET /api/v1/providers)", max_length=40, default="auto"
    )
    model = Text(
        allowed="the name of a model of the provider (see GET /api/v1/providers)",
        max_length=100,
        allow_blank=True,
        default="",
        help_text="Empty: the provider's first.",
    )
    audio = TruthOrNull(
        allow_null=True,
        default=None,
        help_text="Whether the clips shall have sound. null: whatever costs less.",
    )
    approval = Choice(
        Approval.values, default="auto", help_text="`storyboard`: wait for `/approve` before rendering."
    )
    max_cost_usd = Dollars(
        max_value=10_000, allow_null=True, default=None, help_text="Refuse when the estimate is above it."
    )
    seed = WholeNumber(
        allowed=f"a whole number from 0 to {MAX_SEED}",
        min_value=0,
        max_value=MAX_SEED,
        allow_null=True,
        default=None,
        help_text="The same seed and request draw the same pictures. null: a new one.",
    )
    metadata = Metadata(default=dict)


@extend_schema_serializer(component_name="Regenerate")
class RegenerateInput(StrictSerializer):
    """The body of `POST /generations/{id}/clips/{position}/regenerate`."""

    allowed = "a JSON object, which may be empty"

    micro_prompt = Text(
        allowed="text of at most 1500 characters",
        max_length=1500,
        allow_blank=True,
        default="",
        help_text="What the provider is asked for. Empty: the same as before, with another seed.",
    )


@extend_schema_field({"type": "string", "example": "queued,processing"})
class Statuses(serializers.Field[list[str], str, Any, Any]):
    """Several statuses, separated by commas."""

    def to_internal_value(self, data: str) -> list[str]:
        asked = data.split(",")
        if not set(asked) <= set(GenerationStatus.values):
            message = f"It must be one or more of {', '.join(GenerationStatus.values)}, separated by commas."
            raise ValidationError(message)
        return asked

    def to_representation(self, value: Any) -> Any:
        return value


class ListInput(StrictSerializer):
    """The query of `GET /generations`."""

    status = Statuses(required=False, help_text="May be repeated, or separated by commas.")
    provider = serializers.RegexField(
        r"^[A-Za-z0-9._-]{1,40}\Z", required=False, error_messages=refusals("the name of a provider")
    )
    created_after = serializers.DateTimeField(required=False, error_messages=refusals(TIME))
    created_before = serializers.DateTimeField(required=False, error_messages=refusals(TIME))
    limit = serializers.IntegerField(
        min_value=1, max_value=100, default=20, error_messages=refusals("a whole number from 1 to 100")
    )
    cursor = serializers.CharField(
        required=False,
        error_messages=refusals("taken from `next` of the page before, unchanged"),
        help_text="Where to go on: take it from `next`, unchanged.",
    )


class EventsInput(StrictSerializer):
    """The query of `GET /generations/{id}/events`."""

    after = serializers.IntegerField(
        min_value=0,
        max_value=2**31 - 1,
        default=0,
        error_messages=refusals("a whole number from 0: the last sequence that you have"),
    )
    limit = serializers.IntegerField(
        min_value=1, max_value=500, default=100, error_messages=refusals("a whole number from 1 to 500")
    )


class CreateQuery(StrictSerializer):
    """The query of `POST /generations`."""

    dry_run = serializers.BooleanField(
        default=False,
        error_messages=refusals("true or false"),
        help_text="Only say what would be made, for how much, and how long it takes.",
    )


def query_of(request: Request) -> dict[str, str]:
    """The query of the address; a repeated name counts as one list, separated by commas."""
    return {name: ",".join(values) for name, values in request.query_params.lists()}


def idempotency_key_of(request: Request) -> str:
    """The `Idempotency-Key` header, plain or as a quoted string; empty where there is none."""
    given = request.headers.get("Idempotency-Key")
    if given is None:
        return ""
    if quoted := QUOTED.fullmatch(given):
        given = re.sub(r"\\(.)", r"\1", quoted[1])
    if not 1 <= len(given) <= 255 or not (given.isascii() and given.isprintable()):
        message = "The header must have 1 to 255 printable ASCII characters, such as a UUID."
        raise ValidationError({"Idempotency-Key": [message]})
    return given
