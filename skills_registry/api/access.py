"""Who asks, and which skills there are for them: a token may be for some only, and the others do not exist for it."""

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
    """Who asks; permissions were checked, so it is somebody."""
    return cast("User", request.user)


def audience(request: Request) -> Audience:
    """The skills that the request's token is for; all of them for a session."""
    found: Audience = getattr(request.auth, "audience", EVERYBODY)
    return found


def still_allowed(view: APIView, request: Request) -> bool:
    """Whether the request would be let through now, and for the same skills; for answers that take long."""
    again = copy(request._request)
    again.user = get_user(again)
    now = view.initialize_request(again)
    try:
        view.check_permissions(now)
    except APIException:
        return False
    return audience(now) == audience(request)


def visible_skills(request: Request) -> SkillQuerySet:
    """The skills that there are for the request, with what a list shows."""
    return Skill.objects.with_summary().visible_to(audience(request))


def visible_skill(request: Request, name: str) -> Skill:
    """The skill with this name. Raises NotFound."""
    skill = visible_skills(request).filter(name=name).first()
    if skill is None:
        raise NotFound(f"There is no skill {name}.")
    return skill


def visible_version(request: Request, name: str, number: str) -> SkillVersion:
    """A version by its skill's name and its number. Raises NotFound, SkillVersion.DoesNotExist."""
    versions = SkillVersion.objects.ready().select_related("skill", "uploaded_by")
    return versions.get(skill=visible_skill(request, name), number=number)


def check_upload(request: Request, name: str) -> None:
    """Raises PermissionDenied where the token is not for a skill of this name, whether or not there is one.

    A token that is for tags alone makes no new skills: whether a name is free would tell it what there is.
    """
    allowed = audience(request)
    if name in (allowed.skills or ()) or visible_skills(request).filter(name=name).exists():
        return
    if allowed.restricted:
        raise PermissionDenied(f"The access token is for some skills only, and {name} is none of them.")
