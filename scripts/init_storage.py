"""Creates and configures the bucket and tables of STORAGE_BACKEND=s3.

Names, region and endpoints come from the product's settings (docs/settings.md). Idempotent; lifecycle
rules and policy statements of others are kept. `deploy/cloudformation.yaml`
describes the same for AWS.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import chain
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as BotoConnectionError

from mcpsite.env import env_str

REGION = env_str("AWS_REGION", "us-east-1")
BUCKET = env_str("S3_SKILLS_BUCKET", "mcp-skills-bucket")
S3_ENDPOINT = env_str("S3_ENDPOINT_URL")
DYNAMODB_ENDPOINT = env_str("DYNAMODB_ENDPOINT_URL")

SSE = env_str("S3_SSE", "AES256", choices=("AES256", "aws:kms", "none"))
SSE_KMS_KEY_ID = env_str("S3_SSE_KMS_KEY_ID")
NOT_PUBLIC = dict.fromkeys(("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True)
LIFECYCLE = [
    {
        "ID": "staged-uploads",
        "Status": "Enabled",
        "Filter": {"Prefix": "uploads/"},
        "Expiration": {"Days": 1},
        # The bucket is versioned: without this, an expired upload would only be hidden.
        "NoncurrentVersionExpiration": {"NoncurrentDays": 1},
    },
    {
        # Only deleted objects: the current ones are calls that are not logged yet.
        "ID": "handed-over-calls",
        "Status": "Enabled",
        "Filter": {"Prefix": "spool/"},
        "Expiration": {"ExpiredObjectDeleteMarker": True},
        "NoncurrentVersionExpiration": {"NoncurrentDays": 1},
    },
    {
        # How long overwritten and deleted objects can be restored.
        "ID": "noncurrent-versions",
        "Status": "Enabled",
        "Filter": {"Prefix": ""},
        "NoncurrentVersionExpiration": {"NoncurrentDays": 30},
    },
    {
        "ID": "incomplete-uploads",
        "Status": "Enabled",
        "Filter": {"Prefix": ""},
        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1},
    },
]
POLL_SECONDS = 1


class Failed(Exception):
    """A step failed; the message says which and why."""


@dataclass(frozen=True)
class Table:
    """A table's keys, its index with keys, and its TTL attribute."""

    name: str
    keys: tuple[str, ...]
    index: str = ""
    index_keys: tuple[str, ...] = ()
    expires: str = ""


TABLES = [
    Table(
        env_str("DYNAMODB_SKILLS_TABLE", "mcp-skills"),
        keys=("skill_id",),
        index="status-index",
        index_keys=("status", "updated_at"),
    ),
    Table(
        env_str("DYNAMODB_INVOCATION_LOGS_TABLE", "mcp-invocation-logs"),
        keys=("skill_id", "invoked_at"),
        expires="expires_at",
    ),
]


@dataclass(frozen=True)
class Step:
    """A step; `make` returns whether it changed something. `optional`: skipped if the server does not support it."""

    what: str
    make: Callable[[], bool]
    optional: bool = False


def main() -> int:
    """Run all steps; return the exit status."""
    parser = argparse.ArgumentParser(description="Create the bucket and tables of STORAGE_BACKEND=s3.")
    parser.add_argument("--wait", type=float, default=0, metavar="SECONDS", help="wait for servers that are starting")
    wait = parser.parse_args().wait
    s3, dynamodb = _clients()
    say(f"S3: {S3_ENDPOINT or f'AWS, {REGION}'}. DynamoDB: {DYNAMODB_ENDPOINT or f'AWS, {REGION}'}.")
    try:
        if wait:
            deadline = time.monotonic() + wait
            wait_for(s3.list_buckets, deadline)
            wait_for(dynamodb.list_tables, deadline)
        changes = sum(take(step) for step in chain(bucket_steps(s3), table_steps(dynamodb)))
    except (Failed, BotoCoreError, ClientError) as error:
        sys.stderr.write(f"failed: {error}\n")
        return 1
    say(f"{changes} changed." if changes else "Nothing changed.")
    return 0


