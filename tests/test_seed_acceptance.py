"""The acceptance list of the storage design, T1 to T5, line by line: on MiniStack and on SeaweedFS.

What a line asks for in detail has tests of its own (S3 store, catalog, log, migration, infrastructure);
here each line is seen once, from outside, on one installation that was made as an operator makes it.
T5.3, tests on real servers, is this file and the others that `make test-aws` runs.
"""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import yaml

from .support.aws_world import World, ask
from .support.packages import skill_md, zip_of
from .support.patience import PATIENCE_SECONDS, wait_until
from .support.prepared import Prepared
from .support.server import ROOT, Server
from .test_infrastructure import init

SKILLS = {"calculator", "code-review", "csv-data-summarizer", "hello-world", "web-search"}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, s3_url: str, ministack_url: str, prepared: Prepared) -> World:
    """The five skills, first on local files and then moved to S3 and DynamoDB (T5.5); and an operator."""
    world = World(tmp_path_factory.mktemp("world") / "data", s3_url, ministack_url, like=prepared.operated)
    world.manage(world.local, "import_skills", "examples/skills", "--publish")
    world.manage(world.aws, "migrate_storage", "--to", "s3")
    return world


@pytest.fixture(scope="module")
def server(world: World) -> Iterator[Server]:
    """It is served with STORAGE_BACKEND=s3."""
    with world.server(world.aws) as server:
        yield server


@pytest.fixture(scope="module")
def operator(prepared: Prepared) -> dict[str, str]:
    """The headers of somebody who may use the API."""
    return {"authorization": f"Bearer {prepared.token}"}


def items(world: World) -> dict[str, dict[str, Any]]:
    """The items of `mcp-skills` that are skills."""
    found = world.dynamodb.scan(TableName=world.tables["DYNAMODB_SKILLS_TABLE"], ConsistentRead=True)["Items"]
    return {item["skill_id"]["S"]: item for item in found if not item["skill_id"]["S"].startswith("_")}


