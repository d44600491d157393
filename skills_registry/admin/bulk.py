"""One operation on several skills: a GET says what will happen to each, a POST does it and says what happened."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from skills_registry import services
from skills_registry.models import Skill, SkillVersion

from .forms import ChangeForm
from .pages import OperatorRequest, page, requires

if TYPE_CHECKING:
    from django.contrib.auth.models import User

SKILLS_MAX = 200
EXPORT_MAX = 256 * 1024 * 1024
"""Bytes of an export."""
BULKY = ("files", "frontmatter", "warnings", "findings")
"""What versions hold that can be megabytes; nothing here needs it."""
_SEEN = re.compile(r"(\d{1,18})\.(\d{0,9})\.(\d{0,9})", re.ASCII)


@dataclass(frozen=True)
class Item:
    """A skill with the version that is live and the one that is to be, as they are or as the operator saw them."""

    skill: Skill
    live: int | None
    target: int | None
    refusal: str = ""
    """Why the target cannot be published by whoever asks."""

    @property
    def token(self) -> str:
        """It as a form carries it."""
        return f"{self.skill.pk}.{self.live or ''}.{self.target or ''}"


@dataclass(frozen=True)
class Line:
    """What will happen, or has happened, to a skill; not `good` where that is nothing.

    `pending` where it is done, and gateways do not know of it yet.
    """

    item: Item
    text: str
    good: bool = True
    pending: bool = False


@dataclass(frozen=True)
class Bulk:
    """An operation: its title and permission, what it would do to a skill, and how that is done."""

    title: Any
    permission: str
    plan: Callable[[Item], Line]
    do: Callable[[Item, OperatorRequest, str], str] | None = None


@requires("view_skill")
def bulk(request: OperatorRequest) -> HttpResponse:
    """Confirm and do `action` with each `skill`."""
    given = request.POST if request.method == "POST" else request.GET
    operation = BULKS.get(given.get("action", ""))
    if operation is None:
        raise Http404
    if not request.user.has_perm(f"skills_registry.{operation.permission}"):
        raise PermissionDenied
    items = _items(given, request.user)
    form = ChangeForm(request.POST or None)
    context = {"action": given["action"], "asks_reason": operation.do is not None, "form": form}
    if request.method == "POST" and form.is_valid():
        if operation.do is None:
            return _zip(request, items)
        lines = [_done(operation.do, item, request, form.cleaned_data["reason"]) for item in items]
        context["undo"] = _undo(lines) if given["action"] == "deactivate" else ""
        return page(request, "bulk", str(operation.title), lines=lines, done=True, **context)
    lines = [operation.plan(item) for item in items]
    return page(
        request, "bulk", str(operation.title), lines=lines, possible=sum(line.good for line in lines), **context
    )


def _items(given: QueryDict, user: User) -> list[Item]:
    """What was chosen: from the list by keys alone, from the confirmation with what it showed."""
    keys = given.getlist("skill")[:SKILLS_MAX]
    seen = {int(match[1]): match for key in keys if (match := _SEEN.fullmatch(key))}
    wanted = [int(key) for key in keys if key.isdecimal() and len(key) < len(str(2**63))]
    found = Skill.objects.with_summary().defer(*(f"live_version__{name}" for name in BULKY))
    skills = found.filter(pk__in=[*wanted, *seen]).order_by("name")
    items = [_item(skill, seen.get(skill.pk)) for skill in skills]
    refusals = _refusals(items, user)
    return [replace(item, refusal=refusals.get(item.skill.pk, "")) for item in items]


def _item(skill: Skill, seen: re.Match[str] | None) -> Item:
    if seen:
        return Item(skill, int(seen[2]) if seen[2] else None, int(seen[3]) if seen[3] else None)
    return Item(skill, skill.live_version.number if skill.live_version else None, skill.waiting_number)


def _refusals(items: list[Item], user: User) -> dict[int, str]:
    """Why targets cannot be published, by the primary key of their skills; those that can are left out."""
    skills = {item.skill.pk: item.skill for item in items}
    targets = {(item.skill.pk, item.target): item for item in items if item.target}
    found = SkillVersion.objects.ready().filter(skill__in=skills, number__in={number for _, number in targets})
    versions = [version for version in found.defer(*BULKY) if (version.skill_id, version.number) in targets]
    for version in versions:
        version.skill = skills[version.skill_id]
    reasons = services.refusals(versions, user)
    gone = {pk for pk, _ in targets} - {version.skill_id for version in versions}
    refused = {version.skill_id: reasons[version.pk] for version in versions if reasons[version.pk]}
    return refused | dict.fromkeys(gone, _gone())


def _gone() -> str:
    return _("the version no longer exists")


def _undo(lines: list[Line]) -> str:
    """The query that asks to publish again exactly what was deactivated."""
    tokens = [replace(line.item, live=None, target=line.item.live).token for line in lines if line.good]
    return urlencode({"action": "again", "skill": tokens}, doseq=True) if tokens else ""


def _plan_publish(item: Item) -> Line:
    if item.refusal:
        return Line(item, item.refusal, good=False)
    if item.target is None:
        return Line(item, services.why_absent(item.skill) or _("no version to publish"), good=False)
    if item.live is None:
        return Line(item, _("v{new} will go live").format(new=item.target))
    return Line(item, _("v{new} will replace v{old}").format(new=item.target, old=item.live))


def _publish(item: Item, request: OperatorRequest, reason: str) -> str:
    if item.target is None:
        raise services.Conflict(_("no version to publish"))
    services.publish(item.skill, item.target, actor=request.user, reason=reason, expected_live=item.live)
    return _("v{new} is live").format(new=item.target)


def _plan_deactivate(item: Item) -> Line:
    if item.live is None:
        return Line(item, _("is not live"), good=False)
    return Line(item, _("agents will no longer get it (v{old} is live)").format(old=item.live))


def _deactivate(item: Item, request: OperatorRequest, reason: str) -> str:
    services.deactivate(item.skill, actor=request.user, reason=reason, expected_live=item.live)
    return _("no longer live")


def _plan_export(item: Item) -> Line:
    number = item.live or item.skill.latest_number
    return Line(item, f"v{number}") if number else Line(item, _("no version"), good=False)


BULKS = {
    "publish": Bulk(gettext_lazy("Publish the newest versions"), "publish_skill", _plan_publish, _publish),
    "again": Bulk(gettext_lazy("Publish again"), "publish_skill", _plan_publish, _publish),
    "deactivate": Bulk(gettext_lazy("Deactivate skills"), "publish_skill", _plan_deactivate, _deactivate),
    "export": Bulk(gettext_lazy("Export skills"), "view_skill", _plan_export),
}


def _done(do: Callable[[Item, OperatorRequest, str], str], item: Item, request: OperatorRequest, reason: str) -> Line:
    try:
        done = do(item, request, reason)
        return Line(item, done, pending=not Skill.objects.get(pk=item.skill.pk).is_served)
    except services.Conflict as conflict:
        return Line(item, str(conflict), good=False)
    except item.skill.versions.model.DoesNotExist:
        return Line(item, _gone(), good=False)


def _zip(request: OperatorRequest, items: list[Item]) -> HttpResponse:
    pieces, size = [], 0
    for piece in services.export_skills(item.skill for item in items):
        pieces.append(piece)
        size += len(piece)
        if size > EXPORT_MAX:
            limit = filesizeformat(EXPORT_MAX)
            messages.error(
                request, _("The selected skills are larger than {limit} together. Select fewer.").format(limit=limit)
            )
            return redirect("admin:skills_registry_skill_changelist")
    headers = {"Content-Disposition": 'attachment; filename="skills.zip"'}
    return HttpResponse(pieces, content_type="application/zip", headers=headers)
