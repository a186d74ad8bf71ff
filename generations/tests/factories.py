"""Rows for tests, valid by default."""

# mypy: allow-subclassing-any

import factory
from django.contrib.auth import get_user_model
from factory.django import DjangoModelFactory

from generations.models import Clip, Generation, ProgressEvent, StageRun
from storage_app.models import Asset


class UserFactory(DjangoModelFactory):
    class Meta:
        model = get_user_model()
        django_get_or_create = ("username",)

    username = factory.Sequence(lambda n: f"user-{n}")


class AssetFactory(DjangoModelFactory):
    """A row; its bytes are not there."""

    class Meta:
        model = Asset

    owner = factory.SubFactory(UserFactory)
    kind = "video"
    storage_key = factory.Sequence(lambda n: f"video/{n}.mp4")
    sha256 = factory.Sequence(lambda n: f"{n:064x}")
    size_bytes = 1000
    media_type = "video/mp4"


class GenerationFactory(DjangoModelFactory):
    class Meta:
        model = Generation

    owner = factory.SubFactory(UserFactory)
    prompt = "A reusable coffee cup in rainy Tokyo at night"
    duration_seconds = 8
    aspect_ratio = "16:9"
    resolution = "480p"
    provider = "animatic"
    model = "animatic-1"
    seed = 7


class ClipFactory(DjangoModelFactory):
    class Meta:
        model = Clip

    generation = factory.SubFactory(GenerationFactory)
    position = factory.Sequence(lambda n: n + 1)
    scene = factory.Dict({})
    duration_seconds = 4
    fingerprint = factory.Sequence(lambda n: f"{n:064x}")
    provider = "animatic"
    model = "animatic-1"
    seed = 7


class StageRunFactory(DjangoModelFactory):
    class Meta:
        model = StageRun

    generation = factory.SubFactory(GenerationFactory)
    stage = "prompt_analysis"
    queue = "analysis"
    attempt = factory.Sequence(lambda n: n + 1)


class ProgressEventFactory(DjangoModelFactory):
    class Meta:
        model = ProgressEvent

    generation = factory.SubFactory(GenerationFactory)
    sequence = factory.Sequence(lambda n: n + 1)
    type = "stage.started"
    status = "processing"
    percentage = 10
