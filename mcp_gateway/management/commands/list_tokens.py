from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from mcp_gateway.models import AccessToken


class Command(BaseCommand):
    help = "Lists access tokens, newest first: prefix, owner, name, state, scopes, skills, expiry and last use."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--user", metavar="NAME", help="only tokens of this user")
        parser.add_argument(
            "--state",
            choices=AccessToken.State.values,
            help="only tokens in this state (owner: deactivated owner)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Print one tab-separated line per token."""
        tokens = AccessToken.objects.select_related("user")
        if options["user"]:
            tokens = tokens.filter(user__username=options["user"])
        if options["state"]:
            tokens = AccessToken.filter_by_state(tokens, options["state"])
        for token in tokens.iterator():
            end = f"until {token.expires_at:%Y-%m-%d %H:%M} UTC" if token.expires_at else "no end"
            used = f"used {token.last_used_at:%Y-%m-%d %H:%M} UTC" if token.last_used_at else "never used"
            what = [token.state, ",".join(token.scopes), ",".join(token.restrictions) or "all skills", end, used]
            self.stdout.write("\t".join([token.prefix, str(token.user), token.name, *what]))
