"""Generations: make, list, look at, delete, and what can be asked of one."""

from collections.abc import Callable
from typing import Any, ClassVar
from uuid import UUID

from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.http import HttpResponseBase
from drf_spectacular.utils import OpenApiResponse, extend_schema_view
from rest_framework.request import Request
from rest_framework.response import Response

from generations.api import examples, pagination, shapes
from generations.api.base import (
    ApiView,
    accepted,
    api_key_of,
    caller,
    no_such_generation,
    validated,
    visible_generation,
)
from generations.api.inputs import CreateQuery, GenerationInput, ListInput, idempotency_key_of, query_of
from generations.api.outputs import (
    address,
    dollars,
    for_output,
    generation_output,
    storyboard_output,
)
from generations.api.poll import generation_read, poll
from generations.api.quick_poll import POLL_ERROR
from generations.api.schema import (
    ETAG,
    IDEMPOTENCY_KEY,
    IF_NONE_MATCH,
    LOCATION,
    RETRY_AFTER,
    answer,
    operation,
)
from generations.models import Generation
from generations.services.generations import (
    generation_approve,
    generation_cancel,
    generation_create,
    generation_delete,
    generation_retry,
)
from generations.services.idempotency import Created
from generations.services.planning import dry_run
from videogen.accounts.models import ApiKey
from videogen.kernel.replica import replica_read

#: When a client should look for the first time.
LOOK_AFTER_SECONDS = "1"


class GenerationsView(ApiView):
    """`/generations`."""

    @operation(
        "generations_create",
        "Generations",
        "Ask for a video",
        "Answers at once; the video is made afterwards. Follow it by polling `links.self`, or by WebSocket. "
        "With `?dry_run=true` the answer is the plan, and nothing is stored.",
        request=GenerationInput,
        body_example=examples.REQUEST,
        parameters=[CreateQuery, IDEMPOTENCY_KEY, LOCATION, RETRY_AFTER],
        answers={
            202: answer(shapes.Generation, examples.QUEUED, "Accepted."),
            200: answer(shapes.Plan, examples.PLAN, "The plan, for `?dry_run=true`."),
        },
        problems=(400, 402, 409, 413, 415, 422),
    )
    def post(self, request: Request) -> Response:
        query = validated(CreateQuery, query_of(request))
        key = idempotency_key_of(request)
        asked = validated(GenerationInput, request.data)
        if query["dry_run"]:
            return Response(_plan(asked, caller(request), api_key_of(request)))
        created = generation_create(
            owner=caller(request),
            request=asked,
            api_key=api_key_of(request),
            idempotency_key=key,
            answer=generation_output,
        )
        return made(created)

    @operation(
        "generations_list",
        "Generations",
        "List your generations",
        "Newest first, a page at a time; go on with `next`.",
        parameters=[ListInput],
        answers={200: answer(shapes.GenerationPage, examples.PAGE)},
        problems=(400,),
    )
    def get(self, request: Request) -> Response:
        asked = query_of(request)
        query = validated(ListInput, asked)
        rows, cursor = replica_read(
            owner_id=caller(request).pk,
            read=lambda using: pagination.page(pagination.filtered(_own(request).using(using), query), query),
        )
        body = {
            "results": [generation_output(row) for row in rows],
            "next": pagination.next_link(asked, cursor),
        }
        return Response(body)


