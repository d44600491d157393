"""DynamoDB items that something else may have edited: unreadable attributes are skipped instead of raising."""

from __future__ import annotations

from typing import Any, Self

from pynamodb.attributes import Attribute

from .dynamo import Table

UNREADABLE = (TypeError, ValueError, ArithmeticError, RecursionError)
"""What PynamoDB raises for a wrong type, invalid JSON or an invalid number."""


class LenientModel(Table):
    """A model that reads items as far as possible; `damaged` names the unreadable attributes."""

    damaged: tuple[str, ...] = ()

    @classmethod
    def from_raw_data(cls, data: dict[str, Any]) -> Self:
        """Return the item without its unreadable attributes."""
        try:
            return super().from_raw_data(data)
        except UNREADABLE:
            attributes = {attribute.attr_name: attribute for attribute in cls.get_attributes().values()}
            damaged = sorted(name for name in data if name in attributes and not _is_readable(attributes[name], data))
            item = super().from_raw_data({name: value for name, value in data.items() if name not in damaged})
            item.damaged = tuple(damaged)
            return item


def _is_readable(attribute: Attribute[Any], data: dict[str, Any]) -> bool:
    try:
        attribute.deserialize(attribute.get_value(data[attribute.attr_name]))
    except UNREADABLE:
        return "NULL" in data[attribute.attr_name]
    return True
