"""What providers say today about the input of their models: their OpenAPI schemas, fetched and read."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx
from django.conf import settings

from videogen.kernel.errors import DomainError

TIMEOUT = httpx.Timeout(20, connect=5)
MAX_BYTES = 5_000_000
_KEY_PAGE = "https://replicate.com/account/api-tokens"


class SchemaUnavailable(DomainError):
    """The provider could not be asked, or said nothing that can be understood."""

    code = "schema.unavailable"


class ModelGone(SchemaUnavailable):
    """The provider does not know the model, or no longer."""

    code = "schema.model_gone"


@dataclass(frozen=True)
class InputField:
    """One field of a model's input. `values` where it is a choice."""

    values: tuple[int | str, ...] = ()
    minimum: int | None = None
    maximum: int | None = None


@dataclass(frozen=True)
class InputSchema:
    """The input of a model, as its provider describes it at `url`."""

    url: str
    fields: Mapping[str, InputField]
    required: frozenset[str] = field(default=frozenset())


def client_open() -> httpx.Client:
    """A client that follows nobody: a key goes to the address that is configured, and to no other."""
    return httpx.Client(timeout=TIMEOUT, follow_redirects=False)


def schema_fetch(provider: str, model: str, client: httpx.Client) -> InputSchema:
    """Ask the provider. Raises `SchemaUnavailable`."""
    return FETCHERS[provider](model, client)


def _replicate(model: str, client: httpx.Client) -> InputSchema:
    if not settings.REPLICATE_API_TOKEN:
        message = f"REPLICATE_API_TOKEN is not set; Replicate shows schemas only to its users ({_KEY_PAGE})."
        raise SchemaUnavailable(message, code="schema.no_key")
    url = f"{settings.REPLICATE_BASE_URL}/models/{model}"
    headers = {"Authorization": f"Bearer {settings.REPLICATE_API_TOKEN}"}
    answer = _asked(client, url, headers=headers, key="REPLICATE_API_TOKEN")
    document = _at(answer, "latest_version", "openapi_schema")
    return _read(url, document, _at(document, "components", "schemas", "Input"))


def _fal(model: str, client: httpx.Client) -> InputSchema:
    url = str(httpx.URL(settings.FAL_SCHEMA_URL).copy_merge_params({"endpoint_id": model}))
    # The schemas are public, and the address is not that of the queue: the key stays here.
    document = _asked(client, url, headers={}, key="FAL_KEY")
    for path in _at(document, "paths").values():
        content = (
            path.get("post", {}).get("requestBody", {}).get("content", {}) if isinstance(path, dict) else {}
        )
        if schema := content.get("application/json", {}).get("schema"):
            return _read(url, document, schema)
    raise SchemaUnavailable(f"{url} describes no input.")


#: The providers whose schemas can be asked for.
FETCHERS: Mapping[str, Callable[[str, httpx.Client], InputSchema]] = {"replicate": _replicate, "fal": _fal}


def _asked(client: httpx.Client, url: str, *, headers: Mapping[str, str], key: str) -> Any:
    try:
        with client.stream("GET", url, headers=headers) as response:
            _check_status(response, url, key)
            return json.loads(_body(response, url))
    except httpx.HTTPError as error:
        raise SchemaUnavailable(f"{url} does not answer: {error or type(error).__name__}") from None
    except ValueError:
        raise SchemaUnavailable(f"{url} answered with something that is not JSON.") from None


def _check_status(response: httpx.Response, url: str, key: str) -> None:
    status = response.status_code
    if status in (401, 403):
        raise SchemaUnavailable(f"{url} does not accept {key} ({status}).", code="schema.key_refused")
    if status == 404:
        raise ModelGone(f"{url} is not there: the model has another name, or is gone.")
    if status != 200:
        raise SchemaUnavailable(f"{url} answered {status} instead of a schema.")


def _body(response: httpx.Response, url: str) -> bytes:
    body = b""
    for chunk in response.iter_bytes():
        body += chunk
        if len(body) > MAX_BYTES:
            raise SchemaUnavailable(f"{url} answered with more than {MAX_BYTES:,} bytes.")
    return body


def _at(document: Any, *names: str) -> Any:
    for name in names:
        if not isinstance(document, dict) or not isinstance(document.get(name), dict):
            raise SchemaUnavailable(f"The answer has no {'.'.join(names)}: it is no schema that we can read.")
        document = document[name]
    return document


def _read(url: str, document: Any, schema: dict[str, Any]) -> InputSchema:
    schema = _resolved(document, schema)
    fields = {name: _field(document, facts) for name, facts in _at(schema, "properties").items()}
    return InputSchema(url, fields, required=frozenset(map(str, schema.get("required", ()))))


def _field(document: Any, facts: Any) -> InputField:
    facts = _resolved(document, facts)
    values = tuple(value for value in facts.get("enum", ()) if isinstance(value, int | str))
    return InputField(values, minimum=_whole(facts.get("minimum")), maximum=_whole(facts.get("maximum")))


def _resolved(document: Any, facts: Any, depth: int = 0) -> dict[str, Any]:
    """The facts with what they refer to. A choice may be said in place, by `$ref`, or wrapped in either."""
    if not isinstance(facts, dict) or depth > 5:
        return {}
    parts = [part for name in ("allOf", "anyOf", "oneOf") for part in facts.get(name, ())]
    if match := re.fullmatch(r"#/components/schemas/([^/]+)", str(facts.get("$ref", ""))):
        parts.append(_at(document, "components", "schemas").get(match[1]))
    resolved: dict[str, Any] = {}
    for part in parts:
        resolved |= _resolved(document, part, depth + 1)
    return resolved | facts


def _whole(value: Any) -> int | None:
    return int(value) if isinstance(value, int | float) else None
