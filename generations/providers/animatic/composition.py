"""How one clip is framed. Neighbouring clips never get the same framing."""

from dataclasses import dataclass
from typing import Literal

from analysis.contracts import Scene
from generations.providers.animatic.noise import generator

Framing = Literal["wide", "medium", "close"]


@dataclass(frozen=True)
class Shot:
    """One way to frame: where the hero stands across the frame, and how large it is."""

    framing: Framing
    hero_x: float
    hero_size: float  # Of the shorter side; 0 leaves it out.


#: In this order, beginning anywhere: each differs from the one before and after it.
SHOTS = (
    Shot("medium", 0.68, 0.50),
    Shot("close", 0.50, 0.74),
    Shot("wide", 0.32, 0.24),
    Shot("medium", 0.30, 0.46),
    Shot("wide", 0.62, 0.30),
    Shot("close", 0.66, 0.66),
)


@dataclass(frozen=True)
class Composition:
    """The framing of a clip, drawn from its position and seed."""

    shot: Shot
    horizon: float  # Of the height, from the top.
    mirrored: bool
    enlargement: float  # Of what the family draws, about the horizon.
    softness: float  # Blur of the background, in hundredths of the shorter side.
    sun_x: float
    turn: int  # By how many places the palette is rotated.
    portrait: bool

    @property
    def hero_x(self) -> float:
        """Where the hero stands; near the middle where the frame is narrow."""
        return 0.5 + (self.shot.hero_x - 0.5) * (0.45 if self.portrait else 1.0)


def compose(scene: Scene, seed: int, *, portrait: bool, has_hero: bool) -> Composition:
    """The framing of one scene. The seed chooses where the order of shots begins."""
    start = generator("order", seed).randrange(len(SHOTS))
    index = scene.position - 1 + start
    shot = SHOTS[index % len(SHOTS)]
    chance = generator("composition", seed, scene.position)
    low, high = {"wide": (0.60, 0.68), "medium": (0.54, 0.62), "close": (0.47, 0.55)}[shot.framing]
    return Composition(
        shot=shot,
        horizon=chance.uniform(low, high),
        mirrored=index % 2 == 1,
        enlargement={"wide": 1.0, "medium": 1.14, "close": 1.42}[shot.framing],
        softness=0.75 if has_hero and shot.framing == "close" else 0.0,
        sun_x=chance.uniform(0.18, 0.42) if shot.hero_x > 0.5 else chance.uniform(0.58, 0.82),
        turn=index % max(1, len(scene.palette)),
        portrait=portrait,
    )
