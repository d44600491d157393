"""Treat AWS answers whose headers were cut off as errors, not as answers without a body."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from botocore.exceptions import IncompleteReadError
from botocore.handlers import BUILTIN_HANDLERS

LENGTH = {"content-length", "transfer-encoding"}


def _check_headers(operation_model: Any, response_dict: dict[str, Any], **_: Any) -> None:
    """Raise IncompleteReadError for cut-off headers.

    Python's HTTP client accepts them, and "no such item" would be read where there is one.
    """
    if response_dict["status_code"] != HTTPStatus.OK or not _must_have_content(operation_model):
        return
    headers = {name.lower() for name in response_dict["headers"]}
    if not LENGTH & headers and not (isinstance(response_dict["body"], bytes) and response_dict["body"]):
        raise IncompleteReadError(actual_bytes=0, expected_bytes="unknown")


def _must_have_content(operation_model: Any) -> bool:
    """Whether a successful answer must have a body or a length."""
    reads = operation_model.name.startswith(("Get", "List", "HeadObject"))
    return bool(reads or operation_model.service_model.service_name == "dynamodb")


def install() -> None:
    """Check the answers of every client created from now on."""
    if not any(handler[1] is _check_headers for handler in BUILTIN_HANDLERS):
        BUILTIN_HANDLERS.append(("before-parse", _check_headers))
