"""An RQ worker whose prompt analysis comes too early some times. The product knows nothing of it.

POSTPONE_TIMES and POSTPONE_SECONDS say how often and for how long, POSTPONE_MARKS is a directory
that remembers it. With POSTPONE_CRASH the worker and its work-horse are killed after the first time,
as soon as the run has been put back.
"""

import os
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.db import transaction

from generations import tasks
from generations.stages.base import StageHandler, StageWork
from generations.worker import StageWorker
from videogen.kernel.errors import Postponed


class Postponing:
    """A stage that raises `Postponed` before its work."""

    def __init__(self, stage: StageHandler) -> None:
        self.stage = stage
        self.apply = stage.apply

    def execute(self, work: StageWork) -> Mapping[str, Any]:
        marks = Path(os.environ["POSTPONE_MARKS"])
        done = len(list(marks.iterdir()))
        if done >= int(os.environ["POSTPONE_TIMES"]):
            return self.stage.execute(work)
        (marks / str(done)).touch(exist_ok=False)
        raise Postponed("It is too early.", seconds=float(os.environ["POSTPONE_SECONDS"]), code="quota.full")


def put_back_and_die(**arguments: Any) -> None:
    PUT_BACK(**arguments)
    transaction.on_commit(die)


def die() -> None:
    os.kill(os.getppid(), signal.SIGKILL)
    os.kill(os.getpid(), signal.SIGKILL)


PUT_BACK = tasks.stage_run_put_back


class PostponingWorker(StageWorker):
    """Sets the traps in this process; its work-horses inherit them."""

    def work(self, *args: Any, **kwargs: Any) -> bool:
        tasks.HANDLERS["prompt_analysis"] = Postponing(tasks.HANDLERS["prompt_analysis"])
        if os.environ.get("POSTPONE_CRASH"):
            tasks.stage_run_put_back = put_back_and_die
        return super().work(*args, **kwargs)
