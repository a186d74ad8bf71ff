"""`manage.py generate "PROMPT"`: a video, from the shell, by the public API."""

import json
import os
import sys
import time
from argparse import ArgumentParser, BooleanOptionalAction
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from rich.console import Console

from generations.cli.board import Board
from generations.cli.client import Api, ApiProblem, ServiceAway
from generations.cli.display import display
from generations.cli.following import Follower, FollowingRefused
from generations.cli.report import file_stem, report, report_print
from videogen.embedded.places import api_key_file
from videogen.stack.claim import facts_read
from videogen.stack.program import StackError
from videogen.stack.stack import running_stack

FAILED, REFUSED, INTERRUPTED = 1, 2, 130
CANCEL_SECONDS = 5.0
REQUEST_FIELDS = (
    *("duration_seconds", "aspect_ratio", "resolution", "transition", "style", "seed", "brand"),
    *("provider", "model", "audio", "max_cost_usd"),
)


class NoVideo(Exception):
    """There will be none. `str()` of it is a sentence."""

    def __init__(self, sentence: str, code: int) -> None:
        super().__init__(sentence)
        self.code = code


class Command(BaseCommand):
    help = "Make a video of a prompt, show how it comes about, and fetch it."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("prompt")
        parser.add_argument("--duration", dest="duration_seconds", type=int, metavar="SECONDS")
        parser.add_argument("--aspect", dest="aspect_ratio", metavar="16:9")
        parser.add_argument("--resolution", metavar="720p")
        parser.add_argument("--transition", metavar="cut", help="or fade, dissolve, wipe")
        parser.add_argument("--style", metavar="WORDS")
        parser.add_argument("--seed", type=int, metavar="N", help="the same seed gives the same pictures")
        parser.add_argument("--provider", metavar="NAME", help="default: auto")
        parser.add_argument("--model", metavar="NAME", help="one of the provider's; default: its first")
        parser.add_argument("--max-cost", dest="max_cost_usd", metavar="USD", help="refuse what costs more")
        parser.add_argument(
            "--audio", action=BooleanOptionalAction, help="clips with sound; default: whatever costs less"
        )
        parser.add_argument("--brand-file", type=Path, metavar="FILE", help="a brand as JSON")
        parser.add_argument(
            "--reference",
            type=Path,
            action="append",
            default=[],
            dest="references",
            metavar="FILE",
            help="a picture to make the clips from; may be given several times",
        )
        parser.add_argument("--out", type=Path, default=Path("out"), metavar="DIR", help="default: out")
        parser.add_argument("--start", action="store_true", help="start a stack for it, unless one is up")
        parser.add_argument(
            "--url", help="where the service is; default: the stack that is up, or PUBLIC_URL"
        )
        parser.add_argument("--api-key", metavar="KEY", help="default: VIDEOGEN_API_KEY, or the stack's own")

    def handle(self, **options: Any) -> None:
        console = Console(
            no_color=options["no_color"] or None, highlight=False, soft_wrap=not sys.stdout.isatty()
        )
        try:
            request = request_of(options)
            with service(console, options) as api:
                make_video(console, api, request, references=options["references"], out=options["out"])
        except (NoVideo, ApiProblem, ServiceAway, StackError, FollowingRefused) as error:
            sys.exit(refuse(error))
        except KeyboardInterrupt:
            sys.exit(INTERRUPTED)


def request_of(options: dict[str, Any]) -> dict[str, Any]:
    """The body of the request: what was given. Defaults and limits are the service's."""
    given = {name: options.get(name) for name in REQUEST_FIELDS}
    if path := options["brand_file"]:
        try:
            given["brand"] = json.loads(path.read_text())
        except (OSError, ValueError) as error:
            raise NoVideo(f"--brand-file {path} cannot be read: {error}", REFUSED) from None
    return {"prompt": options["prompt"]} | {name: value for name, value in given.items() if value is not None}


