"""Settings for hot paths: each is looked up once, because Django's settings object is slow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings as django_settings
from django.core.signals import setting_changed

if TYPE_CHECKING:
    settings = django_settings
else:

    class _CachedSettings:
        def __getattr__(self, name: str) -> Any:
            value = getattr(django_settings, name)
            setattr(self, name, value)
            return value

    settings = _CachedSettings()


def _clear_cache(**_: object) -> None:
    vars(settings).clear()


setting_changed.connect(_clear_cache, dispatch_uid="mcp_gateway.cached_settings")
