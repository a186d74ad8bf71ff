"""An RQ worker whose work-horse is killed once, when its pictures are uploaded and nothing is bought yet."""

from typing import Any

from generations.services.call_sending import call_begin
from generations.stages import sending
from generations.tests.crashing import die_once
from generations.worker import StageWorker


def dying(**arguments: Any) -> None:
    die_once("begin")
    call_begin(**arguments)


class DyingWorker(StageWorker):
    """Sets the trap in this process; its work-horses inherit it."""

    def work(self, *arguments: Any, **named: Any) -> bool:
        sending.call_begin = dying
        return super().work(*arguments, **named)
