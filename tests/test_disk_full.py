"""The server's disk is full: that is what people and scripts are told."""

from __future__ import annotations

import errno
import gc
import os
import tempfile
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from django.contrib.auth.models import User
from django.core.files.uploadhandler import TemporaryFileUploadHandler
from django.test import Client

from mcpsite.asgi import application
from skills_registry.store import package_store
from skills_registry.store.disk_cache import DiskCache

from .support.api import Api
from .support.packages import skill_md, zip_of
from .support.pages import SKILLS, text_of, upload

# Django leaves the file open that it could not write a body to; it is closed here, where that is known.
left_open = pytest.mark.filterwarnings(
    "ignore:Unclosed file:ResourceWarning", "ignore:Exception ignored in.*SpooledTemporaryFile"
)


@pytest.fixture(autouse=True)
def collected() -> Iterator[None]:
    yield
    gc.collect()


pytestmark = left_open


FULL = "The server's disk is full. Nothing was changed."
GOOD = zip_of({"SKILL.md": skill_md()})


def full(*_: Any, **__: Any) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.django_db
def test_upload_of_the_api_that_cannot_be_kept_for_a_moment(operator: User, monkeypatch: pytest.MonkeyPatch) -> None:
    api = Api(operator)
    api.client.raise_request_exception = False
    monkeypatch.setattr("django.core.files.uploadhandler.MemoryFileUploadHandler.receive_data_chunk", full)
    answer = api.upload(GOOD)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert answer.json() == {"detail": FULL}


@pytest.mark.django_db
def test_version_that_cannot_be_stored(operator: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(package_store, "write_version", full)
    answer = Api(operator).upload(GOOD)
    assert answer.status_code == 503
    assert answer.json()["detail"] == "greeter v1 could not be stored and nothing was changed: No space left on device"


@pytest.mark.django_db
def test_upload_in_the_admin_that_cannot_be_staged(browser: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(package_store, "write_upload", full)
    told = "The upload could not be stored: No space left on device"
    page = upload(browser, GOOD)
    assert (page.status_code, told in text_of(page)) == (503, True)


@pytest.mark.django_db
def test_upload_in_the_admin_that_cannot_be_read(browser: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    browser.raise_request_exception = False
    monkeypatch.setattr(TemporaryFileUploadHandler, "receive_data_chunk", full)
    monkeypatch.setattr("django.core.files.uploadhandler.MemoryFileUploadHandler.receive_data_chunk", full)
    answer = upload(browser, GOOD)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert FULL in text_of(answer)


@pytest.mark.django_db
def test_upload_in_the_admin_to_a_disk_that_can_only_be_read(browser: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    browser.raise_request_exception = False
    monkeypatch.setattr("django.core.files.uploadhandler.MemoryFileUploadHandler.receive_data_chunk", fail)
    answer = upload(browser, GOOD)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert "The server's disk is read-only" in text_of(answer)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # what Django leaves behind
async def test_body_that_django_cannot_put_aside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile.SpooledTemporaryFile, "rollover", full)
    transport = httpx.ASGITransport(application)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        answer = await client.post(SKILLS, content=b"x" * 3_000_000)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert answer.json() == {"detail": FULL}


@pytest.mark.parametrize("number", [errno.EROFS, errno.ENOENT, errno.EMFILE, errno.EIO])
async def test_body_that_cannot_be_put_aside_for_another_reason(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a container whose disk can only be read, and that has no place for temporary files."""

    def fail(*_: Any, **__: Any) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(tempfile.SpooledTemporaryFile, "rollover", fail)
    transport = httpx.ASGITransport(application)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        answer = await client.post(SKILLS, content=b"x" * 3_000_000)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert "on its disk" in answer.json()["detail"]


def test_file_that_cannot_be_cached_is_served_nevertheless(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = DiskCache(tmp_path, 1000)
    monkeypatch.setattr("tempfile.mkstemp", full)
    cache.put("0" * 64, b"content")
    assert cache.get("0" * 64) is None
