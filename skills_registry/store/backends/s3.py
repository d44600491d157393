"""Objects in an S3 bucket, through django-storages: for production."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from django.conf import settings
from django.core.files.base import ContentFile
from storages.backends.s3 import S3Storage

from invocations.aws import whole_answers
from invocations.aws.guard import UNREACHED, Guard
from invocations.resilience.unavailable import MissingFile, StoreUnavailable

from . import Change

whole_answers.install()

UPDATE_TRIES = 50
ENCRYPTION_CODES = {
    "InternalError",
    "500",
    "NotImplemented",
    "501",
    "InvalidArgument",
    "InvalidRequest",
    "AccessDenied",
}
DENIED_CODES = {"AccessDenied", "403", "NotImplemented", "501", "MethodNotAllowed", "405"}
"""Error codes for missing permissions, and for operations that a server does not support."""


class Denied(StoreUnavailable):
    """The role lacks the permission, or the server does not support the operation."""


class S3SkillStorage(S3Storage):  # type: ignore[misc]  # django-storages has no types
    """Objects in one bucket, encrypted by S3 according to `encryption` (see S3_SSE); one client per process."""

    def __init__(self, *, encryption: str = "AES256", kms_key_id: str = "", **options: Any) -> None:
        local = options.get("endpoint_url") is not None
        self._encryption = encryption
        super().__init__(
            default_acl=None,
            object_parameters=_encrypted(encryption, kms_key_id),
            client_config=Config(
                connect_timeout=settings.S3_CONNECT_TIMEOUT_SECONDS,
                read_timeout=settings.S3_READ_TIMEOUT_SECONDS,
                retries={"mode": "standard", "total_max_attempts": settings.S3_TRIES},
                max_pool_connections=settings.S3_CONNECTIONS,
                signature_version="s3v4",
                s3={"addressing_style": "path" if local else "virtual"},
            ),
            **options,
        )
        self.guard = Guard("S3", settings.S3_CALL_TIMEOUT_SECONDS, self.check_access)
        self._lock = threading.Lock()
        self._client: Any = None

    @property
    def client(self) -> Any:
        """The boto3 client, created on first use and shared by all threads."""
        with self._lock:
            if self._client is None:
                client = boto3.Session().client(
                    "s3", region_name=self.region_name, endpoint_url=self.endpoint_url, config=self.client_config
                )
                self.guard.watch(client)
                self._client = client
            return self._client

    def get_available_name(self, name: str, max_length: int | None = None) -> str:
        """Return the name unchanged, as for local files."""
        return name

    def _save(self, name: str, content: Any) -> str:
        data = content.read()
        try:
            with _as_os_errors(name):
                self._put(name, data, IfNoneMatch="*")
        except FileExistsError:
            # After a lost response, the client retries and finds the object of its own first attempt.
            if self.read(name) != data:
                raise
        return name

    def _open(self, name: str, mode: str = "rb") -> ContentFile[bytes]:
        return ContentFile(self.read(name), name=name)

    def read(self, name: str, limit: int | None = None) -> bytes:
        """Read an object; see `LocalSkillStorage.read`."""
        with _as_os_errors(name):
            return self._get(name, limit)[0]

    def update(self, name: str, change: Change, limit: int | None = None) -> None:
        """Replace an object; S3 rejects a write that would undo a concurrent one, and the update is retried."""
        for _ in range(UPDATE_TRIES):
            present, condition = self._present(name, limit)
            content = change(present)
            if content is None:
                return
            try:
                with _as_os_errors(name):
                    self._put(name, content, **condition)
            except FileExistsError:
                continue
            return
        raise StoreUnavailable(f"{name} was changed by other writers {UPDATE_TRIES} times")

    def _present(self, name: str, limit: int | None) -> tuple[bytes | None, dict[str, str]]:
        """The object's content, and the condition that it is unchanged."""
        try:
            with _as_os_errors(name):
                data, tag = self._get(name, limit)
                return data, {"IfMatch": tag}
        except FileNotFoundError:
            return None, {"IfNoneMatch": "*"}

    def delete(self, name: str) -> None:
        """Delete an object, if it exists."""
        with _as_os_errors(name):
            self.client.delete_object(Bucket=self.bucket_name, Key=name)

    def erase(self, name: str) -> bool:
        """Delete an object or a folder with all earlier versions; False if those may remain.

        Without permission to list or delete them, they remain until the bucket's lifecycle removes them.
        """
        try:
            for key, version in self._versions(name):
                with _as_os_errors(key):
                    self.client.delete_object(Bucket=self.bucket_name, Key=key, VersionId=version)
        except Denied:
            for key in self._keys(name):
                self.delete(key)
            return False
        return True

    def _versions(self, name: str) -> Iterator[tuple[str, str]]:
        """Key and version id of all versions and delete markers of an object or a folder."""
        with _as_os_errors(name):
            pages = self.client.get_paginator("list_object_versions").paginate(Bucket=self.bucket_name, Prefix=name)
            found = [
                (entry["Key"], entry["VersionId"])
                for page in pages
                for entry in (*page.get("Versions", ()), *page.get("DeleteMarkers", ()))
            ]
        yield from ((key, version) for key, version in found if key == name or name.endswith("/"))

    def _keys(self, name: str) -> list[str]:
        """Keys of an object, or of all objects in a folder."""
        with _as_os_errors(name):
            pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket_name, Prefix=name)
            keys = [entry["Key"] for page in pages for entry in page.get("Contents", ())]
        return [key for key in keys if key == name or name.endswith("/")]

    def exists(self, name: str) -> bool:
        """Whether the object exists."""
        return self._head(name) is not None

    def get_modified_time(self, name: str) -> datetime:
        """When the object was written, with time zone. Raises FileNotFoundError."""
        head = self._head(name)
        if head is None:
            raise MissingFile(name)
        modified: datetime = head["LastModified"]
        return modified

    def listdir(self, name: str) -> tuple[list[str], list[str]]:
        """Names of all folders and files directly below a prefix."""
        prefix = f"{name.rstrip('/')}/"
        folders: list[str] = []
        files: list[str] = []
        with _as_os_errors(name):
            pages = self.client.get_paginator("list_objects_v2").paginate(
                Bucket=self.bucket_name, Delimiter="/", Prefix=prefix
            )
            for page in pages:
                folders += [entry["Prefix"][len(prefix) : -1] for entry in page.get("CommonPrefixes", ())]
                files += [entry["Key"][len(prefix) :] for entry in page.get("Contents", ())]
        return folders, files

    def check_access(self) -> None:
        """Raise OSError unless the bucket exists and is accessible."""
        try:
            with _as_os_errors(self.bucket_name):
                self.client.head_bucket(Bucket=self.bucket_name)
        except FileNotFoundError:  # a response to HEAD has no body, just the status 404
            raise StoreUnavailable(f"{self.bucket_name}: NoSuchBucket") from None

    def _put(self, name: str, data: bytes, **conditions: str) -> None:
        parameters = self.get_object_parameters(name)
        try:
            self.client.put_object(Bucket=self.bucket_name, Key=name, Body=data, **parameters, **conditions)
        except ClientError as error:
            if _may_be_encryption(self._encryption, error):
                hint = (
                    f"does the server lack the encryption that S3_SSE={self._encryption} asks for (S3_SSE=none: none)?"
                )
                raise StoreUnavailable(f"{name}: {error}; {hint}") from error
            raise

    def _get(self, name: str, limit: int | None) -> tuple[bytes, str]:
        """An object's content and ETag. Reports to the circuit breaker, whose hooks see only headers."""
        found = self.client.get_object(Bucket=self.bucket_name, Key=name)
        try:
            data = _body(found, limit)
        except UNREACHED:
            self.guard.breaker.record_failure()
            raise
        self.guard.breaker.record_success()
        return data, found["ETag"]

    def _head(self, name: str) -> dict[str, Any] | None:
        try:
            with _as_os_errors(name):
                head: dict[str, Any] = self.client.head_object(Bucket=self.bucket_name, Key=name)
        except FileNotFoundError:
            return None
        return head


