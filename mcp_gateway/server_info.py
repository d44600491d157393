"""How this server names itself to clients."""

from __future__ import annotations

VERSION = "0.2.0"
"""The project's version. It stands here alone; pyproject.toml reads it."""

SERVER_INFO = {"name": "skillkeeper", "title": "Skillkeeper", "version": VERSION}
