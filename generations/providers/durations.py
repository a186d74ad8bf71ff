"""From the lengths that a storyboard wants to those that a model sells: least is bought, the sum stays.

What is bought too long is cut. All lengths that play are whole halves of a second, as the
storyboard's own, so that each is a whole number of frames.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import ceil

import numpy as np
from numpy.typing import NDArray

from analysis.contracts import Scene, Storyboard
from generations.providers.fitting import listed
from videogen.kernel.errors import DomainError

HALF = Decimal("0.5")
#: What a scene may last, in halves of a second.
SHORTEST, LONGEST = 2, 30
MAX_SCENES, MAX_PROMPT = 60, 1500
#: More changes than that are summed up instead of told one by one.
TOLD = 3

#: The second criterion never outweighs the first: no plan deviates by that many halves of a second.
_WEIGHT = 10_000
_NEVER = 2**60
_CONTINUED = re.compile(r" \(continued, another angle(, \d+)?\)$")


@dataclass(frozen=True)
class Planned:
    """One clip: how long it plays, and how long the clip is that is bought for it."""

    plays: Decimal
    bought: Decimal


class TooFewScenes(DomainError):
    """Not even the longest clips fill the video. `needed` is how many scenes would."""

    code = "storyboard.too_few_scenes"
    status = 422

    def __init__(self, needed: int, *, scenes: int, longest: Decimal) -> None:
        told = f"{scenes} scenes of at most {longest.normalize():f} s are too short for this video"
        super().__init__(f"{told}; it needs {needed}.", needed=needed)
        self.needed = needed


def plan_durations(wanted: Sequence[Decimal], allowed: Sequence[Decimal], price: Decimal) -> list[Planned]:
    """A plan of the same length that buys least and, among those, deviates least from what was wanted.

    Where seconds cost nothing, it deviates least first. Raises `TooFewScenes`.
    """
    offers = _offers(allowed)
    total = _halves(sum(wanted, Decimal(0)))
    if (needed := ceil(total / max(offers))) > len(wanted):
        raise TooFewScenes(needed, scenes=len(wanted), longest=max(offers) * HALF)
    costs = np.array([_costs(_halves(seconds), offers, is_free=not price) for seconds in wanted])
    return [Planned(plays=plays * HALF, bought=offers[plays]) for plays in _cheapest(costs, total)]


def _offers(allowed: Sequence[Decimal]) -> dict[int, Decimal]:
    """For each length that may play, in halves of a second, the shortest clip that is as long."""
    offers = {}
    for plays in range(SHORTEST, LONGEST + 1):
        enough = [seconds for seconds in allowed if seconds >= plays * HALF]
        if enough:
            offers[plays] = min(enough)
    if not offers:
        raise ValueError("a model has to sell clips of a second or more")
    return offers


def _halves(seconds: Decimal) -> int:
    return int(seconds / HALF)


def _costs(wanted: int, offers: dict[int, Decimal], *, is_free: bool) -> list[int]:
    """What it costs one scene to play for each length, as one number for both criteria."""
    costs = []
    for plays in range(SHORTEST, LONGEST + 1):
        if plays not in offers:
            costs.append(_NEVER)
            continue
        bought, deviation = int(offers[plays] * 100), abs(plays - wanted)
        costs.append(deviation * _WEIGHT**2 + bought if is_free else bought * _WEIGHT + deviation)
    return costs


def _cheapest(costs: NDArray[np.int64], total: int) -> list[int]:
    """The lengths that sum to `total` and cost least, by dynamic programming over scenes and sums."""
    lengths = np.arange(SHORTEST, LONGEST + 1)
    sums = np.arange(total + 1)
    before = (
        sums[None, :] - lengths[:, None]
    )  # The sum without the scene, for each length and each sum with it.
    best = np.full(total + 1, _NEVER)
    best[0] = 0
    choices = []
    for scene in costs:
        with_scene = np.where(before >= 0, best[np.maximum(before, 0)], _NEVER) + scene[:, None]
        choice = with_scene.argmin(axis=0)
        best = np.minimum(with_scene[choice, sums], _NEVER)
        choices.append(choice)
    plays, rest = [], total
    for choice in reversed(choices):
        plays.append(int(lengths[choice[rest]]))
        rest -= plays[-1]
    return plays[::-1]


@dataclass(frozen=True)
class Fitted:
    """The storyboard to make, how long a clip is bought for each scene, and what was changed."""

    storyboard: Storyboard
    bought: tuple[Decimal, ...]
    warnings: tuple[str, ...]


def storyboard_fit(storyboard: Storyboard, allowed: Sequence[Decimal], price: Decimal) -> Fitted:
    """The storyboard with scenes that this model can make. Its length stays.

    Raises `TooFewScenes` where the contract's number of scenes is not enough.
    """
    scenes, split = _enough_scenes(list(storyboard.scenes), allowed)
    plan = plan_durations([scene.duration_seconds for scene in scenes], allowed, price)
    warnings = (
        *_split_warning(split, scenes, allowed),
        *_changed_warning(scenes, plan, is_split=bool(split)),
        *_cut_warning(plan),
    )
    made = [
        scene.model_copy(update={"position": position, "duration_seconds": planned.plays})
        for position, (scene, planned) in enumerate(zip(scenes, plan, strict=True), start=1)
    ]
    if made != storyboard.scenes:
        storyboard = Storyboard(title=storyboard.title, scenes=made)
    return Fitted(storyboard, bought=tuple(planned.bought for planned in plan), warnings=warnings)


def _enough_scenes(scenes: list[Scene], allowed: Sequence[Decimal]) -> tuple[list[Scene], list[int]]:
    """So many scenes that the longest clips fill the video, and the positions of those that were split."""
    total = sum((scene.duration_seconds for scene in scenes), Decimal(0))
    needed = ceil(_halves(total) / max(_offers(allowed)))
    split: set[int] = set()
    while len(scenes) < needed <= MAX_SCENES:
        longest = max(scenes, key=lambda scene: scene.duration_seconds)
        if longest.duration_seconds < 2:
            break
        split.add(longest.position)
        at = scenes.index(longest)
        scenes = [*scenes[:at], *_halved(longest, scenes), *scenes[at + 1 :]]
    return scenes, sorted(split)


def _halved(scene: Scene, others: Sequence[Scene]) -> tuple[Scene, Scene]:
    """The scene in two parts. The second shows another angle, so that no two clips are equal."""
    second = scene.duration_seconds / 2 // HALF * HALF
    prompt = _continued(scene.micro_prompt, {other.micro_prompt for other in others})
    return (
        scene.model_copy(update={"duration_seconds": scene.duration_seconds - second}),
        scene.model_copy(update={"duration_seconds": second, "title": "", "micro_prompt": prompt}),
    )


def _continued(prompt: str, taken: set[str]) -> str:
    begun = _CONTINUED.sub("", prompt)
    number = 1
    while True:
        ending = f" (continued, another angle{'' if number == 1 else f', {number}'})"
        prompt = begun[: MAX_PROMPT - len(ending)] + ending
        if prompt not in taken:
            return prompt
        number += 1


def _split_warning(
    split: Sequence[int], scenes: Sequence[Scene], allowed: Sequence[Decimal]
) -> Sequence[str]:
    if not split:
        return ()
    which = f"Scene {split[0]} was" if len(split) == 1 else f"Scenes {listed([str(s) for s in split])} were"
    if len(split) > TOLD:
        which = f"{len(split)} scenes were"
    reason = f"because the model makes clips of at most {_seconds(max(allowed))}"
    return (f"{which} split, {reason}; there are {len(scenes)} scenes now.",)


def _changed_warning(scenes: Sequence[Scene], plan: Sequence[Planned], *, is_split: bool) -> Sequence[str]:
    wanted = [scene.duration_seconds for scene in scenes]
    changed = [
        (position, plays, before)
        for position, (before, plays) in enumerate(zip(wanted, (p.plays for p in plan), strict=True), start=1)
        if plays != before
    ]
    if not changed:
        return ()
    # After a split the numbers are others than those that were approved.
    if len(changed) > TOLD or is_split:
        most = max(abs(plays - before) for _, plays, before in changed)
        these = "1 scene plays" if len(changed) == 1 else f"{len(changed)} scenes play"
        return (f"{these} longer or shorter than planned, by at most {_seconds(most)}.",)
    told = [
        f"scene {position} plays {_seconds(plays)} instead of {_seconds(before)}"
        for position, plays, before in changed
    ]
    sentence = listed(told)
    return (f"{sentence[0].upper()}{sentence[1:]}.",)


def _cut_warning(plan: Sequence[Planned]) -> Sequence[str]:
    cut = [(position, p) for position, p in enumerate(plan, start=1) if p.bought > p.plays]
    if not cut:
        return ()
    if len(cut) <= TOLD:
        told = [
            f"{_seconds(p.bought)} are bought for scene {position} and cut to {_seconds(p.plays)}"
            for position, p in cut
        ]
        return (f"{listed(told)}.",)
    bought = sum((p.bought for p in plan), Decimal(0))
    plays = sum((p.plays for p in plan), Decimal(0))
    return (f"{len(cut)} clips are cut: {_seconds(bought)} are bought for {_seconds(plays)} of video.",)


def _seconds(seconds: Decimal) -> str:
    return f"{seconds.normalize():f} s"
