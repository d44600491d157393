"""Detection of missing migrations."""

from __future__ import annotations

import logging

from django.db import DatabaseError, InterfaceError, connection
from django.db.migrations.executor import MigrationExecutor
from django.utils.translation import gettext as _

from invocations.resilience.sql_connections import release_connections

log = logging.getLogger(__name__)

_complete = False


def missing_migrations() -> list[str]:
    """Return the missing migrations as `app.name`; once there are none, the database is not asked again.

    Unknown migrations of a newer release are ignored. Raises DatabaseError.
    """
    global _complete  # noqa: PLW0603  # a process-wide cache
    if _complete:
        return []
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    _complete = not plan
    return [f"{migration.app_label}.{migration.name}" for migration, _backwards in plan]


def explain_old_schema(error: BaseException | None) -> str:
    """Explain a failure caused by missing migrations; "" if they are not the cause."""
    if not isinstance(error, DatabaseError):
        return ""
    try:
        missing = missing_migrations()
    except (DatabaseError, InterfaceError):
        log.warning("cannot check for missing migrations", exc_info=True)
        return ""
    finally:
        release_connections()
    if not missing:
        return ""
    text = _("The database is older than this release. Run `manage.py migrate`; missing: {names}.")
    return text.format(names=", ".join(missing))
