"""Items of DynamoDB that others may have changed: what cannot be read of one is left out, not fatal."""

from __future__ import annotations

from typing import Any, Self

from pynamodb.attributes import Attribute

from .dynamo import Table

UNREADABLE = (TypeError, ValueError, ArithmeticError, RecursionError)
"""What PynamoDB raises for a value of another type, for JSON that is none, for a number that is none."""


class SalvagedModel(Table):
    """A model whose items are read as far as they can be; `damaged` names the attributes that cannot."""

    damaged: tuple[str, ...] = ()

    @classmethod
    def from_raw_data(cls, data: dict[str, Any]) -> Self:
        """The item, without what cannot be read."""
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
