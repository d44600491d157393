"""Settings that are looked at for every request: each is looked up once, since Django's own object takes its time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings as django_settings
from django.core.signals import setting_changed

if TYPE_CHECKING:
    settings = django_settings
else:

    class _Remembered:
        def __getattr__(self, name: str) -> Any:
            value = getattr(django_settings, name)
            setattr(self, name, value)
            return value

    settings = _Remembered()


def _forget(**_: object) -> None:
    vars(settings).clear()


setting_changed.connect(_forget, dispatch_uid="mcp_gateway.cached_settings")