def _encrypted(encryption: str, kms_key_id: str) -> dict[str, str]:
    """Object parameters for the encryption."""
    if encryption == "none":
        return {}
    key = {"SSEKMSKeyId": kms_key_id} if encryption == "aws:kms" and kms_key_id else {}
    return {"ServerSideEncryption": encryption, **key}


def _may_be_encryption(encryption: str, error: ClientError) -> bool:
    """Whether failed encryption may have caused the error; few servers have an error code of its own for that."""
    code = str(error.response["Error"]["Code"])
    denied = encryption == "aws:kms" and (code == "AccessDenied" or code.startswith("KMS."))
    return encryption != "none" and (code in ENCRYPTION_CODES or denied)


def _body(found: dict[str, Any], limit: int | None) -> bytes:
    """Read an object, whole if it is within the limit, since botocore checks the length only then."""
    data: bytes = found["Body"].read(limit if limit is not None and found["ContentLength"] > limit else None)
    return data


@contextmanager
def _as_os_errors(name: str) -> Iterator[None]:
    """Convert errors of S3 to OSErrors."""
    try:
        yield
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code in ("NoSuchKey", "404"):
            raise MissingFile(name) from None
        if code in ("PreconditionFailed", "412", "ConditionalRequestConflict"):
            raise FileExistsError(name) from None
        raise (Denied if code in DENIED_CODES else StoreUnavailable)(f"{name}: {error}") from error
    except BotoCoreError as error:
        raise StoreUnavailable(f"{name}: {error}") from error
