"""`brand_analysis`: a whole palette, a mood, a closing line, and what to avoid."""

# ruff: noqa: RUF001 - the punctuation and letters of many scripts are what this module is about.

import re
from typing import cast

from analysis.contracts import BrandAnalysis, BrandInput, Mood, PromptInput
from analysis.engines.local.choice import Choices
from analysis.engines.local.palettes import LIGHT, completed, shade
from analysis.engines.local.reading import read
from analysis.engines.local.text import clean, fit, fold

TAGLINE_LENGTH = 80
QUOTED = r"[\"“”„«‘'「](?P<line>[^\"“”«»’'」\n]{1,80})[\"“”»’'」]"
TAGLINE = re.compile(
    r"(?:tag ?line|slogan|claim|motto|strapline|eslogan|slógan|lema|слоган|девиз|σλόγκαν|"
    r"スローガン|キャッチコピー|口号|标语)"
    r"[^\"“”„«‘'「\n]{0,20}" + QUOTED,
    re.IGNORECASE,
)
UNQUOTED_TAGLINE = re.compile(
    r"(?:tag ?line|slogan|strapline|слоган)\s*[:=]\s*(?P<line>[^\n.;]{2,80})", re.IGNORECASE
)
AVOID = re.compile(
    r"(?:\b(?:avoid|never(?: use| show)?|do not(?: use| show)?|don['’]t(?: use| show)?|no|"
    r"vermeide|keine?n?|évitez|evitar?|sin|без|избегать)\s+)(?P<what>[^.;\n!]{2,120})",
    re.IGNORECASE,
)
#: A brand without colours gets one of these, by its name, and the colours that go with it.
OWN_COLOURS = ("#1f4e79", "#0f766e", "#b3402f", "#6b3fa0", "#c2751d", "#2d6a4f")


def analyse_brand(brand: BrandInput, request: PromptInput) -> BrandAnalysis:
    """Read a brand. The given colours stay first and unchanged; the tagline falls back to the name."""
    words = clean(f"{brand.tone}. {brand.guidelines}")
    mood = read(brand.tone).first("mood") or read(words).first("mood") or "neutral"
    name = clean(brand.name) or brand.name
    return BrandAnalysis(
        name=name,
        palette=completed(brand.palette or _own_colours(name)),
        mood=cast(Mood, mood),
        tone=clean(brand.tone) if brand.tone else "",
        tagline=_tagline(brand.guidelines) or name,
        avoid=_avoid(brand.guidelines),
    )


def _tagline(guidelines: str) -> str:
    found = TAGLINE.search(guidelines) or UNQUOTED_TAGLINE.search(guidelines)
    return fit(clean(found["line"]).strip(" ,\"“”'"), TAGLINE_LENGTH) if found else ""


def _avoid(guidelines: str) -> list[str]:
    sentences = re.sub(QUOTED, "", guidelines)
    found = (clean(match["what"]).strip(" ,:") for match in AVOID.finditer(sentences))
    return list(dict.fromkeys(fit(what, 120) for what in found if what))[:8]


def _own_colours(name: str) -> list[str]:
    colour = Choices(fold(name)).pick("colour", OWN_COLOURS)
    return [colour, shade(colour, 0.85), LIGHT["day"][2]]
