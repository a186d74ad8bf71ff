"""One request on a connection of its own, and what can go wrong with it."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

import httpcore
import httpx

from videogen.kernel.http.network import ForbiddenAddress, GuardedNetwork
from videogen.kernel.http.origins import port_of

#: Whatever httpcore raises that is not a mistake of ours.
TRANSPORT_ERRORS = (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError)

_OURS = {b"accept-encoding", b"connection"}


@dataclass(frozen=True)
class Failure:
    """What went wrong, as a word and as a sentence. Of the URL the sentence names the host only."""

    kind: Literal["unreachable", "forbidden_address", "timed_out", "cut_off", "unexpected"]
    sentence: str


@contextmanager
def answer_to(request: httpx.Request, network: GuardedNetwork) -> Iterator[httpcore.Response]:
    """Send it once, and answer with the body still to be read. The connection is closed afterwards.

    No proxy is used, whatever the environment says, and no redirect is followed. Raises
    `TRANSPORT_ERRORS`, and what the tick of the network raises.
    """
    url = request.url
    target = httpcore.URL(
        scheme=url.raw_scheme, host=url.raw_host, port=port_of(url), target=url.raw_path or b"/"
    )
    headers = [(name, value) for name, value in request.headers.raw if name.lower() not in _OURS]
    headers += [(b"Accept-Encoding", b"identity"), (b"Connection", b"close")]
    context = _trust() if url.scheme == "https" else None
    sent = httpcore.Request(request.method, target, headers=headers, content=request.read())
    with httpcore.HTTPConnection(target.origin, ssl_context=context, network_backend=network) as connection:
        yield connection.handle_request(sent)


def _trust() -> ssl.SSLContext:
    """The certificates that we trust: the usual ones, or those of SSL_CERT_FILE or SSL_CERT_DIR."""
    try:
        return httpx.create_ssl_context()
    except OSError as error:  # Without this it would look like a disk that cannot be written to.
        raise httpcore.ConnectError("the certificates that we trust cannot be read") from error


def is_compressed(headers: httpx.Headers) -> bool:
    """Whether it comes in an encoding, though none was asked for."""
    return headers.get("content-encoding", "").strip().lower() not in {"", "identity"}


def failure_of(error: Exception, host: str, network: GuardedNetwork) -> Failure:
    """What one of the `TRANSPORT_ERRORS` means."""
    if isinstance(error, ForbiddenAddress):
        return Failure("forbidden_address", f"{host} cannot be asked: {error}.")
    if isinstance(error, httpcore.TimeoutException):
        return Failure("timed_out", f"{host} did not answer in time.")
    if isinstance(error, httpcore.ConnectError):
        return Failure("unreachable", f"{host} cannot be reached: {error}.")
    if isinstance(error, httpcore.LocalProtocolError):
        # The error would quote a header, and a key may be in it.
        return Failure("unexpected", f"What was to be sent to {host} is not HTTP; is there a bad key?")
    if isinstance(error, httpcore.NetworkError) or network.has_ended:
        return Failure("cut_off", f"The connection to {host} was cut before the answer was whole.")
    return Failure("unexpected", f"What {host} answered is not HTTP.")
