#!/usr/bin/env python
"""The command line. What a person can put right is said in one sentence, without a traceback."""

import os
import sys

try:
    from django.conf import settings
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line
    from django.db import OperationalError
    from redis.exceptions import ConnectionError as RedisConnectionError
except ImportError as missing:
    sys.exit(f"{missing.name} is not installed: run `make venv`, then use .venv/bin/python manage.py.")


def main(arguments: list[str]) -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "videogen.settings")
    try:
        execute_from_command_line(arguments)
    except ImproperlyConfigured as error:
        return refuse(arguments, f"Wrong configuration: {error}")
    except OperationalError as error:
        return refuse(arguments, unreachable(f"PostgreSQL at {database_place()}", "DATABASE_URL", error))
    except RedisConnectionError as error:
        return refuse(arguments, unreachable("Redis", "REDIS_URL", error))
    except KeyboardInterrupt:
        return 130  # What a shell expects of a program that Ctrl-C ended.
    return 0


def refuse(arguments: list[str], sentence: str) -> int:
    """Called while the error is being handled, so that --traceback can still show it."""
    if "--traceback" in arguments:
        raise
    sys.stderr.write(f"{sentence}\n")
    return 1


def unreachable(server: str, variable: str, error: Exception) -> str:
    reason = str(error).strip().split("\n", 1)[0]
    return f"{server} is not reachable: start the stack with `make up`, or set {variable}. ({reason})"


def database_place() -> str:
    database = settings.DATABASES["default"]
    return ":".join(str(part) for part in (database.get("HOST") or "localhost", database.get("PORT")) if part)


if __name__ == "__main__":
    sys.exit(main(sys.argv))
