"""An installation with its own bucket and tables, driven by commands and servers as in production."""

from __future__ import annotations

import json
import shutil
import uuid
from collections.abc import Mapping
from itertools import zip_longest
from pathlib import Path
from typing import Any

import httpx

from tests.test_infrastructure import dynamodb_client, environment, init

from .emulators import s3_client
from .packages import skill_md, zip_of
from .patience import PATIENCE_SECONDS
from .server import UVICORN, Server, manage

MODERN = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientCapabilities": {},
}


class World:
    """One installation; `aws` are its settings with STORAGE_BACKEND=s3, `local` those without it.

    It starts with a copy of the folder `like`; `more` are further settings of both.
    """

    def __init__(self, data: Path, s3: str, dynamodb: str, *, like: Path, **more: str) -> None:
        suffix = uuid.uuid4().hex[:8]
        self.bucket = f"bucket-{suffix}"
        self.tables = {
            "DYNAMODB_SKILLS_TABLE": f"skills-{suffix}",
            "DYNAMODB_INVOCATION_LOGS_TABLE": f"logs-{suffix}",
        }
        names = {"S3_SKILLS_BUCKET": self.bucket, **self.tables}
        done = init(s3, dynamodb, **names)
        assert done.returncode == 0, done.stderr
        self.data = data
        self.s3 = s3_client(s3)
        self.dynamodb = dynamodb_client(dynamodb)
        self.aws = environment(s3, dynamodb, **names, MCP_REQUIRE_AUTH="false", LOG_LEVEL="CRITICAL", **more)
        self.local = {**self.aws, "STORAGE_BACKEND": "local"}
        shutil.copytree(like, data)

    def manage(self, settings: dict[str, str], *arguments: str, status: int = 0) -> str:
        """Run a command that must exit with `status`; return its output."""
        done = manage(self.data, *arguments, **settings)
        assert done.returncode == status, done.stdout + done.stderr
        return done.stdout + done.stderr

    def server(self, settings: dict[str, str], **more: str) -> Server:
        """Return a server for this installation."""
        return Server(UVICORN, self.data, **{**settings, **more})

    def publish(self, settings: dict[str, str], name: str, body: str, files: Mapping[str, str] = {}) -> str:
        """Import a version of a skill and publish it."""
        return self.publish_all(settings, [(name, {"SKILL.md": skill_md(name, body), **files})])

    def publish_all(self, settings: dict[str, str], packages: list[tuple[str, Mapping[str, str]]]) -> str:
        """Import packages one after the other and publish each."""
        paths: dict[str, list[str]] = {}
        for number, (name, files) in enumerate(packages):
            path = self.data.parent / f"{name}-{number}.zip"
            path.write_bytes(zip_of(files))
            paths.setdefault(name, []).append(str(path))
        # One import per version: several versions of a skill in one import are rejected.
        rounds = [[*filter(None, each), "--publish"] for each in zip_longest(*paths.values())]
        if len(rounds) == 1:
            return self.manage(settings, "import_skills", *rounds[0])
        code = "from django.core.management import call_command; "
        return self.service(settings, f"{code}[call_command('import_skills', *each) for each in {rounds}]")

    def service(self, settings: dict[str, str], code: str) -> str:
        """Run code with `services` and the models imported."""
        prelude = "from skills_registry import services; from skills_registry.models import *; "
        return self.manage(settings, "shell", "-v", "0", "--command", prelude + code)

    def stored(self) -> set[str]:
        """Return the keys of all objects in the bucket."""
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket)
        return {entry["Key"] for page in pages for entry in page.get("Contents", ())}

    def sql_counts(self) -> dict[str, int]:
        """Return the counters in SQL."""
        code = (
            "import json; from invocations.models import *; "
            "print(json.dumps(dict(SkillCounter.objects.values_list('skill', 'invocation_count'))))"
        )
        counts: dict[str, int] = json.loads(self.service(self.local, code))
        return counts

    def counts(self) -> dict[str, int]:
        """Return the counters in DynamoDB."""
        items = self.dynamodb.scan(TableName=self.tables["DYNAMODB_SKILLS_TABLE"], ConsistentRead=True)["Items"]
        return {
            item["skill_id"]["S"]: int(item["invocation_count"]["N"]) for item in items if "invocation_count" in item
        }


def ask(server: Server, method: str, **params: Any) -> Any:
    """Return the result of a request of revision 2026-07-28."""
    headers = {
        "mcp-protocol-version": "2026-07-28",
        "mcp-method": method,
        "accept": "application/json, text/event-stream",
    }
    if named := params.get("name" if method == "tools/call" else "uri"):
        headers["mcp-name"] = str(named)
    body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": {"_meta": MODERN, **params}}
    answer = httpx.post(f"{server.url}/mcp", json=body, headers=headers, timeout=PATIENCE_SECONDS)
    assert answer.status_code == 200, answer.text
    return json.loads(answer.text)["result"]


def served(server: Server) -> dict[str, str]:
    """Return everything that agents get: the text of every file by URI."""
    uris = [resource["uri"] for resource in ask(server, "resources/list")["resources"]]
    return {uri: ask(server, "resources/read", uri=uri)["contents"][0]["text"] for uri in uris}
