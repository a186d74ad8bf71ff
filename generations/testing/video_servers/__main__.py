"""`python -m generations.testing.video_servers`: the test servers by hand, with one line for each request."""

import argparse
import signal
import sys
import threading
from collections.abc import Mapping
from contextlib import ExitStack

from generations.testing.video_servers.desk import TOKEN
from generations.testing.video_servers.fal import FalServer
from generations.testing.video_servers.faults import OF_JOBS, OF_OUTPUTS, OF_REQUESTS, OF_WEBHOOKS, REQUESTS
from generations.testing.video_servers.ledger import Asked
from generations.testing.video_servers.replicate import ReplicateServer

PORT = 9200
SERVERS: Mapping[str, type[ReplicateServer] | type[FalServer]] = {
    "replicate": ReplicateServer,
    "fal": FalServer,
}
EPILOG = f"""
point Videogen at them:
  REPLICATE_BASE_URL=http://127.0.0.1:9200/v1 REPLICATE_API_TOKEN={TOKEN}
  FAL_QUEUE_URL=http://127.0.0.1:9201 FAL_KEY={TOKEN}
  FAL_JWKS_URL=http://127.0.0.1:9201/.well-known/jwks.json
  FAL_SCHEMA_URL=http://127.0.0.1:9201/api/openapi/queue/openapi.json
  FETCH_ALLOWED_ORIGINS=http://127.0.0.1:9200,http://127.0.0.1:9201
  PROVIDER_WEBHOOK_URL=http://127.0.0.1:8000 make up

what one was asked:    curl http://127.0.0.1:9200/ledger            (-X DELETE forgets it, and all faults)
let things go wrong:   curl http://127.0.0.1:9200/script -d '[{{"kind": "accept_and_drop"}},
                         {{"kind": "rate_limited_text", "on": "poll", "times": 3, "seconds": 30}},
                         {{"kind": "duplicate", "on": "webhook"}}]'
"""


def main() -> None:
    """Serve until a signal to stop."""
    options = _parser().parse_args()
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    names = list(SERVERS) if options.which == "both" else [options.which]
    with ExitStack() as servers:
        for place, name in enumerate(names):
            port = options.port + place if options.port else 0
            server = servers.enter_context(_server(name, port, options))
            _print(f"{name} answers at {server.url}")
        stop.wait()


def _server(name: str, port: int, options: argparse.Namespace) -> ReplicateServer | FalServer:
    return SERVERS[name](
        port=port,
        queue_seconds=options.queue,
        run_seconds=options.run,
        output_seconds=options.output,
        requests_per_minute=options.requests_per_minute,
        others_per_minute=options.others_per_minute,
        concurrent=options.concurrent,
        told=lambda asked: _tell(name, asked),
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m generations.testing.video_servers",
        description="Answers like Replicate and fal, at no cost: ffmpeg's test picture is the clip.",
        epilog=EPILOG + _kinds(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("which", choices=[*SERVERS, "both"], help="with both, fal has the next port")
    add("--port", type=int, default=PORT, help=f"{PORT} by default; 0 takes free ones")
    add("--queue", type=float, default=2.0, metavar="SECONDS", help="that a job waits (2)")
    add("--run", type=float, default=10.0, metavar="SECONDS", help="that a job works (10)")
    add("--output", type=float, default=3600.0, metavar="SECONDS", help="that a result can be had (3600)")
    add("--requests-per-minute", type=int, default=0, metavar="N", help="submissions, strictly; 0: any")
    add("--others-per-minute", type=int, default=0, metavar="N", help="other requests, strictly; 0: any")
    add("--concurrent", type=int, default=0, metavar="N", help="at most N jobs at once; 0: any")
    return parser


def _kinds() -> str:
    groups = {
        f'faults of requests, with "on" {", ".join(REQUESTS)} or download (submit)': OF_REQUESTS,
        "faults of jobs": OF_JOBS,
        "faults of outputs": OF_OUTPUTS,
        'faults of webhooks, with "on": "webhook"': OF_WEBHOOKS,
    }
    lines = []
    for title, kinds in groups.items():
        lines += ["", f"{title}:", *(f"  {kind:22} {meaning}" for kind, meaning in kinds.items())]
    return "\n".join(lines)


def _tell(name: str, asked: Asked) -> None:
    _print(f"{name:9} {asked.status:3} {asked.seconds:7.3f} s  {asked.method} {asked.path}")


def _print(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
