"""Asks an HTTP server as fast as it answers, on some connections, and looks at every answer.

A process of its own: it reads a plan (JSON) and prints what it measured (JSON). Requests are
bytes that were made before; of an answer it reads status and length, so that it costs little
beside what it measures. Its own share of a core is in the result. Exits with 1 at a wrong answer.
"""

import gc
import json
import os
import re
import select
import socket
import sys
import time
from dataclasses import asdict, dataclass, field
from itertools import count
from statistics import quantiles

#: A request's serial number stands here, so that each submission is another one.
SERIAL = b"{serial!!}"
SERIAL_FORMAT = b"%010d"
PATIENCE_SECONDS = 30
_LENGTH = re.compile(rb"\r\nContent-Length: *(\d+)\r\n", re.IGNORECASE)


@dataclass(frozen=True)
class Plan:
    """`requests` are those of each connection, asked in turn. `serial` is the first serial number."""

    port: int
    requests: list[list[str]]
    status: int
    seconds: float
    serial: int = 0
    cores: list[int] = field(default_factory=list)


@dataclass(frozen=True)
class Load:
    """What was measured."""

    requests: int
    seconds: float
    p50_ms: float
    p95_ms: float
    p99_ms: float
    generator_cpu_share: float

    @property
    def per_second(self) -> float:
        return self.requests / self.seconds


class WrongAnswer(Exception):
    """The server answered something else than was expected, or nothing."""


class Connection:
    """One client: it sends its next request when the last one was answered."""

    def __init__(self, plan: Plan, requests: list[str], serials: "count[int]") -> None:
        self.socket = socket.create_connection(("127.0.0.1", plan.port), PATIENCE_SECONDS)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.requests = [request.encode("latin-1") for request in requests]
        self.has_serial = any(SERIAL in request for request in self.requests)
        self.status_line = b"HTTP/1.1 %d " % plan.status
        self.serials = serials
        self.turn = 0
        self.received = b""
        self.sent_at = 0.0

    def send(self) -> None:
        request = self.requests[self.turn % len(self.requests)]
        self.turn += 1
        if self.has_serial:
            request = request.replace(SERIAL, SERIAL_FORMAT % next(self.serials))
        self.received = b""
        self.sent_at = time.perf_counter()
        self.socket.sendall(request)

    def receive(self) -> bool:
        """Take what has come. Whether the answer is whole now. Raises `WrongAnswer`."""
        piece = self.socket.recv(262_144)
        self.received = self.received + piece if self.received else piece
        if not piece:
            raise WrongAnswer(f"The connection was closed after {self.received[:200]!r}")
        end = self.received.find(b"\r\n\r\n")
        if end < 0:
            return False
        if len(self.received) < end + 4 + self._length(end):
            return False
        if not self.received.startswith(self.status_line):
            raise WrongAnswer(f"{self.status_line.decode()}was expected: {self.received[:2000]!r}")
        return True

    def _length(self, end: int) -> int:
        if self.received.startswith(b"HTTP/1.1 304 "):
            return 0  # It may name the length of what it leaves out.
        found = _LENGTH.search(self.received, 0, end + 2)
        if found is None:
            raise WrongAnswer(f"An answer without Content-Length: {self.received[:end]!r}")
        return int(found[1])


def load(plan: Plan) -> Load:
    """Ask for so many seconds. Raises `WrongAnswer` at the first one."""
    serials = count(plan.serial)
    connections = [Connection(plan, requests, serials) for requests in plan.requests]
    by_file = {connection.socket.fileno(): connection for connection in connections}
    poller = select.epoll()
    for number in by_file:
        poller.register(number, select.EPOLLIN)
    gc.disable()
    started, cpu_started = time.perf_counter(), time.process_time()
    for connection in connections:
        connection.send()
    latencies = _exchange(poller, by_file, started + plan.seconds)
    seconds, cpu_seconds = time.perf_counter() - started, time.process_time() - cpu_started
    for connection in connections:
        connection.socket.close()
    cuts = quantiles(latencies, n=100)
    return Load(
        requests=len(latencies),
        seconds=seconds,
        p50_ms=1000 * cuts[49],
        p95_ms=1000 * cuts[94],
        p99_ms=1000 * cuts[98],
        generator_cpu_share=cpu_seconds / seconds,
    )


def _exchange(poller: select.epoll, by_file: dict[int, Connection], ends: float) -> list[float]:
    """Until the time is over and the last answer is there: the seconds that each one took."""
    latencies: list[float] = []
    open_requests = len(by_file)
    while open_requests:
        ready = poller.poll(PATIENCE_SECONDS)
        if not ready:
            raise WrongAnswer(f"{open_requests} requests were not answered in {PATIENCE_SECONDS} s")
        for number, _ in ready:
            connection = by_file[number]
            if not connection.receive():
                continue
            now = time.perf_counter()
            latencies.append(now - connection.sent_at)
            if now < ends:
                connection.send()
            else:
                open_requests -= 1
                poller.unregister(number)
    return latencies


def main() -> None:
    plan = Plan(**json.load(sys.stdin))
    if plan.cores:
        os.sched_setaffinity(0, plan.cores)
    try:
        measured = load(plan)
    except (WrongAnswer, OSError) as error:
        sys.exit(f"A wrong answer: {error}")
    json.dump(asdict(measured), sys.stdout)


if __name__ == "__main__":
    main()
