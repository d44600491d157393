"""One operation on several skills: a GET shows what will happen to each, a POST does it and shows the results."""

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
"""Maximum size of an export in bytes."""
LARGE_FIELDS = ("files", "frontmatter", "warnings", "findings")
"""Fields of versions that can be megabytes and are not needed here."""
_TOKEN = re.compile(r"(\d{1,18})\.(\d{0,9})\.(\d{0,9})", re.ASCII)


@dataclass(frozen=True)
class Item:
    """A skill with its live version and the version to publish, either current or as the operator saw them."""

    skill: Skill
    live: int | None
    target: int | None
    refusal: str = ""
    """Why the user cannot publish the target; "" if they can."""

    @property
    def token(self) -> str:
        """The serialized form value."""
        return f"{self.skill.pk}.{self.live or ''}.{self.target or ''}"


@dataclass(frozen=True)
class Line:
    """What will happen or has happened to a skill. `good` is False if nothing will happen or it failed.

    `pending` means that it is done but not in effect at the gateways yet.
    """

    item: Item
    text: str
    good: bool = True
    pending: bool = False


@dataclass(frozen=True)
class BulkOperation:
    """An operation: title, required permission, a function that plans it and one that does it (None: export)."""

    title: Any
    permission: str
    plan: Callable[[Item], Line]
    execute: Callable[[Item, OperatorRequest, str], str] | None = None


@requires("view_skill")
def bulk(request: OperatorRequest) -> HttpResponse:
    """Confirm `action` for each `skill`, then do it."""
    params = request.POST if request.method == "POST" else request.GET
    operation = OPERATIONS.get(params.get("action", ""))
    if operation is None:
        raise Http404
    if not request.user.has_perm(f"skills_registry.{operation.permission}"):
        raise PermissionDenied
    items = _selected_items(params, request.user)
    form = ChangeForm(request.POST or None)
    context = {"action": params["action"], "asks_reason": operation.execute is not None, "form": form}
    if request.method == "POST" and form.is_valid():
        if operation.execute is None:
            return _export_response(request, items)
        lines = [_perform(operation.execute, item, request, form.cleaned_data["reason"]) for item in items]
        context["undo"] = _undo_query(lines) if params["action"] == "deactivate" else ""
        return page(request, "bulk", str(operation.title), lines=lines, done=True, **context)
    lines = [operation.plan(item) for item in items]
    return page(
        request, "bulk", str(operation.title), lines=lines, possible=sum(line.good for line in lines), **context
    )


def _selected_items(params: QueryDict, user: User) -> list[Item]:
    """The selected skills: primary keys from the list, or tokens from the confirmation page."""
    keys = params.getlist("skill")[:SKILLS_MAX]
    tokens = {int(match[1]): match for key in keys if (match := _TOKEN.fullmatch(key))}
    pks = [int(key) for key in keys if key.isdecimal() and len(key) < len(str(2**63))]
    found = Skill.objects.with_summary().defer(*(f"live_version__{name}" for name in LARGE_FIELDS))
    skills = found.filter(pk__in=[*pks, *tokens]).order_by("name")
    items = [_make_item(skill, tokens.get(skill.pk)) for skill in skills]
    refusals = _refusals(items, user)
    return [replace(item, refusal=refusals.get(item.skill.pk, "")) for item in items]


def _make_item(skill: Skill, token: re.Match[str] | None) -> Item:
    if token:
        return Item(skill, int(token[2]) if token[2] else None, int(token[3]) if token[3] else None)
    return Item(skill, skill.live_version.number if skill.live_version else None, skill.waiting_number)


def _refusals(items: list[Item], user: User) -> dict[int, str]:
    """Why targets cannot be published, by primary key of the skill; without those that can."""
    skills = {item.skill.pk: item.skill for item in items}
    targets = {(item.skill.pk, item.target): item for item in items if item.target}
    found = SkillVersion.objects.ready().filter(skill__in=skills, number__in={number for _, number in targets})
    versions = [version for version in found.defer(*LARGE_FIELDS) if (version.skill_id, version.number) in targets]
    for version in versions:
        version.skill = skills[version.skill_id]
    reasons = services.refusals(versions, user)
    gone = {pk for pk, _ in targets} - {version.skill_id for version in versions}
    refused = {version.skill_id: reasons[version.pk] for version in versions if reasons[version.pk]}
    return refused | dict.fromkeys(gone, _gone_text())


def _gone_text() -> str:
    return _("the version no longer exists")


def _undo_query(lines: list[Line]) -> str:
    """The query string to publish the deactivated versions again."""
    tokens = [replace(line.item, live=None, target=line.item.live).token for line in lines if line.good]
    return urlencode({"action": "again", "skill": tokens}, doseq=True) if tokens else ""


def _plan_publish(item: Item) -> Line:
    if item.refusal:
        return Line(item, item.refusal, good=False)
    if item.target is None:
        return Line(item, services.why_deleted(item.skill) or _("no version to publish"), good=False)
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


OPERATIONS = {
    "publish": BulkOperation(gettext_lazy("Publish the newest versions"), "publish_skill", _plan_publish, _publish),
    "again": BulkOperation(gettext_lazy("Publish again"), "publish_skill", _plan_publish, _publish),
    "deactivate": BulkOperation(gettext_lazy("Deactivate skills"), "publish_skill", _plan_deactivate, _deactivate),
    "export": BulkOperation(gettext_lazy("Export skills"), "view_skill", _plan_export),
}


def _perform(
    execute: Callable[[Item, OperatorRequest, str], str], item: Item, request: OperatorRequest, reason: str
) -> Line:
    try:
        text = execute(item, request, reason)
        return Line(item, text, pending=not Skill.objects.get(pk=item.skill.pk).is_served)
    except services.Conflict as conflict:
        return Line(item, str(conflict), good=False)
    except item.skill.versions.model.DoesNotExist:
        return Line(item, _gone_text(), good=False)


def _export_response(request: OperatorRequest, items: list[Item]) -> HttpResponse:
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
