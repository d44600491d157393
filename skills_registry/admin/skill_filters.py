"""What the list of skills can be searched, filtered and sorted by."""

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


class ListForm(forms.Form):
    """The filter above the list; whatever is given and makes no sense finds nothing."""

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
        counts = Skill.objects.present().tag_counts()
        tags = sorted(tag for tag, _count in counts.most_common(TAGS_OFFERED))
        owners = User.objects.filter(pk__in=Skill.objects.filter(owner__isnull=False).values("owner"))
        self._offer("tag", tags)
        self._offer("owner", list(owners.order_by("username").values_list("username", flat=True)))

    def _offer(self, name: str, values: list[str]) -> None:
        """A choice of what there is, and of what was asked for."""
        given = self.data.get(name, "")
        others = [given] if given and given not in values else []
        choices = [("", _("All")), *((value, value) for value in [*values, *others])]
        self.fields[name].widget = forms.Select(choices=choices)

    @property
    def selects(self) -> list[forms.BoundField]:
        """What is chosen from a list, or typed."""
        return [field for field in self if field.name not in FLAGS]

    @property
    def flags(self) -> list[forms.BoundField]:
        """What is wanted or not."""
        return [field for field in self if field.name in FLAGS]

    @property
    def filtered(self) -> bool:
        """Whether anything is left out."""
        return any(self.cleaned_data.get(name) for name in self.fields if name != "o")

    def wanted(self) -> SkillQuerySet:
        """The skills that the registry itself can find: all but what depends on calls."""
        given = self.cleaned_data
        skills = Skill.objects.in_state(given["status"]) if given["status"] else Skill.objects.present()
        if given["tag"]:
            skills = skills.tagged(given["tag"])
        if given["owner"]:
            skills = skills.filter(owner__username=given["owner"])
        if given["findings"]:
            skills = skills.filter(live_version__isnull=False).exclude(live_version__findings=[])
        if given["unused"]:
            skills = skills.filter(live_version__isnull=False)
        if given["pending"]:
            skills = skills.pending()
        return skills.search(given["q"]).order_by("-updated_at" if given["o"] == "-changed" else "name")
