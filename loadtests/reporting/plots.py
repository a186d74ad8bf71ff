"""One plot after another as SVG that takes its colours from the page, so that dark mode suits it."""

import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

#: Stand-ins that are drawn with, and what the page has in their place.
LINES = {f"#0000{number:02x}": f"var(--line-{number})" for number in range(1, 11)}
INK, FAINT = "#000100", "#000200"
COLOURS = LINES | {INK: "var(--ink)", FAINT: "var(--faint)"}
LIMIT = "#0000ff"
STYLE: Any = {
    "svg.fonttype": "none",  # Text stays text: it is small, and it can be found and read out.
    "svg.hashsalt": "videogen",
    "font.size": 11,
    "font.family": "sans-serif",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": FAINT,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "grid.color": FAINT,
    "grid.linewidth": 0.4,
    "text.color": INK,
    "axes.labelcolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "legend.frameon": False,
    "legend.fontsize": 10,
}
INCHES = (5.2, 2.9)
FEW_POINTS = 30

Points = tuple[Sequence[float], Sequence[float]]


@dataclass(frozen=True)
class Plot:
    """Lines over time in minutes. `limit` is drawn where it is in sight."""

    title: str
    unit: str
    lines: Mapping[str, Points]
    limit: float | None = None
    note: str = ""


def svg(plot: Plot) -> str:
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=INCHES, layout="constrained")
        FigureCanvasSVG(figure)
        axes = figure.add_subplot()
        for (name, (x, y)), colour in zip(plot.lines.items(), LINES, strict=False):
            marker = "." if len(x) < FEW_POINTS else None
            axes.plot(x, y, color=colour, label=name, linewidth=1.4, marker=marker)
        axes.set_ylim(bottom=0)
        if plot.limit is not None and plot.limit <= 3 * axes.get_ylim()[1]:
            axes.axhline(plot.limit, color=LIMIT, linestyle="--", linewidth=1, label="limit")
        axes.set_xlabel("minutes")
        axes.set_ylabel(plot.unit)
        axes.margins(x=0.01)
        if len(axes.get_lines()) > 1:
            figure.legend(loc="outside lower center", ncols=2, handlelength=1.2, columnspacing=1.2)
        text = io.StringIO()
        figure.savefig(text, format="svg", transparent=True, metadata={"Date": None})
    return themed(text.getvalue(), plot.title)


def themed(text: str, title: str) -> str:
    """Only the element itself, scaled by the page, in the page's colours and type."""
    text = text[text.index("<svg") :]
    text = re.sub(r' width="[\d.]+pt" height="[\d.]+pt"', f' role="img" aria-label="{title}"', text, count=1)
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r' xmlns(:\w+)?="[^"]*"', "", text).replace("xlink:href", "href")
    text = re.sub(r"font: ([\d.]+)px [^;\"]*", r"font-size: \1px", text)
    for colour, name in (COLOURS | {LIMIT: "var(--limit)"}).items():
        text = text.replace(colour, name)
    return own_ids(text, title)


def own_ids(text: str, title: str) -> str:
    """Ids must be unique on a page that has many plots."""
    prefix = re.sub(r"\W+", "-", title.lower()).strip("-")
    text = re.sub(r'\bid="([^"]+)"', rf'id="{prefix}-\1"', text)
    text = re.sub(r'href="#([^"]+)"', rf'href="#{prefix}-\1"', text)
    return re.sub(r"url\(#([^)]+)\)", rf"url(#{prefix}-\1)", text)
