"""JSON Schema as strict structured output understands it: a check, and an answer that satisfies one."""

import itertools
import json
import re
from collections.abc import Callable, Iterator, Mapping
from decimal import ROUND_CEILING, Decimal
from typing import Any

Schema = Mapping[str, Any]
#: Answers a task: the schema's name, the schema, and the data of the first user turn.
Answerer = Callable[[str, Schema, Any], dict[str, Any]]

#: https://platform.openai.com/docs/guides/structured-outputs#supported-schemas
UNSUPPORTED = {
    "allOf",
    "default",
    "dependentRequired",
    "dependentSchemas",
    "else",
    "if",
    "not",
    "oneOf",
    "patternProperties",
    "prefixItems",
    "then",
    "uniqueItems",
}
#: Tried where a string has a pattern or a format.
PATTERNED = ["#336699", "2026-01-31", "2026-01-31T12:00:00Z", "12:00:00", "en", "a@example.com", "1", "A"]


def strict_problem(schema: Any, at: str = "()") -> str:
    """Why strict mode refuses the schema; empty where it does not."""
    if not isinstance(schema, dict):
        return f"In context={at}, a schema must be an object."
    if unknown := UNSUPPORTED & schema.keys():
        return f"In context={at}, '{min(unknown)}' is not permitted."
    if schema.get("type") == "object":
        properties = schema.get("properties", {})
        if schema.get("additionalProperties") is not False:
            return f"In context={at}, 'additionalProperties' is required to be supplied and to be false."
        if set(schema.get("required", [])) != set(properties):
            return f"In context={at}, 'required' must name every key in properties."
    return next(filter(None, (strict_problem(part, name) for name, part in _parts(schema))), "")


def _parts(schema: Schema) -> Iterator[tuple[str, Any]]:
    for group in ("properties", "$defs", "definitions"):
        yield from schema.get(group, {}).items()
    for position, part in enumerate(schema.get("anyOf", [])):
        yield f"anyOf {position}", part
    if "items" in schema:
        yield "items", schema["items"]


def any_answer(name: str, schema: Schema, data: Any) -> dict[str, Any]:
    """An instance of the schema in the words of the data: right in form, and the same each time."""
    words = re.findall(r"[^\W_]+", json.dumps(data, ensure_ascii=False)) or [name]
    answer = _Writer(schema, words).instance(schema)
    if not isinstance(answer, dict):
        raise ValueError(f"The schema {name} is not one of an object.")
    return answer


class _Writer:
    def __init__(self, root: Schema, words: list[str]) -> None:
        self._root = root
        self._words = itertools.cycle(words)

    def instance(self, schema: Schema) -> Any:
        if "$ref" in schema:
            return self.instance(self._resolved(schema["$ref"]))
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            return schema["enum"][0]
        if "anyOf" in schema:
            return self.instance(schema["anyOf"][0])
        kind = schema.get("type", "object")
        kind = kind[0] if isinstance(kind, list) else kind
        return getattr(self, f"_{kind}")(schema)

    def _resolved(self, reference: str) -> Schema:
        part: Any = self._root
        for name in reference.removeprefix("#").strip("/").split("/"):
            part = part[name] if name else part
        resolved: Schema = part
        return resolved

    def _object(self, schema: Schema) -> dict[str, Any]:
        return {name: self.instance(part) for name, part in schema.get("properties", {}).items()}

    def _array(self, schema: Schema) -> list[Any]:
        return [self.instance(schema["items"]) for _ in range(schema.get("minItems", 0))]

    def _string(self, schema: Schema) -> str:
        if pattern := schema.get("pattern"):
            return next(text for text in PATTERNED if re.search(pattern, text))
        if schema.get("format"):
            return {"date": PATTERNED[1], "date-time": PATTERNED[2], "time": PATTERNED[3]}[schema["format"]]
        text = " ".join(itertools.islice(self._words, 3))
        while len(text) < schema.get("minLength", 0):
            text += " " + next(self._words)
        return text[: schema.get("maxLength", 100)].strip().ljust(schema.get("minLength", 0), ".")

    def _integer(self, schema: Schema) -> int:
        return int(self._amount(schema, 1))

    def _number(self, schema: Schema) -> float:
        return float(self._amount(schema, Decimal("0.5")))

    def _amount(self, schema: Schema, step: Decimal | int) -> Decimal:
        step = Decimal(str(schema.get("multipleOf", step)))
        lowest = Decimal(str(schema.get("minimum", schema.get("exclusiveMinimum", 0))))
        amount = (lowest / step).to_integral_value(ROUND_CEILING) * step
        if amount == schema.get("exclusiveMinimum"):
            amount += step
        return min(amount, Decimal(str(schema.get("maximum", amount))))

    def _boolean(self, schema: Schema) -> bool:
        return False

    def _null(self, schema: Schema) -> None:
        return None
