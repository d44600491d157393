from __future__ import annotations

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from mcp_gateway.auth import create_token


class Command(BaseCommand):
    """Make an access token; the last line of the output is the token alone, for scripts."""

    help = "Makes an access token for a user and prints it, this once, on the last line."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Whose token, what for, how long."""
        parser.add_argument("--user", required=True, metavar="NAME", help="name of the user it acts as")
        parser.add_argument("--name", default="made by command", help="what it is for")
        parser.add_argument("--days", type=int, help="how many days it is valid (default: no end)")

    def handle(self, *args: Any, **options: Any) -> None:
        """Make and print it."""
        user = get_user_model().objects.filter(username=options["user"]).first()
        if user is None:
            raise CommandError(f"There is no user {options['user']!r}.")
        days = options["days"]
        if days is not None and days < 1:
            raise CommandError("--days must be at least 1.")
        expires_at = timezone.now() + timedelta(days=days) if days else None
        token, text = create_token(user, options["name"], expires_at=expires_at)
        self.stderr.write(f"Token {token} for {user}; keep it now, it is not shown again.")
        self.stdout.write(text)
