"""What the log has of refused requests: a line each, since the stack of a refusal tells nothing."""

from __future__ import annotations

import logging

FORBIDDEN = 403


def without_stack_of_refusals(record: logging.LogRecord) -> bool:
    """Keep the record; that of a refused request loses its traceback."""
    if getattr(record, "status_code", None) == FORBIDDEN:
        record.exc_info = record.exc_text = record.stack_info = None
    return True
