"""What the log may be filtered by."""

from __future__ import annotations

from typing import Any

from django import forms

from .queries import CallFilter

METHODS = ("tools/call", "prompts/get", "skills/get", "resources/read")
"""The methods that are recorded."""


class LogForm(forms.Form):
    """A filter of the log; every field may be left empty."""

    skill = forms.CharField(required=False, max_length=64, widget=forms.SearchInput)
    status = forms.ChoiceField(required=False, choices=[("", "any"), ("success", "success"), ("error", "error")])
    method = forms.ChoiceField(required=False, choices=[("", "any"), *((method, method) for method in METHODS)])
    version = forms.IntegerField(required=False, min_value=1)
    client = forms.CharField(required=False, max_length=200)
    caller = forms.CharField(required=False, max_length=200)
    since = forms.DateTimeField(required=False, widget=forms.DateTimeInput({"type": "datetime-local"}))
    until = forms.DateTimeField(required=False, widget=forms.DateTimeInput({"type": "datetime-local"}))

    def wanted(self) -> CallFilter:
        """The filter, once the form is valid."""
        given: dict[str, Any] = {name: value for name, value in self.cleaned_data.items() if value}
        return CallFilter(**given)
