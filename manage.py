#!/usr/bin/env python
"""Django's command line for Skillkeeper."""

from __future__ import annotations

import os
import sys

from django.core.management import execute_from_command_line


def main() -> None:
    """Run a command. A database or a disk that fails ends it with a sentence; `--traceback` shows everything."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mcpsite.settings")
    try:
        execute_from_command_line(sys.argv)
    except Exception as error:
        # They need the settings.
        from mcpsite.http.outages import explain_outage  # noqa: PLC0415
        from mcpsite.schema import explain_old_schema  # noqa: PLC0415

        text = explain_outage(error) or explain_old_schema(error)
        if not text or "--traceback" in sys.argv:
            raise
        sys.exit(f"{text} ({str(error).strip()})")


if __name__ == "__main__":
    main()
