"""The form of the "Try it" page: method, arguments and protocol revision."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import Any

import orjson
from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from mcp_gateway.serving.invocable import argument_descriptions
from mcp_gateway.wire.uris import SKILL_MD, file_uri, skill_md_uri
from skills_registry.bounded.json_text import InvalidJson, read_json
from skills_registry.catalog import PublishedSkill

from .exchange import VERSIONS

METHODS = {
    "tools/call": _("Call it as a tool, like a model"),
    "prompts/get": _("Get it as a prompt, like a user"),
    "resources/read": _("Read a file"),
    "skills/get": _("Show its entry in the list"),
}
TEXT_MAX = 2 * 1024 * 1024
ARGUMENTS_MAX = 50
"""Maximum number of argument fields; further arguments can be sent as JSON."""


class TryForm(forms.Form):
    """One call of a skill."""

    method = forms.ChoiceField(label=_("Action"), choices=list(METHODS.items()), widget=forms.RadioSelect)
    era = forms.ChoiceField(
        label=_("Protocol version"), choices=[(version, version) for version in VERSIONS], initial=VERSIONS[0]
    )
    file = forms.ChoiceField(label=_("File"), required=False)
    how = forms.ChoiceField(
        label=_("Arguments"),
        choices=[("fields", _("As fields")), ("json", _("As JSON"))],
        initial="fields",
        widget=forms.RadioSelect,
    )
    json = forms.CharField(
        label=_("Arguments as JSON"),
        required=False,
        max_length=TEXT_MAX,
        widget=forms.Textarea(attrs={"rows": 6, "class": "sk-code", "spellcheck": "false", "dir": "auto"}),
        help_text=_("Sent unchanged, even if it does not match the skill's arguments."),
    )

    def __init__(self, skill: PublishedSkill, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.label_suffix = ""
        self._skill = skill
        paths = [file.path for file in skill.files]
        self.fields["file"] = forms.ChoiceField(
            label=_("File"), required=False, choices=[(path, path) for path in paths], initial=SKILL_MD
        )
        self._arguments = {}
        for number, (name, about) in enumerate(islice(argument_descriptions(skill).items(), ARGUMENTS_MAX)):
            self._arguments[name] = f"argument-{number}"
            widget = forms.Textarea(attrs={"rows": 1, "data-argument": name, "dir": "auto"})
            self.fields[f"argument-{number}"] = forms.CharField(
                label=name, required=False, strip=False, max_length=TEXT_MAX, widget=widget, help_text=about
            )

    def argument_fields(self) -> list[forms.BoundField]:
        """Return the fields of the skill's arguments."""
        return [self[field] for field in self._arguments.values()]

    def clean_json(self) -> str:
        """Reject invalid JSON, which no client could send. JSON that does not fit the skill is allowed."""
        text: str = self.cleaned_data["json"]
        try:
            read_json((text or "{}").encode())
        except InvalidJson as error:
            if self.data.get("how") == "json":
                raise forms.ValidationError(gettext("Invalid JSON: %s") % error) from None
        return text

    def params(self) -> Mapping[str, Any]:
        """Return the parameters of the call; the form must be valid."""
        method, name = self.cleaned_data["method"], self._skill.name
        if method == "skills/get":
            return {"uri": skill_md_uri(name)}
        if method == "resources/read":
            return {"uri": file_uri(name, self.cleaned_data["file"] or SKILL_MD)}
        return {"name": name, "arguments": self._given()}

    def _given(self) -> Any:
        if self.cleaned_data["how"] == "json":
            return orjson.Fragment(self.cleaned_data["json"] or "{}")
        given = {name: self.cleaned_data[field] for name, field in self._arguments.items()}
        return {name: value for name, value in given.items() if value}
