"""Search, filters and sort order of the list of skills."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth.models import User
from django.utils.translation import gettext_lazy as _

from skills_registry.models import Skill, SkillQuerySet

TAGS_OFFERED = 200
ORDERS = [
    ("", _("Name")),
    ("-name", _("Name (descending)")),
    ("-changed", _("Last changed")),
    ("-calls", _("Most calls")),
    ("-errors", _("Most errors")),
]
FLAGS = ["findings", "unused", "pending"]


class SkillListForm(forms.Form):
    """The filter above the list. An invalid filter matches nothing."""

    q = forms.CharField(label=_("Search"), required=False, max_length=200)
    status = forms.ChoiceField(
        label=_("Status"), required=False, choices=[("", _("Not deleted")), *Skill.Status.choices]
    )
    tag = forms.CharField(label=_("Tag"), required=False, max_length=100)
    owner = forms.CharField(label=_("Owner"), required=False, max_length=150)
    o = forms.ChoiceField(label=_("Sort by"), required=False, choices=ORDERS)
    findings = forms.BooleanField(label=_("Live with findings"), required=False)
    unused = forms.BooleanField(label=_("Live and unused"), required=False)
    pending = forms.BooleanField(label=_("Not in the store yet"), required=False)

    def __init__(self, data: Any) -> None:
        super().__init__(data)
        self.fields["q"].widget.input_type = "search"
        counts = Skill.objects.not_deleted().tag_counts()
        tags = sorted(tag for tag, _count in counts.most_common(TAGS_OFFERED))
        owners = User.objects.filter(pk__in=Skill.objects.filter(owner__isnull=False).values("owner"))
        self._set_choices("tag", tags)
        self._set_choices("owner", list(owners.order_by("username").values_list("username", flat=True)))

    def _set_choices(self, name: str, values: list[str]) -> None:
        """Offer the existing values and the one in the request."""
        requested = self.data.get(name, "")
        others = [requested] if requested and requested not in values else []
        choices = [("", _("All")), *((value, value) for value in [*values, *others])]
        self.fields[name].widget = forms.Select(choices=choices)

    @property
    def selects(self) -> list[forms.BoundField]:
        """The fields to choose from or type in."""
        return [field for field in self if field.name not in FLAGS]

    @property
    def flags(self) -> list[forms.BoundField]:
        """The checkboxes."""
        return [field for field in self if field.name in FLAGS]

    @property
    def filtered(self) -> bool:
        """Whether a filter other than the sort order is set."""
        return any(self.cleaned_data.get(name) for name in self.fields if name != "o")

    def matching_skills(self) -> SkillQuerySet:
        """The skills that match the filters, except those filters and sort orders that depend on calls."""
        data = self.cleaned_data
        skills = Skill.objects.with_status(data["status"]) if data["status"] else Skill.objects.not_deleted()
        if data["tag"]:
            skills = skills.tagged(data["tag"])
        if data["owner"]:
            skills = skills.filter(owner__username=data["owner"])
        if data["findings"]:
            skills = skills.filter(live_version__isnull=False).exclude(live_version__findings=[])
        if data["unused"]:
            skills = skills.filter(live_version__isnull=False)
        if data["pending"]:
            skills = skills.pending()
        return skills.search(data["q"]).order_by("-updated_at" if data["o"] == "-changed" else "name")
