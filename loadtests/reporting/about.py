"""What a run ran on: machine, versions, revision."""

import os
import platform
import subprocess
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

import psutil

from loadtests.own_stack import ROOT

PACKAGES = ("Django", "granian", "uvicorn", "rq", "locust")


def machine_describe() -> dict[str, str]:
    memory = psutil.virtual_memory().total / 2**30
    return {
        "date": datetime.now().astimezone().isoformat(timespec="seconds"),
        "revision": revision(),
        "machine": f"{processor()}, {os.cpu_count()} cores, {memory:.0f} GiB",
        "load before": f"{os.getloadavg()[1]:.2f} (5 minutes)",
        "system": f"{platform.system()} {platform.release()}",
        "Python": platform.python_version(),
        **{name: version(name) for name in PACKAGES},
    }


def processor() -> str:
    path = Path("/proc/cpuinfo")
    lines = path.read_text().splitlines() if path.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def revision() -> str:
    """Of the checkout, with a + where something in it is not committed."""
    command = ["git", "describe", "--always", "--dirty=+"]
    try:
        found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return found.stdout.strip()