def rows(world: World, skill: str, count: int) -> list[dict[str, Any]]:
    """The skill's rows of `mcp-invocation-logs`, once there are so many."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        found: list[dict[str, Any]] = world.dynamodb.query(
            TableName=world.tables["DYNAMODB_INVOCATION_LOGS_TABLE"],
            KeyConditionExpression="skill_id = :skill",
            ExpressionAttributeValues={":skill": {"S": skill}},
            ConsistentRead=True,
        )["Items"]
        if len(found) >= count:
            return found
        assert time.monotonic() < deadline, f"{len(found)} of {count} calls of {skill} are logged"
        time.sleep(0.1)


def latest(world: World, skill: str) -> str:
    """The version that `latest.json` names."""
    body = world.s3.get_object(Bucket=world.bucket, Key=f"skills/{skill}/latest.json")["Body"].read()
    return str(json.loads(body)["version"])


def test_t1_1_bucket_is_versioned_encrypted_and_cleaned(world: World) -> None:
    assert world.s3.get_bucket_versioning(Bucket=world.bucket)["Status"] == "Enabled"
    rule = world.s3.get_bucket_encryption(Bucket=world.bucket)["ServerSideEncryptionConfiguration"]["Rules"][0]
    assert rule["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"
    rules = world.s3.get_bucket_lifecycle_configuration(Bucket=world.bucket)["Rules"]
    assert ("uploads/", 1) in [(rule["Filter"]["Prefix"], rule.get("Expiration", {}).get("Days")) for rule in rules]


def test_t1_2_and_3_tables_index_and_expiry(world: World) -> None:
    skills, logs = (world.dynamodb.describe_table(TableName=name)["Table"] for name in world.tables.values())
    keys = [[key["AttributeName"] for key in table["KeySchema"]] for table in (skills, logs)]
    assert keys == [["skill_id"], ["skill_id", "invoked_at"]]
    (index,) = skills["GlobalSecondaryIndexes"]
    assert index["IndexName"] == "status-index"
    assert {key["KeyType"]: key["AttributeName"] for key in index["KeySchema"]} == {
        "HASH": "status",
        "RANGE": "updated_at",
    }
    assert {table["BillingModeSummary"]["BillingMode"] for table in (skills, logs)} == {"PAY_PER_REQUEST"}
    expiry = world.dynamodb.describe_time_to_live(TableName=logs["TableName"])["TimeToLiveDescription"]
    assert (expiry["TimeToLiveStatus"], expiry["AttributeName"]) == ("ENABLED", "expires_at")


def test_t1_4_task_role_has_what_is_needed_and_no_more() -> None:
    template = (ROOT / "deploy" / "cloudformation.yaml").read_text()
    allowed = set(re.findall(r"\b(?:s3|dynamodb):[A-Z][A-Za-z]+", template))
    assert {"s3:GetObject", "s3:PutObject", "s3:ListBucket", "s3:DeleteObject"} <= allowed
    assert {"dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:Query"} <= allowed
    assert not [action for action in allowed if action.endswith("*")]


def test_t1_5_script_may_be_run_again(world: World, s3_url: str, ministack_url: str) -> None:
    again = init(s3_url, ministack_url, S3_SKILLS_BUCKET=world.bucket, **world.tables)
    assert (again.returncode, again.stdout.splitlines()[-1]) == (0, "Nothing changed.")


def test_t2_1_settings_have_the_designs_names(world: World) -> None:
    names = [
        "STORAGE_BACKEND", "S3_SKILLS_BUCKET", "S3_ENDPOINT_URL", "S3_SKILLS_PREFIX", "DYNAMODB_SKILLS_TABLE",
        "DYNAMODB_INVOCATION_LOGS_TABLE", "DYNAMODB_ENDPOINT_URL", "AWS_REGION", "INVOCATION_LOG_TTL_DAYS",
        "SKILL_CACHE_DIR",
    ]  # fmt: skip
    code = f"from django.conf import settings; print([str(getattr(settings, name)) for name in {names}])"
    said = world.service({"STORAGE_BACKEND": "local"}, code)
    assert said.strip() == str(
        ["local", "mcp-skills-bucket", "", "skills/", "mcp-skills", "mcp-invocation-logs", "", "us-east-1", "30",
         str(world.data / "cache")]
    )  # fmt: skip


def test_t2_2_store_uploads_downloads_lists_and_deletes(world: World) -> None:
    files = {"SKILL.md": skill_md("keeper", "one"), "scripts/run.py": "print(1)\n", "assets/x.bin": "\0\1"}
    world.publish_all(world.aws, [("keeper", files), ("keeper", {**files, "SKILL.md": skill_md("keeper", "two")})])
    versions = {key for key in world.stored() if key.startswith("skills/keeper/")}
    assert versions == {
        "skills/keeper/latest.json",
        *(f"skills/keeper/v{number}.json" for number in (1, 2)),
        *(f"skills/keeper/v{number}/{path}" for number in (1, 2) for path in files),
    }
    stored = world.s3.get_object(Bucket=world.bucket, Key="skills/keeper/v1/assets/x.bin")["Body"].read()
    assert stored == files["assets/x.bin"].encode()

    first = "SkillVersion.objects.get(skill__name='keeper', number=1)"
    world.service(world.aws, f"services.yank_version({first}); services.delete_version({first})")
    assert not [key for key in world.stored() if key.startswith("skills/keeper/v1")]


def test_t2_3_and_4_counter_and_log_are_written_and_read(world: World, server: Server, operator: Any) -> None:
    before = int(items(world)["web-search"].get("invocation_count", {"N": "0"})["N"])
    for _ in range(3):
        ask(server, "tools/call", name="web-search")
    logged = rows(world, "web-search", before + 3)
    assert int(items(world)["web-search"]["invocation_count"]["N"]) == len(logged) == before + 3
    page = httpx.get(
        f"{server.url}/api/v1/skills/web-search/logs/?limit=2", headers=operator, timeout=PATIENCE_SECONDS
    ).json()
    assert [(call["method"], call["status"]) for call in page["results"]] == [("tools/call", "success")] * 2
    assert page["next"]


def test_t3_1_new_replica_starts_with_the_counters_and_needs_no_package(world: World, server: Server) -> None:
    ask(server, "tools/call", name="calculator")
    rows(world, "calculator", 1)
    cache = world.data / "warm"
    said = world.manage({**world.aws, "SKILL_CACHE_DIR": str(cache)}, "sync_all_to_local")
    assert re.search(r"[1-9]\d* files \([\d,]+ bytes\) are in", said)
    assert [path for path in cache.rglob("*") if path.is_file()]
    with world.server(world.aws, SKILL_CACHE_DIR=str(world.data / "cold")) as replica:
        assert {tool["name"] for tool in ask(replica, "tools/list")["tools"]} >= SKILLS
        assert not (world.data / "cold").exists(), "lists need no package"
    assert int(items(world)["calculator"]["invocation_count"]["N"]) >= 1


def test_t3_2_upload_is_validated_stored_announced_and_served(world: World, server: Server, operator: Any) -> None:
    bad = zip_of({"SKILL.md": "no frontmatter"})
    refused = httpx.post(
        f"{server.url}/api/v1/skills/", files={"file": ("bad.zip", bad)}, headers=operator, timeout=PATIENCE_SECONDS
    )
    assert refused.status_code == 400
    good = zip_of({"SKILL.md": skill_md("newcomer", "Welcome.")})
    made = httpx.post(
        f"{server.url}/api/v1/skills/",
        files={"file": ("good.zip", good)},
        data={"publish": "true"},
        headers=operator,
        timeout=PATIENCE_SECONDS,
    )
    assert made.status_code == 201, made.text
    assert items(world)["newcomer"]["s3_key"]["S"] == "skills/newcomer/v1/"
    assert latest(world, "newcomer") == "v1"
    assert "Welcome." in ask(server, "tools/call", name="newcomer")["content"][0]["text"]


def test_t3_3_and_t4_2_versions_count_up_and_roll_back(world: World, server: Server, operator: Any) -> None:
    skill = f"{server.url}/api/v1/skills/versioned"
    for number in range(1, 12):
        data = zip_of({"SKILL.md": skill_md("versioned", f"this is {number}.")})
        made = httpx.post(
            f"{server.url}/api/v1/skills/",
            files={"file": ("v.zip", data)},
            data={"publish": "true"},
            headers=operator,
            timeout=PATIENCE_SECONDS,
        )
        assert (made.status_code, made.json()["version"]) == (201, number), made.text
    listed = httpx.get(f"{skill}/versions/", headers=operator, timeout=PATIENCE_SECONDS).json()["results"]
    assert [version["version"] for version in listed] == list(range(11, 0, -1))
    assert [value["S"] for value in items(world)["versioned"]["all_versions"]["L"]][-2:] == ["v10", "v11"]

    back = httpx.post(f"{skill}/rollback/", json={"version": 9}, headers=operator, timeout=PATIENCE_SECONDS)
    assert back.status_code == 200, back.text
    assert latest(world, "versioned") == items(world)["versioned"]["version"]["S"] == "v9"
    assert "this is 9." in ask(server, "tools/call", name="versioned")["content"][0]["text"]


def test_t4_1_and_3_call_is_logged_with_the_designs_attributes(world: World, server: Server, operator: Any) -> None:
    ask(server, "tools/call", name="code-review", arguments={"arguments": "main.py"})
    row = rows(world, "code-review", 1)[-1]
    assert {"skill_id", "invoked_at", "method", "duration_ms", "status", "request_params", "expires_at"} <= set(row)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+Z#[0-9a-f-]{36}", row["invoked_at"]["S"])
    assert json.loads(row["request_params"]["S"])["arguments"] == {"arguments": "main.py"}
    assert httpx.get(
        f"{server.url}/api/v1/skills/code-review/logs/", headers=operator, timeout=PATIENCE_SECONDS
    ).json()["results"]


def test_t4_4_backend_is_chosen_by_a_setting(world: World) -> None:
    with world.server(world.local) as on_files:
        assert {tool["name"] for tool in ask(on_files, "tools/list")["tools"]} >= SKILLS
        ask(on_files, "tools/call", name="hello-world")
        wait_until(lambda: world.sql_counts().get("hello-world"), "with local files calls are counted in SQL")


def test_t5_1_and_2_image_and_compose_file_have_both_modes() -> None:
    assert "requirements.txt" in (ROOT / "Dockerfile").read_text()
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    images = " ".join(str(service.get("image")) for service in compose["services"].values())
    assert "dynamodb-local" in images
    assert os.access(ROOT / "scripts" / "init-local-storage.sh", os.X_OK)


def test_t5_4_deployed_service_is_healthy_answers_logs_and_counts(world: World, server: Server) -> None:
    assert httpx.get(f"{server.url}/healthz", timeout=PATIENCE_SECONDS).status_code == 200
    ready = httpx.get(f"{server.url}/readyz", timeout=PATIENCE_SECONDS)
    assert (ready.status_code, ready.json()["status"]) == (200, "ok")
    before = int(items(world)["hello-world"].get("invocation_count", {"N": "0"})["N"])
    assert ask(server, "tools/call", name="hello-world")["content"][0]["text"]
    logged = rows(world, "hello-world", before + 1)
    assert int(items(world)["hello-world"]["invocation_count"]["N"]) == len(logged) == before + 1


def test_t5_5_five_skills_are_moved(world: World) -> None:
    keys = world.stored()
    assert {f"skills/{name}/v1/SKILL.md" for name in SKILLS} <= keys
    moved = {name: item for name, item in items(world).items() if name in SKILLS}
    assert set(moved) == SKILLS
    assert {(item["status"]["S"], item["version"]["S"]) for item in moved.values()} == {("active", "v1")}
    assert "0 differences" in world.manage(world.aws, "verify_storage")
