"""Our own programs: REST, WebSocket, one worker process per queue, the dispatcher."""

import os
import socket
import sys
from collections.abc import Mapping
from functools import partial
from http.client import HTTPConnection, HTTPException
from typing import Any
from urllib.parse import urlsplit

from videogen.stack.configuration import StackConfiguration
from videogen.stack.program import Program


def front(configuration: StackConfiguration) -> list[Program]:
    """What answers clients. Loading it needs neither database nor Redis."""
    return [_web(configuration), _websocket(configuration)]


def back(configuration: StackConfiguration) -> list[Program]:
    """What does the work, the first stage's worker first. Needs migrated tables and Redis."""
    workers = [
        _python(configuration, f"{queue}-{number}" if count > 1 else queue, *worker_command(queue))
        for queue, count in configuration.workers.items()
        for number in range(1, count + 1)
    ]
    dispatcher = _python(configuration, "dispatcher", "manage.py", "dispatch")
    return [workers[0], dispatcher, *workers[1:]]


def _web(configuration: StackConfiguration) -> Program:
    options = {
        "--interface": "wsgi",
        "--host": configuration.host,
        "--port": configuration.port,
        "--workers": configuration.web_workers,
        "--http": 1,  # HTTP/2 is a proxy's: this server would take 16 MB of headers by it.
        "--blocking-threads": configuration.web_threads,
        # A thread that ends drops its database connection; 10 minutes is the most that granian allows.
        "--blocking-threads-idle-timeout": 600,
        "--workers-kill-timeout": 10,
        "--log-level": "warning",
    }
    flags = ["--respawn-failed-workers", "--no-ws"]
    return _python(
        configuration,
        "web",
        *["-m", "granian", "videogen.wsgi:application", *_words(options), *flags],
        is_ready=partial(_answers_health, configuration.url),
    )


def _websocket(configuration: StackConfiguration) -> Program:
    options = {
        "--host": configuration.host,
        "--port": configuration.ws_port,
        "--ws": "websockets-sansio",
        "--ws-max-size": 65536,
        "--ws-ping-interval": 20,
        "--ws-ping-timeout": 20,
        "--ws-per-message-deflate": "false",  # Messages are small; it would take 100 KB for each socket.
        "--timeout-graceful-shutdown": 2,  # Sockets never end by themselves.
        "--log-level": "warning",
    }
    return _python(
        configuration,
        "websocket",
        *["-m", "uvicorn", "videogen.asgi:application", "--no-proxy-headers", *_words(options)],
        is_ready=partial(_listens, configuration.websocket_url),
    )


def worker_command(queue: str) -> list[str]:
    """What python runs to have one more worker on a queue."""
    # The command's own default is pickle, whatever the queue's settings say.
    return [
        "manage.py",
        "rqworker",
        queue,
        "--serializer",
        "rq.serializers.JSONSerializer",
        "--worker-class",
        "generations.worker.StageWorker",
        "--verbosity",
        "0",
    ]


def _python(configuration: StackConfiguration, name: str, *arguments: str, **options: Any) -> Program:
    return Program(
        name=name,
        argv=(sys.executable, *arguments),
        environment=_environment(configuration),
        directory=configuration.base_dir,
        **options,
    )


def _environment(configuration: StackConfiguration) -> Mapping[str, str]:
    """What is relative or left to a default here is spelled out for programs that run elsewhere."""
    return {
        "DATA_DIR": str(configuration.data_dir),
        "DJANGO_SETTINGS_MODULE": "videogen.settings",
        "LOG_FORMAT": os.environ.get("LOG_FORMAT", "text"),
        "OPENBLAS_NUM_THREADS": "1",  # NumPy would start a thread for each core, and multiplies nothing.
        "PYTHONUNBUFFERED": "1",
    }


def _words(options: Mapping[str, object]) -> list[str]:
    return [str(word) for pair in options.items() for word in pair]


def _answers_health(url: str) -> bool:
    # It listens before it has loaded Django; the answer comes when it has.
    client = HTTPConnection(urlsplit(url).hostname or "", urlsplit(url).port, timeout=30)
    try:
        client.request("GET", "/health")
        return client.getresponse().status < 500
    except (OSError, HTTPException):
        return False
    finally:
        client.close()


def _listens(url: str) -> bool:
    try:
        socket.create_connection((urlsplit(url).hostname, urlsplit(url).port), timeout=2).close()
    except OSError:
        return False
    return True
