"""Objects in an S3 bucket, by django-storages: for production."""

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
from invocations.aws.guard import UNREACHED, Guard, StoreUnavailable

from . import Change

__all__ = ["S3SkillStorage", "StoreUnavailable"]

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
"""What S3 says to those who may not do something, and servers that cannot do it."""


class Denied(StoreUnavailable):
    """This role may not do what was asked, or the server cannot."""


class S3SkillStorage(S3Storage):  # type: ignore[misc]  # django-storages has no types
    """Objects in one bucket, encrypted by S3 as `encryption` says (see S3_SSE), through one client a process."""

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
        """The boto3 client, made at the first use; safe to share between threads."""
        with self._lock:
            if self._client is None:
                client = boto3.Session().client(
                    "s3", region_name=self.region_name, endpoint_url=self.endpoint_url, config=self.client_config
                )
                self.guard.watch(client)
                self._client = client
            return self._client

    def get_available_name(self, name: str, max_length: int | None = None) -> str:
        """The name itself, as with local files."""
        return name

    def _save(self, name: str, content: Any) -> str:
        data = content.read()
        try:
            with _as_os_errors(name):
                self._put(name, data, IfNoneMatch="*")
        except FileExistsError:
            # An answer that was lost makes the client try again and find its own first try.
            if self.read(name) != data:
                raise
        return name

    def _open(self, name: str, mode: str = "rb") -> ContentFile[bytes]:
        return ContentFile(self.read(name), name=name)

    def read(self, name: str, limit: int | None = None) -> bytes:
        """As with local files."""
        with _as_os_errors(name):
            return self._get(name, limit)[0]

    def update(self, name: str, change: Change, limit: int | None = None) -> None:
        """As with local files: a write that would undo somebody else's is refused by S3, and tried again."""
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
        raise StoreUnavailable(f"{name} was changed {UPDATE_TRIES} times by others")

    def _present(self, name: str, limit: int | None) -> tuple[bytes | None, dict[str, str]]:
        """The object's content, and the condition that it is still that."""
        try:
            with _as_os_errors(name):
                data, tag = self._get(name, limit)
                return data, {"IfMatch": tag}
        except FileNotFoundError:
            return None, {"IfNoneMatch": "*"}

    def delete(self, name: str) -> None:
        """Remove an object; one that is not there is fine."""
        with _as_os_errors(name):
            self.client.delete_object(Bucket=self.bucket_name, Key=name)

    def erase(self, name: str) -> bool:
        """As with local files, with all earlier versions; False where these may have stayed.

        They stay until the bucket's lifecycle removes them, where it is not allowed to list or to delete them.
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
        """The versions and delete markers of an object, or of all objects of a folder, each by key and id."""
        with _as_os_errors(name):
            pages = self.client.get_paginator("list_object_versions").paginate(Bucket=self.bucket_name, Prefix=name)
            found = [
                (entry["Key"], entry["VersionId"])
                for page in pages
                for entry in (*page.get("Versions", ()), *page.get("DeleteMarkers", ()))
            ]
        yield from ((key, version) for key, version in found if key == name or name.endswith("/"))

    def _keys(self, name: str) -> list[str]:
        """The object, or all objects of a folder."""
        with _as_os_errors(name):
            pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket_name, Prefix=name)
            keys = [entry["Key"] for page in pages for entry in page.get("Contents", ())]
        return [key for key in keys if key == name or name.endswith("/")]

    def exists(self, name: str) -> bool:
        """Whether the object is there."""
        return self._head(name) is not None

    def get_modified_time(self, name: str) -> datetime:
        """When the object was written, with time zone. Raises FileNotFoundError."""
        head = self._head(name)
        if head is None:
            raise FileNotFoundError(name)
        modified: datetime = head["LastModified"]
        return modified

    def listdir(self, name: str) -> tuple[list[str], list[str]]:
        """Names of the folders and files right below a prefix, however many there are."""
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
        """Raise OSError unless the bucket is there and may be used."""
        try:
            with _as_os_errors(self.bucket_name):
                self.client.head_bucket(Bucket=self.bucket_name)
        except FileNotFoundError:  # an answer to HEAD has no body to say more than 404
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
        """An object's content and its ETag. That the content came, or not, is told here: hooks see headers alone."""
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
    """The parameters of an object that is to be encrypted so."""
    if encryption == "none":
        return {}
    key = {"SSEKMSKeyId": kms_key_id} if encryption == "aws:kms" and kms_key_id else {}
    return {"ServerSideEncryption": encryption, **key}


def _may_be_encryption(encryption: str, error: ClientError) -> bool:
    """Whether a server that cannot encrypt, or may not, says this; few have an error of their own for it."""
    code = str(error.response["Error"]["Code"])
    denied = encryption == "aws:kms" and (code == "AccessDenied" or code.startswith("KMS."))
    return encryption != "none" and (code in ENCRYPTION_CODES or denied)


def _body(found: dict[str, Any], limit: int | None) -> bytes:
    """What an object holds; read whole where it is not larger than the limit, since only then its length is checked."""
    data: bytes = found["Body"].read(limit if limit is not None and found["ContentLength"] > limit else None)
    return data


@contextmanager
def _as_os_errors(name: str) -> Iterator[None]:
    """Say in Python's own terms what went wrong with an object."""
    try:
        yield
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code in ("NoSuchKey", "404"):
            raise FileNotFoundError(name) from None
        if code in ("PreconditionFailed", "412", "ConditionalRequestConflict"):
            raise FileExistsError(name) from None
        raise (Denied if code in DENIED_CODES else StoreUnavailable)(f"{name}: {error}") from error
    except BotoCoreError as error:
        raise StoreUnavailable(f"{name}: {error}") from error
