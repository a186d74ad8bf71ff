"""The two ways in which webhooks are signed. Whatever is wrong with one is `WebhookRefused`, never a bug.

Replicate signs by Standard Webhooks, with a shared secret; fal with Ed25519.
https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
https://fal.ai/docs/model-apis/webhooks
"""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from generations.providers.base import WebhookNews, WebhookRefused
from generations.providers.hosted.answers import is_job_id

#: A webhook may be that old, or that far ahead of our clock.
TOLERANCE_SECONDS = 300
#: Of one webhook. There are two while a secret is exchanged for another.
MAX_SIGNATURES = 10
MAX_KEYS = 20
#: With an empty secret anybody could sign.
MIN_SECRET_BYTES = 16
MAX_HEADER_CHARACTERS = 2000


@dataclass(frozen=True)
class Signed:
    """What was signed, and the signatures that came with it."""

    message: bytes
    signatures: tuple[bytes, ...]


def standard_signed(headers: Mapping[str, str], body: bytes) -> Signed:
    """By Standard Webhooks; only `v1`, with a shared secret, counts."""
    sent = _headers(headers, "webhook-id", "webhook-timestamp", "webhook-signature")
    _check_age(sent["webhook-timestamp"])
    message = f"{sent['webhook-id']}.{sent['webhook-timestamp']}.".encode(errors="replace") + body
    signatures = sent["webhook-signature"].split(" ")[:MAX_SIGNATURES]
    parts = (signature.partition(",") for signature in signatures)
    return Signed(message, tuple(text.encode(errors="replace") for kind, _, text in parts if kind == "v1"))


def standard_fits(signed: Signed, secret: str) -> bool:
    """Whether one of the signatures was made with this secret, such as `whsec_…`."""
    try:
        key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except ValueError:
        return False
    if len(key) < MIN_SECRET_BYTES:
        return False
    expected = base64.b64encode(hmac.digest(key, signed.message, "sha256"))
    return any([hmac.compare_digest(expected, signature) for signature in signed.signatures])


def fal_signed(headers: Mapping[str, str], body: bytes) -> Signed:
    """As fal does it: one signature over four lines, the last of them the hash of the body."""
    names = [f"x-fal-webhook-{name}" for name in ("request-id", "user-id", "timestamp", "signature")]
    sent = _headers(headers, *names)
    _check_age(sent[names[2]])
    lines = [*(sent[name] for name in names[:3]), hashlib.sha256(body).hexdigest()]
    try:
        signature = bytes.fromhex(sent[names[3]])
    except ValueError:
        raise WebhookRefused("The signature is not hexadecimal.") from None
    return Signed("\n".join(lines).encode(errors="replace"), (signature,))


def fal_fits(signed: Signed, key_set: str) -> bool:
    """Whether the signature was made with one of the keys of this JSON Web Key Set."""
    return any(_is_made_with(key, signed) for key in _public_keys(key_set))


def news_of(body: bytes, id_name: str) -> WebhookNews:
    """The job that a webhook is about. Its other words are not used."""
    try:
        members: Any = json.loads(body)
    except (ValueError, RecursionError):
        raise WebhookRefused("The body is not JSON.") from None
    job_id = members.get(id_name) if isinstance(members, dict) else None
    if not isinstance(job_id, str) or not is_job_id(job_id):
        raise WebhookRefused(f"The body has no {id_name}.")
    return WebhookNews(job_id)


def _headers(headers: Mapping[str, str], *names: str) -> dict[str, str]:
    lower = {name.lower(): value for name, value in headers.items()}
    for name in names:
        if not lower.get(name):
            raise WebhookRefused(f"The header {name} is missing.")
        if len(lower[name]) > MAX_HEADER_CHARACTERS:
            raise WebhookRefused(f"The header {name} is too long.")
    return lower


def _check_age(text: str) -> None:
    if not (text.isascii() and text.isdigit() and len(text) <= 12):
        raise WebhookRefused("The timestamp is not a number of seconds.")
    if abs(time.time() - int(text)) > TOLERANCE_SECONDS:
        raise WebhookRefused("The webhook is too old, or a clock is wrong.")


def _public_keys(key_set: str) -> Iterable[Ed25519PublicKey]:
    """Those that can be used; a set may hold others."""
    try:
        members: Any = json.loads(key_set)
    except (ValueError, RecursionError):
        return
    keys = members.get("keys") if isinstance(members, dict) else None
    for key in keys[:MAX_KEYS] if isinstance(keys, list) else []:
        text = key.get("x") if isinstance(key, dict) else None
        if isinstance(text, str):
            try:
                padded = text + "=" * (-len(text) % 4)
                yield Ed25519PublicKey.from_public_bytes(base64.urlsafe_b64decode(padded))
            except ValueError:
                continue


def _is_made_with(key: Ed25519PublicKey, signed: Signed) -> bool:
    try:
        key.verify(signed.signatures[0], signed.message)
    except InvalidSignature:
        return False
    return True
