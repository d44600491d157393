"""Kills the process before each step of upload and publish in turn, and checks the remains each time.

Run by `test_crash_walk` as a program, with the product's settings in the environment. A step
is whatever has an effect outside the process: an SQL statement or commit, a file moved into place, a
request to S3 or DynamoDB. The process is killed right before it.
Prints the steps.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import django

django.setup()

from botocore.client import BaseClient  # noqa: E402
from django.conf import settings  # noqa: E402
from django.core.files.storage import storages  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connection, connections  # noqa: E402

from skills_registry import services  # noqa: E402
from skills_registry.catalog import get_catalog  # noqa: E402
from skills_registry.models import Skill  # noqa: E402
from skills_registry.services import housekeeping  # noqa: E402

from .packages import package, skill_md, zip_of  # noqa: E402

FILES = {"docs/a.md": "a", "run.sh": "echo"}
TEMPLATE = settings.DATA_DIR.with_name("template")


class Killer:
    """Counts steps, and kills the process at step `at`."""

    def __init__(self, at: int, log: Path) -> None:
        self.left = at
        self.log = log

    def step(self, name: str) -> None:
        self.left -= 1
        if self.left == 0:
            self.log.write_text(name)
            os.kill(os.getpid(), signal.SIGKILL)

    def around(self, owner: Any, name: str, says: Callable[..., str]) -> None:
        """Make each call of a function a step, named by `says`."""
        function = getattr(owner, name)

        def wrapped(*args: Any, **kwargs: Any) -> Any:
            self.step(says(*args, **kwargs))
            return function(*args, **kwargs)

        setattr(owner, name, wrapped)

    def watch(self) -> None:
        """Make every external effect a step."""
        self.around(type(connections["default"]), "_commit", lambda database: "commit")
        self.around(os, "link", lambda source, target: "link")
        self.around(os, "replace", lambda source, target: "replace")
        self.around(BaseClient, "_make_api_call", lambda client, operation, parameters: operation)

        def statement(execute: Any, sql: str, *args: Any) -> Any:
            word = sql.split(None, 1)[0]
            if word in ("INSERT", "UPDATE", "DELETE"):
                self.step(word)
            return execute(sql, *args)

        connection.execute_wrappers.append(statement)


def journey() -> None:
    """Upload a zip, create a version and publish it."""
    upload = services.stage_upload("greeter.zip", zip_of({"SKILL.md": skill_md(body="two"), **FILES}))
    inspection = services.inspect_upload(upload)
    assert inspection.package
    version, _ = services.create_version(inspection.package)
    if version.skill.live_version_id != version.pk:
        services.publish(version.skill, version.number)
    services.discard_upload(upload)


def whole() -> str:
    """Check every file of the single served skill, and return its text."""
    catalog = get_catalog()
    (skill,) = catalog.changes_since(0).published
    contents = {file.path: catalog.read_file(skill, file) for file in skill.files}
    for file in skill.files:
        assert hashlib.sha256(contents[file.path]).hexdigest() == file.sha256, file.path
    text = contents["SKILL.md"].decode()
    assert set(contents) == ({"SKILL.md", *FILES} if "two" in text else {"SKILL.md"})
    return text


def look() -> None:
    """Check that nothing incomplete is served, that a start repairs the rest, and that a new journey succeeds."""
    assert whole()
    for lifetime in ("STORING_LIFETIME", "UPLOAD_LIFETIME"):
        setattr(housekeeping, lifetime, timedelta(0))  # as if its time had passed
    services.sweep()
    assert not Skill.objects.pending().exists()
    call_command("verify_storage", stdout=sys.stderr)
    journey()
    assert "two" in whole()
    call_command("verify_storage", stdout=sys.stderr)


def in_child(work: Callable[[], None]) -> int:
    """Run `work` in a child process; return 0 or its wait status."""
    connections.close_all()
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    try:
        work()
        connections.close_all()
    except BaseException:  # noqa: BLE001  # the child must never continue in the parent's code
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


class Aws:
    """A backup of the bucket and the catalog's table."""

    def __init__(self) -> None:
        from invocations.aws.dynamo import connection as connection_of_tables
        from tests.test_infrastructure import dynamodb_client

        from .emulators import s3_client

        self.s3, self.bucket = s3_client(settings.S3_ENDPOINT_URL), settings.S3_SKILLS_BUCKET
        self.dynamodb, self.table = dynamodb_client(settings.DYNAMODB_ENDPOINT_URL), settings.DYNAMODB_SKILLS_TABLE
        # Made here once and not by each child; none of them has a connection yet.
        assert storages["skills"].client  # type: ignore[attr-defined]
        assert connection_of_tables().client
        self.objects = {key: self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read() for key in self.keys()}
        self.items = self.dynamodb.scan(TableName=self.table)["Items"]

    def keys(self) -> list[str]:
        return [entry["Key"] for entry in self.s3.list_objects_v2(Bucket=self.bucket).get("Contents", ())]

    def restore(self) -> None:
        for key in self.keys():
            if key not in self.objects or key.endswith("latest.json"):
                self.s3.delete_object(Bucket=self.bucket, Key=key)
        for key, content in self.objects.items():
            self.s3.put_object(Bucket=self.bucket, Key=key, Body=content)
        for item in self.items:
            self.dynamodb.put_item(TableName=self.table, Item=item)


def prepare() -> None:
    call_command("migrate", verbosity=0)
    version, _ = services.create_version(package(body="one"))
    services.publish(version.skill, version.number)


def main() -> None:
    # Only the children may use the folder, because it is replaced for each of them.
    assert threading.active_count() == 1, threading.enumerate()
    assert in_child(prepare) == 0
    shutil.copytree(settings.DATA_DIR, TEMPLATE)
    aws = Aws() if settings.STORAGE_BACKEND == "s3" else None
    log = settings.DATA_DIR.with_name("step")
    steps: list[str] = []
    while True:
        # Moved, not deleted, in case a killed process still writes to it.
        settings.DATA_DIR.rename(settings.DATA_DIR.with_name(f"before-{len(steps)}"))
        shutil.copytree(TEMPLATE, settings.DATA_DIR)
        if aws:
            aws.restore()
        log.write_text("the end")
        killer = Killer(len(steps) + 1, log)

        def travel(killer: Killer = killer) -> None:
            killer.watch()
            journey()

        ended = in_child(travel)
        step = log.read_text()
        assert ended == (0 if step == "the end" else -signal.SIGKILL), step
        assert in_child(look) == 0, f"after {step} (step {len(steps) + 1}); see above"
        if step == "the end":
            break
        steps.append(step)
    sys.stdout.write(json.dumps(steps))


main()
