"""The package store on S3, over real connections to two servers that are not each other's copy."""

from __future__ import annotations

import json
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError
from django.utils import timezone

from invocations.resilience.unavailable import StoreUnavailable
from skills_registry import services
from skills_registry.models import Skill
from skills_registry.store import package_store
from skills_registry.store.backends.s3 import S3SkillStorage

from .conftest import live, publish
from .support.emulators import CREDENTIALS, s3_client, seaweedfs
from .support.packages import package
from .support.server import free_port
from .support.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True)

BUCKET = "skills-test"


@pytest.fixture
def bucket(s3_url: str, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """An empty bucket that the product stores into; a client to look at it."""
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name.upper(), value)
    client = s3_client(s3_url)
    if BUCKET in [found["Name"] for found in client.list_buckets()["Buckets"]]:
        for found in client.list_objects_v2(Bucket=BUCKET).get("Contents", ()):
            client.delete_object(Bucket=BUCKET, Key=found["Key"])
    else:
        client.create_bucket(Bucket=BUCKET)
    use_s3(settings, s3_url)
    return client


def use_s3(settings: Any, url: str, **options: str) -> None:
    backend = {
        "BACKEND": "skills_registry.store.backends.s3.S3SkillStorage",
        "OPTIONS": {"bucket_name": BUCKET, "region_name": "us-east-1", "endpoint_url": url, **options},
    }
    settings.STORAGES = {**settings.STORAGES, "skills": backend}


def keys(client: Any) -> set[str]:
    return {found["Key"] for found in client.list_objects_v2(Bucket=BUCKET).get("Contents", ())}


def test_upload_publish_and_rollback_leave_the_seeds_keys(bucket: Any) -> None:
    publish(body="one", files={"assets/ü b.bin": b"\x00\xff"})
    publish(body="two")
    services.rollback(Skill.objects.get())

    assert keys(bucket) == {
        "skills/greeter/v1/SKILL.md",
        "skills/greeter/v1/assets/ü b.bin",
        "skills/greeter/v1.json",
        "skills/greeter/v2/SKILL.md",
        "skills/greeter/v2.json",
        "skills/greeter/latest.json",
    }
    latest = json.loads(bucket.get_object(Bucket=BUCKET, Key="skills/greeter/latest.json")["Body"].read())
    assert latest["version"] == live() == "v1"
    assert package_store.read_file("greeter", 1, "assets/ü b.bin") == b"\x00\xff"


def test_objects_are_encrypted(bucket: Any) -> None:
    publish()
    head = bucket.head_object(Bucket=BUCKET, Key="skills/greeter/v1/SKILL.md")
    assert head["ServerSideEncryption"] == "AES256"


def test_object_is_never_overwritten(bucket: Any) -> None:
    package_store.write_version("greeter", 1, package(body="one").files, {})
    with pytest.raises(FileExistsError):
        package_store.write_version("greeter", 1, package(body="two").files, {})
    assert b"one" in package_store.read_file("greeter", 1, "SKILL.md")


def test_write_whose_answer_was_lost_counts_as_done(bucket: Any) -> None:
    files = package().files
    bucket.put_object(Bucket=BUCKET, Key="skills/greeter/v1/SKILL.md", Body=files[0].content)
    package_store.write_version("greeter", 1, files, {"version": "v1"})
    assert "skills/greeter/v1.json" in keys(bucket)


def test_one_of_many_writers_at_once_wins(bucket: Any) -> None:
    def write(number: int) -> bool:
        try:
            package_store.write_version("greeter", 1, package(body=f"text {number}").files, {})
        except FileExistsError:
            return False
        return True

    assert sum(at_once(write, range(16))) == 1


def test_file_that_is_not_there_is_not_found(bucket: Any) -> None:
    with pytest.raises(FileNotFoundError):
        package_store.read_file("greeter", 1, "SKILL.md")


def test_interrupted_version_is_deleted_whole_however_many_files(bucket: Any) -> None:
    files = {f"references/{number}.md": str(number) for number in range(30)}
    package_store.write_version("greeter", 1, package(files=files).files, {})
    package_store.write_version("greeter", 10, package(body="ten").files, {})
    package_store.delete_version("greeter", 1)
    assert keys(bucket) == {"skills/greeter/v10/SKILL.md", "skills/greeter/v10.json"}


def test_staged_upload_can_be_read_by_another_replica_and_is_swept(bucket: Any) -> None:
    staged = services.stage_upload("a.zip", b"zip")
    assert package_store.read_upload(staged.pk) == b"zip"
    assert services.sweep().uploads == 0
    services.discard_upload(staged)
    assert keys(bucket) == set()


def test_store_that_is_away_fails_the_upload_and_loses_nothing(bucket: Any, settings: Any, s3_url: str) -> None:
    publish(body="one")
    use_s3(settings, f"http://127.0.0.1:{free_port()}")
    with pytest.raises(services.StoreFailed):
        services.create_version(package(body="two"))
    with pytest.raises(StoreUnavailable):
        package_store.read_file("greeter", 1, "SKILL.md")
    use_s3(settings, s3_url)
    version, _ = services.create_version(package(body="two"))
    assert (version.number, live()) == (3, "v1")


