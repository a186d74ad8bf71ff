"""An RQ worker whose work-horse is killed once in each stage. The product knows nothing of it.

CRASH_MOMENT is `before` or `after` the stage's work (after: the result exists and was not
written down), CRASH_MARKS is a directory that remembers where it has happened, CRASH_WHOM is
`horse` or `both` (its parent, too).
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
            die_once(work.run.stage)
        output = self.stage.execute(work)
        die_once(work.run.stage)
        return output


def die_once(stage: str) -> None:
    try:
        (Path(os.environ["CRASH_MARKS"]) / stage).touch(exist_ok=False)
    except FileExistsError:
        return
    if os.environ.get("CRASH_WHOM") == "both":
        os.kill(os.getppid(), signal.SIGKILL)
    os.kill(os.getpid(), signal.SIGKILL)


class CrashingWorker(StageWorker):
    """Sets the traps in this process; its work-horses inherit them."""

    def work(self, *args: Any, **kwargs: Any) -> bool:
        for name, handler in tasks.HANDLERS.items():
            tasks.HANDLERS[name] = Crashing(handler)
        return super().work(*args, **kwargs)