def say(line: str) -> None:
    """Print a line and flush."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def take(step: Step) -> bool:
    """Run a step and print its outcome; return whether something changed."""
    try:
        changed = step.make()
    except (BotoCoreError, ClientError) as error:
        if not (step.optional and _code(error) == "NotImplemented"):
            raise Failed(f"{step.what}: {error}") from error
        say(f"{step.what}: warning: skipped, this server does not implement it")
        return False
    say(f"{step.what}: {'done' if changed else 'unchanged'}")
    return changed


def wait_for(ask: Callable[[], object], deadline: float) -> None:
    """Retry until there is an answer; a starting server refuses connections or answers 5xx."""
    while True:
        try:
            ask()
        except (BotoConnectionError, HTTPClientError, ClientError) as error:
            if _is_refusal(error) or time.monotonic() >= deadline:
                raise
        else:
            return
        time.sleep(POLL_SECONDS)


def bucket_steps(s3: Any) -> Iterator[Step]:
    """Yield the bucket's steps: versioning, encryption, no public access, lifecycle, TLS only."""
    yield Step(f"bucket {BUCKET}", partial(make_bucket, s3))
    yield Step("bucket versioning", partial(make_versioned, s3))
    if SSE == "none":
        say("bucket encryption: skipped, S3_SSE=none")
    else:
        yield Step(f"bucket encryption (S3_SSE={SSE})", partial(make_encrypted, s3))
    yield Step("bucket public access block", partial(make_private, s3), optional=True)
    yield Step("bucket lifecycle (uploads/ for 1 day, earlier versions for 30)", partial(make_lifecycle, s3))
    if S3_ENDPOINT.startswith("http://"):
        say("bucket policy (TLS only): skipped, it would block this plain http endpoint")
    else:
        yield Step("bucket policy (TLS only)", partial(make_tls_only, s3))


def make_bucket(s3: Any) -> bool:
    """Create the bucket. One that belongs to another account is an error."""
    if _or_none(lambda: s3.head_bucket(Bucket=BUCKET), "404") is not None:
        return False
    # us-east-1 is the default and must not be named.
    elsewhere = {} if REGION == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": REGION}}
    s3.create_bucket(Bucket=BUCKET, **elsewhere)
    return True


def make_versioned(s3: Any) -> bool:
    """Turn on versioning, so that overwritten and deleted objects can be restored."""
    if s3.get_bucket_versioning(Bucket=BUCKET).get("Status") == "Enabled":
        return False
    s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    return True


def make_encrypted(s3: Any) -> bool:
    """Set the default encryption."""
    found = _or_none(lambda: s3.get_bucket_encryption(Bucket=BUCKET), "ServerSideEncryptionConfigurationNotFoundError")
    rules = found["ServerSideEncryptionConfiguration"]["Rules"] if found else []
    wanted = encryption()
    if any(rule["ApplyServerSideEncryptionByDefault"] == wanted for rule in rules):
        return False
    s3.put_bucket_encryption(
        Bucket=BUCKET, ServerSideEncryptionConfiguration={"Rules": [{"ApplyServerSideEncryptionByDefault": wanted}]}
    )
    return True


def encryption() -> dict[str, str]:
    """Return the default encryption of objects."""
    key = {"KMSMasterKeyID": SSE_KMS_KEY_ID} if SSE == "aws:kms" and SSE_KMS_KEY_ID else {}
    return {"SSEAlgorithm": SSE, **key}


def make_private(s3: Any) -> bool:
    """Block public access to the bucket and its objects."""
    found = _or_none(lambda: s3.get_public_access_block(Bucket=BUCKET), "NoSuchPublicAccessBlockConfiguration")
    if found and found["PublicAccessBlockConfiguration"] == NOT_PUBLIC:
        return False
    s3.put_public_access_block(Bucket=BUCKET, PublicAccessBlockConfiguration=NOT_PUBLIC)
    return True


def make_lifecycle(s3: Any) -> bool:
    """Set our lifecycle rules and keep others."""
    found = _or_none(lambda: s3.get_bucket_lifecycle_configuration(Bucket=BUCKET), "NoSuchLifecycleConfiguration")
    present = found["Rules"] if found else []
    if all(rule in present for rule in LIFECYCLE):
        return False
    ours = {rule["ID"] for rule in LIFECYCLE}
    rules = [*(rule for rule in present if rule.get("ID") not in ours), *LIFECYCLE]
    s3.put_bucket_lifecycle_configuration(Bucket=BUCKET, LifecycleConfiguration={"Rules": rules})
    return True


