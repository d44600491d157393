"""A JSON parser with limits, which the one of REST framework does not have."""

from __future__ import annotations

from collections.abc import Mapping
from typing import IO, Any

from rest_framework.exceptions import APIException, ParseError
from rest_framework.parsers import BaseParser
from rest_framework.status import HTTP_413_REQUEST_ENTITY_TOO_LARGE

from skills_registry.bounded.json_text import InvalidJson, read_json

JSON_MAX_BYTES = 4 * 1024 * 1024


class JsonTooLarge(APIException):
    """A JSON body of more than JSON_MAX_BYTES."""

    status_code = HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_detail = f"A JSON body may have at most {JSON_MAX_BYTES:,} bytes; upload larger files in a zip."


class BoundedJsonParser(BaseParser):
    """Parse JSON in UTF-8 of at most JSON_MAX_BYTES."""

    media_type = "application/json"

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        """Parse the body. Raises JsonTooLarge and ParseError."""
        text = stream.read(JSON_MAX_BYTES + 1)
        if len(text) > JSON_MAX_BYTES:
            raise JsonTooLarge
        try:
            return read_json(text)
        except InvalidJson as error:
            raise ParseError(f"The JSON cannot be read: {error}") from None
