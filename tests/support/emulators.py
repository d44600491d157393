"""S3 and DynamoDB emulators: several, so that tests do not rely on the quirks of one."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
import httpx
import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError

from .patience import PATIENCE_SECONDS
from .server import ROOT, free_port

BIN = ROOT / ".venv" / "emulators" / "bin"
STARTS_WITHIN = PATIENCE_SECONDS
CREDENTIALS = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing12345"}
PORTS = [f"{server}.{port}" for server in ("master", "volume", "filer") for port in ("port", "port.grpc")] + [
    "s3.port.grpc",
    "s3.port.iceberg",
    "s3.port.lance",
]


@contextmanager
def running(command: list[str], ready: Callable[[], bool], log: Path, **environment: str) -> Iterator[None]:
    """Run a server process within the block."""
    with log.open("w") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, env={**os.environ, **environment})
    try:
        deadline = time.monotonic() + STARTS_WITHIN
        while not ready():
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.05)
        yield
    finally:
        process.kill()  # its data is temporary
        process.wait(30)


@contextmanager
def ministack(folder: Path) -> Iterator[str]:
    """Run MiniStack (S3 and DynamoDB); yield its URL."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    environment = {
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "SERVICES": "s3,dynamodb",
        "LOG_LEVEL": "WARNING",
    }
    with running([_binary("ministack")], lambda: _lists_buckets(url), folder / "ministack.log", **environment):
        yield url


@contextmanager
def seaweedfs(folder: Path, *, encrypts: bool = True) -> Iterator[str]:
    """Run SeaweedFS (S3 with signature checks); yield its URL. Without a key it refuses to encrypt."""
    port = free_port()
    identity = {"accessKey": CREDENTIALS["aws_access_key_id"], "secretKey": CREDENTIALS["aws_secret_access_key"]}
    actions = ["Admin", "Read", "Write", "List", "Tagging"]
    config = folder / "identities.json"
    config.write_text(json.dumps({"identities": [{"name": "admin", "credentials": [identity], "actions": actions}]}))
    ports = [f"-{name}={free_port()}" for name in PORTS]
    command = [
        _binary("weed"), "-logtostderr=true", "server", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", f"-dir={folder}", "-s3",
        f"-s3.port={port}", f"-s3.config={config}", "-s3.allowDeleteBucketNotEmpty=false", *ports,
        "-master.volumeSizeLimitMB=64", "-volume.max=100", "-master.telemetry=false",
    ]  # fmt: skip
    url = f"http://127.0.0.1:{port}"
    key = {"WEED_S3_SSE_KEK": "0123456789abcdef" * 4} if encrypts else {}
    with running(command, lambda: _lists_buckets(url), folder / "weed.log", **key):
        yield url


@contextmanager
def dynamodb_local(folder: Path) -> Iterator[str]:
    """Run Amazon's DynamoDB Local from the folder DYNAMODB_LOCAL_HOME; yield its URL."""
    home = Path(os.environ["DYNAMODB_LOCAL_HOME"])
    port = free_port()
    command = [
        "java", "-Xms64m", "-Xmx256m", "-XX:+UseSerialGC", f"-Djava.library.path={home / 'DynamoDBLocal_lib'}", "-jar",
        str(home / "DynamoDBLocal.jar"), "-inMemory", "-sharedDb", "-disableTelemetry", "-port", str(port),
    ]  # fmt: skip
    url = f"http://127.0.0.1:{port}"
    with running(command, lambda: _lists_tables(url), folder / "dynamodb-local.log"):
        yield url


def s3_client(url: str) -> Any:
    """Return a plain client, to check what the product stored."""
    config = Config(
        s3={"addressing_style": "path"}, retries={"total_max_attempts": 1}, connect_timeout=1, read_timeout=5
    )
    return boto3.client("s3", endpoint_url=url, region_name="us-east-1", config=config, **CREDENTIALS)


def _binary(name: str) -> str:
    path = BIN / name
    if not path.exists():
        pytest.skip(f"{name} is not installed: scripts/install-emulators")
    return str(path)


def _lists_tables(url: str) -> bool:
    try:
        boto3.client("dynamodb", endpoint_url=url, region_name="us-east-1", **CREDENTIALS).list_tables()
    except BotoCoreError:
        return False
    return True


def _lists_buckets(url: str) -> bool:
    try:
        httpx.get(url, timeout=1)
        s3_client(url).list_buckets()
    except Exception:  # noqa: BLE001  # any failure means not ready
        return False
    return True
