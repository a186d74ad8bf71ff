"""The providers that this installation knows: what they can do, whether they can work, what they cost."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from django.conf import settings
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from analysis.contracts import Scene
from generations.api import examples, shapes
from generations.api.base import ApiView
from generations.api.outputs import dollars
from generations.api.schema import answer, operation
from generations.media.frame import frame_format
from generations.providers.base import ClipSpec, VideoProvider
from generations.providers.registry import provider_get, provider_names

#: A price per second is that of a clip of this length, divided.
USUAL_CLIP_SECONDS = Decimal(5)

NAME = OpenApiParameter("name", OpenApiTypes.STR, OpenApiParameter.PATH, description="Such as `animatic`.")


class ProvidersView(ApiView):
    """`/providers`."""

    @operation(
        "providers_list",
        "Providers",
        "List the providers",
        "Those that cannot work here are listed too, with the reason and what to do about it.",
        answers={200: answer(shapes.ProviderList, {"results": [examples.PROVIDER]})},
    )
    def get(self, request: Request) -> Response:
        return Response({"results": [provider_output(name) for name in provider_names()]})


class ProviderView(ApiView):
    """`/providers/{name}`."""

    @operation(
        "providers_get",
        "Providers",
        "Look at one provider",
        "What it can do, whether it can work here, what it costs.",
        parameters=[NAME],
        answers={200: answer(shapes.Provider, examples.PROVIDER)},
        problems=(404,),
    )
    def get(self, request: Request, name: str) -> Response:
        if name not in provider_names():
            raise NotFound(f"There is no such provider; there are: {', '.join(provider_names())}.")
        return Response(provider_output(name))


def provider_output(name: str) -> dict[str, Any]:
    """A provider, as clients see it."""
    provider = provider_get(name)
    able = provider.capabilities()
    reason = provider.unavailable_because()
    return {
        "name": name,
        "description": able.description,
        "is_default": name == settings.DEFAULT_PROVIDER,
        "available": reason is None,
        "unavailable_because": reason,
        "paid": able.paid,
        "prices": list(prices(provider)),
        "capabilities": {
            "models": list(able.models),
            "aspect_ratios": list(able.aspect_ratios),
            "resolutions": list(able.resolutions),
            "min_clip_seconds": float(able.min_clip_seconds),
            "max_clip_seconds": float(able.max_clip_seconds),
            "audio": able.audio,
        },
    }


def prices(provider: VideoProvider) -> Iterator[dict[str, Any]]:
    """What a second of a usual clip costs, for each model and resolution."""
    able = provider.capabilities()
    seconds = min(max(USUAL_CLIP_SECONDS, able.min_clip_seconds), able.max_clip_seconds)
    for model in able.models:
        for resolution in able.resolutions:
            frame = frame_format(aspect_ratio=able.aspect_ratios[0], resolution=resolution)
            spec = ClipSpec(scene=usual_scene(seconds), frame=frame, seed=0, model=model)
            price = dollars(provider.estimate(spec) / seconds)
            yield {"model": model, "resolution": resolution, "usd_per_second": price}


def usual_scene(seconds: Decimal) -> Scene:
    """A scene to ask the price of."""
    return Scene(
        position=1,
        duration_seconds=seconds,
        title="",
        micro_prompt="A quiet sea at dusk.",
        subject="sea",
        setting="sea",
        time_of_day="dusk",
        weather="clear",
        mood="calm",
        camera="static",
        palette=["#1b4d3e", "#f2e8cf", "#22283a"],
    )
