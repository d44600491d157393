"""The filter form of the log."""

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
"""Periods that end now, by their name in the query string."""


class MomentInput(forms.DateTimeInput):
    """A datetime in the reader's time zone. Browsers reject a time zone in the field, but a URL may contain one."""

    input_type = "datetime-local"

    def __init__(self) -> None:
        super().__init__({"step": "1"})

    def format_value(self, value: Any) -> str | None:
        """Format the value for a `datetime-local` field."""
        try:
            moment = parse_datetime(value) if isinstance(value, str) else None
        except ValueError:
            moment = None
        if moment is None or timezone.is_naive(moment):
            return super().format_value(value)
        return timezone.make_naive(moment).isoformat(timespec="seconds")


class LogForm(forms.Form):
    """Filter of the log; every field is optional. `since` and `until` take precedence over `period`.

    NAMES match substrings unless `exact` is set.
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
        """All fields except the time fields and the checkbox."""
        names = ("skill", "status", "method", "client", "caller", "version", "slower_than", "text")
        return [self[name] for name in names]

    @property
    def has_moments(self) -> bool:
        """Whether `since` or `until` is set."""
        return bool(self.data.get("since") or self.data.get("until"))

    @property
    def current_period(self) -> str:
        """The period in effect; "" if `since` or `until` is set."""
        return "" if self.has_moments else self.data.get("period", "")

    @property
    def filtered(self) -> bool:
        """Whether any filter is set."""
        return any(self.data.get(name) for name in self.fields if name != "exact")

    @property
    def periods(self) -> list[tuple[str, Any]]:
        """Names and labels of the periods."""
        return [("", _("Any time")), *((name, label) for name, (label, _length) in PERIODS.items())]

    def wanted(self) -> CallFilter:
        """Return the filter; the form must be valid."""
        given: dict[str, Any] = {name: value for name, value in self.cleaned_data.items() if value}
        given.pop("period", None)
        if not given.pop("exact", False):
            given |= {f"{name}_contains": given.pop(name) for name in NAMES if name in given}
        if self.current_period:
            given["since"] = timezone.now() - PERIODS[self.current_period][1]
        return CallFilter(**given)
