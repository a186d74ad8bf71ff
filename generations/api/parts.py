"""The parts of a generation: its clips, its history, its storyboard."""

from collections.abc import Callable
from functools import partial
from itertools import pairwise
from typing import Any
from uuid import UUID

from rest_framework.request import Request
from rest_framework.response import Response

from generations.api import examples, shapes
from generations.api.base import (
    ApiView,
    api_key_of,
    caller,
    no_such_generation,
    validated,
    visible_generation,
)
from generations.api.generations import current_output, made
from generations.api.inputs import EventsInput, RegenerateInput, idempotency_key_of, query_of
from generations.api.not_ready import not_ready
from generations.api.outputs import address, clip_output, storyboard_output
from generations.api.schema import IDEMPOTENCY_KEY, LOCATION, RETRY_AFTER, answer, operation
from generations.models import Generation
from generations.services.versions import clip_regenerate
from videogen.kernel.replica import replica_read

Body = dict[str, Any]


class ClipsView(ApiView):
    """`/generations/{id}/clips`."""

    @operation(
        "generations_clips_list",
        "Generations",
        "Its clips",
        "In order; none before the storyboard is written.",
        answers={200: answer(shapes.ClipList, examples.CLIPS)},
        problems=(404,),
    )
    def get(self, request: Request, generation_id: UUID) -> Response:
        return Response(_shown(request, generation_id, _clips))


def _shown(request: Request, generation_id: UUID, show: Callable[[Generation], Body]) -> Body:
    """What is shown of the caller's own generation, as the replica or the primary has it."""
    own = Generation.objects.visible_to(caller(request)).filter(pk=generation_id)

    def read(using: str) -> Body | None:
        generation = own.using(using).first()
        return show(generation) if generation else None

    body = replica_read(owner_id=caller(request).pk, read=read)
    if body is None:
        raise no_such_generation(generation_id)
    return body


def _clips(generation: Generation) -> Body:
    clips = generation.clips.select_related("video").order_by("position")
    return {"results": [clip_output(clip, generation) for clip in clips]}


class RegenerateView(ApiView):
    """`/generations/{id}/clips/{position}/regenerate`."""

    @operation(
        "generations_clips_regenerate",
        "Generations",
        "Make one clip anew",
        "Answers with a new version of the video: one new clip and a new assembly. All other clips are taken "
        "over and not paid for again; the version before stays as it is.",
        request=RegenerateInput,
        body_example={"micro_prompt": "Close-up of the cup, rain running down its side, neon reflections."},
        parameters=[IDEMPOTENCY_KEY, LOCATION, RETRY_AFTER],
        answers={202: answer(shapes.Generation, examples.VERSION, "Accepted.")},
        problems=(400, 402, 404, 409, 413, 415, 422),
    )
    def post(self, request: Request, generation_id: UUID, position: int) -> Response:
        asked = validated(RegenerateInput, request.data)
        try:
            created = clip_regenerate(
                generation=visible_generation(request, generation_id, load=["owner"]),
                position=position,
                micro_prompt=asked["micro_prompt"],
                api_key=api_key_of(request),
                idempotency_key=idempotency_key_of(request),
                answer=current_output,
            )
        except Generation.DoesNotExist as error:  # Deleted by another request in this moment.
            raise no_such_generation(generation_id) from error
        return made(created)


class EventsView(ApiView):
    """`/generations/{id}/events`."""

    @operation(
        "generations_events_list",
        "Generations",
        "Its history",
        "Events are numbered from 1 without a gap; ask for those after the last that you have. Of what "
        "ended long ago all but milestones may be pruned: `complete` is false where numbers are missing.",
        parameters=[EventsInput],
        answers={200: answer(shapes.EventPage, examples.EVENTS)},
        problems=(400, 404),
    )
    def get(self, request: Request, generation_id: UUID) -> Response:
        query = validated(EventsInput, query_of(request))
        show = partial(_events, after=query["after"], limit=query["limit"])
        return Response(_shown(request, generation_id, show))


def _events(generation: Generation, *, after: int, limit: int) -> Body:
    rows = generation.events.filter(sequence__gt=after).order_by("sequence")
    events = [event.as_message() for event in rows[:limit]]
    numbers = [after, *(event["sequence"] for event in events)]
    following = f"{address(generation)}/events?after={numbers[-1]}&limit={limit}"
    return {
        "results": events,
        "complete": all(later == earlier + 1 for earlier, later in pairwise(numbers)),
        "last_sequence": generation.last_sequence,
        "next": following if numbers[-1] < generation.last_sequence else None,
    }


class StoryboardView(ApiView):
    """`/generations/{id}/storyboard`."""

    @operation(
        "generations_storyboard_get",
        "Generations",
        "Its storyboard",
        "The plan made from the prompt. 404 with the code `storyboard.not_ready` until it is written.",
        answers={200: answer(shapes.Storyboard, examples.STORYBOARD)},
        problems=(404,),
    )
    def get(self, request: Request, generation_id: UUID) -> Response:
        generation = visible_generation(request, generation_id)
        if generation.storyboard is None:
            raise not_ready("storyboard", generation)
        return Response(storyboard_output(generation.storyboard))
