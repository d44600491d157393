from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from mcp_gateway.auth import revoke_token
from mcp_gateway.models import AccessToken


class Command(BaseCommand):
    """See `mcp_gateway.auth.revoke_token`."""

    help = "Makes access tokens useless at once: one by its beginning, or all of a user."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Which ones."""
        which = parser.add_mutually_exclusive_group(required=True)
        which.add_argument("prefix", nargs="?", help="how it begins, as list_tokens shows; or the whole token")
        which.add_argument("--user", metavar="NAME", help="all tokens of this user")
        parser.add_argument("--dry-run", action="store_true", help="say which, and leave them as they are")

    def handle(self, *args: Any, **options: Any) -> None:
        """Revoke what is not revoked yet, and say so."""
        tokens = list(_named(options["prefix"], options["user"]))
        for token in tokens:
            if not options["dry_run"]:
                revoke_token(token)
            self.stdout.write(f"{'Would revoke' if options['dry_run'] else 'Revoked'} {token} of {token.user}.")
        if not tokens:
            self.stdout.write("All of them were revoked before.")


def _named(prefix: str | None, user: str | None) -> list[AccessToken]:
    """Tokens that are not revoked. Raises CommandError where there is none at all, or several by a beginning."""
    tokens = AccessToken.objects.select_related("user")
    if prefix is None:
        tokens = tokens.filter(user__username=user)
    else:
        # Of a whole token, only as much as is kept.
        longest = AccessToken.objects.order_by("-pk").values_list("prefix", flat=True).first() or ""
        tokens = tokens.filter(prefix=prefix[: len(longest)])
    found = list(tokens)
    if not found:
        raise CommandError(f"There is no token of {user!r}." if prefix is None else "No token begins like this.")
    if prefix is not None and len(found) > 1:
        raise CommandError(f"{len(found)} tokens begin like this; revoke the right one in the admin.")
    return [token for token in found if token.revoked_at is None]
