"""What tests of hosted providers share: a service that answers as it is told, and a scene to ask for."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import httpx

from analysis.contracts import Scene
from generations.media.frame import frame_format
from generations.providers.base import ClipSpec, HostedProvider
from videogen.kernel.testing.http_server import Answer, Connection, LocalServer

REPLICATE_TOKEN = "r8_token-of-ours"
FAL_KEY = "id-of-ours:secret-of-ours"
PAGE = Answer(200, b"<!doctype html><title>Sign in</title>", {"Content-Type": "text/html"})


def answer(status: int, body: Any = None, **headers: str) -> Answer:
    """An answer in JSON."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(status, json.dumps(body).encode(), {"Content-Type": "application/json", **named})


@dataclass(frozen=True)
class Asked:
    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class ScriptedService(LocalServer):
    """Gives `answers` in turn, the last one again and again, and keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.answers: list[Answer] = [answer(404, {"detail": "Nothing is scripted."})]
        service = self

        class Handler(Connection):
            def do_GET(self) -> None:
                headers = {name.lower(): value for name, value in self.headers.items()}
                service.asked.append(Asked(self.command, self.path, headers, self.read_body()))
                self.send(service.answers.pop(0) if len(service.answers) > 1 else service.answers[0])

            do_POST = do_PUT = do_GET

        super().__init__(Handler)


@contextmanager
def replicate_service(settings: Any) -> Iterator[ScriptedService]:
    """One that we take for Replicate."""
    with ScriptedService() as service:
        settings.REPLICATE_BASE_URL = f"{service.origin}/v1"
        settings.REPLICATE_API_TOKEN, settings.REPLICATE_WEBHOOK_SECRET = REPLICATE_TOKEN, ""
        settings.PROVIDER_TIMEOUT_SECONDS = 5
        yield service


@contextmanager
def fal_service(settings: Any) -> Iterator[ScriptedService]:
    """One that we take for fal."""
    with ScriptedService() as service:
        settings.FAL_QUEUE_URL, settings.FAL_KEY = service.origin, FAL_KEY
        settings.FAL_JWKS_URL = f"{service.origin}/.well-known/jwks.json"
        settings.PROVIDER_TIMEOUT_SECONDS = 5
        yield service


def spec_of(
    model: str, *, seconds: str = "4", prompt: str = "A red cup in the rain.", **other: Any
) -> ClipSpec:
    scene = Scene(
        position=1,
        duration_seconds=Decimal(seconds),
        title="",
        micro_prompt=prompt,
        subject="a cup",
        setting="city",
        time_of_day="night",
        weather="rain",
        mood="calm",
        camera="static",
        palette=["#102030", "#405060", "#708090"],
    )
    frame = frame_format(aspect_ratio="16:9", resolution="720p")
    return ClipSpec(scene=scene, frame=frame, seed=2**40 + 7, model=model, **other)


def looked(
    provider: HostedProvider, look: Callable[[httpx.AsyncClient], Awaitable[Any]], *, timeout: float = 5
) -> Any:
    """What a look comes to, with a client of the provider's own."""

    async def run() -> Any:
        async with provider.async_client(timeout_seconds=timeout) as client:
            return await look(client)

    return asyncio.run(run())
