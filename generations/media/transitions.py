"""How one clip gives way to the next, and which frames of both lie under that.

All but the last clip get a handle: frames beyond their scene. They lie under the beginning of the
next clip, its head, so that a video is exactly as long as its scenes, whatever joins them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from generations.media.frame import FrameFormat

CUT, FADE, DISSOLVE, WIPE = TRANSITIONS = ("cut", "fade", "dissolve", "wipe")
HANDLE_SECONDS = 0.5


@dataclass(frozen=True)
class Edges:
    """How many frames of a clip are for transitions: the first of its scene, and those beyond it."""

    head: int = 0
    handle: int = 0

    def cuts(self, scene: int) -> list[int]:
        """The frames that assembly has to cut before, where the scene has so many frames."""
        return [number for number in (self.head, scene if self.handle else 0) if number]


#: Of a clip that is only cut.
NO_EDGES = Edges()


def edges_of(transition: str, seconds: Sequence[Decimal], position: int, frame: FrameFormat) -> Edges:
    """The edges of the clip at a position, which counts from 1, among scenes of these lengths."""
    if transition == CUT:
        return NO_EDGES
    heads = [0, *(_overlap(frame.frames(float(each)), frame) for each in seconds[1:]), 0]
    return Edges(head=heads[position - 1], handle=heads[position])


def _overlap(scene: int, frame: FrameFormat) -> int:
    """Half of a very short scene stays what it is."""
    return min(frame.frames(HANDLE_SECONDS), scene // 2)


def shares(count: int) -> list[float]:
    """How much of the new there is in each of so many steps. The same from either end."""
    return [(step + 1) / (count + 1) for step in range(count)]
