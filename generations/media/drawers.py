"""The frames of one clip, drawn by several processes and handed over in order."""

import mmap
import os
import signal
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from multiprocessing import Pipe
from multiprocessing.connection import Connection

import numpy

from generations.media.ffmpeg import MediaError, end_with
from generations.media.planes import Planes

#: What a process may have drawn ahead, in frames. It draws the second while the first is read.
_AHEAD = 2

Draw = Callable[[int], Planes]


@contextmanager
def frames_drawn(draw: Draw, *, frames: int, frame_bytes: int, processes: int) -> Iterator[Iterator[Planes]]:
    """What `draw` answers for 0, 1, … up to `frames`, each `frame_bytes` bytes, whoever drew it.

    A frame is overwritten once the next one is asked for. Raises MediaError where a process ends early.
    The processes are forked, so they know all that has been made so far; they end with the `with` block,
    and with the thread that began it. Begin nothing before that they must not hold open.
    """
    with ExitStack() as stack:
        drawers = [
            stack.enter_context(Drawer(draw, range(first, frames, processes), frame_bytes))
            for first in range(min(processes, frames))
        ]
        yield (drawers[index % processes].next() for index in range(frames))


class Drawer:
    """A process that draws some of the frames. It is killed when the `with` block is left."""

    def __init__(self, draw: Draw, indexes: Sequence[int], frame_bytes: int) -> None:
        # Anonymous, so that nothing of it is left behind, however the processes end.
        memory = mmap.mmap(-1, _AHEAD * frame_bytes)
        self._slots = numpy.frombuffer(memory, numpy.uint8).reshape(_AHEAD, frame_bytes)
        self._frames, self._handed = len(indexes), 0
        self._connection, theirs = Pipe()
        parent = os.getpid()
        self._pid = os.fork()
        if not self._pid:
            self._connection.close()
            _live(parent, lambda: _draw_all(draw, indexes, self._slots, theirs))
        theirs.close()

    def next(self) -> Planes:
        """The next of its frames. The one before may now be overwritten."""
        try:
            if self._handed and self._handed - 1 + _AHEAD < self._frames:
                self._connection.send(None)  # The slot of the frame before is free for one that is to come.
            self._connection.recv()
        except (EOFError, OSError) as error:
            raise self._failure() from error
        self._handed += 1
        slot: Planes = self._slots[(self._handed - 1) % _AHEAD]
        return slot

    def __enter__(self) -> "Drawer":
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()
        if self._pid:
            os.kill(self._pid, signal.SIGKILL)
            os.waitpid(self._pid, 0)

    def _failure(self) -> MediaError:
        _, status = os.waitpid(self._pid, 0)
        self._pid, code = 0, os.waitstatus_to_exitcode(status)
        return MediaError(f"A process that draws ended with status {code}.", retryable=code < 0)


def _live(parent: int, work: Callable[[], None]) -> None:
    """All that a forked process does. It never returns: what its parent would do next is not its own."""
    status = 1
    try:
        end_with(parent)
        for number in (signal.SIGINT, signal.SIGTERM):
            # A function of the parent's would do the parent's work a second time.
            if callable(signal.getsignal(number)):
                signal.signal(number, signal.SIG_DFL)
        work()
        status = 0
    except BaseException:
        traceback.print_exc()
        sys.stderr.flush()
    finally:
        os._exit(status)


def _draw_all(draw: Draw, indexes: Sequence[int], slots: numpy.ndarray, connection: Connection) -> None:
    for turn, index in enumerate(indexes):
        if turn >= _AHEAD:
            connection.recv()
        slots[turn % _AHEAD] = draw(index)
        connection.send(None)
