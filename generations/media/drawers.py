"""The frames of one clip, drawn by several processes and handed over in order."""

import logging
import mmap
import os
import signal
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from multiprocessing import Pipe
from multiprocessing.connection import Connection

import numpy

from generations.media.ffmpeg import MediaError, end_with
from generations.media.planes import Planes

logger = logging.getLogger(__name__)

#: What a process may have drawn ahead, in frames. It draws the second while the first is read.
_AHEAD = 2

_SIGNALS = (signal.SIGINT, signal.SIGTERM)

Draw = Callable[[int], Planes]


@contextmanager
def frames_drawn(draw: Draw, *, frames: int, frame_bytes: int, processes: int) -> Iterator[Iterator[Planes]]:
    """What `draw` answers for 0, 1, … up to `frames`, each `frame_bytes` bytes, whoever drew it.

    A frame is overwritten once the next one is asked for. Raises MediaError where a process was killed,
    and RuntimeError where `draw` failed, as the log says.
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
        self._pid = _forked(lambda: self._draw_all(draw, indexes, theirs))
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
        if self._pid:
            os.kill(self._pid, signal.SIGKILL)
            os.waitpid(self._pid, 0)
        self._connection.close()  # Last: it would complain.

    def _draw_all(self, draw: Draw, indexes: Sequence[int], connection: Connection) -> None:
        self._connection.close()
        for turn, index in enumerate(indexes):
            if turn >= _AHEAD:
                connection.recv()
            self._slots[turn % _AHEAD] = draw(index)
            connection.send(None)

    def _failure(self) -> Exception:
        _, status = os.waitpid(self._pid, 0)
        self._pid, code = 0, os.waitstatus_to_exitcode(status)
        message = f"A process that draws ended with status {code}."
        return MediaError(message, retryable=True) if code < 0 else RuntimeError(message)


def _forked(work: Callable[[], None]) -> int:
    """The id of a new process that does this, and nothing of what its parent would do next."""
    parent = os.getpid()
    # A handler that raises would unwind the child through the parent's `with` blocks.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
    pid = os.fork()
    if not pid:
        _live(parent, before, work)
    signal.pthread_sigmask(signal.SIG_SETMASK, before)
    return pid


def _live(parent: int, mask: Iterable[int], work: Callable[[], None]) -> None:
    status = 1
    try:
        end_with(parent)
        for number in _SIGNALS:
            # A function of the parent's would do the parent's work a second time.
            if callable(signal.getsignal(number)):
                signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        work()
        status = 0
    except BaseException:  # Whatever it is, it must not unwind into what the parent would do next.
        logger.exception("A clip cannot be drawn")
    finally:
        os._exit(status)
