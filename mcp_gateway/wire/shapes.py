"""What a JSON value must be, made of small checks; what is wrong is told with the field that it is wrong in. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Shape = Callable[[Any], None]
"""Checks a value. Raises Mismatch."""

_NONE: Mapping[str, Shape] = {}


class Mismatch(Exception):
    """A value that is not as it must be; the path to it is put together on the way out, so that it costs nothing."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.path = ""

    def below(self, name: str) -> Mismatch:
        """The same, seen from the object or list that holds the value."""
        separator = "." if self.path and not self.path.startswith("[") else ""
        self.path = f"{name:.100}{separator}{self.path}"
        return self


def text(value: Any) -> None:
    """A string."""
    if not isinstance(value, str):
        raise Mismatch("must be a string")


def flag(value: Any) -> None:
    """True or false."""
    if not isinstance(value, bool):
        raise Mismatch("must be true or false")


def integer(value: Any) -> None:
    """A whole number."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise Mismatch("must be an integer")


def token(value: Any) -> None:
    """A string or an integer, as the schemas have it for ids."""
    if not isinstance(value, str | int) or isinstance(value, bool):
        raise Mismatch("must be a string or an integer")


def any_object(value: Any) -> None:
    """An object with anything in it."""
    if not isinstance(value, dict):
        raise Mismatch("must be an object")


def any_list(value: Any) -> None:
    """A list of anything."""
    if not isinstance(value, list):
        raise Mismatch("must be a list")


def choice(*allowed: str) -> Shape:
    """One of some strings."""

    def check(value: Any) -> None:
        if value not in allowed:
            raise Mismatch(f"must be one of {', '.join(allowed)}")

    return check


def list_of(item: Shape) -> Shape:
    """A list of such items."""

    def check(value: Any) -> None:
        any_list(value)
        for number, one in enumerate(value):
            try:
                item(one)
            except Mismatch as mismatch:
                raise mismatch.below(f"[{number}]") from None

    return check


def object_of(item: Shape) -> Shape:
    """An object all of whose values are such items."""

    def check(value: Any) -> None:
        any_object(value)
        for name, one in value.items():
            try:
                item(one)
            except Mismatch as mismatch:
                raise mismatch.below(name) from None

    return check


def fields(required: Mapping[str, Shape] = _NONE, optional: Mapping[str, Shape] = _NONE) -> Shape:
    """An object with these fields; others are not looked at."""
    known = {**required, **optional}

    def check(value: Any) -> None:
        any_object(value)
        for name in required:
            if name not in value:
                raise Mismatch("is missing").below(name)
        for name, one in value.items():
            shape = known.get(name)
            if shape is None:
                continue
            try:
                shape(one)
            except Mismatch as mismatch:
                raise mismatch.below(name) from None

    return check


def either(*shapes: Shape) -> Shape:
    """Whatever one of these takes; the last one says what is wrong."""

    def check(value: Any) -> None:
        for shape in shapes[:-1]:
            try:
                shape(value)
            except Mismatch:
                continue
            return
        shapes[-1](value)

    return check


def by_type(shapes: Mapping[str, Shape]) -> Shape:
    """An object whose field `type` says what else it holds."""
    known = fields({"type": choice(*shapes)})

    def check(value: Any) -> None:
        known(value)
        shapes[value["type"]](value)

    return check
