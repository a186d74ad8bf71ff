"""How long a whole exchange may take, and who is asked meanwhile whether it is still wanted."""

import time

import httpcore

from videogen.kernel.waiting import Tick, nothing

TICK_SECONDS = 0.25


class OutOfTime(httpcore.TimeoutException):
    """All of the time is used up, however much was heard meanwhile."""


class Patience:
    """So many seconds from now for everything. `tick` is called about every TICK_SECONDS of them."""

    def __init__(self, seconds: float, tick: Tick = nothing) -> None:
        self._tick = tick
        self._end = time.monotonic() + seconds
        self._next_tick = 0.0

    @property
    def left(self) -> float:
        """The seconds that are left."""
        return max(0.0, self._end - time.monotonic())

    def check(self) -> float:
        """Answer how many seconds may pass until the next check, and tick when it is time.

        Raises `OutOfTime`, or what the tick raises.
        """
        if time.monotonic() >= self._next_tick:
            self._tick()
            self._next_tick = time.monotonic() + TICK_SECONDS
        if not self.left:
            raise OutOfTime
        return min(self.left, TICK_SECONDS)

    def part(self, seconds: float) -> "Patience":
        """At most so many of the seconds that are left."""
        return Patience(min(seconds, self.left), self._tick)
