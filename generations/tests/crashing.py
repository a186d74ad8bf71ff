"""An RQ worker whose work-horse is killed once at a chosen moment. The product knows nothing of it.

CRASH_STAGE names the stage, CRASH_MOMENT is `before` or `after` its work (after: the result
exists and was not written down), CRASH_MARK is a file that remembers that it has happened,
CRASH_WHOM is `horse` or `both` (its parent, too).
"""

import os
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from generations import tasks
from generations.stages.base import StageHandler, StageWork
from generations.worker import StageWorker


class Crashing:
    """A stage that is killed before or after its work, the first time."""

    def __init__(self, stage: StageHandler) -> None:
        self.stage = stage
        self.apply = stage.apply

    def execute(self, work: StageWork) -> Mapping[str, Any]:
        if os.environ["CRASH_MOMENT"] == "before":
            die_once()
        output = self.stage.execute(work)
        die_once()
        return output


def die_once() -> None:
    try:
        Path(os.environ["CRASH_MARK"]).touch(exist_ok=False)
    except FileExistsError:
        return
    if os.environ.get("CRASH_WHOM") == "both":
        os.kill(os.getppid(), signal.SIGKILL)
    os.kill(os.getpid(), signal.SIGKILL)


class CrashingWorker(StageWorker):
    """Install the trap in this process; its work-horses inherit it."""

    def work(self, *args: object, **kwargs: object) -> bool:
        name = os.environ["CRASH_STAGE"]
        tasks.HANDLERS[name] = Crashing(tasks.HANDLERS[name])
        return super().work(*args, **kwargs)
