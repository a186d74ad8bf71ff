"""Two Redis on Unix sockets: a durable one that never evicts, and a bounded cache."""

import socket
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from videogen.embedded.account import private_dir, server_account
from videogen.embedded.places import RedisName, redis_data_dir, redis_socket
from videogen.embedded.wheels import redis_program
from videogen.stack.program import Account, Environment, Program

SETTINGS: Mapping[RedisName, Mapping[str, str]] = {
    "queue": {"maxmemory-policy": "noeviction", "appendonly": "yes", "appendfsync": "everysec"},
    "cache": {"maxmemory-policy": "allkeys-lru", "maxmemory": "64mb", "appendonly": "no"},
}


def redis(data_dir: Path, name: RedisName) -> Program:
    account = server_account()
    directory, path = redis_data_dir(data_dir, name), redis_socket(data_dir, name)
    settings = {
        "port": "0",
        "unixsocket": str(path),
        "unixsocketperm": "700",
        "dir": str(directory),
        "save": "",
        "loglevel": "warning",
        "set-proc-title": "no",  # A title is written over the environment, which carries the stack's mark.
        **SETTINGS[name],
    }
    options = [word for key, value in settings.items() for word in (f"--{key}", value)]
    return Program(
        name=f"redis-{name}",
        argv=(str(redis_program()), *options),
        account=account,
        prepare=partial(_prepare, directory, path.parent, account),
        is_ready=partial(_answers, path),
    )


def _prepare(directory: Path, sockets: Path, account: Account | None, environment: Environment) -> None:
    private_dir(directory, account)
    private_dir(sockets, account)


def _answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(2)
        try:
            client.connect(str(path))
            client.sendall(b"PING\r\n")
            return client.recv(16).startswith(b"+PONG")
        except OSError:
            return False
