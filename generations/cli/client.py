"""The API over HTTP: ask for a generation, follow its events, fetch what came of it."""

import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx

ATTEMPTS = 4


class ApiProblem(Exception):
    """The service refused. `str()` of it is its sentence; `errors` names fields, `hint` says what to do."""

    def __init__(self, status: int, body: Mapping[str, Any]) -> None:
        super().__init__(str(body.get("detail") or body.get("title") or f"HTTP {status}"))
        self.status = status
        self.errors: list[Mapping[str, str]] = list(body.get("errors") or [])
        self.hint = str(body.get("hint") or "")


class ServiceAway(Exception):
    """The service does not answer. `str()` of it says what to do."""


class Api:
    """`url` is where the service is; `key` is sent with every call."""

    def __init__(self, url: str, key: str) -> None:
        self.url = url.rstrip("/")
        self.headers = {"Authorization": f"Bearer {key}"}
        timeout = httpx.Timeout(30, connect=5)
        # A proxy of the environment is for the world outside.
        self._http = httpx.Client(headers=self.headers, timeout=timeout, trust_env=False)

    def generation_create(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Ask once, however often it has to be said: the key makes a repeat harmless."""
        key = {"Idempotency-Key": str(uuid.uuid4())}
        try:
            return self._json("POST", "generations", json=request, headers=key)
        except KeyboardInterrupt:
            # It may have arrived. To cancel it, its id is needed.
            generation = self._json("POST", "generations", json=request, headers=key)
            self.generation_cancel(generation["id"])
            raise

    def reference_create(self, name: str, content: bytes) -> dict[str, Any]:
        """Send a reference picture, or send it again where the connection broke.

        A server that refuses a large body without reading it may close before its answer is read.
        """
        for _ in range(ATTEMPTS - 1):
            with suppress(ServiceAway):
                return self._json("POST", "assets", files={"file": (name, content)})
        return self._json("POST", "assets", files={"file": (name, content)})

    def generation_get(self, generation_id: str) -> dict[str, Any]:
        return self._json("GET", f"generations/{generation_id}")

    def generation_cancel(self, generation_id: str) -> None:
        """Ask for it to stop. One that has ended stays as it is."""
        try:
            self._json("POST", f"generations/{generation_id}/cancel")
        except ApiProblem as problem:
            if problem.status != httpx.codes.CONFLICT:
                raise

    def events(self, generation_id: str, after: int) -> list[dict[str, Any]]:
        """The next events after a number."""
        page = self._json("GET", f"generations/{generation_id}/events", params={"after": after})
        return list(page["results"])

    def download(self, path: str, target: Path) -> None:
        """All of it or nothing: the name appears when the bytes are there."""
        unfinished = target.with_name(f".{target.name}.part")
        try:
            with (
                _reachable(self.url),
                self._http.stream("GET", self._address(path), follow_redirects=True) as response,
                unfinished.open("wb") as file,
            ):
                _check(response)
                for chunk in response.iter_bytes():
                    file.write(chunk)
            unfinished.replace(target)
        finally:
            unfinished.unlink(missing_ok=True)

    def _json(self, method: str, path: str, **options: Any) -> dict[str, Any]:
        for attempt in range(1, ATTEMPTS + 1):
            with _reachable(self.url):
                response = self._http.request(method, self._address(path), **options)
            busy = response.status_code in {429, 503}
            if not busy or attempt == ATTEMPTS:
                _check(response)
                return dict(response.json())
            time.sleep(min(10.0, float(response.headers.get("Retry-After", 1))))
        raise AssertionError("the last attempt returns or raises")

    def _address(self, path: str) -> str:
        return f"{self.url}/api/v1/{path}"


@contextmanager
def _reachable(url: str) -> Iterator[None]:
    try:
        yield
    except httpx.TransportError as error:
        raise ServiceAway(
            f"Nothing answers at {url} ({error}). Run `make up`, add --start, or give another --url."
        ) from None


def _check(response: httpx.Response) -> None:
    if response.is_success:
        return
    response.read()
    try:
        body = response.json()
    except ValueError:
        body = {}
    raise ApiProblem(response.status_code, body if isinstance(body, dict) else {})
