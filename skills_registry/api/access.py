"""The calling user, and the skills and versions that the request may see."""

from __future__ import annotations

from copy import copy
from typing import cast

from django.contrib.auth import get_user
from django.contrib.auth.models import User
from rest_framework.exceptions import APIException, NotFound, PermissionDenied
from rest_framework.request import Request
from rest_framework.views import APIView

from skills_registry.catalog import EVERYBODY, Audience
from skills_registry.models import Skill, SkillQuerySet, SkillVersion


def caller(request: Request) -> User:
    """The user who makes the request. Permissions were checked before, so it is not anonymous."""
    return cast("User", request.user)


def audience(request: Request) -> Audience:
    """The skills that the request's token may see; all of them for a session."""
    found: Audience = getattr(request.auth, "audience", EVERYBODY)
    return found


def still_allowed(view: APIView, request: Request) -> bool:
    """Whether the request would still be allowed, for the same skills. For long streamed responses."""
    again = copy(request._request)
    again.user = get_user(again)
    now = view.initialize_request(again)
    try:
        view.check_permissions(now)
    except APIException:
        return False
    return audience(now) == audience(request)


def visible_skills(request: Request) -> SkillQuerySet:
    """The skills that the request may see, `with_summary`."""
    return Skill.objects.with_summary().visible_to(audience(request))


def visible_skill(request: Request, name: str) -> Skill:
    """Find a skill by name. Raises NotFound if the request may not see it."""
    skill = visible_skills(request).filter(name=name).first()
    if skill is None:
        raise NotFound(f"There is no skill {name}.")
    return skill


def visible_version(request: Request, name: str, number: str) -> SkillVersion:
    """Find a version by skill name and number. Raises NotFound, SkillVersion.DoesNotExist."""
    versions = SkillVersion.objects.ready().select_related("skill", "uploaded_by")
    return versions.get(skill=visible_skill(request, name), number=number)


def check_upload(request: Request, name: str) -> None:
    """Raise PermissionDenied if the token may not upload a skill of this name, whether or not it exists.

    A token restricted to tags cannot create skills: it could find out which names are taken.
    """
    allowed = audience(request)
    if name in (allowed.skills or ()) or visible_skills(request).filter(name=name).exists():
        return
    if allowed.restricted:
        raise PermissionDenied(f"This access token is restricted to some skills, and {name} is not one of them.")
