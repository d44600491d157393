"""What the product stands on: the script that makes bucket and tables, the image, compose, the template for AWS."""

from __future__ import annotations

import ast
import importlib.util
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import boto3
import httpx
import pytest
import yaml
from botocore.exceptions import ClientError, EndpointConnectionError
from django.conf import settings as product
from pynamodb.attributes import Attribute

from skills_registry.catalog.tables import SkillItem, StatusIndex

from .support.emulators import CREDENTIALS, s3_client
from .support.patience import PATIENCE_SECONDS
from .support.prepared import Prepared
from .support.server import ROOT, STARTS_WITHIN, Server, clean_environment, free_port
from .support.sources import calls, table_rows

BUCKET = "infrastructure"
SCRIPT = "scripts/init_storage.py"
TEMPLATE = ROOT / "deploy" / "cloudformation.yaml"
OF_OTHERS = re.compile(r"AWS_ACCESS_KEY_ID|AWS_SECRET_ACCESS_KEY|PATH|PYTHON[A-Z]+")
"""Variables that boto3, the shell and Python read."""


# The script


def environment(s3: str, dynamodb: str, **more: str) -> dict[str, str]:
    """The product's settings for these servers."""
    credentials = {name.upper(): value for name, value in CREDENTIALS.items()}
    servers = {"S3_ENDPOINT_URL": s3, "DYNAMODB_ENDPOINT_URL": dynamodb, "S3_SKILLS_BUCKET": BUCKET}
    return {**credentials, **servers, "STORAGE_BACKEND": "s3", **more}


