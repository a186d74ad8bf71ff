"""Where one machine's stack keeps its files. Only tells, makes nothing: settings may ask."""

import hashlib
import re
from pathlib import Path
from typing import Literal

DATABASE_NAME = "videogen"
DATABASE_USER = "videogen"
POSTGRES_SOCKET_NAME = ".s.PGSQL.5432"

# The kernel's limit for a socket's path, less the closing zero byte.
LONGEST_SOCKET_PATH = 107

# A socket's path ends up in URLs, in PostgreSQL's lists with commas, in Redis's lists with spaces.
PLAIN_PATH = re.compile(r"[A-Za-z0-9._/+-]+")

RedisName = Literal["queue", "cache"]


def postgres_data_dir(data_dir: Path) -> Path:
    return data_dir.resolve() / "postgres"


def postgres_socket_dir(data_dir: Path) -> Path:
    return socket_dir(data_dir)


def redis_data_dir(data_dir: Path, name: RedisName) -> Path:
    return data_dir.resolve() / f"redis-{name}"


def redis_socket(data_dir: Path, name: RedisName) -> Path:
    return socket_dir(data_dir) / f"redis-{name}"


def socket_dir(data_dir: Path) -> Path:
    """`run` inside the data directory, or a stand-in where its path is too long or too odd for a socket."""
    inside = data_dir.resolve() / "run"
    is_short = len(bytes(inside / POSTGRES_SOCKET_NAME)) <= LONGEST_SOCKET_PATH
    if is_short and PLAIN_PATH.fullmatch(str(inside)):
        return inside
    digest = hashlib.sha256(bytes(inside)).hexdigest()[:16]
    # Not TMPDIR: every process must come to the same answer, whatever its environment.
    return Path("/tmp") / f"videogen-{digest}"  # noqa: S108  It is made 0700, and refused if someone else owns it.


def secret_key_file(data_dir: Path) -> Path:
    return data_dir.resolve() / "secret_key"


def api_key_file(data_dir: Path) -> Path:
    return data_dir.resolve() / "api_key"


def stack_file(data_dir: Path) -> Path:
    """What a running `manage.py up` says about itself: pid, url, websocket_url."""
    return data_dir.resolve() / "stack.json"


def lock_file(data_dir: Path) -> Path:
    """Held by whoever runs the servers of this data directory."""
    return data_dir.resolve() / "lock"


def log_dir(data_dir: Path) -> Path:
    return data_dir.resolve() / "logs"
