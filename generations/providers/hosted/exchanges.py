"""Requests to a service: one that is paid and sent once, those that only look, and those for small things."""

import asyncio
from collections.abc import Mapping
from typing import Any

import httpx
from django.conf import settings

from generations.providers.base import OutcomeUnknown
from generations.providers.hosted.answers import Answer
from generations.providers.hosted.failures import unreachable
from generations.providers.hosted.vendors import Vendor
from videogen.kernel.http.exchange import MAX_ANSWER_BYTES, HttpTrouble, NotSent, send_once
from videogen.kernel.waiting import Tick, nothing

#: For a client that was made without a timeout.
LOOK_SECONDS = 30.0
#: Of one process that looks.
CONNECTIONS = httpx.Limits(max_connections=50, max_keepalive_connections=20)


def submit_once(
    vendor: Vendor, url: str, payload: Mapping[str, Any], *, headers: Mapping[str, str], tick: Tick
) -> Answer:
    """POST the order, once. Raises `ProviderError` if it was not sent, `OutcomeUnknown` without an answer."""
    request = httpx.Request("POST", url, headers={**vendor.authorization(), **headers}, json=payload)
    try:
        response = send_once(request, timeout_seconds=settings.PROVIDER_TIMEOUT_SECONDS, tick=tick)
    except NotSent as error:
        raise unreachable(vendor, f"cannot be reached, so nothing was sent ({_inside(error)})") from error
    except HttpTrouble as error:
        raise OutcomeUnknown(
            f"{vendor.title} was sent the work, and no whole answer came ({_inside(error)})."
        ) from error
    return Answer.of(response.status_code, response.headers, response.content)


def ask(vendor: Vendor, request: httpx.Request, *, timeout_seconds: float, tick: Tick = nothing) -> Answer:
    """One request that costs nothing. Raises `ProviderError` where no answer came."""
    try:
        response = send_once(request, timeout_seconds=timeout_seconds, tick=tick)
    except HttpTrouble as error:
        raise unreachable(vendor, f"gave no answer ({_inside(error)})") from error
    return Answer.of(response.status_code, response.headers, response.content)


def look_client(vendor: Vendor, *, timeout_seconds: float) -> httpx.AsyncClient:
    """A client with our key. It follows no redirect, which would take the key elsewhere, and no proxy."""
    return httpx.AsyncClient(
        headers={**vendor.authorization(), "Accept-Encoding": "identity"},
        timeout=timeout_seconds,
        limits=CONNECTIONS,
        follow_redirects=False,
        trust_env=False,
    )


async def look(vendor: Vendor, client: httpx.AsyncClient, method: str, url: str) -> Answer:
    """One request and all of its answer, within the client's timeout. Raises `ProviderError` without one."""
    try:
        async with asyncio.timeout(client.timeout.read or LOOK_SECONDS):
            return await _read(vendor, client, method, url)
    except TimeoutError:
        raise unreachable(vendor, "gave no whole answer in time") from None
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        # Its text may hold the address.
        raise unreachable(vendor, f"cannot be reached ({type(error).__name__})") from error


async def _read(vendor: Vendor, client: httpx.AsyncClient, method: str, url: str) -> Answer:
    async with client.stream(method, url) as response:
        if response.headers.get("content-encoding", "identity") != "identity":
            raise unreachable(vendor, "answered compressed, which was not asked for")
        content = bytearray()
        async for chunk in response.aiter_raw():
            content += chunk
            if len(content) > MAX_ANSWER_BYTES:
                raise unreachable(vendor, f"answered more than {MAX_ANSWER_BYTES // 1024**2} MB")
    return Answer.of(response.status_code, response.headers, bytes(content))


def _inside(error: HttpTrouble) -> str:
    """Its sentence, to stand inside another one."""
    return str(error).rstrip(".")
