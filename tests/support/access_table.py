"""The access matrix, `access_matrix.txt`: the outcome by role for each route and method."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path

TABLE = Path(__file__).parents[1] / "access_matrix.txt"
SESSIONS = (
    "anonymous", "outsider", "staff", "viewer", "author", "publisher", "administrator", "clerk", "superuser",
)  # fmt: skip
"""Sessions: anonymous, a non-staff user, staff without permissions, the groups, and a user administrator."""
TOKENS = (
    "token", "token:read", "token:write", "token:named", "token:tagged", "token:elsewhere", "token:outsider",
    "token:viewer", "token:author", "token:publisher", "token:administrator", "token:expired", "token:revoked",
    "token:inactive",
)  # fmt: skip
"""Tokens: the superuser's, by scope and skills; one of each group; and invalid ones."""
ROLES = (*SESSIONS, *TOKENS)
OUTCOMES = ("write", "read", "login", "401", "403", "404", "405")
DENIED = {"login", "401", "403", "404", "405"}
EXPLANATION = """\
# Who may do what: every route and method, and its outcome for each role.
#
#   write            the request succeeded and changed the database
#   read             the request succeeded and changed nothing
#   login            redirected to the login page
#   401 403 404 405  rejected with this status
#
# Roles: {sessions}
#        {tokens}
# `tokens` means all tokens, `everybody` all roles. A word after a method distinguishes requests.
# Written by `WRITE_ACCESS_MATRIX=1 pytest -n0 tests/test_access_matrix.py`; check every change.
"""

Row = dict[str, str]
"""Outcome by role."""
Table = dict[tuple[str, str], Row]
"""Row by route and method."""


def text_of(table: Table) -> str:
    """Return the table in the format of the file."""
    lines = [EXPLANATION.format(sessions=" ".join(SESSIONS), tokens=" ".join(TOKENS))]
    for route, keys in groupby(sorted(table, key=lambda key: key[0]), key=lambda key: key[0]):
        lines.append(f"/{route}\n")
        by_row: dict[str, list[str]] = {}
        for key in keys:
            by_row.setdefault(_row(table[key]), []).append(key[1])
        lines += [f"    {', '.join(sorted(methods))}: {row}\n" for row, methods in sorted(by_row.items(), reverse=True)]
    return "".join(lines)


def read(text: str) -> Table:
    """Parse a table."""
    table: Table = {}
    route = ""
    for line in text.splitlines():
        if line.startswith("/"):
            route = line.removeprefix("/")
        elif line.startswith("    "):
            methods, _, row = line.strip().partition(": ")
            table |= {(route, method): _read_row(row) for method in methods.split(", ")}
    return table


def _row(row: Row) -> str:
    by_outcome = {outcome: [role for role in ROLES if row.get(role) == outcome] for outcome in OUTCOMES}
    return "; ".join(f"{outcome} {_short(roles)}" for outcome, roles in by_outcome.items() if roles)


def _short(roles: list[str]) -> str:
    if len(roles) == len(ROLES):
        return "everybody"
    if set(TOKENS) <= set(roles):
        return " ".join([*(role for role in roles if role not in TOKENS), "tokens"])
    return " ".join(roles)


def _read_row(text: str) -> Row:
    row: Row = {}
    for part in text.split("; "):
        outcome, *roles = part.split()
        for role in roles:
            row |= dict.fromkeys({"everybody": ROLES, "tokens": TOKENS}.get(role, (role,)), outcome)
    return row
