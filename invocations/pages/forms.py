"""What the log may be filtered by."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_lazy as _

from invocations.queries import CallFilter

NAMES = ("skill", "client", "caller")
METHODS = ("tools/call", "prompts/get", "skills/get", "resources/read")
"""The methods that are recorded."""
PERIODS = {
    "15m": (_("15 minutes"), timedelta(minutes=15)),
    "1h": (_("1 hour"), timedelta(hours=1)),
    "24h": (_("24 hours"), timedelta(days=1)),
    "7d": (_("7 days"), timedelta(days=7)),
    "30d": (_("30 days"), timedelta(days=30)),
}
"""Periods that end now, by the name that addresses have for them."""


class MomentInput(forms.DateTimeInput):
    """A moment in the reader's zone; an address may give it with a zone, which browsers do not take in their field."""

    input_type = "datetime-local"

    def __init__(self) -> None:
        super().__init__({"step": "1"})

    def format_value(self, value: Any) -> str | None:
        """The moment as the browser's field takes it."""
        try:
            moment = parse_datetime(value) if isinstance(value, str) else None
        except ValueError:
            moment = None
        if moment is None or timezone.is_naive(moment):
            return super().format_value(value)
        return timezone.make_naive(moment).isoformat(timespec="seconds")


class LogForm(forms.Form):
    """A filter of the log; every field may be left empty. Moments come before a period.

    Of the NAMES a part is enough, unless `exact` is set.
    """

    skill = forms.CharField(label=_("Skill"), required=False, max_length=64, widget=forms.SearchInput)
    status = forms.ChoiceField(
        label=_("Status"), required=False, choices=[("", _("any")), ("success", _("success")), ("error", _("error"))]
    )
    method = forms.ChoiceField(
        label=_("Method"), required=False, choices=[("", _("any")), *((method, method) for method in METHODS)]
    )
    client = forms.CharField(label=_("Client"), required=False, max_length=200, widget=forms.SearchInput)
    caller = forms.CharField(label=_("Caller"), required=False, max_length=200, widget=forms.SearchInput)
    version = forms.IntegerField(label=_("Version"), required=False, min_value=1, max_value=2**31 - 1)
    slower_than = forms.IntegerField(label=_("Slower than (ms)"), required=False, min_value=1, max_value=86_400_000)
    text = forms.CharField(
        label=_("Text in errors or parameters"), required=False, max_length=200, widget=forms.SearchInput
    )
    exact = forms.BooleanField(label=_("Match whole names"), required=False)
    period = forms.ChoiceField(
        required=False,
        choices=[("", ""), *((name, label) for name, (label, _length) in PERIODS.items())],
        widget=forms.HiddenInput,
    )
    since = forms.DateTimeField(label=_("From"), required=False, widget=MomentInput)
    until = forms.DateTimeField(label=_("To"), required=False, widget=MomentInput)

    def __init__(self, data: Any) -> None:
        super().__init__(data, label_suffix="")

    @property
    def main_fields(self) -> list[forms.BoundField]:
        """All but those of time and the one that is ticked."""
        names = ("skill", "status", "method", "client", "caller", "version", "slower_than", "text")
        return [self[name] for name in names]

    @property
    def has_moments(self) -> bool:
        """Whether it says from when or until when."""
        return bool(self.data.get("since") or self.data.get("until"))

    @property
    def current_period(self) -> str:
        """The period that counts."""
        return "" if self.has_moments else self.data.get("period", "")

    @property
    def filtered(self) -> bool:
        """Whether it asks for less than everything."""
        return any(self.data.get(name) for name in self.fields if name != "exact")

    @property
    def periods(self) -> list[tuple[str, Any]]:
        """The periods to choose from, by name and label."""
        return [("", _("Any time")), *((name, label) for name, (label, _length) in PERIODS.items())]

    def wanted(self) -> CallFilter:
        """The filter, once the form is valid."""
        given: dict[str, Any] = {name: value for name, value in self.cleaned_data.items() if value}
        given.pop("period", None)
        if not given.pop("exact", False):
            given |= {f"{name}_contains": given.pop(name) for name in NAMES if name in given}
        if self.current_period:
            given["since"] = timezone.now() - PERIODS[self.current_period][1]
        return CallFilter(**given)
