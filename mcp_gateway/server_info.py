"""How this server names itself to clients. The version is the project's, see pyproject.toml."""

from __future__ import annotations

SERVER_INFO = {"name": "skillkeeper", "title": "Skillkeeper", "version": "0.1.0"}
