"""A skill's history: every operation with its actor, reason, and state before and after."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _

from skills_registry.models import AuditEvent, Skill, SkillVersion

from .pages import OperatorRequest, before_cursor, requires
from .skill_page import render_skill_view

PER_PAGE = 50


@dataclass(frozen=True)
class Entry:
    """An audit event as the page shows it."""

    at: datetime
    what: str
    number: int | None
    before: list[tuple[str, str]]
    after: list[tuple[str, str]]
    actor: Any
    reason: str


@requires("view_skill")
def history(request: OperatorRequest, pk: int) -> HttpResponse:
    """Show a page of events. One more is read than shown, so that no COUNT query is needed."""
    skill = get_object_or_404(Skill.objects.with_summary(), pk=pk)
    cursor = before_cursor(request)
    read = list(skill.audit_events.select_related("actor").before(cursor)[: PER_PAGE + 1])
    shown = read[:PER_PAGE]
    numbers = {event.version_number for event in shown if event.version_number}
    return render_skill_view(
        request,
        "history",
        skill,
        events=[describe_event(event) for event in shown],
        stored=set(skill.versions.ready().filter(number__in=numbers).values_list("number", flat=True)),
        newer=cursor is not None,
        older=shown[-1].pk if len(read) > PER_PAGE else None,
    )


def describe_event(event: AuditEvent) -> Entry:
    """Describe an audit event for people."""
    return Entry(
        event.created_at,
        event.get_action_display(),
        event.version_number,
        _describe_state(event.before),
        _describe_state(event.after),
        event.actor,
        event.reason,
    )


def _describe_state(state: Mapping[str, Any] | None) -> list[tuple[str, str]]:
    """The names and values that an event recorded, translated."""
    names = {
        "live": _("live"), "deleted": _("deleted"), "tags": _("tags"), "owner": _("owner"), "yanked": _("yanked"),
        "reason": _("reason"), "version": _("version"), "digest": _("digest"), "files": _("files"), "size": _("size"),
        "review": _("review"), "edited_from": _("edited from"),
        "name": _("name"), "staff": _("staff"), "superuser": _("superuser"), "active": _("active"),
        "groups": _("groups"), "permissions": _("permissions"), "password": _("password"),
    }  # fmt: skip
    return [(names.get(name, name), _describe_value(name, value)) for name, value in (state or {}).items()]


def _describe_value(name: str, value: Any) -> str:
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if name == "review":
        value = dict(SkillVersion.Review.choices).get(value, value)
    elif name == "password":
        value = _("changed")
    if value in (None, "", []):
        return _("none")
    if name in ("live", "version", "edited_from"):
        return f"v{value}"
    if name == "size" and isinstance(value, int):
        return filesizeformat(value)
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return f"{value:.12}" if name == "digest" else str(value)
