"""Palettes: three to six colours that go together, from light, weather, mood, named colours and a brand."""

from collections.abc import Iterable
from colorsys import hls_to_rgb, rgb_to_hls

from analysis.contracts import Mood, Setting, TimeOfDay, Weather

LIGHT: dict[TimeOfDay, tuple[str, ...]] = {
    "dawn": ("#3a3f6e", "#8f7aa8", "#f0a58a", "#fde3c4"),
    "day": ("#1f5f8b", "#63b4d8", "#f3b13c", "#f6efe2"),
    "dusk": ("#2f1d50", "#a3405f", "#f0804f", "#ffd18c"),
    "night": ("#0b1128", "#22356a", "#4f78b0", "#f2c46d"),
}
ACCENT: dict[Setting, str] = {
    "mountains": "#7f92ad",
    "sea": "#2a9d9f",
    "city": "#e0a458",
    "street": "#ff6f59",
    "interior": "#c98b5a",
    "forest": "#3f7d4e",
    "desert": "#d9a066",
    "sky": "#8ecae6",
    "space": "#7b5ea7",
    "abstract": "#e4577f",
}
#: What the weather lays over everything, and how thickly.
WASH: dict[Weather, tuple[str, float]] = {
    "clear": ("#ffffff", 0.0),
    "cloudy": ("#9aa5b1", 0.2),
    "rain": ("#52667d", 0.25),
    "snow": ("#eaf2f8", 0.3),
    "fog": ("#c5ccd3", 0.38),
    "storm": ("#3a4052", 0.35),
}
SATURATION: dict[Mood, float] = {
    "neutral": 1.0,
    "calm": 0.85,
    "joyful": 1.2,
    "energetic": 1.3,
    "dramatic": 1.1,
    "mysterious": 0.8,
    "melancholic": 0.6,
    "romantic": 1.05,
    "epic": 1.15,
}
MOST = 6
HUE_NAMES = ((0.03, "red"), (0.09, "orange"), (0.14, "amber"), (0.19, "yellow"), (0.42, "green"),
             (0.53, "teal"), (0.68, "blue"), (0.78, "violet"), (0.89, "magenta"), (0.97, "rose"),
             (1.01, "red"))  # fmt: skip


def scene_palette(
    *, time: TimeOfDay, weather: Weather, mood: Mood, setting: Setting, named: Iterable[str] = ()
) -> list[str]:
    """The colours of a picture, the dominant one first. Colours that the user named follow it, unchanged."""
    wash, share = WASH[weather]
    light = [mixed(colour, wash, share) for colour in (*LIGHT[time], ACCENT[setting])]
    dominant, *others = (saturated(colour, SATURATION[mood]) for colour in light)
    return distinct([dominant, *list(named)[:3], *others])


def monochrome(palette: Iterable[str]) -> list[str]:
    """The same values without colour."""
    greys = distinct(saturated(colour, 0) for colour in palette)
    return completed(greys)


def completed(colours: Iterable[str]) -> list[str]:
    """At least three colours that go together; the given ones stay first."""
    given = distinct(colours) or ["#4f78b0"]
    base = given[0]
    more = [shade(base, 0.22), shade(base, 0.88), complement(base), shade(base, 0.5), shade(base, 0.65)]
    wanted = max(4 if len(given) < 3 else 3, len(given))
    return distinct([*given, *more])[:wanted]


def varied(palette: list[str], step: float) -> list[str]:
    """The same colours in a slightly different light; `step` runs from -1 to 1."""
    return distinct(_turned(colour, 0.015 * step, 1 + 0.1 * step) for colour in palette)


def woven(palette: list[str], brand: list[str], *, leading: bool) -> list[str]:
    """A picture's colours with a brand's among them, or under them when the brand leads."""
    if leading:
        return distinct([*brand[:4], *palette])[:MOST]
    return distinct([*palette[:3], *brand[:2], *palette[3:]])[:MOST]


def palette_in_film(base: list[str], brand: list[str], *, index: int, count: int) -> list[str]:
    """The colours of one scene among others: never quite those of its neighbours; a brand leads the last."""
    step = (-1) ** index * (0.4 + 0.6 * index / count)  # Neighbours lean to opposite sides.
    colours = varied(base, step) if index else base
    return woven(colours, brand, leading=index == count - 1) if brand else colours


def is_grey(colour: str) -> bool:
    """Whether a colour has no hue that anybody would name."""
    _, lightness, saturation = _hls(colour)
    return saturation < 0.12 or not 0.06 < lightness < 0.95


def distinct(colours: Iterable[str]) -> list[str]:
    """Without repeats, and no more than six."""
    return list(dict.fromkeys(colour.lower() for colour in colours))[:MOST]


def in_words(palette: Iterable[str]) -> str:
    """The first colours as people name them."""
    names = list(dict.fromkeys(colour_name(colour) for colour in palette))
    return ", ".join(names[:4])


def colour_name(colour: str) -> str:
    """Such as `deep blue`, `pale amber`, `charcoal`."""
    hue, lightness, saturation = _hls(colour)
    if is_grey(colour):
        greys = (
            (0.12, "near black"),
            (0.35, "charcoal"),
            (0.7, "grey"),
            (0.9, "silver"),
            (1.01, "off-white"),
        )
        return next(name for most, name in greys if lightness < most)
    name = next(name for most, name in HUE_NAMES if hue < most)
    if lightness < 0.3:
        return f"deep {name}"
    if lightness > 0.75:
        return f"pale {name}"
    return f"muted {name}" if saturation < 0.35 else name


def mixed(first: str, second: str, share: float) -> str:
    """From `first` (share 0) to `second` (share 1)."""
    pairs = zip(_rgb(first), _rgb(second), strict=True)
    return _hex(tuple(a + (b - a) * share for a, b in pairs))


def saturated(colour: str, factor: float) -> str:
    """The same hue, stronger or weaker."""
    hue, lightness, saturation = _hls(colour)
    return _hex(hls_to_rgb(hue, lightness, min(1.0, saturation * factor)))


def shade(colour: str, lightness: float) -> str:
    """The same hue at another lightness."""
    hue, _, saturation = _hls(colour)
    return _hex(hls_to_rgb(hue, lightness, 0.8 * saturation))


def complement(colour: str) -> str:
    """The hue across the wheel, softened; of a grey, a warm accent."""
    hue, lightness, saturation = _hls(colour)
    if saturation < 0.08:
        return "#d4a24c"
    return _hex(hls_to_rgb((hue + 0.5) % 1, min(0.7, max(0.4, lightness)), 0.7 * saturation))


def _turned(colour: str, turn: float, light: float) -> str:
    hue, lightness, saturation = _hls(colour)
    return _hex(hls_to_rgb((hue + turn) % 1, min(0.97, lightness * light), saturation))


def _hls(colour: str) -> tuple[float, float, float]:
    return rgb_to_hls(*_rgb(colour))


def _rgb(colour: str) -> tuple[float, float, float]:
    red, green, blue = (int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5))
    return red, green, blue


def _hex(parts: Iterable[float]) -> str:
    return "#" + "".join(f"{round(255 * min(1.0, max(0.0, part))):02x}" for part in parts)
