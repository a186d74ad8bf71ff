"""Both providers, and processes that buy from them and fall into traps on the way."""

import itertools
import socket
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from subprocess import Popen
from typing import Any

from django.conf import settings
from django.test import override_settings

from generations.models import Generation
from generations.services.generations import generation_create
from generations.testing.chaos.fleet import Fleet, Start
from generations.testing.chaos.points import WORKER_CLASS, traps_make
from generations.testing.chaos.surroundings import LEASE_SECONDS, variables
from generations.testing.chaos.world import Servers, World
from generations.testing.video_servers import FalServer, ReplicateServer
from generations.tests.factories import UserFactory
from generations.tests.processes import start_dispatcher, start_worker
from generations.tests.requests import REQUEST
from videogen.stack.marks import MARK
from videogen.testing.processes import ROOT, process_environment

MODELS = {"replicate": "bytedance/seedance-2.0", "fal": "bytedance/seedance-2.0/text-to-video"}
QUEUES = {"analysis": "analysis", "clips-1": "clips", "clips-2": "clips", "assembly": "assembly"}
#: What this process plans with, too.
OURS = ("REPLICATE", "FAL", "VIDEO")


@dataclass
class Shop:
    """Where clips are ordered. `told` is the environment of the processes."""

    servers: Servers
    traps: Path
    told: Mapping[str, str]
    port: int = 0
    numbers: Iterator[int] = field(default_factory=itertools.count)

    def order(self, provider: str) -> Generation:
        """A video of one clip that nobody else has ordered."""
        request = {"model": MODELS[provider], "duration_seconds": 4, "seed": next(self.numbers)}
        alice = UserFactory(username="alice")
        asked = REQUEST | {"provider": provider} | request
        return generation_create(owner=alice, request=asked).generation

    def jobs(self, generation: Generation) -> int:
        """How many the providers have accepted for it, by what they were asked, whatever we know of it."""
        asked = [call.request for call in World.now(self.servers).calls_of(generation)]
        accepted = [each for server in self.servers.values() for each in server.ledger.jobs()]
        return sum(dict(each.input) in asked for each in accepted)

    def fleet(self) -> Fleet:
        """Workers, two dispatchers, and a web process where the providers call back."""
        starts: dict[str, Start] = {
            name: partial(start_worker, queue, WORKER_CLASS, **self.told) for name, queue in QUEUES.items()
        }
        starts |= {f"dispatcher-{number}": partial(start_dispatcher, **self.told) for number in (1, 2)}
        if self.port:
            starts["web"] = self._start_web
        return Fleet(starts, mark=self.told[MARK], freeze_seconds=2.5 * LEASE_SECONDS)

    def _start_web(self) -> "Popen[bytes]":
        options = ("--interface", "wsgi", "--port", str(self.port), "--log-level", "warning")
        command = [sys.executable, "-m", "granian", "videogen.wsgi:application", *options]
        return Popen(command, cwd=ROOT, env=process_environment(**self.told))


@contextmanager
def own_shop(directory: Path, *, run_seconds: float = 1.0, webhooks: bool = False) -> Iterator[Shop]:
    """For as long as it is entered, with `directory` as the data directory."""
    port = free_port() if webhooks else 0
    traps_make(directory / "traps")
    known: dict[str, Any] = settings.STORAGES
    storages = known | {"assets": known["assets"] | {"OPTIONS": {"location": directory / "assets"}}}
    with ReplicateServer(run_seconds=run_seconds) as replicate, FalServer(run_seconds=run_seconds) as fal:
        told = variables(replicate, fal, directory=directory)
        ours = {name: value for name, value in told.items() if name.startswith(OURS)}
        with override_settings(DATA_DIR=directory, STORAGES=storages, **ours):
            told |= {"DATA_DIR": str(directory), MARK: str(directory), "DEFAULT_PROVIDER": "replicate"}
            told |= {"PROVIDER_WEBHOOK_URL": f"http://127.0.0.1:{port}" if port else ""}
            servers: dict[str, Any] = {"replicate": replicate, "fal": fal}
            yield Shop(servers, directory / "traps", told, port)


def says_that_it_was_sent_again(generation: Generation) -> bool:
    return any("a second time" in warning for warning in generation.warnings)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port
