"""The table of who may do what, `access_matrix.txt`: for each route and method the outcome by role."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path

TABLE = Path(__file__).parents[1] / "access_matrix.txt"
SESSIONS = (
    "anonymous", "outsider", "staff", "viewer", "author", "publisher", "administrator", "clerk", "superuser",
)  # fmt: skip
"""Who signs in: nobody; somebody who is not of the staff; staff without rights; the groups; who may change users."""
TOKENS = (
    "token", "token:read", "token:write", "token:named", "token:tagged", "token:elsewhere", "token:outsider",
    "token:viewer", "token:author", "token:publisher", "token:administrator", "token:expired", "token:revoked",
    "token:inactive",
)  # fmt: skip
"""Tokens of the superuser, by scope and by the skills they are for; of each group; and those that are not valid."""
ROLES = (*SESSIONS, *TOKENS)
OUTCOMES = ("write", "read", "login", "401", "403", "404", "405")
DENIED = {"login", "401", "403", "404", "405"}
EXPLANATION = """\
# Who reaches what: every route and method, and what comes of it for each role.
#
#   write            the request was carried out, and changed something in the database
#   read             the request was carried out, and changed nothing
#   login            sent to the login page
#   401 403 404 405  refused with this status
#
# Roles: {sessions}
#        {tokens}
# `tokens` are all of the latter, `everybody` is everybody. A word after a method tells requests apart.
# Written by `WRITE_ACCESS_MATRIX=1 pytest -n0 tests/test_access_matrix.py`; each change of it is to be judged.
"""

Row = dict[str, str]
"""The outcome by role."""
Table = dict[tuple[str, str], Row]
"""By route and method."""


def text_of(table: Table) -> str:
    """The table as it is written to the file."""
    lines = [EXPLANATION.format(sessions=" ".join(SESSIONS), tokens=" ".join(TOKENS))]
    for route, keys in groupby(sorted(table, key=lambda key: key[0]), key=lambda key: key[0]):
        lines.append(f"/{route}\n")
        by_row: dict[str, list[str]] = {}
        for key in keys:
            by_row.setdefault(_row(table[key]), []).append(key[1])
        lines += [f"    {', '.join(sorted(methods))}: {row}\n" for row, methods in sorted(by_row.items(), reverse=True)]
    return "".join(lines)


def read(text: str) -> Table:
    """The table that was written as this text."""
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
