"""Whether the database has the tables and columns that this release needs."""

from __future__ import annotations

import logging

from django.db import DatabaseError, InterfaceError, connection
from django.db.migrations.executor import MigrationExecutor
from django.utils.translation import gettext as _

from invocations.resilience.sql_connections import release_connections

log = logging.getLogger(__name__)

_complete = False


def missing_migrations() -> list[str]:
    """The migrations that the database lacks, as `application.name`; asks it until none is missing, then no more.

    Migrations of a newer release, which are not known here, do no harm. Raises DatabaseError.
    """
    global _complete  # noqa: PLW0603  # a fact about the process, learnt once
    if _complete:
        return []
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    _complete = not plan
    return [f"{migration.app_label}.{migration.name}" for migration, _backwards in plan]


def explain_old_schema(error: BaseException | None) -> str:
    """What to do where a statement has failed since migrations are missing; "" where that is not the reason."""
    if not isinstance(error, DatabaseError):
        return ""
    try:
        missing = missing_migrations()
    except (DatabaseError, InterfaceError):
        log.warning("whether migrations are missing cannot be found out", exc_info=True)
        return ""
    finally:
        release_connections()
    if not missing:
        return ""
    text = _("The database is older than this release. Run `manage.py migrate`; missing: {names}.")
    return text.format(names=", ".join(missing))
