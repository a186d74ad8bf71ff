"""What an attacker, or bad luck, would like about this configuration."""

import stat
from collections.abc import Iterator
from datetime import timedelta
from ipaddress import ip_address
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import Tags, run_checks
from django.db import DatabaseError
from django.db.models import Q
from django.utils import timezone

from videogen.accounts.models import ApiKey, Scope
from videogen.doctor.configured import messages
from videogen.doctor.finding import Finding, broken, off, ok, warning
from videogen.embedded.places import api_key_file, secret_key_file

UNUSED = timedelta(days=90)


def debug() -> Iterator[Finding]:
    if settings.DEBUG:
        yield broken("DEBUG", "on: error pages show settings and code", "Unset DEBUG.")
    else:
        yield ok("DEBUG", "off")


def secret_key() -> Iterator[Finding]:
    if settings.SECRET_KEY_IS_TEMPORARY and settings.EMBEDDED_DATABASE:
        yield off("SECRET_KEY", "none yet; the first `make up` makes and keeps one")
    elif settings.SECRET_KEY_IS_TEMPORARY or len(settings.SECRET_KEY) < 50:
        yield broken("SECRET_KEY", "made up by each process, or short", "Set it to 50 random characters.")
    else:
        yield ok("SECRET_KEY", "long, and kept")


def exposure() -> Iterator[Finding]:
    """On a loopback address none of Django's deployment checks matters; on any other, all do."""
    if is_loopback(settings.HOST) and is_loopback(urlsplit(settings.PUBLIC_URL).hostname or ""):
        yield ok("Exposure", f"only this machine reaches {settings.PUBLIC_URL}")
        return
    if not settings.HTTPS:
        advice = "Put a proxy with TLS in front, set PUBLIC_URL=https://… and TRUST_PROXY=1."
        yield broken("HTTPS", f"{settings.HOST} is public, and keys travel in the clear", advice)
    tagged = run_checks(tags=[Tags.security], include_deployment_checks=True)
    yield from messages("Deployment", tagged, fine="Django's deployment checks found nothing")


def is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def secret_files() -> Iterator[Finding]:
    for path in (secret_key_file(settings.DATA_DIR), api_key_file(settings.DATA_DIR)):
        if path.exists() and stat.S_IMODE(path.stat().st_mode) & 0o077:
            yield broken("Secrets", f"others on this machine can read {path}", f"Run `chmod 600 {path}`.")


def api_keys() -> Iterator[Finding]:
    try:
        usable = list(ApiKey.objects.usable())
    except DatabaseError:
        return  # Said where it is about reachability.
    unknown = [key for key in usable if not set(key.scopes) <= set(Scope.values)]
    stale = ApiKey.objects.usable().filter(Q(last_used_at=None) | Q(last_used_at__lt=timezone.now() - UNUSED))
    forgotten = stale.filter(created_at__lt=timezone.now() - UNUSED).count()
    for key in unknown:
        yield warning("API keys", f"{key} has unknown scopes", f"Scopes are: {', '.join(Scope.values)}.")
    if forgotten:
        yield warning("API keys", f"{forgotten} unused for {UNUSED.days} days", "Revoke them in the admin.")
    else:
        yield ok("API keys", f"{len(usable)} usable")


CHECKS = (debug, secret_key, exposure, secret_files, api_keys)
