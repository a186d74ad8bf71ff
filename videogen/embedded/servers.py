"""The embedded servers that a stack needs."""

from collections.abc import Callable
from pathlib import Path

from videogen.embedded.account import open_the_way, server_account
from videogen.embedded.places import postgres_data_dir
from videogen.embedded.postgres import postgres
from videogen.embedded.redis import redis
from videogen.embedded.wheels import postgres_program, redis_program
from videogen.stack.program import Program


def embedded_servers(
    data_dir: Path, *, database: bool, queues: bool, tell: Callable[[str], None]
) -> list[Program]:
    """PostgreSQL where `database`, both Redis where `queues`; `tell` hears what had to change for them."""
    account = server_account()
    if database or queues:
        for path in (postgres_data_dir(data_dir), postgres_program("postgres"), redis_program()):
            open_the_way(path, account, tell)
    programs = [postgres(data_dir)] if database else []
    return programs + ([redis(data_dir, "queue"), redis(data_dir, "cache")] if queues else [])
