"""One request, sent once, and a whole answer; or whether the other side can have got the request."""

import httpcore
import httpx

from videogen.kernel.http.network import GuardedNetwork
from videogen.kernel.http.origins import origin_of
from videogen.kernel.http.patience import Patience
from videogen.kernel.http.wire import TRANSPORT_ERRORS, answer_to, failure_of, is_compressed
from videogen.kernel.waiting import Tick, nothing

MAX_ANSWER_BYTES = 2 * 1024 * 1024


class HttpTrouble(Exception):
    """There is no answer to go by. `str()` of it is a sentence without secrets."""


class NotSent(HttpTrouble):
    """Nothing of the request has left: the other side cannot have acted on it."""


class NoAnswer(HttpTrouble):
    """Some of the request may have arrived, and the other side may have acted on it."""


def send_once(
    request: httpx.Request,
    *,
    timeout_seconds: float,
    max_bytes: int = MAX_ANSWER_BYTES,
    tick: Tick = nothing,
) -> httpx.Response:
    """Send it on a fresh connection, never again, and read all of the answer, whatever its status.

    The timeout bounds the whole of it, from the name to the last byte. No redirect is followed and
    no proxy used. Raises `NotSent`, `NoAnswer`, or what `tick` raises.
    """
    try:
        origin_of(request.url)
    except ValueError as error:
        raise NotSent(f"The address of the request is wrong. {error}") from None
    network = GuardedNetwork(Patience(timeout_seconds, tick))
    try:
        with answer_to(request, network) as answer:
            return _whole(answer, request, max_bytes)
    except TRANSPORT_ERRORS as error:
        trouble = NoAnswer if network.may_have_sent else NotSent
        # What quotes a header of ours, and so the key, goes into no log.
        cause = None if isinstance(error, httpcore.LocalProtocolError) else error
        raise trouble(failure_of(error, request.url.host, network).sentence) from cause


def _whole(answer: httpcore.Response, request: httpx.Request, max_bytes: int) -> httpx.Response:
    headers = httpx.Headers(answer.headers)
    if is_compressed(headers):
        raise NoAnswer(f"{request.url.host} sent a compressed answer, which was not asked for.")
    body = bytearray()
    for chunk in answer.iter_stream():
        body += chunk
        if len(body) > max_bytes:
            raise NoAnswer(f"{request.url.host} sent more than {max_bytes} bytes.")
    return httpx.Response(answer.status, headers=headers, content=bytes(body), request=request)
