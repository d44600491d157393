"""What S3 says, in Python's own terms; moto in process, since nothing here is about concurrency."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.core.files.base import ContentFile
from moto import mock_aws

from invocations.resilience.unavailable import StoreUnavailable
from skills_registry.store.backends.s3 import S3SkillStorage

from .support.emulators import CREDENTIALS


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Iterator[S3SkillStorage]:
    """A bucket in memory."""
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name.upper(), value)
    with mock_aws():
        store = S3SkillStorage(bucket_name="units", region_name="us-east-1", endpoint_url=None)
        store.client.create_bucket(Bucket="units")
        yield store


def test_what_is_not_there_is_a_file_not_found(store: S3SkillStorage) -> None:
    for attempt in (lambda: store.open("a.md").read(), lambda: store.get_modified_time("a.md")):
        with pytest.raises(FileNotFoundError):
            attempt()
    assert not store.exists("a.md")
    store.delete("a.md")


def test_key_that_is_taken_by_other_bytes_is_a_file_exists(store: S3SkillStorage) -> None:
    store.save("a.md", ContentFile(b"first"))
    store.save("a.md", ContentFile(b"first"))
    with pytest.raises(FileExistsError):
        store.save("a.md", ContentFile(b"second"))
    assert store.open("a.md").read() == b"first"


def test_objects_are_encrypted_and_nobody_elses_to_read(store: S3SkillStorage) -> None:
    store.save("a.md", ContentFile(b"x"))
    assert store.client.head_object(Bucket="units", Key="a.md")["ServerSideEncryption"] == "AES256"
    grants = store.client.get_object_acl(Bucket="units", Key="a.md")["Grants"]
    assert [grant["Grantee"]["Type"] for grant in grants] == ["CanonicalUser"]


@pytest.mark.parametrize(
    ("options", "sent"),
    [
        ({"encryption": "aws:kms"}, {"ServerSideEncryption": "aws:kms"}),
        (
            {"encryption": "aws:kms", "kms_key_id": "alias/skills"},
            {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": "alias/skills"},
        ),
        ({"encryption": "none"}, {}),
        ({"encryption": "AES256", "kms_key_id": "alias/skills"}, {"ServerSideEncryption": "AES256"}),
    ],
)
def test_encryption_is_what_the_settings_say(
    store: S3SkillStorage, options: dict[str, str], sent: dict[str, str]
) -> None:
    other = S3SkillStorage(bucket_name="units", region_name="us-east-1", endpoint_url=None, **options)
    seen: list[dict[str, str]] = []
    other.client.meta.events.register("provide-client-params.s3.PutObject", lambda params, **_: seen.append(params))
    other.save("a.md", ContentFile(b"x"))
    assert {name: value for name, value in seen[0].items() if name in ("ServerSideEncryption", "SSEKMSKeyId")} == sent


def test_bucket_that_is_not_there_is_a_store_that_is_unavailable(store: S3SkillStorage) -> None:
    store.client.delete_bucket(Bucket="units")
    attempts = (
        store.check_access,
        lambda: store.save("a.md", ContentFile(b"x")),
        lambda: store.listdir("skills"),
        lambda: store.update("a.md", lambda present: b"x"),
    )
    for attempt in attempts:
        with pytest.raises(StoreUnavailable, match=r"NoSuchBucket|404"):
            attempt()
