"""The providers that this installation knows: what they can do, whether they can work, what they cost."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

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
from generations.media.frame import RESOLUTIONS, frame_format
from generations.providers.base import ClipSpec, VideoProvider
from generations.providers.registry import hosted_provider, provider_get, provider_names
from generations.providers.video_models import VideoModel, video_models
from generations.services.call_times import model_seconds
from generations.services.calls import breaker_subject
from generations.services.routing import auto_means
from videogen.kernel.breaker import breaker_state

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
        "is_default": _may_be_chosen(provider, reason),
        "available": reason is None,
        "unavailable_because": reason,
        "paid": able.paid,
        "state": _state(name, reason),
        "prices": list(prices(provider)),
        "models": [_model_output(name, model) for model in video_models(name).values()],
        "capabilities": {
            "models": list(able.models),
            "aspect_ratios": list(able.aspect_ratios),
            "resolutions": list(able.resolutions),
            "min_clip_seconds": float(able.min_clip_seconds),
            "max_clip_seconds": float(able.max_clip_seconds),
            "audio": able.audio,
        },
    }


def _may_be_chosen(provider: VideoProvider, reason: str | None) -> bool:
    meant = auto_means()
    if meant is not None:
        return provider.name == meant
    return reason is None and hosted_provider(provider.name) is not None


def _state(name: str, reason: str | None) -> str:
    if reason:
        return "unavailable"
    is_failing = hosted_provider(name) and breaker_state(breaker_subject(name)).state == "open"
    return "failing" if is_failing else "ready"


def _model_output(provider: str, model: VideoModel) -> dict[str, Any]:
    smallest = min(model.resolutions, key=RESOLUTIONS.__getitem__)
    return {
        "name": model.name,
        "title": model.title,
        "clip_seconds": [float(seconds) for seconds in model.seconds_allowed(smallest)],
        "aspect_ratios": list(model.aspect_ratios or (model.native_ratio,)),
        "resolutions": list(model.resolutions),
        "audio": model.audio,
        "references": model.references,
        "usual_seconds": round(model_seconds(provider, model.name), 1),
        "source": model.source,
        "as_of": model.as_of.isoformat(),
        "unverified": list(model.unverified),
        "shutdown_on": model.shutdown_on and model.shutdown_on.isoformat(),
    }


def prices(provider: VideoProvider) -> Iterator[dict[str, Any]]:
    """What a second of clip costs, for each model and resolution."""
    for name, model in video_models(provider.name).items():
        for resolution in model.resolutions:
            usd = model.price_per_second(resolution, model.audio == "always")
            yield {"model": name, "resolution": resolution, "usd_per_second": dollars(usd)}
    if not video_models(provider.name):
        yield from _estimated_prices(provider)


def _estimated_prices(provider: VideoProvider) -> Iterator[dict[str, Any]]:
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
