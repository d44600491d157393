from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from mcp_gateway.auth import revoke_token
from mcp_gateway.models import AccessToken


class Command(BaseCommand):
    help = "Revokes access tokens: one by its prefix, or all tokens of a user."

    def add_arguments(self, parser: ArgumentParser) -> None:
        which = parser.add_mutually_exclusive_group(required=True)
        which.add_argument("prefix", nargs="?", help="the prefix, as shown by list_tokens, or the whole token")
        which.add_argument("--user", metavar="NAME", help="all tokens of this user")
        parser.add_argument("--dry-run", action="store_true", help="only print which tokens would be revoked")

    def handle(self, *args: Any, **options: Any) -> None:
        """Revoke the tokens not revoked yet, and print them."""
        tokens = list(_find_tokens(options["prefix"], options["user"]))
        for token in tokens:
            if not options["dry_run"]:
                revoke_token(token)
            self.stdout.write(f"{'Would revoke' if options['dry_run'] else 'Revoked'} {token} of {token.user}.")
        if not tokens:
            self.stdout.write("All of them were revoked already.")


def _find_tokens(prefix: str | None, user: str | None) -> list[AccessToken]:
    """Return the tokens not revoked yet. Raises CommandError if there are none at all, or several with the prefix."""
    tokens = AccessToken.objects.select_related("user")
    if prefix is None:
        tokens = tokens.filter(user__username=user)
    else:
        # A whole token is accepted, too, but only its prefix is stored.
        longest = AccessToken.objects.order_by("-pk").values_list("prefix", flat=True).first() or ""
        tokens = tokens.filter(prefix=prefix[: len(longest)])
    found = list(tokens)
    if not found:
        raise CommandError(f"User {user!r} has no tokens." if prefix is None else "No token has this prefix.")
    if prefix is not None and len(found) > 1:
        raise CommandError(f"{len(found)} tokens have this prefix; revoke the right one in the admin.")
    return [token for token in found if token.revoked_at is None]
