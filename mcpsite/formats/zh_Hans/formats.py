"""Dates and numbers as in English: operators compare them with logs."""

from __future__ import annotations

DATE_FORMAT = SHORT_DATE_FORMAT = "Y-m-d"
DATETIME_FORMAT = SHORT_DATETIME_FORMAT = "Y-m-d H:i:s"
THOUSAND_SEPARATOR = ","
NUMBER_GROUPING = 3
