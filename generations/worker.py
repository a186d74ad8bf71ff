"""The RQ worker of a stage queue. It loads what the stages need before it forks, not once for each job."""

import os
from contextlib import suppress
from pathlib import Path
from typing import Any

from rq import Worker

from analysis.services import engine_prepare
from generations import tasks
from generations.providers.registry import hosted_names, provider_get
from generations.scratch import scratch_clear
from generations.services.routing import BUILT_IN, auto_means

#: Of `nice`: whoever answers a client goes first. Encoders and work-horses inherit it.
NICENESS = 10
#: Linux may share the cores between sessions before it looks at niceness within one (`man 7 sched`).
AUTOGROUP = Path("/proc/self/autogroup")


class StageWorker(Worker):
    """Forks a work-horse for each attempt."""

    #: What a job names; loading it here spares each work-horse the imports.
    run_stage = staticmethod(tasks.run_stage)

    def work(self, *args: Any, **kwargs: Any) -> bool:
        stand_back()
        hosted_names()  # Loads every provider: each attempt asks what they can do.
        if "clips" in self.queue_names():
            provider_get(auto_means() or BUILT_IN).prepare()
        if "analysis" in self.queue_names():
            engine_prepare()
        return bool(super().work(*args, **kwargs))

    def run_maintenance_tasks(self) -> None:
        """RQ calls it at the start, and every few minutes while there is work."""
        super().run_maintenance_tasks()
        scratch_clear()


def stand_back() -> None:
    """Leave the cores to whoever answers clients, as long as they need them."""
    os.nice(NICENESS - min(NICENESS, os.nice(0)))
    if os.getsid(0) == os.getpid():  # Else it would be the session of somebody's terminal.
        with suppress(OSError):  # Another system, or a kernel without it.
            AUTOGROUP.write_text(str(NICENESS))
