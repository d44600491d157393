"""The one way into the audit trail, for the registry's operations and for those of the rooms above it."""

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
    """Append what was done: to a skill, to one of its versions, or to something else that has a name.

    Call it in the transaction of the operation itself, so that there is neither without the other.
    `before` and `after` hold what was changed, as JSON; never a secret.
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
