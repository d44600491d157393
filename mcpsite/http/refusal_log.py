"""Log filter for forbidden requests: one line each, because their traceback is useless."""

from __future__ import annotations

import logging

FORBIDDEN = 403


def drop_traceback_of_403(record: logging.LogRecord) -> bool:
    """Drop the traceback of a 403 record; always return True to keep the record."""
    if getattr(record, "status_code", None) == FORBIDDEN:
        record.exc_info = record.exc_text = record.stack_info = None
    return True
