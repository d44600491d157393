"""The server's name and version, as sent to clients."""

from __future__ import annotations

VERSION = "0.2.0"
"""The project's version. This is its only definition; pyproject.toml reads it from here."""

SERVER_INFO = {"name": "skillkeeper", "title": "Skillkeeper", "version": VERSION}