def test_publish_while_the_store_is_away_is_pending_and_made_later(bucket: Any, settings: Any, s3_url: str) -> None:
    publish(body="one")
    services.create_version(package(body="two"))
    use_s3(settings, f"http://127.0.0.1:{free_port()}")
    services.publish(Skill.objects.get(), 2)
    assert live() == "v2"
    assert Skill.objects.pending().count() == 1
    use_s3(settings, s3_url)
    assert services.sweep().projections == 1


def test_server_side_errors_are_not_taken_for_missing_files(settings: Any, tmp_path: Path, bucket: Any) -> None:
    use_s3(settings, settings.STORAGES["skills"]["OPTIONS"]["endpoint_url"])
    options = {**settings.STORAGES["skills"]["OPTIONS"], "bucket_name": "no-such-bucket"}
    settings.STORAGES = {**settings.STORAGES, "skills": {**settings.STORAGES["skills"], "OPTIONS": options}}
    with pytest.raises(StoreUnavailable, match="NoSuchBucket"):
        package_store.read_file("greeter", 1, "SKILL.md")


def test_listings_go_on_after_the_first_thousand_keys(bucket: Any) -> None:
    uploads = [uuid.uuid4() for _ in range(1005)]
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda pk: bucket.put_object(Bucket=BUCKET, Key=f"uploads/{pk}.zip", Body=b"zip"), uploads))
    try:
        assert set(package_store.list_uploads_before(timezone.now() + timedelta(hours=1))) == set(uploads)
    finally:
        for start in range(0, len(uploads), 1000):
            entries = [{"Key": f"uploads/{pk}.zip"} for pk in uploads[start : start + 1000]]
            bucket.delete_objects(Bucket=BUCKET, Delete={"Objects": entries})


def versions(client: Any, prefix: str) -> list[str]:
    """All versions and delete markers of objects."""
    found = client.list_object_versions(Bucket=VERSIONED, Prefix=prefix)
    return [entry["Key"] for entry in (*found.get("Versions", ()), *found.get("DeleteMarkers", ()))]


VERSIONED = "skills-versioned"


@pytest.fixture
def versioned(bucket: Any, settings: Any) -> Any:
    """A bucket that keeps earlier versions of objects, as the product's own does; a client to look at it."""
    if VERSIONED not in [found["Name"] for found in bucket.list_buckets()["Buckets"]]:
        bucket.create_bucket(Bucket=VERSIONED)
        bucket.put_bucket_versioning(Bucket=VERSIONED, VersioningConfiguration={"Status": "Enabled"})
    options = {**settings.STORAGES["skills"]["OPTIONS"], "bucket_name": VERSIONED}
    settings.STORAGES = {**settings.STORAGES, "skills": {**settings.STORAGES["skills"], "OPTIONS": options}}
    return bucket


def test_what_is_deleted_for_good_leaves_no_earlier_copies(versioned: Any) -> None:
    first, _ = services.create_version(package("eraser", "one", {"a/b.md": "secret"}))
    publish("eraser", body="two")
    others = versions(versioned, "skills/eraser/v2")
    assert versions(versioned, "skills/eraser/v1/")

    assert services.delete_version(first) is services.Removal.GONE
    assert versions(versioned, "skills/eraser/v1/") == versions(versioned, "skills/eraser/v1.json") == []
    assert versions(versioned, "skills/eraser/v2") == others

    upload = services.stage_upload("a.zip", b"zip")
    services.discard_upload(upload)
    assert versions(versioned, f"uploads/{upload.pk}") == []


@pytest.mark.parametrize("forbidden", ["ListObjectVersions", "DeleteObjectVersion"])
def test_copies_that_may_not_be_deleted_are_told(versioned: Any, forbidden: str) -> None:
    def refuse(params: dict[str, Any], **_: Any) -> None:
        if forbidden == "ListObjectVersions" or "VersionId" in params:
            raise ClientError({"Error": {"Code": "AccessDenied", "Message": "not you"}}, forbidden)

    client = cast("S3SkillStorage", package_store._store()).client
    operation = "ListObjectVersions" if forbidden == "ListObjectVersions" else "DeleteObject"
    client.meta.events.register(f"provide-client-params.s3.{operation}", refuse)
    version, _ = services.create_version(package(f"denied-{forbidden.lower()}", "one"))

    removal = services.delete_version(version)
    assert removal is services.Removal.COPIES_MAY_STAY
    assert "may keep earlier copies" in services.removal_warning(version, removal)
    with pytest.raises(FileNotFoundError):
        package_store.read_sidecar(version.skill.name, 1)


def test_server_that_cannot_encrypt_is_told_of_and_used_without(
    tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name.upper(), value)
    with seaweedfs(tmp_path, encrypts=False) as url:
        s3_client(url).create_bucket(Bucket=BUCKET)
        use_s3(settings, url)
        with pytest.raises(services.StoreFailed, match=r"S3_SSE=AES256 .*S3_SSE=none"):
            services.create_version(package())
        use_s3(settings, url, encryption="none")
        assert services.create_version(package())[1]
