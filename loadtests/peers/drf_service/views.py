"""The two views, generic as they come."""

import hashlib
import secrets
from datetime import timedelta
from typing import Any, cast

import django_rq
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from rest_framework.generics import CreateAPIView, RetrieveAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from generations.models import Generation, IdempotencyKey, ProgressEvent, StageRun
from generations.services.plans import backlog_seconds
from loadtests.peers.drf_service.serializers import GenerationSerializer

NOTICE = "This is an animatic: an illustrated preview drawn by this server, not footage."


def shown() -> QuerySet[Generation]:
    queryset: QuerySet[Generation] = Generation.objects.with_queue_position().select_related("video")
    return queryset


class GenerationView(RetrieveAPIView[Generation]):
    serializer_class = GenerationSerializer

    def get_queryset(self) -> QuerySet[Generation]:
        return shown().filter(owner_id=self.request.user.pk)


class GenerationsView(CreateAPIView[Generation]):
    serializer_class = GenerationSerializer

    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        owner = cast(User, request.user)
        key = request.headers.get("Idempotency-Key", "")
        with transaction.atomic():
            earlier = IdempotencyKey.objects.filter(owner=owner, key=key).first() if key else None
            if earlier:
                return Response(earlier.body, status=202)
            generation, runs = self._write(serializer)
            answer = self.get_serializer(shown().get(pk=generation.pk)).data
            if key:
                IdempotencyKey.objects.create(
                    owner=owner,
                    key=key,
                    fingerprint=hashlib.sha256(repr(request.data).encode()).hexdigest(),
                    generation=generation,
                    body=dict(answer),
                )
        for run in runs:
            _enqueue(run)
        return Response(answer, status=202, headers={"Location": answer["links"]["self"]})

    def _write(self, serializer: Any) -> tuple[Generation, list[StageRun]]:
        now = timezone.now()
        asked = serializer.validated_data
        seconds = asked.get("duration_seconds", 15) + backlog_seconds(before=now)
        generation = serializer.save(
            owner=self.request.user,
            provider="animatic",
            model="animatic-1",
            seed=asked.get("seed", secrets.randbelow(2**31 - 1)),
            warnings=[NOTICE],
            last_sequence=1,
            created_at=now,
            updated_at=now,
            estimated_completion=now + timedelta(seconds=seconds),
        )
        ProgressEvent.objects.create(
            generation=generation, sequence=1, type="generation.queued", status="queued", percentage=0
        )
        stages = ["prompt_analysis", "brand_analysis"] if generation.brand else ["prompt_analysis"]
        runs = [
            StageRun.objects.create(generation=generation, stage=stage, queue="analysis") for stage in stages
        ]
        return generation, runs


def _enqueue(run: StageRun) -> None:
    queue = django_rq.get_queue(run.queue, commit_mode="auto")
    queue.enqueue(
        "generations.tasks.run_stage",
        str(run.pk),
        job_id=f"stage-{run.pk}-0",
        job_timeout=360,
        result_ttl=60,
        failure_ttl=3600,
    )
