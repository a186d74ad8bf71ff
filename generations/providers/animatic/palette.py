"""The colours of one clip: the hour and the weather give the light, the scene's palette steers its hues."""

from collections.abc import Sequence
from dataclasses import dataclass

from analysis.contracts import Mood, Scene, TimeOfDay, Weather
from generations.providers.animatic.colour import (
    Colour,
    chroma,
    from_hex,
    from_lab,
    lightness,
    mix,
    ramp,
    tinted,
    to_lab,
    with_lightness,
)


@dataclass(frozen=True)
class Hour:
    """The light of a time of day: the sky from zenith to horizon, its lamp, and how much of it there is."""

    sky: tuple[str, str, str, str]
    key: str
    ambient: str
    exposure: float


HOURS: dict[TimeOfDay, Hour] = {
    "dawn": Hour(("#33477d", "#8a7fae", "#f0a58c", "#ffdcae"), "#ffe3b3", "#b08aa6", 0.78),
    "day": Hour(("#2473c8", "#5ba6e3", "#a5d6f0", "#e3f3f2"), "#fff6d8", "#a8c4d8", 1.0),
    "dusk": Hour(("#1f1d4d", "#68346f", "#dc6343", "#ffc46e"), "#ffc27a", "#8a5578", 0.62),
    "night": Hour(("#071230", "#10214e", "#233d77", "#4a669f"), "#e4ecff", "#4560a0", 0.46),
}


@dataclass(frozen=True)
class Air:
    """What weather does to the light."""

    grey: float
    dim: float
    haze: float


AIRS: dict[Weather, Air] = {
    "clear": Air(grey=0.0, dim=1.0, haze=0.62),
    "cloudy": Air(grey=0.42, dim=0.94, haze=0.72),
    "rain": Air(grey=0.50, dim=0.86, haze=0.86),
    "snow": Air(grey=0.55, dim=0.98, haze=0.92),
    "fog": Air(grey=0.58, dim=0.95, haze=1.25),
    "storm": Air(grey=0.5, dim=0.72, haze=0.82),
}


@dataclass(frozen=True)
class Grade:
    """What a mood does to every colour, in OKLab."""

    saturation: float = 1.0
    contrast: float = 1.0
    lift: float = 0.0
    warm: float = 0.0
    green: float = 0.0

    def of(self, colour: Colour) -> Colour:
        """The colour in this mood."""
        light, a, b = to_lab(colour)
        light = 0.5 + (light - 0.5) * self.contrast + self.lift
        return from_lab(
            (min(1.0, max(0.0, light)), a * self.saturation - self.green, b * self.saturation + self.warm)
        )


GRADES: dict[Mood, Grade] = {
    "neutral": Grade(),
    "calm": Grade(saturation=0.92, contrast=0.95, lift=0.01),
    "joyful": Grade(saturation=1.15, lift=0.025, warm=0.008),
    "energetic": Grade(saturation=1.25, contrast=1.06),
    "dramatic": Grade(saturation=1.02, contrast=1.14, lift=-0.035, warm=0.006),
    "mysterious": Grade(saturation=0.88, contrast=1.04, lift=-0.045, warm=-0.012, green=0.010),
    "melancholic": Grade(saturation=0.70, contrast=0.96, lift=-0.02, warm=-0.014),
    "romantic": Grade(saturation=1.05, contrast=0.97, lift=0.012, warm=0.008, green=-0.016),
    "epic": Grade(saturation=1.12, contrast=1.12, warm=0.014),
}

_GREY_CHROMA = 0.035


