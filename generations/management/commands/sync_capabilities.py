"""`manage.py sync_capabilities`: where our catalogue of models and the providers' schemas differ."""

import sys
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand
from django.utils import timezone
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from generations.providers.schema_comparison import Difference, differences
from generations.providers.schemas import (
    FETCHERS,
    InputSchema,
    ModelGone,
    SchemaUnavailable,
    client_open,
    schema_fetch,
)
from generations.providers.video_models import VideoModel, row_replaced, video_models
from videogen.kernel.toml_catalogue import toml_read, toml_text

EQUAL, DIFFERENT, NOT_ASKED = 0, 1, 2
#: Where there is no terminal, a line that is too long is better than one that is cut.
FILE_WIDTH = 180
HELP = """Compare what is known of video models with what their providers say today.

  manage.py sync_capabilities                              all models
  manage.py sync_capabilities --provider fal               those of one provider
  manage.py sync_capabilities --model google/veo-3.1       one model
  manage.py sync_capabilities --write video_models.toml    and write what differs, for VIDEO_MODELS_FILE

Ends with 0 where all is equal, 1 where something differs, 2 where a provider could not be asked.
Prices are in no schema: they stay as they are. A file that exists keeps what it states, but not its comments.
"""


class NothingToCompare(Exception):
    """`str()` of it is a sentence."""


@dataclass(frozen=True)
class Finding:
    """What came of one model. `trouble` where the provider did not tell."""

    provider: str
    model: VideoModel
    schema: InputSchema | None = None
    differences: tuple[Difference, ...] = ()
    trouble: SchemaUnavailable | None = None

    @property
    def code(self) -> int:
        """That a provider does not know a model is a difference, too."""
        if self.trouble:
            return DIFFERENT if isinstance(self.trouble, ModelGone) else NOT_ASKED
        return DIFFERENT if self.differences else EQUAL


class Command(BaseCommand):
    help = HELP
    requires_system_checks = ()  # It is a way to correct what they complain about.

    def create_parser(self, *arguments: Any, **options: Any) -> Any:
        return super().create_parser(*arguments, formatter_class=RawDescriptionHelpFormatter, **options)

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--provider", choices=[*FETCHERS], help="default: all")
        parser.add_argument("--model", metavar="ID", help="the provider's id; default: all")
        parser.add_argument("--write", type=Path, metavar="FILE", help="write what the providers say")

    def handle(self, *, provider: str | None, model: str | None, write: Path | None, **options: Any) -> None:
        width = None if sys.stdout.isatty() else FILE_WIDTH
        console = Console(no_color=options["no_color"] or None, highlight=False, width=width)
        try:
            found = list(shown(console, chosen(provider, model)))
            if write:
                overlay_write(console, write, found)
        except (ImproperlyConfigured, NothingToCompare, OSError) as error:
            console.print(Text(str(error), "red"))
            sys.exit(NOT_ASKED)
        console.print(summary(found))
        if code := max(finding.code for finding in found):
            sys.exit(code)


def chosen(provider: str | None, model: str | None) -> list[tuple[str, VideoModel]]:
    """The models to compare. Raises `NothingToCompare`."""
    known = [
        (name, facts)
        for name in FETCHERS
        if provider in (None, name)
        for facts in video_models(name).values()
    ]
    wanted = [(name, facts) for name, facts in known if model in (None, facts.name)]
    if not wanted:
        names = ", ".join(facts.name for _, facts in known)
        raise NothingToCompare(f"There is no model {model!r} here; there are: {names}.")
    return wanted


def shown(console: Console, models: list[tuple[str, VideoModel]]) -> Iterator[Finding]:
    """What comes of each model, shown as it is found. Who refuses our key is asked only once."""
    refused: dict[str, SchemaUnavailable] = {}
    with client_open() as client:
        for provider, model in models:
            known = refused.get(provider)
            finding = Finding(provider, model, trouble=known) if known else looked_up(provider, model, client)
            if finding.trouble and finding.trouble.code in ("schema.no_key", "schema.key_refused"):
                refused[provider] = finding.trouble
            if not known:
                show(console, finding)
            yield finding


def looked_up(provider: str, model: VideoModel, client: httpx.Client) -> Finding:
    """Ask, and compare."""
    try:
        schema = schema_fetch(provider, model.name, client)
    except SchemaUnavailable as trouble:
        return Finding(provider, model, trouble=trouble)
    return Finding(provider, model, schema, tuple(differences(model, schema)))


def show(console: Console, finding: Finding) -> None:
    """One line for what is equal, a table for what is not."""
    name = f"{finding.provider} {finding.model.name}"
    if finding.trouble:
        console.print(Text.assemble(("? ", "red"), f"{name}: ", (str(finding.trouble), "red")))
    elif not finding.differences:
        console.print(Text.assemble(("= ", "green"), name, ("  as its provider says", "dim")))
    else:
        console.print(Text.assemble(("≠ ", "yellow"), (name, "bold")))
        console.print(table(finding.differences))


def table(found: tuple[Difference, ...]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=True)
    for title in ("", "The catalogue says", "The provider says"):
        table.add_column(title, overflow="fold")
    for difference in found:
        table.add_row(difference.fact, Text(difference.ours, "red"), Text(difference.theirs, "green"))
    return table


def summary(found: list[Finding]) -> Text:
    count = {code: sum(finding.code == code for finding in found) for code in (EQUAL, DIFFERENT, NOT_ASKED)}
    told = f"{count[EQUAL]} equal, {count[DIFFERENT]} different"
    if count[NOT_ASKED]:
        return Text(f"{told}, {count[NOT_ASKED]} could not be asked for.", "red")
    return Text(f"{told}.", "yellow" if count[DIFFERENT] else "green")


def overlay_write(console: Console, path: Path, found: list[Finding]) -> None:
    """Write a file for VIDEO_MODELS_FILE: what was stated before, and what the providers say."""
    content = stated_before(path)
    rows = [(finding, row) for finding in found if (row := corrections(finding))]
    for finding, row in rows:
        table = content.setdefault(finding.provider, {})
        table[finding.model.name] = row_replaced(table.get(finding.model.name, {}), row)
    if not rows:
        console.print("There is nothing to write.", style="dim")
        return
    path.write_text(f"# By manage.py sync_capabilities, {timezone.now():%Y-%m-%d}.\n\n{toml_text(content)}")
    console.print(f"Written: {path}. Set VIDEO_MODELS_FILE to it to have it used.")


def stated_before(path: Path) -> dict[str, Any]:
    """What the file states, or the one in use where it is new. Raises `ImproperlyConfigured`."""
    if path.exists():
        return toml_read(path, setting="--write").content
    in_use: str = settings.VIDEO_MODELS_FILE
    return toml_read(Path(in_use), setting="VIDEO_MODELS_FILE").content if in_use else {}


def corrections(finding: Finding) -> dict[str, Any]:
    """What the row of this model should state; empty where nothing can be corrected by itself."""
    row: dict[str, Any] = {}
    for difference in finding.differences:
        row |= difference.correction or {}
    if row and finding.schema:
        doubtful = [fact for fact in finding.model.unverified if fact not in row]
        row |= {"source": finding.schema.url, "as_of": timezone.now().date(), "unverified": doubtful}
    return row
