"""What everything costs, by history and by backlog: a picture for light pages and for dark ones."""

from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from loadtests.growth.deeds import DEEDS
from loadtests.growth.places import Size
from loadtests.growth.report import NAME, backlogs, by_deed, histories, sizes_of

#: In the middle between black and white, as are all colours: the page shows through.
INK = "#7d8590"
COLOURS = ["#3b82f6", "#0ea5a4", "#8b5cf6", "#d946ef", "#ef4444", "#d97706", "#65a30d"]
STYLE: Any = {
    "svg.fonttype": "none",
    "svg.hashsalt": "videogen",
    "font.size": 10,
    "font.family": "sans-serif",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.titlecolor": INK,
    "axes.titlesize": 11,
    "axes.grid": True,
    "grid.color": INK,
    "grid.alpha": 0.25,
    "xtick.color": INK,
    "ytick.color": INK,
    "legend.labelcolor": INK,
    "legend.frameon": False,
}
#: 900 pixels wide, at 100 for an inch.
INCHES = (9.0, 4.2)


def plot(result: dict[str, Any], directory: Path) -> None:
    """As SVG and as PNG."""
    sizes = sizes_of(result)
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=INCHES, layout="constrained")
        FigureCanvasAgg(figure)
        left, right = figure.subplots(1, 2, sharey=True)
        of_history, of_backlog = histories(sizes), backlogs(sizes)
        _lines(left, result, of_history, [size.history for size in of_history])
        left.set_title(f"History grows, {of_history[0].backlog:,} unfinished")
        left.set_xlabel("generations that have ended")
        left.set_ylabel("milliseconds, median")
        _lines(right, result, of_backlog, [size.backlog for size in of_backlog])
        right.set_title(f"The backlog grows, {of_backlog[0].history:,} ended")
        right.set_xlabel("generations that have not ended")
        handles, labels = left.get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=4, handlelength=1.4)
        for suffix in ("svg", "png"):
            known = {"metadata": {"Date": None}} if suffix == "svg" else {}
            figure.savefig(directory / f"{NAME}.{suffix}", transparent=True, dpi=100, **known)


def _lines(axes: Axes, result: dict[str, Any], sizes: list[Size], numbers: list[int]) -> None:
    found = by_deed(result)
    for name, colour in zip(DEEDS, COLOURS, strict=True):
        medians = [found[name][size]["median_ms"] for size in sizes]
        axes.plot(numbers, medians, color=colour, label=name, marker="o", markersize=4, linewidth=1.8)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.yaxis.set_major_locator(LogLocator(subs=[1, 2, 5]))
    axes.set_xticks(numbers)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}"))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_minor_formatter(FuncFormatter(lambda value, _: ""))
