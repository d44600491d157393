from __future__ import annotations

from argparse import ArgumentParser
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from mcp_gateway.auth import create_token
from mcp_gateway.models import AccessToken, Scope

DAYS_MAX = 36_500


class Command(BaseCommand):
    """Creates an access token. Only the token goes to stdout, for scripts; messages go to stderr."""

    help = "Creates an access token for a user and prints it once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--user", required=True, metavar="NAME", help="the user it acts as")
        parser.add_argument("--name", default="made by command", help="what it is for")
        parser.add_argument(
            "--scope", action="append", choices=Scope.values, dest="scopes", help="may be repeated (default: both)"
        )
        parser.add_argument("--skill", action="append", default=[], dest="skills", help="only this skill; repeatable")
        parser.add_argument("--tag", action="append", default=[], dest="tags", help="only this tag; repeatable")
        parser.add_argument("--days", type=int, help="number of days until it expires (default: never)")

    def handle(self, *args: Any, **options: Any) -> None:
        """Create and print the token."""
        user = get_user_model().objects.filter(username=options["user"]).first()
        if user is None:
            raise CommandError(f"There is no user {options['user']!r}.")
        name, end = _checked_name(options["name"]), _expiry(options["days"])
        scopes = options["scopes"] or Scope.values
        try:
            token, text = create_token(
                user, name, scopes=scopes, skills=options["skills"], tags=options["tags"], expires_at=end
            )
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from None
        self.stderr.write(f"Token {token} for {user}. Save it now; it is not shown again.")
        self.stdout.write(text)


def _checked_name(name: str) -> str:
    longest = AccessToken._meta.get_field("name").max_length or 0
    if len(name) > longest:
        raise CommandError(f"--name may have at most {longest} characters.")
    return name


def _expiry(days: int | None) -> datetime | None:
    if days is None:
        return None
    if not 1 <= days <= DAYS_MAX:
        raise CommandError(f"--days must be from 1 to {DAYS_MAX}.")
    return timezone.now() + timedelta(days=days)
