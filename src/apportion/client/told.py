"""Records of an answer: typed fields made of JSON, and that JSON again."""

from collections.abc import Iterator, Mapping
from dataclasses import fields
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Self, get_args, get_type_hints


class Told:
    """What a dataclass of an answer can do: be read by attribute or by key, as in its JSON."""

    __slots__ = ()

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Self:
        """The record that JSON tells; what it tells beyond the fields is left out."""
        hints = get_type_hints(cls)
        names = [each.name for each in fields(cls)]  # type: ignore[arg-type]
        return cls(**{name: _read(hints[name], told[name]) for name in names})

    def __getitem__(self, name: str) -> Any:
        """The field of a name. Raises ``KeyError`` where there is none."""
        if name not in self.keys():
            raise KeyError(name)
        return getattr(self, name)

    def keys(self) -> tuple[str, ...]:
        """The names of the fields, in order."""
        return tuple(each.name for each in fields(self))  # type: ignore[arg-type]

    def __iter__(self) -> Iterator[str]:
        """The names of the fields, so that ``dict(record)`` works."""
        return iter(self.keys())

    def to_dict(self) -> dict[str, Any]:
        """The record as JSON holds it: amounts as decimal text with all digits, dates as ISO."""
        return {name: _plain(self[name]) for name in self.keys()}


def _read(kind: Any, value: Any) -> Any:
    """A value of JSON as the type of a field."""
    if value is None:
        return None
    inner = get_args(kind)
    if isinstance(value, list):
        item = next(each for each in inner if each is not type(None))
        of_item = get_args(item)[0] if get_args(item) else item
        return tuple(_read(of_item, each) for each in value)
    if isinstance(value, Mapping) and inner:
        return {name: _read(inner[1], each) for name, each in value.items()}
    known = next((each for each in inner if each is not type(None)), kind)
    if isinstance(value, Mapping) and issubclass(known, Told):
        return known.of(value)
    if known is Decimal:
        return Decimal(value)
    return known.fromisoformat(value) if known in (date, datetime) else value


def _plain(value: Any) -> Any:
    if isinstance(value, Told):
        return value.to_dict()
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    if isinstance(value, Mapping):
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, Decimal):
        return format(value, "f")
    return value.isoformat() if isinstance(value, date) else value
