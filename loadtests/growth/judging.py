"""Whether what is asked costs the same however much has ended."""

import math
from dataclasses import dataclass
from statistics import median, quantiles

#: So many times as long at most, however much longer the history.
LIMIT = 2.0
#: Of a quartile range: medians that lie further apart than both half-widths differ, 19 times in 20
#: (McGill, Tukey and Larsen 1978, the notches of box plots).
NOTCH = 1.57


@dataclass(frozen=True)
class Summary:
    """Of one deed at one place. `noise_ms` is by how much the median may be off."""

    median_ms: float
    p95_ms: float
    noise_ms: float


def summary(milliseconds: list[float]) -> Summary:
    twentieths = quantiles(milliseconds, n=20, method="inclusive")
    spread = twentieths[14] - twentieths[4]
    return Summary(median(milliseconds), twentieths[18], NOTCH * spread / math.sqrt(len(milliseconds)))


@dataclass(frozen=True)
class Verdict:
    """One number with the shortest and with the longest history."""

    ratio: float
    limit_ms: float
    is_kept: bool


def verdict(shortest: Summary, longest: Summary) -> Verdict:
    """Slower is only what is so beyond its noise: twice that of the shortest, and that of the longest."""
    limit_ms = LIMIT * (shortest.median_ms + shortest.noise_ms) + longest.noise_ms
    return Verdict(longest.median_ms / shortest.median_ms, limit_ms, longest.median_ms <= limit_ms)
