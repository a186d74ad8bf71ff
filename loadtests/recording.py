"""Keeps every response time as it was: Locust itself rounds those above 100 ms.

`samples.bin` has 16 bytes for each request, `generator.jsonl` a line a second of how the load
generator itself fares and which requests are open, `errors.jsonl` the first of the errors.
"""

import json
import struct
import time
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import IO, Any

import gevent
import psutil
from locust import TaskSet, User
from locust.env import Environment

from loadtests.users.api_user import ApiUser
from videogen.kernel.whole import whole_file

#: Start (Unix time), milliseconds, number of the name, 1 for a right answer.
SAMPLE = struct.Struct("<dfHH")
ERRORS_KEPT = 1000
FLUSH_SECONDS = 1.0
#: What has been open for less is left to be answered.
OPEN_SECONDS = 1.0
#: A greenlet that sleeps this long and wakes later than that has met a busy loop.
NAP_SECONDS = 0.02


class Recorder:
    """Of one load generator process, below `directory`."""

    def __init__(self, environment: Environment, directory: Path) -> None:
        self._environment = environment
        self._directory = directory
        self._files = ExitStack()
        self._samples: IO[bytes] = self._files.enter_context((directory / "samples.bin").open("wb"))
        self._generator = self._files.enter_context((directory / "generator.jsonl").open("w"))
        self._errors = self._files.enter_context((directory / "errors.jsonl").open("w"))
        self._names: dict[str, int] = {}
        self._error_count = 0
        self._lags: list[float] = []
        self._process = psutil.Process()
        environment.events.request.add_listener(self.hear)
        environment.events.user_error.add_listener(self.hear_of_a_fault)
        environment.events.test_start.add_listener(self.start)
        environment.events.quit.add_listener(self.close)
        self._process.cpu_percent()
        self._greenlets = [gevent.spawn(self._nap), gevent.spawn(self._flush_on)]

    def start(self, **more: Any) -> None:
        self._write("started.json", time.time())

    def hear(
        self,
        request_type: str,
        name: str,
        response_time: float,
        exception: Exception | None,
        start_time: float,
        **more: Any,
    ) -> None:
        full = f"{request_type} {name}"
        number = self._names.get(full)
        if number is None:
            number = self._names[full] = len(self._names)
            self._write("names.json", list(self._names))
        self._samples.write(SAMPLE.pack(start_time, response_time, number, exception is None))
        if exception is not None:
            self._keep_error(full, start_time, exception)

    def _write(self, name: str, value: Any) -> None:
        with whole_file(self._directory / name) as part:  # It is read meanwhile.
            part.write_text(json.dumps(value))

    def hear_of_a_fault(
        self, user_instance: User | TaskSet, exception: Exception, tb: TracebackType, **more: Any
    ) -> None:
        """A user that failed has asked nothing meanwhile, which must not look like success."""
        user = user_instance.user if isinstance(user_instance, TaskSet) else user_instance
        self.hear("USER", type(user).__name__, 0.0, exception, time.time())

    def close(self, **more: Any) -> None:
        gevent.killall(self._greenlets)
        if not self._samples.closed:
            self._flush()
        self._files.close()

    def _keep_error(self, name: str, at: float, exception: Exception) -> None:
        self._error_count += 1
        error = (str(exception) or repr(exception))[:400]
        if self._error_count <= ERRORS_KEPT:
            self._errors.write(json.dumps({"at": at, "name": name, "error": error}) + "\n")

    def _nap(self) -> None:
        while True:
            began = time.perf_counter()
            gevent.sleep(NAP_SECONDS)
            self._lags.append(1000 * (time.perf_counter() - began - NAP_SECONDS))

    def _flush_on(self) -> None:
        while True:
            gevent.sleep(FLUSH_SECONDS)
            self._flush()

    def _flush(self) -> None:
        runner = self._environment.runner
        classes: Counter[str] = Counter(runner.user_classes_count if runner else {})
        lags, self._lags = sorted(self._lags), []
        now = time.time()
        line = {
            "at": now,
            "users": classes,
            "cpu_percent": self._process.cpu_percent(),
            "lag_p95_ms": lags[int(0.95 * len(lags))] if lags else 0.0,
            "open": [each for each in ApiUser.asking.values() if now - each[1] >= OPEN_SECONDS],
        }
        self._generator.write(json.dumps(line) + "\n")
        for file in (self._samples, self._generator, self._errors):
            file.flush()
