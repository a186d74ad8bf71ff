"""Fields that take exactly what they say. Each has one sentence, `allowed`, that every refusal repeats."""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

#: Control characters, and halves of surrogate pairs, which no encoding can hold.
UNWANTED = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")

#: Every way in which DRF's fields refuse a value.
REFUSALS = (
    *("required", "null", "blank", "invalid", "invalid_choice", "not_a_list", "overflow", "date"),
    *("max_length", "min_length", "max_value", "min_value", "max_string_length", "make_aware"),
    *("max_digits", "max_decimal_places", "max_whole_digits"),
)


def refusals(allowed: str) -> dict[str, Any]:
    """The same helpful sentence for every refusal."""
    # Some of DRF's messages are formats.
    sentence = f"It must be {allowed}.".replace("{", "{{").replace("}", "}}")
    return dict.fromkeys(REFUSALS, sentence)


class StrictSerializer(serializers.Serializer[Any]):
    """Refuses fields that it does not know, by name."""

    #: What the whole must be, said where it is not even an object.
    allowed = "an object"

    def run_validation(self, data: Any = serializers.empty) -> Any:
        if data is serializers.empty or (data is None and self.allow_null) or isinstance(data, Mapping):
            return super().run_validation(data)
        # Not `fail`: at the top, DRF can tell of an error only by a name.
        raise serializers.ValidationError({"non_field_errors": [f"It must be {self.allowed}."]})

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        known = f"Unknown field. The fields here are: {', '.join(self.fields)}."
        errors: dict[str, Any] = {
            printable(name): [serializers.ErrorDetail(known, code="unknown")]
            for name in data
            if name not in self.fields
        }
        try:
            values: dict[str, Any] = super().to_internal_value(data)
        except serializers.ValidationError as refused:
            raise serializers.ValidationError(errors | dict(refused.detail)) from refused  # type: ignore[arg-type]
        if errors:
            raise serializers.ValidationError(errors)
        return values


class Text(serializers.CharField):
    """Text as it was typed, without the white space around it."""

    def __init__(self, *, allowed: str, **options: Any) -> None:
        super().__init__(error_messages=refusals(allowed), **options)

    def run_validation(self, data: Any = serializers.empty) -> Any:
        if isinstance(data, str):
            characters_check(data)
        return super().run_validation(data)

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return str(super().to_internal_value(data))


class WholeNumber(serializers.IntegerField):
    """A JSON integer: neither text, nor a fraction, nor a truth value."""

    def __init__(self, *, allowed: str, **options: Any) -> None:
        super().__init__(error_messages=refusals(allowed), **options)

    def to_internal_value(self, data: Any) -> int:
        if type(data) is not int:
            self.fail("invalid")
        return int(data)


class TruthOrNull(serializers.BooleanField):
    """true, false or null: no text and no number that could mean one of them."""

    def __init__(self, **options: Any) -> None:
        super().__init__(error_messages=refusals("true, false or null"), **options)

    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):
            self.fail("invalid")
        return data


class Choice(serializers.ChoiceField):
    """One of a few words."""

    def __init__(self, choices: Any, **options: Any) -> None:
        words = ", ".join(str(choice[0] if isinstance(choice, tuple) else choice) for choice in choices)
        super().__init__(choices, error_messages=refusals(f"one of {words}"), **options)

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid_choice")
        return str(super().to_internal_value(data))


@extend_schema_field(
    {
        "oneOf": [
            {"type": "string", "pattern": r"^\d{1,5}(\.\d{1,4})?$"},
            {"type": "number", "minimum": 0, "maximum": 10000},
        ],
        "nullable": True,
    }
)
class Dollars(serializers.DecimalField):
    """US dollars, as text or as a number."""

    def __init__(self, *, max_value: int, **options: Any) -> None:
        allowed = f'an amount in US dollars from 0 to {max_value} with at most 6 decimals, such as "2.50"'
        super().__init__(
            max_digits=12,
            decimal_places=6,
            min_value=Decimal(0),
            max_value=Decimal(max_value),
            error_messages=refusals(allowed),
            **options,
        )

    def validate_empty_values(self, data: Any) -> tuple[bool, Any]:
        # DRF's own takes blank text for null, which would lift the limit that somebody meant to set.
        return serializers.Field.validate_empty_values(self, data)

    def to_internal_value(self, data: Any) -> Decimal:
        if isinstance(data, bool) or not isinstance(data, str | int | float):
            self.fail("invalid")
        return Decimal(super().to_internal_value(data))


@extend_schema_field(
    {
        "type": "object",
        "maxProperties": 16,
        "additionalProperties": {"type": "string", "maxLength": 500},
        "description": "At most 16 texts of your own, at most 4096 bytes as a whole.",
    }
)
class Metadata(serializers.Field[dict[str, str], Any, Any, Any]):
    """A client's own labels."""

    allowed = "an object with at most 16 texts: names of 1 to 64 characters, values of at most 500"

    def __init__(self, **options: Any) -> None:
        super().__init__(error_messages=refusals(self.allowed), **options)

    def to_internal_value(self, data: Any) -> dict[str, str]:
        if not isinstance(data, dict) or len(data) > 16:
            self.fail("invalid")
        for name, value in data.items():
            if not isinstance(value, str) or len(value) > 500 or not 1 <= len(name) <= 64:
                self.fail("invalid")
            characters_check(name)
            characters_check(value)
        if sum(len(name.encode()) + len(value.encode()) for name, value in data.items()) > 4096:
            raise serializers.ValidationError("It must be at most 4096 bytes as a whole.")
        return data

    def to_representation(self, value: Any) -> Any:
        return value


def characters_check(text: str) -> None:
    """Refuse what cannot be stored or shown; every script and direction is welcome."""
    if found := UNWANTED.search(text):
        message = (
            "It must be text without control characters, except newline and tab; "
            f"it has U+{ord(found[0]):04X} at character {found.start() + 1}."
        )
        raise serializers.ValidationError(message, code="characters")


def printable(name: object) -> str:
    """A client's own word, fit for an answer."""
    return str(name)[:64].encode("ascii", "backslashreplace").decode()
