"""Several processes draw one clip: every frame, in order, and none of them outlives it."""

import logging
import os
import signal
import subprocess
import sys
import time

import numpy
import pytest

from generations.media import drawers
from generations.media.drawers import frames_drawn
from generations.media.ffmpeg import MediaError
from videogen.testing.nursery import is_alive
from videogen.testing.waiting import eventually

BYTES = 64


def draw(index):
    return numpy.full(BYTES, index, numpy.uint8)


def own_process(_index):
    return numpy.frombuffer(os.getpid().to_bytes(BYTES, "little"), numpy.uint8)


def third_never(index):
    """Busy, so that nothing tells the process that its parent is gone."""
    if index > 1:
        time.sleep(60)
    return own_process(index)


def drawn(draw, *, frames, processes):
    with frames_drawn(draw, frames=frames, frame_bytes=BYTES, processes=processes) as pictures:
        return [bytes(picture) for picture in pictures]


@pytest.mark.parametrize("processes", [1, 2, 3])
@pytest.mark.parametrize("frames", [1, 2, 7, 20])
def test_frames_come_in_order_whoever_draws_them(processes, frames):
    assert drawn(draw, frames=frames, processes=processes) == [bytes(draw(index)) for index in range(frames)]


def test_the_processes_take_turns_and_are_gone_afterwards():
    pids = [int.from_bytes(picture, "little") for picture in drawn(own_process, frames=6, processes=2)]
    assert pids[0::2] == [pids[0]] * 3
    assert len({*pids, os.getpid()}) == 3
    assert not any(is_alive(pid) for pid in pids)


def test_an_error_while_drawing_ends_the_clip_and_is_logged(tmp_path, monkeypatch):
    log = logging.FileHandler(tmp_path / "log")
    monkeypatch.setattr(drawers.logger, "handlers", [log])
    with pytest.raises(RuntimeError, match="status 1"):
        drawn(lambda index: draw(8 // (3 - index)), frames=9, processes=2)
    log.close()
    assert "ZeroDivisionError" in (tmp_path / "log").read_text()


def test_a_process_that_is_killed_ends_the_clip_and_another_try_may_help():
    with pytest.raises(MediaError, match="status -9") as caught:
        drawn(lambda _: os.kill(os.getpid(), signal.SIGKILL), frames=3, processes=1)
    assert caught.value.retryable


def test_leaving_early_ends_the_processes():
    with frames_drawn(own_process, frames=50, frame_bytes=BYTES, processes=2) as pictures:
        pids = [int.from_bytes(next(pictures), "little") for _ in range(2)]
        assert all(is_alive(pid) for pid in pids)
    assert not any(is_alive(pid) for pid in pids)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a process with its parent")
def test_they_end_with_a_parent_that_is_killed():
    program = (
        "from generations.tests.test_media_drawers import *\n"
        "with frames_drawn(third_never, frames=50, frame_bytes=BYTES, processes=2) as pictures:\n"
        "    print(*(int.from_bytes(next(pictures), 'little') for _ in range(2)), flush=True)\n"
        "    time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as parent:
        assert parent.stdout
        pids = [int(pid) for pid in parent.stdout.readline().split()]
        parent.kill()
    assert len(pids) == 2
    assert eventually(lambda: not any(is_alive(pid) for pid in pids))
