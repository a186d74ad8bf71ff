"""Amounts laid out as a stacked bar for each day."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_CEILING, Decimal
from math import ceil

from videogen.kernel.admin.formatting import words

Amounts = Mapping[tuple[date, str], Decimal]
Stack = Mapping[str, Decimal]
Said = Callable[[Decimal], str]

#: So many colours; the last is for all that is left.
SERIES = 7
HEIGHT = 240.0
#: Above the highest line, for its label; below the lowest, for the days.
TOP, BOTTOM = 12.0, 24.0
BAR_SHARE = 0.72
MOST_LABELS = 8
REST = "others"
#: What the distance between two lines may be, times a power of ten.
ROUND = (Decimal(1), Decimal(2), Decimal("2.5"), Decimal(5), Decimal(10))


@dataclass(frozen=True)
class Piece:
    """One colour of one bar: pixels from the top, and a height."""

    series: int
    y: float
    height: float


@dataclass(frozen=True)
class Bar:
    """One day. `x` and `width` are percent, `slot_x` and `slot_width` those of the whole day."""

    day: date
    slot_x: float
    slot_width: float
    pieces: list[Piece]
    title: str

    @property
    def x(self) -> float:
        return self.slot_x + self.slot_width * (1 - BAR_SHARE) / 2

    @property
    def width(self) -> float:
        return self.slot_width * BAR_SHARE

    @property
    def middle(self) -> float:
        return self.slot_x + self.slot_width / 2


@dataclass(frozen=True)
class Key:
    """One line of the legend."""

    series: int
    name: str
    amount: str


@dataclass(frozen=True)
class Chart:
    """What `admin/chart.html` draws. `note` is said beside the title."""

    title: str
    note: str
    bars: list[Bar]
    lines: list[tuple[float, str]]
    labels: list[tuple[float, str]]
    keys: list[Key]
    description: str

    @property
    def height(self) -> float:
        return TOP + HEIGHT + BOTTOM

    @property
    def floor(self) -> float:
        return TOP + HEIGHT


def chart_by_day(
    amounts: Amounts, *, first: date, last: date, said: Said, title: str, note: str = "", whole: bool = False
) -> Chart | None:
    """The picture of what each name has for each day, or None where nothing has anything.

    `said` puts an amount into words; with `whole` only whole numbers are marked.
    """
    if not amounts:
        return None
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    layers = _layers(amounts)
    stacks = [{name: _amount(amounts, day, members) for name, members in layers.items()} for day in days]
    steps = _steps(max(sum(stack.values(), Decimal(0)) for stack in stacks), whole=whole)
    width = 100 / len(days)
    bars = [
        _bar(day, stack, (number * width, width), steps[-1], said)
        for number, (day, stack) in enumerate(zip(days, stacks, strict=True))
    ]
    sums = {name: sum((stack[name] for stack in stacks), Decimal(0)) for name in layers}
    keys = [Key(number, words(name), said(amount)) for number, (name, amount) in enumerate(sums.items(), 1)]
    return Chart(
        title=title,
        note=note,
        bars=bars,
        lines=[(TOP + HEIGHT * float(1 - step / steps[-1]), said(step)) for step in steps],
        labels=_labels(bars),
        keys=keys,
        description=_description(days, keys),
    )


def _layers(amounts: Amounts) -> dict[str, list[str]]:
    """What each colour stands for, the largest first: one name, the last for all others."""
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for (_, name), amount in amounts.items():
        sums[name] += amount
    names = sorted(sums, key=lambda name: (-sums[name], name))
    if len(names) <= SERIES:
        return {name: [name] for name in names}
    return {name: [name] for name in names[: SERIES - 1]} | {REST: names[SERIES - 1 :]}


def _amount(amounts: Amounts, day: date, names: Sequence[str]) -> Decimal:
    return sum((amounts.get((day, name), Decimal(0)) for name in names), Decimal(0))


def _steps(most: Decimal, *, whole: bool) -> list[Decimal]:
    """Three to six round numbers from 0, the last of them not below `most`."""
    rough = (most or Decimal(1)) / 5
    power = Decimal(10) ** rough.adjusted()
    step = next(step * power for step in ROUND if step * power >= rough)
    if whole:
        step = max(step.to_integral_value(ROUND_CEILING), Decimal(1))
    return [step * number for number in range(ceil(most / step) + 1 if most else 2)]


def _bar(day: date, stack: Stack, slot: tuple[float, float], most: Decimal, said: Said) -> Bar:
    pieces, y = [], TOP + HEIGHT
    for series, amount in enumerate(stack.values(), start=1):
        height = HEIGHT * float(amount / most)
        y -= height
        if amount:
            pieces.append(Piece(series, y, height))
    return Bar(day, *slot, pieces, _title(day, stack, said))


def _title(day: date, stack: Stack, said: Said) -> str:
    parts = [f"{words(name)} {said(amount)}" for name, amount in stack.items() if amount]
    whole = f"{day:%a %d %b}: {said(sum(stack.values(), Decimal(0)))}"
    return whole if len(parts) < 2 else f"{whole} ({', '.join(parts)})"


def _labels(bars: Sequence[Bar]) -> list[tuple[float, str]]:
    """As many days as there is room for; the last day always."""
    every = ceil(len(bars) / MOST_LABELS)
    return [(bar.middle, f"{bar.day:%d %b}") for bar in bars[::-1][::every]][::-1]


def _description(days: Sequence[date], keys: Sequence[Key]) -> str:
    parts = "; ".join(f"{key.name} {key.amount}" for key in keys)
    return f"A bar for each day from {days[0]:%d %B} to {days[-1]:%d %B}. Together: {parts}."