class Look:
    """Every colour that a clip is drawn with."""

    def __init__(self, scene: Scene, *, turn: int) -> None:
        self.time: TimeOfDay = scene.time_of_day
        self.weather: Weather = scene.weather
        self._hour, self._air = HOURS[scene.time_of_day], AIRS[scene.weather]
        self._grade = GRADES[scene.mood]
        given = [from_hex(text) for text in scene.palette]
        vivid = [colour for colour in given if chroma(colour) > _GREY_CHROMA]
        self.brand: list[Colour] = _rotated(vivid or given, turn)
        self.sky = [self._sky(index, stop) for index, stop in enumerate(self._hour.sky)]
        self.haze = self.sky[3] if scene.weather != "storm" else mix(self.sky[3], self.sky[2], 0.5)
        self.key = self.graded(tinted(from_hex(self._hour.key), self.brand[-1], 0.25))
        self.ambient = self.graded(
            tinted(from_hex(self._hour.ambient), self.brand[0], 0.15 if self.night else 0.35)
        )
        self.dark = self.graded(tinted(from_hex("#070912"), self.brand[0], 0.5))

    @property
    def night(self) -> bool:
        """Whether windows and lamps are lit fully."""
        return self.time == "night"

    @property
    def lamps(self) -> float:
        """How strongly artificial light shows, 0 to 1."""
        lit = {"night": 1.0, "dusk": 0.85, "dawn": 0.45, "day": 0.0}[self.time]
        return max(lit, 0.55 if self.weather in ("storm", "rain", "fog") else 0.0)

    @property
    def hazy(self) -> float:
        """How thick the air is; about 0.6 when clear, above 1 in fog."""
        return self._air.haze

    @property
    def sun_strength(self) -> float:
        """How much of the sun or the moon comes through."""
        return {"clear": 1.0, "cloudy": 0.55, "snow": 0.3, "fog": 0.4, "rain": 0.15, "storm": 0.08}[
            self.weather
        ]

    def graded(self, colour: Colour) -> Colour:
        """The colour in the mood of the scene."""
        return self._grade.of(colour)

    def accent(self, index: int) -> Colour:
        """A colour of the palette, made clear enough to catch the eye."""
        colour = self.brand[index % len(self.brand)]
        return self.graded(with_lightness(colour, min(0.78, max(0.56, lightness(colour)))))

    def light(self, index: int) -> Colour:
        """A colour of the palette as a lamp or a neon sign shines in it."""
        colour = self.brand[index % len(self.brand)]
        return self.graded(with_lightness(colour, max(0.72, lightness(colour))))

    def surface(self, material: Colour | str, distance: float = 0.0, *, tint: float = 0.22) -> Colour:
        """How a material looks in this light, seen through the air. Distance 0 is near, 1 is the horizon."""
        own = from_hex(material) if isinstance(material, str) else material
        tint *= 0.5 if self.night else 1.0
        light, a, b = to_lab(tinted(own, self.brand[0], tint))
        exposure = self._hour.exposure * self._air.dim
        lit = from_lab((light * (0.25 + 0.75 * exposure) * (0.55 + 0.45 * exposure), a, b))
        lit = tinted(lit, self.ambient, 0.15 + 0.75 * (1 - exposure))
        lit = self.graded(mix(lit, with_lightness(lit, lightness(lit) * 0.95), self._air.grey))
        return mix(lit, self.haze, min(0.96, max(0.0, distance) ** 1.1 * self.hazy))

    def sky_at(self, share: float) -> Colour:
        """The sky from the zenith (0) to the horizon (1)."""
        return ramp(self.sky, share)

    def _sky(self, index: int, stop: str) -> Colour:
        order = sorted(self.brand, key=lightness)
        hue = order[round(index * (len(order) - 1) / 3)]
        amount = (0.22 if self.time == "night" else 0.42) if chroma(hue) > _GREY_CHROMA else 0.1
        colour = tinted(from_hex(stop), hue, amount)
        light, a, b = to_lab(colour)
        fade = 1 - 0.8 * self._air.grey
        level = light * self._air.dim
        if self.weather in ("fog", "snow") and self.time != "night":
            level += (0.86 - level) * 0.35 * self._hour.exposure
        return self.graded(from_lab((level, a * fade, b * fade)))


def _rotated(colours: Sequence[Colour], turn: int) -> list[Colour]:
    turn %= len(colours)
    return [*colours[turn:], *colours[:turn]]