@contextmanager
def service(console: Console, options: dict[str, Any]) -> Iterator[Api]:
    """The service that is there; with --start, one of our own where there is none."""
    facts = facts_read(settings.DATA_DIR)
    if options["start"] and not options["url"] and facts is None:
        console.print("Starting …", style="dim")
        with running_stack(quiet=True, tell=console.print) as stack:
            yield Api(stack.configuration.url, stack.api_key)
    else:
        yield Api(
            options["url"] or (facts.url if facts else settings.PUBLIC_URL), api_key(options["api_key"])
        )


def api_key(given: str | None) -> str:
    kept = api_key_file(settings.DATA_DIR)
    key = given or os.environ.get("VIDEOGEN_API_KEY") or (kept.read_text() if kept.exists() else "")
    if not key.strip():
        raise NoVideo(
            "No API key: give --api-key or VIDEOGEN_API_KEY (make one with `manage.py create_api_key NAME`), "
            "or start a stack of your own with --start.",
            REFUSED,
        )
    return key.strip()


def make_video(
    console: Console, api: Api, request: dict[str, Any], *, references: Sequence[Path], out: Path
) -> None:
    out.mkdir(parents=True, exist_ok=True)  # Better refused now than when the video is there.
    started = time.monotonic()
    if references:
        request = request | {"references": [picture_send(api, path) for path in references]}
    generation = api.generation_create(request)
    board = Board(branded="brand" in request)
    try:
        with display(console, board) as shown:
            for message in Follower(api, generation).messages():
                board.apply(message)
                shown.heard(message)
    except KeyboardInterrupt:
        cancel(console, api, generation, after=board.sequence)
        raise
    finished = api.generation_get(generation["id"])
    if finished["status"] != "completed":
        raise NoVideo(why_not(finished), FAILED)
    seconds = time.monotonic() - started
    video, poster = fetch(api, finished, out)
    report_print(console, report(finished, board, video=video, poster=poster, seconds=seconds))


def picture_send(api: Api, path: Path) -> str:
    """Send a reference picture, and answer its id."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise NoVideo(f"--reference {path} cannot be read: {error}", REFUSED) from None
    try:
        return str(api.reference_create(path.name, content)["id"])
    except ApiProblem as problem:
        raise NoVideo(f"--reference {path}: {problem}", REFUSED) from None


def fetch(api: Api, generation: dict[str, Any], out: Path) -> tuple[Path, Path | None]:
    """The video and its poster, under names that a person recognises."""
    stem = out / file_stem(generation["prompt"], generation["id"])
    video, poster = Path(f"{stem}.mp4"), Path(f"{stem}.jpg")
    api.download(f"generations/{generation['id']}/video", video)
    if not generation["video"]["poster_url"]:
        return video, None
    api.download(f"generations/{generation['id']}/poster", poster)
    return video, poster


def cancel(console: Console, api: Api, generation: dict[str, Any], *, after: int) -> None:
    """Ask for it, and wait a moment for it to be so."""
    console.print("Cancelling …")
    api.generation_cancel(generation["id"])
    follower = Follower(api, generation, after=after, seconds=CANCEL_SECONDS)
    for message in follower.messages():
        if message.get("event") == "generation.cancelled":
            console.print("Cancelled.")
            return
    console.print(f"It is {api.generation_get(generation['id'])['status']}.")


def why_not(generation: dict[str, Any]) -> str:
    error = generation["error"] or {}
    if generation["status"] != "failed" or not error:
        return f"The video was not made: the generation is {generation['status']}."
    where = f" in {error['stage']}" if error.get("stage") else ""
    again = "Trying again can help." if error.get("retryable") else "Unchanged, it would fail again."
    advice = " ".join(filter(None, [again, error.get("hint")]))
    return f"The video has failed{where} ({error.get('code')}): {error.get('message')}\n{advice}"


def refuse(error: Exception) -> int:
    """Say it on standard error, and answer the exit code."""
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    console.print(str(error), style="red", markup=False)
    for row in getattr(error, "errors", []):
        console.print(f"  {row.get('field')}: {row.get('message')}", markup=False)
    if hint := getattr(error, "hint", ""):
        console.print(hint, markup=False)
    return error.code if isinstance(error, NoVideo) else REFUSED if isinstance(error, ApiProblem) else FAILED