class GenerationView(ApiView):
    """`/generations/{id}`."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        if error := request.META.get(POLL_ERROR):
            raise error  # Before authentication, which would wait for the same once more.
        super().initial(request, *args, **kwargs)

    @operation(
        "generations_get",
        "Generations",
        "Look how far it is",
        "The status poll. Send the last `ETag` as `If-None-Match`, and 304 says that nothing has changed.",
        parameters=[IF_NONE_MATCH, ETAG],
        answers={
            200: answer(shapes.Generation, examples.COMPLETED),
            304: OpenApiResponse(description="Nothing has changed."),
        },
        problems=(404,),
    )
    def get(self, request: Request, generation_id: UUID) -> HttpResponseBase:
        answer = poll(request._request, owner_id=caller(request).pk, generation_id=generation_id)
        if answer is None:
            raise no_such_generation(generation_id)
        return answer

    @operation(
        "generations_delete",
        "Generations",
        "Delete a finished one",
        "Its clips and all bytes go too. Cancel it first if it is still at work.",
        answers={204: OpenApiResponse(description="Deleted.")},
        problems=(404, 409),
    )
    def delete(self, request: Request, generation_id: UUID) -> Response:
        _call(generation_delete, request, generation_id)
        return Response(status=204)


class GenerationVerbView(ApiView):
    """`/generations/{id}/<verb>`: calls its service, and answers what has become of the generation."""

    service: ClassVar[Callable[..., Any]]

    def post(self, request: Request, generation_id: UUID) -> Response:
        _call(self.service, request, generation_id)
        return accepted(_output(request, generation_id))


@extend_schema_view(
    post=operation(
        "generations_cancel",
        "Generations",
        "Cancel it",
        "What has not started is taken back, what runs is stopped. Asking twice changes nothing.",
        answers={202: answer(shapes.Generation, examples.CANCELLING)},
        problems=(404, 409),
    )
)
class CancelView(GenerationVerbView):
    """`/generations/{id}/cancel`."""

    service = staticmethod(generation_cancel)


@extend_schema_view(
    post=operation(
        "generations_retry",
        "Generations",
        "Take up a failed one where it stopped",
        "Clips that are ready stay, and are not paid for again.",
        answers={202: answer(shapes.Generation, examples.QUEUED)},
        problems=(402, 404, 409),
    )
)
class RetryView(GenerationVerbView):
    """`/generations/{id}/retry`."""

    service = staticmethod(generation_retry)


@extend_schema_view(
    post=operation(
        "generations_approve",
        "Generations",
        "Approve the storyboard",
        "For a generation that was made with `approval: storyboard` and waits.",
        answers={202: answer(shapes.Generation, examples.QUEUED | {"status": "processing"})},
        problems=(402, 404, 409),
    )
)
class ApproveView(GenerationVerbView):
    """`/generations/{id}/approve`."""

    service = staticmethod(generation_approve)


def _own(request: Request) -> QuerySet[Generation]:
    return for_output(Generation.objects.visible_to(caller(request)))


def _output(request: Request, generation_id: UUID) -> dict[str, Any]:
    generation = _own(request).filter(pk=generation_id).first()
    if generation is None:
        raise no_such_generation(generation_id)
    return generation_output(generation)


def made(created: Created) -> Response:
    """202 with the generation that was made, now or by an earlier request with the same key."""
    headers = {"Location": address(created.generation), "Retry-After": LOOK_AFTER_SECONDS}
    if created.replayed:
        headers["Idempotency-Replayed"] = "true"
    return accepted(created.answer, **headers)


def current_output(generation: Generation) -> dict[str, Any]:
    """A generation as it stands in this transaction."""
    stored = generation_read(owner_id=generation.owner_id, generation_id=generation.pk)
    return generation_output(stored or generation)


def _call(service: Callable[..., Any], request: Request, generation_id: UUID) -> None:
    try:
        service(generation=visible_generation(request, generation_id))
    except Generation.DoesNotExist as error:  # Deleted by another request in this moment.
        raise no_such_generation(generation_id) from error


def _plan(asked: dict[str, Any], owner: User, api_key: ApiKey | None) -> dict[str, Any]:
    planned = dry_run(asked, owner=owner, api_key=api_key)
    frame = planned.frame
    return {
        "dry_run": True,
        "provider": planned.plan.provider,
        "model": planned.plan.model,
        "frame": {"width": frame.width, "height": frame.height, "fps": frame.fps},
        "storyboard": storyboard_output(planned.storyboard.model_dump(mode="json")),
        "estimated_usd": dollars(planned.plan.estimated_usd),
        "estimated_seconds": round(planned.seconds, 1),
        "routing": planned.plan.routing,
        "warnings": list(planned.plan.warnings),
    }
