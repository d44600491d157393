"""Configuration of django-unfold: styles, scripts, and the navigation with its permissions."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _


def stylesheet(request: HttpRequest) -> str:
    """Return our style sheet, loaded after unfold's; it also holds the colors that unfold would inline."""
    return static("mcpsite/admin.css")


def script(request: HttpRequest) -> str:
    """Return our script."""
    return static("mcpsite/pages.js")


def environment(request: HttpRequest) -> list[str] | None:
    """Return the environment label beside the title, so that production is not mistaken for a test system."""
    return [settings.ENVIRONMENT_LABEL, settings.ENVIRONMENT_COLOR] if settings.ENVIRONMENT_LABEL else None


def may_view_skills(request: HttpRequest) -> bool:
    """Whether the user may see skills."""
    return request.user.has_perm("skills_registry.view_skill")


def may_upload(request: HttpRequest) -> bool:
    """Whether the user may upload skills."""
    return request.user.has_perm("skills_registry.upload_skill")


def may_review(request: HttpRequest) -> bool:
    """Whether the user may see reviews: those waiting, and those of their own versions."""
    return may_view_skills(request) and (may_upload(request) or request.user.has_perm("skills_registry.publish_skill"))


def may_view_calls(request: HttpRequest) -> bool:
    """Whether the user may see the invocation log."""
    return request.user.has_perm("invocations.view_invocation")


def may_view_tokens(request: HttpRequest) -> bool:
    """Whether the user may see access tokens."""
    return request.user.has_perm("mcp_gateway.view_accesstoken")


def may_view_users(request: HttpRequest) -> bool:
    """Whether the user may see users."""
    return request.user.has_perm("auth.view_user")


def may_view_groups(request: HttpRequest) -> bool:
    """Whether the user may see groups (roles)."""
    return request.user.has_perm("auth.view_group")


def in_skills(request: HttpRequest) -> bool:
    """Whether the page belongs to the entry “Skills”: it is below the list and has no entry of its own."""
    below = str(reverse_lazy("admin:skills_registry_skill_changelist"))
    others = tuple(f"{below}{page}" for page in ("upload/", "uploads/", "reviews/"))
    return request.path.startswith(below) and not request.path.startswith(others)


def _entry(title: Any, icon: str, page: str, permission: Any = None) -> dict[str, Any]:
    return {"title": title, "icon": icon, "link": reverse_lazy(f"admin:{page}"), "permission": permission}


UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "Skillkeeper",
    "SITE_HEADER": "Skillkeeper",
    "SITE_SUBHEADER": _("Registry of Agent Skills"),
    "SITE_SYMBOL": "book_2",
    "SITE_URL": None,
    "SHOW_HISTORY": False,
    "SHOW_VIEW_ON_SITE": False,
    "SHOW_LANGUAGES": True,
    "DASHBOARD_CALLBACK": "mcpsite.console.home.dashboard",
    "ENVIRONMENT": "mcpsite.console.theme.environment",
    "STYLES": [stylesheet],
    "SCRIPTS": [script],
    "LOGIN": {"form": "mcpsite.console.sign_in.SignInForm"},
    "SIDEBAR": {
        "show_search": True,
        "command_search": True,
        "navigation": [
            {
                "items": [
                    _entry(_("Home"), "home", "index"),
                    {
                        **_entry(_("Skills"), "book_2", "skills_registry_skill_changelist", may_view_skills),
                        "active": in_skills,
                    },
                    _entry(_("Upload"), "upload", "skills_registry_upload", may_upload),
                    _entry(_("Reviews"), "rate_review", "skills_registry_reviews", may_review),
                    _entry(_("Calls"), "receipt_long", "invocations_invocation_changelist", may_view_calls),
                    {**_entry(_("Connect a client"), "cable", "index"), "link": reverse_lazy("connect")},
                ]
            },
            {
                "title": _("Access"),
                "separator": True,
                "items": [
                    _entry(_("Access tokens"), "key", "mcp_gateway_accesstoken_changelist", may_view_tokens),
                    _entry(_("Users"), "person", "auth_user_changelist", may_view_users),
                    _entry(_("Groups"), "group", "auth_group_changelist", may_view_groups),
                ],
            },
        ],
    },
}
