"""The product's settings on a throw-away folder."""

from __future__ import annotations

import os
import tempfile

os.environ["DATA_DIR"] = tempfile.mkdtemp(prefix="skillkeeper-tests-")
os.environ.setdefault("MCP_REQUIRE_AUTH", "false")

from mcpsite.settings import *  # noqa: F403
from mcpsite.settings import DATA_DIR, DATABASES, STORAGES

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
# A file, not memory: threads of one test must see the same database, over connections of their own.
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    DATABASES["default"]["TEST"] = {"NAME": DATA_DIR / "test.sqlite3"}
else:
    # Threads end with the event loop of a test; psycopg complains of connections that they leave open.
    DATABASES["default"]["CONN_MAX_AGE"] = 0
    # Each thread of a test has a connection of its own; test_connections is about the pool.
    DATABASES["default"]["OPTIONS"].pop("pool", None)
(DATA_DIR / "static").mkdir()
# Only the test of it lets pending projections be retried by themselves.
PROJECTION_RETRY_SECONDS = (100_000.0, 100_000.0, 100_000.0)
PROJECTION_LOOK_SECONDS = 100_000.0
INVOCATION_LOG_TTL_DAYS = 0  # tests log calls of any day
MCP_HEARTBEAT_SECONDS = 0  # only the test of it lets this process announce itself
RATE_LIMIT_FAILURES = 0  # tests show many tokens that are not valid, all from one address
