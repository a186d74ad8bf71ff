"""What killed attempts leave behind is removed while the workers live."""

import os
import time

from rq import Queue

from generations.scratch import LONGEST_SECONDS, PREFIX, scratch_directory
from generations.worker import StageWorker
from videogen.kernel.redis import queue_redis


def test_a_worker_removes_what_nobody_can_be_using() -> None:
    abandoned, used = (scratch_directory() / f"{PREFIX}{name}" for name in ("abandoned", "used"))
    for path in (abandoned, used):
        path.mkdir()
    long_ago = time.time() - LONGEST_SECONDS - 1
    os.utime(abandoned, (long_ago, long_ago))
    StageWorker([Queue("clips", connection=queue_redis())], connection=queue_redis()).run_maintenance_tasks()
    assert (abandoned.exists(), used.exists()) == (False, True)
    used.rmdir()
