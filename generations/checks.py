"""Warnings about the models that make clips, before one of them fails a customer."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning
from django.core.exceptions import ImproperlyConfigured
from django.utils import timezone

from generations.providers.video_models import VideoModel, video_models

#: So long before a shutdown is it time to choose another model.
NOTICE = timedelta(days=30)
#: A provider without its key is not used, whatever becomes of its models.
KEYS = {"replicate": "REPLICATE_API_TOKEN", "fal": "FAL_KEY"}


def video_models_check(app_configs: Sequence[AppConfig] | None = None, **kwargs: Any) -> list[CheckMessage]:
    """Whether the catalogue can be read, and its models are alive."""
    try:
        return [*_shutdowns(timezone.now().date())]
    except ImproperlyConfigured as error:
        return [
            Error(str(error), id="generations.E001", hint="Correct the file, or unset VIDEO_MODELS_FILE.")
        ]


def _shutdowns(today: date) -> Iterator[CheckMessage]:
    for provider, key in KEYS.items():
        for model in video_models(provider).values():
            if getattr(settings, key):
                yield from _shutdown(provider, model, today)


def _shutdown(provider: str, model: VideoModel, today: date) -> Iterator[CheckMessage]:
    day, name = model.shutdown_on, f"{model.name} of {provider}"
    hint = "Requests that name it will fail; choose another model, and tell your clients."
    if day and day <= today:
        yield Warning(f"{name} was shut down on {day}.", id="generations.W001", hint=hint)
    elif day and day <= today + NOTICE:
        yield Warning(f"{name} will be shut down on {day}.", id="generations.W002", hint=hint)
