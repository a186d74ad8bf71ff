"""All that the page of one paid call shows."""

import json
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from django.db.models import Q
from django.utils.functional import cached_property

from generations.admin.advice import advice_for
from generations.admin.state import is_undecided
from generations.models import ProviderCall
from generations.providers.hosted.redaction import redacted, without_secrets
from generations.states import AT_PROVIDER, CallStatus, GenerationStatus
from videogen.kernel.admin.formatting import NONE, ahead, between, duration, price, usd

#: From these a job that turns up brings a call back.
MAY_ADOPT = (CallStatus.UNKNOWN, CallStatus.REFUSED, CallStatus.WRITTEN_OFF)


class CallPage:
    """What the template reads."""

    def __init__(self, call: ProviderCall) -> None:
        self.call = call

    @property
    def is_undecided(self) -> bool:
        return is_undecided(self.call)

    @property
    def can_look(self) -> bool:
        return self.call.status in AT_PROVIDER

    @property
    def can_adopt(self) -> bool:
        return self.call.status in MAY_ADOPT and not self.call.job_id

    @property
    def can_write_off(self) -> bool:
        return self.call.status == CallStatus.UNKNOWN

    @property
    def generation_to_retry(self) -> bool:
        """Whether its generation has failed; perhaps only because nobody knew about this call."""
        generation = self.call.generation
        return generation is not None and generation.status == GenerationStatus.FAILED

    @property
    def facts(self) -> list[tuple[str, object]]:
        """What was asked for, and of whom."""
        call = self.call
        return [
            ("Provider", call.provider),
            ("Model", call.model),
            ("Seconds", f"{call.seconds.normalize():f} s"),
            ("Owner", call.owner),
            ("API key", call.api_key or NONE),
            ("Provider's id", call.job_id or NONE),
            ("Provider's state", call.provider_state or NONE),
            ("Output", address_shown(call.output_url) or NONE),
            ("Decided", call.decision or NONE),
        ]

    @property
    def money(self) -> list[tuple[str, str]]:
        call = self.call
        return [
            ("Price of a second", price(call.price_usd)),
            ("Estimate", usd(call.estimated_usd)),
            ("Reserved", usd(call.reserved_usd)),
            ("Actual", usd(call.actual_usd)),
            ("Budget's day", f"{call.reserved_on:%d %b %Y}"),
        ]

    @property
    def moments(self) -> list[tuple[str, datetime]]:
        """What has happened, in the order in which it happened."""
        call = self.call
        happened = [
            ("Planned", call.created_at),
            ("Sent", call.sent_at),
            ("Doubted", call.doubted_at),
            ("Asks for a decision", call.given_up_at),
            ("Accepted", call.accepted_at),
            ("To be cancelled", call.cancel_requested_at),
            ("Told to stop", call.cancel_sent_at),
            ("Last look", call.looked_at),
            ("Ended", call.finished_at),
        ]
        return sorted(((name, at) for name, at in happened if at), key=lambda moment: moment[1])

    @property
    def times(self) -> list[tuple[str, str]]:
        """How long it took, and how often it was looked at."""
        call = self.call
        waits = call.status in AT_PROVIDER and call.next_look_at
        return [
            ("Took", duration(between(call.accepted_at, call.finished_at))),
            ("Looks", f"{call.looks}" + (f", the next {ahead(call.next_look_at)}" if waits else "")),
        ]

    @property
    def error(self) -> dict[str, Any] | None:
        """The error that it ended with, and what can be done about it."""
        call = self.call
        if not call.error_code:
            return None
        stored = {"code": call.error_code, "hint": call.error_hint, "retryable": call.error_is_retryable}
        message = without_secrets(call.error_message)
        return {"code": call.error_code, "message": message, "advice": advice_for(stored)}

    @cached_property
    def others(self) -> list[tuple[str, ProviderCall]]:
        """The other calls for the same clip, and what they are to this one."""
        call = self.call
        same_clip = Q(clip=call.clip_id) if call.clip_id else Q()
        wanted = same_clip | Q(replaces=call) | Q(pk=call.replaces_id)
        calls = ProviderCall.objects.filter(wanted).exclude(pk=call.pk).order_by("created_at")
        return [(self._relation(other), other) for other in calls]

    def _relation(self, other: ProviderCall) -> str:
        if other.pk == self.call.replaces_id:
            return "this one replaces it"
        if other.replaces_id == self.call.pk:
            return "replaces this one"
        return "for the same clip"

    @property
    def documents(self) -> list[tuple[str, str]]:
        """The stored JSON, for reading, without anything that could open a door."""
        call = self.call
        stored = {"Request": call.request, "Answer": call.answer, "Addresses": call.urls}
        return [
            (name, json.dumps(redacted(value), indent=2, ensure_ascii=False))
            for name, value in stored.items()
            if value
        ]


def address_shown(url: str) -> str:
    """An address without what makes it a key: user, query and fragment."""
    try:
        parts = urlsplit(url)
        place = f"{parts.hostname}:{parts.port}" if parts.port else parts.hostname or ""
    except ValueError:
        return "an address that cannot be read"
    rest = "?…" if parts.query or parts.fragment else ""
    return f"{parts.scheme}://{place}{parts.path}{rest}" if url else ""
