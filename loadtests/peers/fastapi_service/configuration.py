"""What the service is told by its environment."""

import os
from typing import Any

import orjson

DATABASE_URL = os.environ["DATABASE_URL"]
REDIS_URL = os.environ["REDIS_URL"]
PUBLIC_URL = os.environ["PUBLIC_URL"]
PUBLIC_WS_URL = os.environ["PUBLIC_WS_URL"]
CLIPS_WORKERS = int(os.environ.get("CLIPS_WORKERS") or os.cpu_count() or 2)


def _dumps(value: object) -> str:
    return orjson.dumps(value).decode()


# At most 30 connections, checked and recycled. All are kept: what overflows a pool of 10 is closed
# when it comes back, and at 16 clients opening connections would be most of the work.
ENGINE_OPTIONS: dict[str, Any] = {
    "pool_size": 30,
    "max_overflow": 0,
    "pool_pre_ping": True,
    "pool_recycle": 1800,
    "pool_timeout": 30,
    "json_serializer": _dumps,
    "json_deserializer": orjson.loads,
}


def database_url(driver: str) -> str:
    """The address of the database for SQLAlchemy, with this driver."""
    return DATABASE_URL.replace("postgresql://", f"postgresql+{driver}://", 1)
