"""Write to the audit trail. All apps record their events here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .models import AuditEvent, Skill, SkillVersion

if TYPE_CHECKING:
    from django.contrib.auth.models import User

Action = AuditEvent.Action


def record(
    action: AuditEvent.Action,
    about: Skill | SkillVersion | str,
    *,
    actor: User | None,
    reason: str = "",
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> AuditEvent:
    """Append an event about a skill, a version, or another object given by name (cut to 200 characters).

    Call this in the transaction of the operation, so that both are committed or neither is.
    `before` and `after` hold the changed values as JSON. They must not hold secrets.
    """
    version = about if isinstance(about, SkillVersion) else None
    skill = version.skill if version else about if isinstance(about, Skill) else None
    event = AuditEvent(
        action=action,
        skill=skill,
        version_number=version.number if version else None,
        subject=about[:200] if isinstance(about, str) else "",
        actor=actor,
        reason=reason,
        before=before,
        after=after,
    )
    event.save()
    return event
