"""The building blocks of what the management API takes and gives: strict, bounded, exact.

Money is a string of integer nanos, times are ISO 8601 in UTC, fields that nobody knows are refused.
"""

import re
from collections.abc import Mapping
from datetime import UTC
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

NANOS_MAX = 2**63 - 1  # Postgres BIGINT
COUNT_MAX = 2**31 - 1
OPERATOR = "a mail address; `operator` for whoever runs the deployment"
_NANOS_PATTERN = "^-?[0-9]{1,19}$"
_NANOS = re.compile(r"-?[0-9]{1,19}", re.ASCII)


class Text(serializers.CharField):
    """A string, never made from another type."""

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class StaffName(Text):
    """Who of the staff did something, for staff of a site, who are not told which operator."""

    def to_representation(self, value: Any) -> str:
        return "operator" if value.is_operator else str(value.email)


class Time(serializers.DateTimeField):
    """An instant; answers tell it in UTC, requests name its offset."""

    def __init__(self, **options: Any) -> None:
        super().__init__(default_timezone=UTC, **options)


class Count(serializers.IntegerField):
    """A whole number as JSON has it: neither `true` nor `"5"`."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("max_value", COUNT_MAX)
        options.setdefault("min_value", 0)
        super().__init__(**options)

    def to_internal_value(self, data: Any) -> int:
        if isinstance(data, bool) or not isinstance(data, int):
            self.fail("invalid")
        return int(super().to_internal_value(data))


class QueryCount(serializers.IntegerField):
    """A whole number as an address has it, in digits."""


class Flag(serializers.BooleanField):
    """`true` or `false`, no other word for it."""

    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):
            self.fail("invalid", input=data)
        return data


@extend_schema_field({"type": "string", "pattern": _NANOS_PATTERN})
class Nanos(serializers.Field[int, Any, str, Any]):
    """Integer nanos of the site's currency as a string: JSON numbers lose digits in many readers.

    A request's must be above zero unless `minimum` says otherwise, and at most `maximum`.
    """

    default_error_messages = {
        "invalid": 'A string of integer nanos (1e-9 of the currency), e.g. "5000000000".',
        "out_of_range": "Out of range.",
    }

    def __init__(self, *, minimum: int = 1, maximum: int = NANOS_MAX, **options: Any) -> None:
        super().__init__(**options)
        self.minimum, self.maximum = minimum, maximum

    def to_internal_value(self, data: Any) -> int:
        if not isinstance(data, str) or not _NANOS.fullmatch(data):
            self.fail("invalid")
        nanos = int(data)
        if not self.minimum <= nanos <= self.maximum:
            self.fail("out_of_range")
        return nanos

    def to_representation(self, value: Any) -> str:
        return str(int(value))


class Fields(serializers.Serializer[Any]):
    """Named fields. In a request, one that is not known is refused: it would be a slip."""

    default_error_messages = {"unknown_field": "There is no such field."}

    integer = Count

    @classmethod
    def names(cls) -> tuple[str, ...]:
        """What its fields are called."""
        declared: dict[str, Any] = cls._declared_fields
        return tuple(declared)

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping):
            unknown = [name for name in data if name not in self.fields]
            if unknown:
                code = "unknown_field"
                words = self.error_messages[code]
                raise ValidationError({str(name)[:100]: [words] for name in unknown[:20]}, code)
        return super().to_internal_value(data)
