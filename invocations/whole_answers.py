"""Answers of AWS services that end within their headers are failures, not answers without a body."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from botocore.exceptions import IncompleteReadError
from botocore.handlers import BUILTIN_HANDLERS

LENGTH = {"content-length", "transfer-encoding"}


def _check(response_dict: dict[str, Any], **_: Any) -> None:
    """Python's HTTP client takes headers that break off as whole ones: "no such item" where there is one."""
    headers = {name.lower() for name in response_dict["headers"]}
    if response_dict["status_code"] != HTTPStatus.NO_CONTENT and not LENGTH & headers:
        raise IncompleteReadError(actual_bytes=0, expected_bytes="the headers and more")


def install() -> None:
    """Check the answers of every client that is made from now on."""
    if not any(handler[1] is _check for handler in BUILTIN_HANDLERS):
        BUILTIN_HANDLERS.append(("before-parse", _check))
