"""Typed readers of the environment. A wrong value is refused with the name of its variable."""

import os
from decimal import Decimal, InvalidOperation
from pathlib import Path
from urllib.parse import SplitResult, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

_TRUE = {"1", "true", "yes", "on"}
_FALSE = {"0", "false", "no", "off", ""}


def env_str(name: str, default: str = "") -> str:
    """The text of NAME, or of the file that NAME_FILE points at (a mounted secret)."""
    if secret_file := os.environ.get(f"{name}_FILE"):
        try:
            return Path(secret_file).read_text().strip()
        except OSError as error:
            raise ImproperlyConfigured(f"{name}_FILE={secret_file}: {error.strerror}") from None
        except UnicodeDecodeError:
            raise ImproperlyConfigured(f"{name}_FILE={secret_file} is not a text file") from None
    return os.environ.get(name, default).strip()


def env_bool(name: str, default: bool) -> bool:
    """True for 1, true, yes, on; False for 0, false, no, off."""
    text = env_str(name, "on" if default else "off").lower()
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    raise ImproperlyConfigured(f"{name}={text!r} is not a yes or no; use 1 or 0")


def env_int(name: str, default: int, *, at_least: int = 0, at_most: int = 2**31 - 1) -> int:
    """A whole number within the bounds."""
    text = env_str(name, str(default))
    try:
        value = int(text)
    except ValueError:
        raise ImproperlyConfigured(f"{name}={text!r} is not a whole number") from None
    if not at_least <= value <= at_most:
        raise ImproperlyConfigured(f"{name}={value} must lie between {at_least} and {at_most}")
    return value


def env_decimal(name: str) -> Decimal | None:
    """An amount that is not negative, such as `12.50`; None where there is none."""
    text = env_str(name)
    if not text:
        return None
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise ImproperlyConfigured(f"{name}={text!r} is not a number") from None
    if not value.is_finite() or not 0 <= value < 10**9:
        raise ImproperlyConfigured(f"{name}={text} must lie between 0 and 1000000000")
    return value


def env_list(name: str, default: list[str]) -> list[str]:
    """Comma-separated values, without blanks."""
    text = env_str(name, ",".join(default))
    return [item.strip() for item in text.split(",") if item.strip()]


def env_origins(name: str) -> list[str]:
    """Comma-separated origins, such as `http://10.0.0.5:9000`: a scheme, a host, and a port where needed."""
    origins = env_list(name, [])
    for origin in origins:
        parts = _url_parts(name, origin)
        is_origin = parts.scheme in ("http", "https") and parts.hostname and not parts.path.strip("/")
        if not is_origin or parts.query or parts.fragment or parts.username:
            raise ImproperlyConfigured(f"{name}: {origin!r} must look like http://10.0.0.5:9000")
    return origins


def env_pairs(name: str) -> dict[str, str]:
    """`name=value` pairs, comma-separated."""
    pairs = [item.partition("=") for item in env_list(name, [])]
    for key, _, value in pairs:
        if not key or not value:
            raise ImproperlyConfigured(f"{name} must be name=value pairs, separated by commas")
    return {key: value for key, _, value in pairs}


def env_choice(name: str, default: str, choices: list[str]) -> str:
    """One of `choices`."""
    value = env_str(name, default)
    if value not in choices:
        raise ImproperlyConfigured(f"{name}={value!r} must be one of: {', '.join(choices)}")
    return value


def env_url(name: str, default: str, *, schemes: list[str]) -> str:
    """An address with a host, without a slash at its end."""
    text = env_str(name, default).rstrip("/")
    parts = _url_parts(name, text)
    if parts.scheme not in schemes or not parts.hostname or " " in text:
        example = f"{schemes[-1]}://videogen.example"
        raise ImproperlyConfigured(f"{name}={text!r} must look like {example} ({' or '.join(schemes)})")
    return text


def env_rate(name: str, default: str) -> tuple[int, int]:
    """`60/minute` as (count, seconds)."""
    text = env_str(name, default)
    seconds = {"second": 1, "minute": 60, "hour": 3600, "day": 86400}
    count, _, period = text.partition("/")
    if not count.isdecimal() or int(count) < 1 or period not in seconds:
        raise ImproperlyConfigured(f"{name}={text!r} must look like 60/minute (second, minute, hour or day)")
    return int(count), seconds[period]


def database_from_url(name: str, url: str) -> dict[str, object]:
    """Django's settings for `postgresql://user:password@host:port/name`."""
    parts = _url_parts(name, url)
    if parts.scheme not in {"postgres", "postgresql"}:
        raise ImproperlyConfigured(f"{name} must start with postgresql://; only PostgreSQL is supported")
    options = dict(pair.split("=", 1) for pair in parts.query.split("&") if "=" in pair)
    host = unquote(options.pop("host", parts.hostname or ""))
    return {
        "ENGINE": "videogen.kernel.postgresql",
        "NAME": unquote(parts.path.lstrip("/")) or "videogen",
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": host,
        "PORT": str(parts.port or options.pop("port", "")),
        "OPTIONS": {key: unquote(value) for key, value in options.items()},
    }


def redis_from_url(name: str, url: str) -> dict[str, object]:
    """Arguments of `redis.Redis` for `redis://`, `rediss://` or `unix://` URLs.

    A client made from host and port retries, one made by `Redis.from_url` does not
    (redis-py 8.1), so URLs are taken apart here.
    """
    parts = _url_parts(name, url)
    if parts.scheme == "unix":
        database = next((p[3:] for p in parts.query.split("&") if p.startswith("db=")), "0")
        if not database.isdecimal():
            raise ImproperlyConfigured(f"{name} must look like unix:///path?db=0")
        return {"unix_socket_path": unquote(parts.path), "db": int(database), "password": parts.password}
    if parts.scheme not in {"redis", "rediss"}:
        raise ImproperlyConfigured(f"{name} must start with redis://, rediss:// or unix://")
    try:
        port, number = parts.port or 6379, int(parts.path.lstrip("/") or 0)
    except ValueError:
        raise ImproperlyConfigured(f"{name} must look like redis://host:6379/0") from None
    return {
        "host": parts.hostname or "localhost",
        "port": port,
        "db": number,
        "username": unquote(parts.username) if parts.username else None,
        "password": unquote(parts.password) if parts.password else None,
        "ssl": parts.scheme == "rediss",
    }


def _url_parts(name: str, url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} is not a URL: {error}") from None
    try:
        _ = parts.port
    except ValueError:  # Its words may hold a part of a password that is not quoted.
        raise ImproperlyConfigured(f"{name} has a port that is not a number from 0 to 65535") from None
    return parts