def init(s3: str, dynamodb: str, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Run the script."""
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME")}
    return subprocess.run(
        [ROOT / "scripts" / "init-local-storage.sh", *arguments],
        env={**kept, **environment(s3, dynamodb, **more)},
        capture_output=True,
        text=True,
        timeout=STARTS_WITHIN,
        check=False,
    )


def dynamodb_client(url: str) -> Any:
    return boto3.client("dynamodb", endpoint_url=url, region_name="us-east-1", **CREDENTIALS)


def test_second_run_changes_nothing_and_says_so(s3_url: str, ministack_url: str) -> None:
    names = {
        "S3_SKILLS_BUCKET": "twice",
        "DYNAMODB_SKILLS_TABLE": f"skills-{s3_url[-5:]}",
        "DYNAMODB_INVOCATION_LOGS_TABLE": f"logs-{s3_url[-5:]}",
    }
    first, second = (init(s3_url, ministack_url, **names) for _ in range(2))

    assert (first.returncode, second.returncode) == (0, 0), first.stderr + second.stderr
    assert "bucket twice: done" in first.stdout
    assert f"table {names['DYNAMODB_SKILLS_TABLE']}: done" in first.stdout
    assert f"table {names['DYNAMODB_INVOCATION_LOGS_TABLE']}, expiry: done" in first.stdout
    assert "done" not in second.stdout
    assert second.stdout.splitlines()[-1] == "Nothing changed."


def test_bucket_is_versioned_encrypted_and_cleaned(s3_url: str, ministack_url: str) -> None:
    assert init(s3_url, ministack_url).returncode == 0
    client = s3_client(s3_url)

    assert client.get_bucket_versioning(Bucket=BUCKET)["Status"] == "Enabled"
    encryption = client.get_bucket_encryption(Bucket=BUCKET)["ServerSideEncryptionConfiguration"]["Rules"][0]
    assert encryption["ApplyServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}
    rules = client.get_bucket_lifecycle_configuration(Bucket=BUCKET)["Rules"]
    assert [
        (rule["Filter"]["Prefix"], rule["Expiration"]["Days"]) for rule in rules if "Days" in rule.get("Expiration", {})
    ] == [("uploads/", 1)]
    assert any(rule.get("AbortIncompleteMultipartUpload", {}).get("DaysAfterInitiation") == 1 for rule in rules)


def test_nothing_in_the_bucket_can_be_made_public(ministack_url: str) -> None:
    assert init(ministack_url, ministack_url).returncode == 0
    block = s3_client(ministack_url).get_public_access_block(Bucket=BUCKET)["PublicAccessBlockConfiguration"]
    assert set(block.values()) == {True}
    assert len(block) == 4


def test_server_without_public_access_block_is_warned_of_and_gets_the_rest(
    seaweedfs_url: str, ministack_url: str
) -> None:
    result = init(seaweedfs_url, ministack_url)
    assert result.returncode == 0
    assert "bucket public access block: warning" in result.stdout
    assert "bucket lifecycle" in result.stdout.split("warning")[1]


def test_plain_http_server_is_not_locked_out_by_a_policy(s3_url: str, ministack_url: str) -> None:
    result = init(s3_url, ministack_url)
    assert "bucket policy (TLS only): skipped" in result.stdout
    with pytest.raises(ClientError, match="NoSuchBucketPolicy"):
        s3_client(s3_url).get_bucket_policy(Bucket=BUCKET)


def test_tables_are_billed_by_request_and_log_rows_expire(ministack_url: str) -> None:
    assert init(ministack_url, ministack_url).returncode == 0
    client = dynamodb_client(ministack_url)
    skills, logs = (client.describe_table(TableName=name)["Table"] for name in ("mcp-skills", "mcp-invocation-logs"))

    assert names(skills["KeySchema"]) == ["skill_id"]
    assert [(index["IndexName"], names(index["KeySchema"])) for index in skills["GlobalSecondaryIndexes"]] == [
        ("status-index", ["status", "updated_at"])
    ]
    assert skills["GlobalSecondaryIndexes"][0]["Projection"]["ProjectionType"] == "ALL"
    assert names(logs["KeySchema"]) == ["skill_id", "invoked_at"]
    assert {table["BillingModeSummary"]["BillingMode"] for table in (skills, logs)} == {"PAY_PER_REQUEST"}
    expiry = client.describe_time_to_live(TableName="mcp-invocation-logs")["TimeToLiveDescription"]
    assert (expiry["TimeToLiveStatus"], expiry["AttributeName"]) == ("ENABLED", "expires_at")


def names(schema: list[dict[str, str]]) -> list[str]:
    """The attributes of a key, partition first."""
    return [key["AttributeName"] for key in sorted(schema, key=lambda key: key["KeyType"])]


def test_bucket_is_made_in_the_region(ministack_url: str) -> None:
    where = {"AWS_REGION": "eu-central-1", "S3_SKILLS_BUCKET": "in-frankfurt"}
    assert init(ministack_url, ministack_url, **where).returncode == 0
    location = s3_client(ministack_url).get_bucket_location(Bucket="in-frankfurt")
    assert location["LocationConstraint"] == "eu-central-1"


def test_table_with_other_keys_is_refused(ministack_url: str) -> None:
    assert init(ministack_url, ministack_url).returncode == 0
    result = init(ministack_url, ministack_url, DYNAMODB_SKILLS_TABLE="mcp-invocation-logs")
    assert result.returncode == 1
    assert "table mcp-invocation-logs exists with other keys than skill_id" in result.stderr


def test_server_that_is_away_is_named(ministack_url: str) -> None:
    away = f"http://127.0.0.1:{free_port()}"
    result = init(away, ministack_url)
    assert result.returncode == 1
    assert result.stderr.startswith(f"failed: bucket {BUCKET}: Could not connect")
    assert away in result.stderr


def test_credentials_that_are_wrong_are_said_at_once(seaweedfs_url: str, ministack_url: str) -> None:
    # Waiting would run into the time limit of `init`.
    result = init(seaweedfs_url, ministack_url, "--wait", "1000", AWS_ACCESS_KEY_ID="stranger")
    assert result.returncode == 1
    assert "InvalidAccessKeyId" in result.stderr


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script as a module, set up for AWS."""
    monkeypatch.setenv("S3_SKILLS_BUCKET", BUCKET)
    for name in ("S3_ENDPOINT_URL", "DYNAMODB_ENDPOINT_URL", "AWS_REGION"):
        monkeypatch.delenv(name, raising=False)
    spec = importlib.util.spec_from_file_location("init_storage", ROOT / SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "init_storage", module)
    spec.loader.exec_module(module)
    return module


def test_on_aws_only_tls_is_let_in_and_what_others_set_up_stays(script: ModuleType, ministack_url: str) -> None:
    client = s3_client(ministack_url)
    script.make_bucket(client)
    theirs = {"ID": "theirs", "Status": "Enabled", "Filter": {"Prefix": "x/"}, "Expiration": {"Days": 9}}
    client.put_bucket_lifecycle_configuration(Bucket=BUCKET, LifecycleConfiguration={"Rules": [theirs]})
    readers = {
        "Sid": "Readers",
        "Effect": "Allow",
        "Principal": {"AWS": "arn:aws:iam::123456789012:root"},
        "Action": "s3:GetObject",
        "Resource": f"arn:aws:s3:::{BUCKET}/*",
    }
    client.put_bucket_policy(
        Bucket=BUCKET,
        Policy=json.dumps({"Version": "2012-10-17", "Statement": [readers, {**readers, "Sid": "OnlyTls"}]}),
    )

    steps = list(script.bucket_steps(client))
    assert [script.take(step) for step in steps[-2:]] == [True, True]
    assert not any(script.take(step) for step in steps)

    policy = json.loads(client.get_bucket_policy(Bucket=BUCKET)["Policy"])
    assert [statement["Sid"] for statement in policy["Statement"]] == ["Readers", "OnlyTls"]
    assert policy["Statement"][1] == script.tls_only()
    assert policy["Statement"][1]["Resource"] == [f"arn:aws:s3:::{BUCKET}", f"arn:aws:s3:::{BUCKET}/*"]
    rules = client.get_bucket_lifecycle_configuration(Bucket=BUCKET)["Rules"]
    ours = ["staged-uploads", "handed-over-calls", "noncurrent-versions", "incomplete-uploads"]
    assert [rule["ID"] for rule in rules] == ["theirs", *ours]
    client.delete_bucket_policy(Bucket=BUCKET)


def refusal(status: int) -> ClientError:
    return ClientError({"Error": {"Code": "X"}, "ResponseMetadata": {"HTTPStatusCode": status}}, "List")


def test_server_that_is_starting_is_waited_for(script: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(script, "POLL_SECONDS", 0)
    answers: list[Any] = [EndpointConnectionError(endpoint_url="http://s3"), refusal(503), "fine", "not asked for"]

    def ask() -> None:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer

    script.wait_for(ask, time.monotonic() + 60)
    assert answers == ["not asked for"]


@pytest.mark.parametrize(("status", "seconds"), [(403, 60), (503, 0)])
def test_server_that_refuses_or_takes_too_long_is_not_waited_for(
    script: ModuleType, status: int, seconds: float
) -> None:
    def ask() -> None:
        raise refusal(status)

    with pytest.raises(ClientError):
        script.wait_for(ask, time.monotonic() + seconds)


@pytest.mark.parametrize(("code", "optional"), [("NotImplemented", False), ("AccessDenied", True)])
def test_only_a_known_gap_of_a_server_is_passed_over(script: ModuleType, code: str, optional: bool) -> None:
    def make() -> bool:
        raise ClientError({"Error": {"Code": code, "Message": ""}}, "Put")

    with pytest.raises(script.Failed, match=f"the step: .*{code}"):
        script.take(script.Step("the step", make, optional=optional))


# The same names everywhere


def explained() -> dict[str, str]:
    return {row[0].strip("`"): row[1].strip("`") for row in table_rows("docs/settings.md")}


def test_script_has_the_products_defaults() -> None:
    read = {
        ast.literal_eval(call.args[0]): [ast.literal_eval(a) for a in call.args[1:]] for call in calls(SCRIPT, "env_")
    }

    assert len(read) == 8
    assert set(read) <= set(explained())
    defaults = {name: default[0] for name, default in read.items() if default and hasattr(product, name)}
    assert defaults == {name: getattr(product, name) for name in defaults}


class _Template(yaml.SafeLoader):
    """YAML with CloudFormation's functions, each as {name: argument}."""


def _function(loader: yaml.SafeLoader, name: str, node: yaml.Node) -> dict[str, Any]:
    if isinstance(node, yaml.ScalarNode):
        return {name: loader.construct_scalar(node)}
    assert isinstance(node, yaml.SequenceNode)
    return {name: loader.construct_sequence(node, deep=True)}


_Template.add_multi_constructor("!", _function)


@pytest.fixture(scope="module")
def resources() -> dict[str, Any]:
    """The properties of the template's resources."""
    template = yaml.load(TEMPLATE.read_text(), _Template)  # noqa: S506  # a SafeLoader
    return {name: resource.get("Properties", {}) for name, resource in template["Resources"].items()}


def test_template_is_what_cloudformation_accepts() -> None:
    result = subprocess.run(
        [Path(sys.executable).with_name("cfn-lint"), "--include-checks", "I", "--", TEMPLATE],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (result.returncode, result.stdout) == (0, ""), result.stdout + result.stderr


def keys_of(model: type) -> list[str]:
    """The attributes of the key of a PynamoDB model or index, partition first."""
    attributes = [value for value in vars(model).values() if isinstance(value, Attribute)]
    keys = [attribute for attribute in attributes if attribute.is_hash_key or attribute.is_range_key]
    return [key.attr_name for key in sorted(keys, key=lambda key: key.is_range_key)]


def test_tables_of_product_script_and_template_agree(script: ModuleType, resources: dict[str, Any]) -> None:
    skills, logs = script.TABLES
    made = resources["SkillsTable"]
    (index,) = made["GlobalSecondaryIndexes"]

    assert keys_of(SkillItem) == list(skills.keys) == names(made["KeySchema"])
    assert StatusIndex.Meta.index_name == skills.index == index["IndexName"]
    assert keys_of(StatusIndex) == list(skills.index_keys) == names(index["KeySchema"])
    assert list(logs.keys) == names(resources["InvocationLogsTable"]["KeySchema"])
    assert resources["InvocationLogsTable"]["TimeToLiveSpecification"] == {
        "AttributeName": logs.expires,
        "Enabled": True,
    }


MARKER = "ExpiredObjectDeleteMarker"


def test_buckets_of_script_and_template_agree(script: ModuleType, resources: dict[str, Any]) -> None:
    bucket = resources["Bucket"]
    # CloudFormation has names of its own for the same things.
    rules = [
        {
            "ID": rule["Id"],
            "Status": rule["Status"],
            "Filter": {"Prefix": rule.get("Prefix", "")},
            **({"Expiration": {"Days": rule["ExpirationInDays"]}} if "ExpirationInDays" in rule else {}),
            **({"Expiration": {name: rule[name] for name in rule if name == MARKER}} if MARKER in rule else {}),
            **{name: rule[name] for name in rule if name.startswith(("Noncurrent", "Abort"))},
        }
        for rule in bucket["LifecycleConfiguration"]["Rules"]
    ]
    assert rules == script.LIFECYCLE
    assert bucket["PublicAccessBlockConfiguration"] == script.NOT_PUBLIC
    assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
    (statement,) = resources["BucketPolicy"]["PolicyDocument"]["Statement"]
    assert {**statement, "Resource": ()} == {**script.tls_only(), "Resource": ()}


def compose() -> dict[str, Any]:
    services: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    return services


def dockerfile_variables() -> set[str]:
    (block,) = re.findall(r"^ENV ((?:.*\\\n)*.*)$", (ROOT / "Dockerfile").read_text(), re.M)
    return set(re.findall(r"(\w+)=", block))


def compose_variables() -> set[str]:
    ours = [service for service in compose().values() if service["image"] == "skillkeeper"]
    assert len(ours) == 6
    return {name for service in ours for name in service["environment"]}


def template_variables() -> set[str]:
    template = yaml.load(TEMPLATE.read_text(), _Template)  # noqa: S506  # a SafeLoader
    (container,) = template["Resources"]["TaskDefinition"]["Properties"]["ContainerDefinitions"]
    return {variable["Name"] for variable in container["Environment"] + container["Secrets"]}


@pytest.mark.parametrize("variables", [dockerfile_variables, compose_variables, template_variables])
def test_only_settings_that_there_are_are_set(variables: Any) -> None:
    given = variables()
    assert len(given) > 5
    unknown = {name for name in given if not OF_OTHERS.fullmatch(name)} - set(explained())
    assert unknown == set()


def test_every_service_that_is_waited_for_starts_with_the_same_profile() -> None:
    services = compose()
    for name, service in services.items():
        for needed in service.get("depends_on", ()):
            assert services[needed].get("profiles") == service.get("profiles"), (name, needed)


# The image


def test_image_has_all_applications_and_nothing_that_is_private() -> None:
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    included = {line[1:] for line in lines if line.startswith("!")}

    assert lines[1] == "*"
    assert all((ROOT / name).exists() for name in included)
    assert {name for name in product.INSTALLED_APPS if (ROOT / name).is_dir()} <= included
    assert not included & {"data", "tests", ".git", ".venv"}


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory, prepared: Prepared) -> Path:
    """The image's /app, as far as it can be had without Docker."""
    app = tmp_path_factory.mktemp("image") / "app"
    (app / "deploy").mkdir(parents=True)
    shutil.copy(ROOT / "deploy" / "entrypoint.sh", app / "deploy")
    for line in (ROOT / ".dockerignore").read_text().splitlines():
        if line.startswith("!") and "/" not in line:
            (app / line[1:]).symlink_to(ROOT / line[1:])
    shutil.copytree(prepared.empty / "static", app / "static")
    return app


def test_image_migrates_when_asked_then_serves_and_stops_on_sigterm(image: Path, tmp_path: Path) -> None:
    entrypoint, data = str(image / "deploy" / "entrypoint.sh"), tmp_path / "data"
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    migrated = subprocess.run(
        [entrypoint, "migrate"], env={**clean_environment(data), "PATH": path}, capture_output=True, check=False
    )
    assert migrated.returncode == 0, migrated.stderr
    assert not (data / "static").exists()

    with Server([entrypoint, "serve"], data, PATH=path, HOST="127.0.0.1") as server:
        # Load balancers ask by the container's address.
        address = subprocess.run(["hostname", "-I"], capture_output=True, text=True, check=True).stdout.split()[0]  # noqa: S607
        assert (
            httpx.get(
                f"{server.url}/healthz", headers={"host": f"{address}:8000"}, timeout=PATIENCE_SECONDS
            ).status_code
            == 200
        )
        assert (
            httpx.get(f"{server.url}/healthz", headers={"host": "192.0.2.200"}, timeout=PATIENCE_SECONDS).status_code
            == 400
        )
        page = httpx.get(f"{server.url}/admin/login/", timeout=PATIENCE_SECONDS).text
        for found in set(re.findall(r'"(/static/[^"]+)"', page)):
            assert httpx.get(f"{server.url}{found}", timeout=PATIENCE_SECONDS).status_code == 200
        # The server is the process itself, not a child of a shell that would keep the signal.
        assert server.stop(signal.SIGTERM) == -signal.SIGTERM, server.output
        assert "Application shutdown complete" in server.output


# What the task may do

DO_EVERYTHING = """
import json
from datetime import UTC, datetime

import django
from botocore.client import BaseClient

made = []
call = BaseClient._make_api_call


def noted(client, operation, parameters):
    made.append([client.meta.service_model.service_name, operation, parameters])
    return call(client, operation, parameters)


BaseClient._make_api_call = noted
django.setup()

from django.core.management import call_command
from django.test import RequestFactory

from invocations import queries
from invocations.events import InvocationEvent
from invocations.recording.handover import handover
from invocations.recording.recorder import recorder
from invocations.stores.base import Counter
from invocations.stores.dynamodb import DynamoStore
from asgiref.sync import async_to_sync
from mcpsite.health import readyz
from skills_registry import services
from skills_registry.catalog import get_catalog
from skills_registry.models import Skill
from tests.support.packages import package

call_command("migrate", verbosity=0)
assert async_to_sync(readyz)(RequestFactory().get("/readyz")).status_code == 200
services.discard_upload(services.stage_upload("a.zip", b"zip"))
for body in ("one", "two"):
    version, _ = services.create_version(package(body=body))
    services.publish(version.skill, version.number)
catalog = get_catalog()
found = catalog.changes_since(0)
(skill,) = found.published
for file in skill.files:
    catalog.read_file(skill, file)
services.rollback(Skill.objects.get())
assert catalog.changes_since(found.generation).published[0].version == 1
services.deactivate(Skill.objects.get())
services.delete_version(services.yank_version(Skill.objects.get().versions.get(number=2)))
fields = {"skill": "greeter", "method": "tools/call", "status": "success", "duration_ms": 1.0}
recorder.record(InvocationEvent(invoked_at=datetime.now(UTC), **fields))
assert recorder.flush(10)
assert queries.totals(["greeter"])["greeter"].calls == 1
for wanted in (queries.CallFilter(), queries.CallFilter(skill="greeter")):
    (call_found,) = queries.calls(wanted).calls
    assert queries.call("greeter", queries.Position(call_found.invoked_at, call_found.id)) == call_found
(counter,) = DynamoStore().counters()
DynamoStore().import_counter(Counter("greeter", 3, 0, None))
handover.put([InvocationEvent(invoked_at=datetime.now(UTC), **fields)])
call_command("sweep", verbosity=0)
assert queries.totals(["greeter"])["greeter"].calls == 5
assert not Skill.objects.pending().exists()
print(json.dumps(made, default=repr))
"""
ALLOWED_BY = {"HeadObject": "GetObject", "HeadBucket": "ListBucket", "ListObjectsV2": "ListBucket"} | {
    "ListObjectVersions": "ListBucketVersions"
}
"""The action that S3 asks for, where it is not called like the operation."""


def actions(service: str, operation: str, parameters: dict[str, Any]) -> Iterator[str]:
    """The actions that IAM asks for; a transaction asks for those of the writes in it."""
    if operation == "TransactWriteItems":
        for item in parameters["TransactItems"]:
            (kind,) = item
            yield f"dynamodb:{kind}Item"
    elif operation == "DeleteObject" and "VersionId" in parameters:
        yield "s3:DeleteObjectVersion"
    else:
        yield f"{service}:{ALLOWED_BY.get(operation, operation)}"


def test_task_role_allows_all_that_the_product_does(
    ministack_url: str, resources: dict[str, Any], tmp_path: Path
) -> None:
    tables = {"DYNAMODB_SKILLS_TABLE": "role-skills", "DYNAMODB_INVOCATION_LOGS_TABLE": "role-logs"}
    given = environment(ministack_url, ministack_url, S3_SKILLS_BUCKET="role", **tables)
    assert init(ministack_url, ministack_url, S3_SKILLS_BUCKET="role", **tables).returncode == 0
    result = subprocess.run(
        [sys.executable, "-c", DO_EVERYTHING],
        cwd=ROOT,
        env={**clean_environment(tmp_path / "data"), **given, "DJANGO_SETTINGS_MODULE": "mcpsite.settings"},
        capture_output=True,
        text=True,
        timeout=STARTS_WITHIN,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    made = json.loads(result.stdout.splitlines()[-1])

    (policy,) = resources["TaskRole"]["Policies"]
    statements = {statement["Sid"]: statement for statement in policy["PolicyDocument"]["Statement"]}
    allowed = {
        action
        for statement in statements.values()
        for action in (statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]])
    }
    done = {action for call in made for action in actions(*call)}
    assert {"s3:PutObject", "s3:ListBucket", "dynamodb:Query", "dynamodb:UpdateItem"} <= done
    assert done <= allowed

    indexes = {(call[1], call[2]["IndexName"]) for call in made if "IndexName" in call[2]}
    assert indexes == {("Query", "status-index")}
    assert statements["Index"]["Action"] == "dynamodb:Query"
    named = [parameters.get("Key", parameters.get("Prefix", "")) for service, _, parameters in made if service == "s3"]
    assert {key.split("/")[0] for key in named if key} == {"skills", "uploads", "spool"}
