"""Pages and JSON are sent compressed to whoever can read that; downloads and the gateway's answers are not touched."""

from __future__ import annotations

import gzip
import json

import pytest
from django.test import Client
from django.urls import reverse

from .conftest import Gateway, publish
from .support.pages import SKILLS

pytestmark = pytest.mark.django_db

GZIP = {"Accept-Encoding": "gzip, deflate, br"}


@pytest.mark.parametrize(
    "path", ["/admin/", SKILLS, "/admin/password_change/", "/api/v1/skills/", "/admin/no/such/page/"]
)
def test_pages_and_json_are_compressed(browser: Client, path: str) -> None:
    publish(files={"a.txt": "text"})
    plain, packed = browser.get(path), browser.get(path, headers=GZIP)
    assert "Content-Encoding" not in plain.headers
    assert packed.headers["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in packed.headers["Vary"]
    assert len(packed.content) < len(plain.content)
    assert len(gzip.decompress(packed.content)) == pytest.approx(len(plain.content), abs=200)


def test_length_does_not_say_how_well_something_compresses(browser: Client) -> None:
    publish()
    answers = [browser.get("/api/v1/skills/", headers=GZIP).content for _ in range(20)]
    assert len({gzip.decompress(answer) for answer in answers}) == 1
    assert len({len(answer) for answer in answers}) > 1


def test_downloads_are_sent_as_they_are(browser: Client) -> None:
    version = publish(files={"a.txt": "text " * 1000})
    for path in (
        "/api/v1/skills/greeter/versions/1/download/",
        reverse("admin:skills_registry_zip", args=[version.skill_id, 1]),
    ):
        answer = browser.get(path, headers=GZIP)
        assert answer.status_code == 200, path
        assert "Content-Encoding" not in answer.headers
        assert not answer.headers["ETag"].startswith("W/")
    assert (
        "Content-Encoding" not in browser.get(reverse("admin:invocations_export", args=["csv"]), headers=GZIP).headers
    )


async def test_gateway_is_not_touched(gateway: Gateway) -> None:
    answer = await gateway.post({"jsonrpc": "2.0", "id": 1, "method": "tools/list"}, accept_encoding="gzip")
    assert "content-encoding" not in answer.headers
    assert json.loads(answer.content)["result"]["tools"] == []
