"""Splits the duration of a video into clips. The sum is exact; each clip lasts 1 to 15 seconds."""

from decimal import Decimal

from analysis.contracts import Pacing
from analysis.engines.local.choice import Choices

#: Lengths are whole halves of a second, so that a clip is a whole number of frames.
UNIT = Decimal("0.5")
SHORTEST, LONGEST = 3, 30
MOST_CLIPS = 60
#: Seconds of a typical clip in a 15 second video and in one of 180 seconds.
TYPICAL: dict[Pacing, tuple[float, float]] = {"fast": (3.0, 4.0), "medium": (3.75, 6.0), "slow": (5.5, 8.0)}
#: How much the lengths differ; fast cutting accelerates toward the end, slow cutting breathes.
SPREAD: dict[Pacing, float] = {"fast": 0.25, "medium": 0.3, "slow": 0.3}
ACCELERATION: dict[Pacing, float] = {"fast": 0.3, "medium": 0.1, "slow": 0.0}


def split_duration(seconds: int, pacing: Pacing, choices: Choices, *, at_least: int = 1) -> list[Decimal]:
    """The lengths of the clips in order. The first and the last get time to be read."""
    count = clip_count(seconds, pacing, at_least=at_least)
    weights = [_weight(index, count, pacing, choices) for index in range(count)]
    return [UNIT * units for units in apportioned(2 * seconds, weights)]


def clip_count(seconds: int, pacing: Pacing, *, at_least: int = 1) -> int:
    """How many clips a video of this length is cut into."""
    short, long = TYPICAL[pacing]
    typical = short + (long - short) * max(0, seconds - 15) / 165
    most = min(MOST_CLIPS, seconds // 2)
    fewest = max(-(-2 * seconds // LONGEST), 2 if seconds >= 7 else 1)  # One shot alone tells nothing.
    return max(fewest, min(most, max(round(seconds / typical), at_least)))


def apportioned(total: int, weights: list[float], *, shortest: int = SHORTEST) -> list[int]:
    """Whole units by weight, each within the bounds; the largest remainders get what is left.

    The bounds must allow it: `total` lies between `shortest` and LONGEST for each of the weights.
    """
    shares = [total * weight / sum(weights) for weight in weights]
    units = [min(LONGEST, max(shortest, int(share))) for share in shares]
    while (left := total - sum(units)) != 0:
        step = 1 if left > 0 else -1
        free = [index for index, unit in enumerate(units) if shortest <= unit + step <= LONGEST]
        units[max(free, key=lambda index: step * (shares[index] - units[index]))] += step
    return units


def _weight(index: int, count: int, pacing: Pacing, choices: Choices) -> float:
    position = index / max(1, count - 1)
    weight = (
        1 + SPREAD[pacing] * (2 * choices.fraction(f"length:{index}") - 1) - ACCELERATION[pacing] * position
    )
    return weight + (0.25 if index in (0, count - 1) else 0)
