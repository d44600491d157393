"""Composable validators for JSON values; errors name the invalid field. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Shape = Callable[[Any], None]
"""A validator. Raises Mismatch."""

_NONE: Mapping[str, Shape] = {}


class Mismatch(Exception):
    """An invalid value. The path to it is built while the exception propagates, so that valid values cost nothing."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.path = ""

    def prepend(self, name: str) -> Mismatch:
        """Prepend the name of a field or item to the path."""
        separator = "." if self.path and not self.path.startswith("[") else ""
        self.path = f"{name:.100}{separator}{self.path}"
        return self


def text(value: Any) -> None:
    """Require a string."""
    if not isinstance(value, str):
        raise Mismatch("must be a string")


def flag(value: Any) -> None:
    """Require true or false."""
    if not isinstance(value, bool):
        raise Mismatch("must be true or false")


def integer(value: Any) -> None:
    """Require an integer."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise Mismatch("must be an integer")


def token(value: Any) -> None:
    """Require a string or an integer, like the schemas' ids and progress tokens."""
    if not isinstance(value, str | int) or isinstance(value, bool):
        raise Mismatch("must be a string or an integer")


def any_object(value: Any) -> None:
    """Require an object with any content."""
    if not isinstance(value, dict):
        raise Mismatch("must be an object")


def any_list(value: Any) -> None:
    """Require a list of any items."""
    if not isinstance(value, list):
        raise Mismatch("must be a list")


def choice(*allowed: str) -> Shape:
    """Require one of these strings."""

    def check(value: Any) -> None:
        if value not in allowed:
            raise Mismatch(f"must be one of {', '.join(allowed)}")

    return check


def list_of(item: Shape) -> Shape:
    """Require a list whose items match."""

    def check(value: Any) -> None:
        any_list(value)
        for number, one in enumerate(value):
            try:
                item(one)
            except Mismatch as mismatch:
                raise mismatch.prepend(f"[{number}]") from None

    return check


def object_of(item: Shape) -> Shape:
    """Require an object whose values match."""

    def check(value: Any) -> None:
        any_object(value)
        for name, one in value.items():
            try:
                item(one)
            except Mismatch as mismatch:
                raise mismatch.prepend(name) from None

    return check


def fields(required: Mapping[str, Shape] = _NONE, optional: Mapping[str, Shape] = _NONE) -> Shape:
    """Require an object with these fields; other fields are not checked."""
    known = {**required, **optional}

    def check(value: Any) -> None:
        any_object(value)
        for name in required:
            if name not in value:
                raise Mismatch("is missing").prepend(name)
        for name, one in value.items():
            shape = known.get(name)
            if shape is None:
                continue
            try:
                shape(one)
            except Mismatch as mismatch:
                raise mismatch.prepend(name) from None

    return check


def either(*shapes: Shape) -> Shape:
    """Require a match of one of the shapes; the error comes from the last one."""

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
    """Require an object with the shape selected by its field `type`."""
    known = fields({"type": choice(*shapes)})

    def check(value: Any) -> None:
        known(value)
        shapes[value["type"]](value)

    return check
