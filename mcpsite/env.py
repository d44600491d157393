"""Strict readers of environment variables. All raise ImproperlyConfigured, with the variable's name."""

from __future__ import annotations

import os
import zoneinfo
from typing import Any

import dj_database_url
from django.core.exceptions import ImproperlyConfigured

_BOOLEANS = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}


def env_str(name: str, default: str = "", choices: tuple[str, ...] = ()) -> str:
    """Read a string; an unset or empty variable means the default."""
    value = os.environ.get(name, "").strip() or default
    if choices and value not in choices:
        raise ImproperlyConfigured(f"{name}={value!r} must be one of: {', '.join(choices)}.")
    return value


def env_bool(name: str, default: bool) -> bool:
    """Read true/false (also 1/0, yes/no, on/off)."""
    value = env_str(name).lower()
    if value and value not in _BOOLEANS:
        raise ImproperlyConfigured(f"{name}={value!r} must be true or false.")
    return _BOOLEANS[value] if value else default


def env_int(name: str, default: int, minimum: int = 0, maximum: int | None = None) -> int:
    """Read an integer between `minimum` and `maximum`."""
    value = env_str(name)
    try:
        number = int(value) if value else default
    except ValueError:
        raise ImproperlyConfigured(f"{name}={value!r} must be a whole number.") from None
    if number < minimum:
        raise ImproperlyConfigured(f"{name}={number} must be at least {minimum}.")
    if maximum is not None and number > maximum:
        raise ImproperlyConfigured(f"{name}={number} must be at most {maximum}.")
    return number


def env_time_zone(name: str, default: str) -> str:
    """Read the name of a time zone that this machine knows."""
    value = env_str(name, default)
    if value not in zoneinfo.available_timezones():
        raise ImproperlyConfigured(f"{name}={value!r} is not a time zone; write it like Europe/Berlin.")
    return value


def env_database(name: str, default: str) -> Any:
    """Read a database URL into Django's settings."""
    value = env_str(name, default)
    try:
        found = dj_database_url.parse(value, conn_max_age=60, conn_health_checks=True)
    except (ValueError, KeyError):
        found = {}
    if not found.get("ENGINE"):
        raise ImproperlyConfigured(f"{name} must be like postgres://user:password@host/name.")
    return found


def env_list(name: str) -> list[str]:
    """Read comma-separated values."""
    return [item.strip() for item in env_str(name).split(",") if item.strip()]
