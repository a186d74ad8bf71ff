"""Things to be done later, such as delivering a webhook, by one clock and a few threads."""

import heapq
import itertools
import math
import ssl
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Self

import httpx

WORKERS = 8
TIMEOUT_SECONDS = 5.0
# Reading the certificates takes longer than all the rest of a server that is started for one test.
_TLS = ssl.create_default_context()


class Courier:
    """Does what is due, in the order of its time, for as long as it is entered."""

    def __init__(self) -> None:
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = itertools.count()
        self._changed = threading.Condition()
        self._is_over = False

    def call_at(self, moment: float, action: Callable[[], None]) -> None:
        """Do this then. With an infinite moment: never."""
        if moment == math.inf:
            return
        with self._changed:
            heapq.heappush(self._due, (moment, next(self._numbers), action))
            self._changed.notify()

    def post(self, url: str, body: bytes, headers: dict[str, str]) -> int:
        """The status that came back, 0 for none. Redirects are not followed."""
        try:
            return self._client.post(url, content=body, headers=headers).status_code
        except (httpx.HTTPError, httpx.InvalidURL, RuntimeError):  # RuntimeError: it was closed meanwhile.
            return 0

    def __enter__(self) -> Self:
        self._client = httpx.Client(
            timeout=TIMEOUT_SECONDS, verify=_TLS, trust_env=False, follow_redirects=False
        )
        self._workers = ThreadPoolExecutor(WORKERS, thread_name_prefix="courier")
        self._clock = threading.Thread(target=self._run, daemon=True)
        self._clock.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._changed:
            self._is_over = True
            self._changed.notify()
        self._clock.join()
        self._workers.shutdown(wait=False, cancel_futures=True)
        self._client.close()

    def _run(self) -> None:
        while action := self._next():
            self._workers.submit(action).add_done_callback(_show_mistakes)

    def _next(self) -> Callable[[], None] | None:
        with self._changed:
            while not self._is_over:
                wait_seconds = self._due[0][0] - time.time() if self._due else None
                if wait_seconds is not None and wait_seconds <= 0:
                    return heapq.heappop(self._due)[2]
                self._changed.wait(wait_seconds)
            return None


def _show_mistakes(done: Future[None]) -> None:
    if not done.cancelled():
        done.result()  # What it raises is logged.
