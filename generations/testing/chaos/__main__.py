"""`python -m generations.testing.chaos --duration 60s --seed 7`: exits with 1 if something is wrong."""

import argparse
import os
import secrets
import signal
import socket
import sys
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory

import django

from generations.testing.chaos.plan import Plan, plan_draw
from generations.testing.chaos.points import traps_make
from generations.testing.chaos.surroundings import variables
from generations.testing.video_servers import FalServer, ReplicateServer

OUT = Path("out")
#: All that is inherited: what configures another stack must not reach this one.
INHERITED = ("PATH", "HOME", "LANG", "TMPDIR", "TERM", "COLUMNS")
QUEUE_SECONDS, RUN_SECONDS = 0.2, 1.0
#: Longer than any job takes that ends by itself.
JOB_SECONDS = 20
#: A result is gone after that; nobody should need so long, but for a while after a fault.
OUTPUT_SECONDS = 600


def main() -> int:
    options = _parser().parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("Stopped."))  # Otherwise nothing is tidied up.
    plan = plan_draw(options.seed, options.duration)
    with (
        TemporaryDirectory(prefix="videogen-chaos-") as place,
        ReplicateServer(queue_seconds=QUEUE_SECONDS, run_seconds=RUN_SECONDS) as replicate,
        FalServer(queue_seconds=QUEUE_SECONDS, run_seconds=RUN_SECONDS) as fal,
    ):
        directory = Path(place)
        directory.chmod(0o711)  # The servers of root run as another user, who has to pass through.
        traps_make(directory / "traps")
        _environment_set(plan, variables(replicate, fal, directory=directory), directory)
        django.setup()
        # It reads models, which are there only now.
        run = import_module("generations.testing.chaos.run")
        return int(run.chaos(plan, replicate=replicate, fal=fal, directory=directory, out=OUT))


def _environment_set(plan: Plan, told: dict[str, str], directory: Path) -> None:
    kept = {name: os.environ[name] for name in INHERITED if name in os.environ}
    port = _free_port()
    os.environ.clear()
    os.environ |= (
        kept
        | told
        | {
            "DJANGO_SETTINGS_MODULE": "videogen.settings",
            "DATA_DIR": str(directory / "var"),
            "PORT": port,
            "WS_PORT": _free_port(),
            "SECRET_KEY": "only-for-chaos-and-long-enough-to-please-everybody-0123456789",
            "LOG_LEVEL": "WARNING",
            "LOG_FORMAT": "text",
            "PROVIDER_WEBHOOK_URL": f"http://127.0.0.1:{port}" if plan.webhooks else "",
            "PROVIDER_JOB_SECONDS": str(JOB_SECONDS),
            "PROVIDER_CONCURRENT_JOBS": str(plan.concurrent_jobs),
            "FETCH_TIMEOUT_SECONDS": "10",
        }
    )


def _free_port() -> str:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return str(server.getsockname()[1])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m generations.testing.chaos", description=__doc__)
    parser.add_argument(
        "--duration", type=_seconds, default=60.0, metavar="60s", help="60s, 10m; 60 s if not given"
    )
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10_000), help="any if not given")
    return parser


def _seconds(text: str) -> float:
    units = {"s": 1, "m": 60, "h": 3600}
    number, unit = (text[:-1], text[-1]) if text[-1:] in units else (text, "s")
    return float(number) * units[unit]


if __name__ == "__main__":
    sys.exit(main())
