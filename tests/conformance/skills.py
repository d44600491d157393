"""The skills of the server that the official suites and clients talk to."""

from __future__ import annotations

from collections.abc import Mapping

from tests.support.server import ROOT

ATLAS: Mapping[str, bytes] = {
    "SKILL.md": (
        b"---\nname: atlas\ndescription: Knows places. Use when somebody asks where something is.\n"
        b"license: MIT\nmetadata:\n  tags: maps places\n---\n\n# Atlas\n\nLook it up in references, then answer.\n"
    ),
    "assets/map.png": b"\x89PNG\r\n\x1a\n\x00\xff",
    "references/index.md": b"\xef\xbb\xbf# Index\n",
    "references/europe/rome.md": b"Rome\r\nis eternal",
    "references/europe/north/oslo.md": b"Oslo\n\n\n",
    "scripts/find place.py": b"print('here')\n",
}
"""A skill of which nothing is simple: nested folders, a binary, a BOM, CRLF, no final newline, a space."""
SKILLS = sorted([*(path.name for path in (ROOT / "examples" / "skills").iterdir()), "atlas"])