def make_tls_only(s3: Any) -> bool:
    """Set our policy statement and keep others."""
    found = _or_none(lambda: s3.get_bucket_policy(Bucket=BUCKET), "NoSuchBucketPolicy")
    policy: dict[str, Any] = {"Version": "2012-10-17", "Statement": []}
    if found:
        policy = json.loads(found["Policy"])
    statement = tls_only()
    if statement in policy["Statement"]:
        return False
    others = [other for other in policy["Statement"] if other.get("Sid") != statement["Sid"]]
    s3.put_bucket_policy(Bucket=BUCKET, Policy=json.dumps({**policy, "Statement": [*others, statement]}))
    return True


def tls_only() -> dict[str, Any]:
    """Return the statement that denies requests without TLS."""
    arn = f"arn:{boto3.Session().get_partition_for_region(REGION)}:s3:::{BUCKET}"
    return {
        "Sid": "OnlyTls",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [arn, f"{arn}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }


def table_steps(dynamodb: Any) -> Iterator[Step]:
    """Yield the tables' steps, including TTL."""
    for table in TABLES:
        yield Step(f"table {table.name}", partial(make_table, dynamodb, table))
        if table.expires:
            yield Step(f"table {table.name}, expiry", partial(make_expiry, dynamodb, table))


def make_table(dynamodb: Any, table: Table) -> bool:
    """Create a table billed per request. A table with other keys or without the index is an error."""
    found = _or_none(lambda: dynamodb.describe_table(TableName=table.name), "ResourceNotFoundException")
    if found is not None:
        _check_shape(table, found["Table"])
        return False
    attributes = dict.fromkeys((*table.keys, *table.index_keys))
    dynamodb.create_table(
        TableName=table.name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in attributes],
        KeySchema=_key_schema(table.keys),
        **({"GlobalSecondaryIndexes": _indexes(table)} if table.index else {}),
    )
    dynamodb.get_waiter("table_exists").wait(
        TableName=table.name, WaiterConfig={"Delay": POLL_SECONDS, "MaxAttempts": 120}
    )
    return True


def make_expiry(dynamodb: Any, table: Table) -> bool:
    """Turn on the table's TTL."""
    found = dynamodb.describe_time_to_live(TableName=table.name)["TimeToLiveDescription"]
    if found["TimeToLiveStatus"] in ("ENABLED", "ENABLING") and found.get("AttributeName") == table.expires:
        return False
    dynamodb.update_time_to_live(
        TableName=table.name, TimeToLiveSpecification={"Enabled": True, "AttributeName": table.expires}
    )
    return True


def _check_shape(table: Table, found: dict[str, Any]) -> None:
    present = {index["IndexName"]: index["KeySchema"] for index in found.get("GlobalSecondaryIndexes", ())}
    if found["KeySchema"] != _key_schema(table.keys):
        raise Failed(f"table {table.name} exists with other keys than {', '.join(table.keys)}")
    if table.index and present.get(table.index) != _key_schema(table.index_keys):
        raise Failed(f"table {table.name} exists without {table.index} on {', '.join(table.index_keys)}")


def _indexes(table: Table) -> list[dict[str, Any]]:
    keys = _key_schema(table.index_keys)
    return [{"IndexName": table.index, "KeySchema": keys, "Projection": {"ProjectionType": "ALL"}}]


def _key_schema(names: tuple[str, ...]) -> list[dict[str, str]]:
    return [{"AttributeName": name, "KeyType": kind} for name, kind in zip(names, ("HASH", "RANGE"), strict=False)]


def _clients() -> tuple[Any, Any]:
    session = boto3.Session(region_name=REGION)
    config = Config(
        connect_timeout=3,
        read_timeout=20,
        retries={"mode": "standard", "total_max_attempts": 3},
        s3={"addressing_style": "path" if S3_ENDPOINT else "virtual"},
    )
    return (
        session.client("s3", endpoint_url=S3_ENDPOINT or None, config=config),
        session.client("dynamodb", endpoint_url=DYNAMODB_ENDPOINT or None, config=config),
    )


def _or_none(ask: Callable[[], Any], absent: str) -> Any:
    """Return the answer, or None on the error code `absent`."""
    try:
        return ask()
    except ClientError as error:
        if _code(error) != absent:
            raise
        return None


def _is_refusal(error: Exception) -> bool:
    return isinstance(error, ClientError) and error.response["ResponseMetadata"]["HTTPStatusCode"] < 500


def _code(error: BotoCoreError | ClientError) -> str:
    return str(error.response["Error"]["Code"]) if isinstance(error, ClientError) else ""


if __name__ == "__main__":
    sys.exit(main())
