"""`python -m analysis.testing.openai_server`: the test server by hand, with one line for each request."""

import argparse
import signal
import sys
import threading
from collections.abc import Mapping

from django.utils.module_loading import import_string

from analysis.testing.openai_server.faults import KINDS
from analysis.testing.openai_server.ledger import Asked
from analysis.testing.openai_server.schemas import Answerer
from analysis.testing.openai_server.server import OpenAIServer

ANSWERS = "analysis.testing.answers.ANSWERS"
EPILOG = """
point Videogen at it:  OPENAI_BASE_URL=http://127.0.0.1:9100/v1 make up

what it was asked:     curl http://127.0.0.1:9100/ledger            (-X DELETE forgets it, and all faults)
let things go wrong:   curl http://127.0.0.1:9100/script -d '[{"kind": "rate_limited", "times": 3,
                         "task": "micro_prompts", "headers": {"retry-after": "2"}}]'

kinds of faults:
"""


def main() -> None:
    """Serve until a signal to stop."""
    options = _parser().parse_args()
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    server = OpenAIServer(
        port=options.port,
        answers=_answers(options.answers),
        requests_per_minute=options.requests_per_minute,
        tokens_per_minute=options.tokens_per_minute,
        punish=options.punish,
        concurrent=options.concurrent,
        latency_seconds=options.latency,
        latency_of=dict(options.latency_of),
        announce=not options.silent_about_limits,
        told=_tell,
    )
    with server:
        _print(f"Answering at {server.url}")
        stop.wait()


def _parser() -> argparse.ArgumentParser:
    kinds = "\n".join(f"  {kind:20} {meaning}" for kind, meaning in KINDS.items())
    parser = argparse.ArgumentParser(
        prog="python -m analysis.testing.openai_server",
        description="Answers like OpenAI, at no cost: the local engine does the work.",
        epilog=EPILOG + kinds,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--port", type=int, default=9100, help="9100 by default; 0 takes a free one")
    add("--requests-per-minute", type=int, default=0, metavar="N", help="of each model, strictly; 0: any")
    add("--tokens-per-minute", type=int, default=0, metavar="N", help="of each model, strictly; 0: any")
    add("--punish", action="store_true", help="each request too many makes the refusal 5 s longer")
    add("--concurrent", type=int, default=0, metavar="N", help="at most N at once; 0: any")
    add("--latency", type=float, default=0.0, metavar="SECONDS", help="before each answer")
    add("--latency-of", type=_pair, action="append", default=[], metavar="TASK=SECONDS", help="for one task")
    add("--silent-about-limits", action="store_true", help="send no x-ratelimit headers and no Retry-After")
    add("--answers", default=ANSWERS, metavar="package.module.NAME", help="a dict of answerers by task")
    return parser


def _pair(text: str) -> tuple[str, float]:
    task, _, seconds = text.partition("=")
    return task, float(seconds)


def _answers(name: str) -> Mapping[str, Answerer]:
    answers: Mapping[str, Answerer] = import_string(name)
    return answers


def _tell(asked: Asked) -> None:
    what = " ".join(filter(None, [asked.method, asked.path, asked.model, asked.task]))
    _print(f"{asked.status} {asked.seconds:7.3f} s  {what}")


def _print(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
