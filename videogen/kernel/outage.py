"""Says once that Redis is away, and once that it is back, however many calls find out."""

import logging
import mmap


class Outage:
    """One consequence of Redis being away. Make it at import, so that forked processes share it.

    A work-horse is forked for each job: what only its own memory knew, the next one would say again.
    """

    def __init__(self, logger: logging.Logger, consequence: str) -> None:
        self._logger = logger
        self._consequence = consequence
        self._is_on = mmap.mmap(-1, 1)  # Anonymous and shared. Two may say it at once: that does no harm.

    def began(self, error: Exception) -> None:
        """Redis did not answer."""
        if self._is_on[0] == 0:
            self._is_on[0] = 1
            self._logger.warning("Redis does not answer, %s: %s", self._consequence, error)

    def ended(self) -> None:
        """Redis answered."""
        if self._is_on[0] == 1:
            self._is_on[0] = 0
            self._logger.warning("Redis answers again, this is over: %s", self._consequence)
