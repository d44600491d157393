"""Access tokens that name a skill: their holders lose access when the skill is withdrawn."""

from __future__ import annotations

import json
from collections.abc import Iterator

from django.utils.translation import ngettext

from mcp_gateway.models import AccessToken
from skills_registry.models import Skill

SHOWN = 5


def describe_tokens(skill: Skill) -> Iterator[str]:
    """Yield a sentence about the tokens that name the skill, if there are any."""
    tokens = AccessToken.objects.filter(revoked_at__isnull=True, skills__icontains=json.dumps(skill.name))
    found = list(tokens.values_list("name", flat=True)[: SHOWN + 1])
    if found:
        names = ", ".join(found[:SHOWN]) + (", …" if len(found) > SHOWN else "")
        yield ngettext(
            "An access token names this skill: %(names)s.", "Access tokens name this skill: %(names)s.", len(found)
        ) % {"names": names}
