"""A skill is tried in the admin: what goes out and comes in is what an agent's client would see."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from invocations.models import Invocation
from mcp_gateway.catalog import LiveCatalog
from skills_registry import services
from skills_registry.catalog import get_catalog
from skills_registry.models import Skill

from .conftest import permissions, publish
from .support.packages import package
from .support.pages import SKILLS, text_of

pytestmark = pytest.mark.django_db(transaction=True)

ERAS = ["2026-07-28", "2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"]
METHODS = ["tools/call", "prompts/get", "resources/read", "skills/get"]


@pytest.fixture(autouse=True)
def catalog(monkeypatch: pytest.MonkeyPatch) -> None:
    """A gateway that begins with this test's registry."""
    fresh = LiveCatalog(get_catalog(), refresh_seconds=0, cache_bytes=1024 * 1024)
    monkeypatch.setattr("mcp_gateway.endpoint.live_catalog", fresh)


@pytest.fixture
def browser(operator: User, client: Client, flushed: Callable[[], None]) -> Client:
    client.force_login(operator)
    return client


def address(version: int | None = None) -> str:
    return f"{SKILLS}{Skill.objects.get().pk}/try/" + (f"?version={version}" if version else "")


def send(
    browser: Client, method: str = "tools/call", version: int | None = None, values: Any = (), **given: Any
) -> Any:
    """The page after sending; `values` are those of the argument fields, in order."""
    fields = {f"argument-{number}": value for number, value in enumerate(values)}
    answer = browser.post(address(version), {"method": method, "era": ERAS[0], "how": "fields", **fields, **given})
    assert answer.status_code == 200
    return answer


def messages(answer: Any) -> list[Any]:
    """The JSON messages on the page, in the order in which they are shown."""
    return [
        json.loads(unescape(text)) for text in re.findall(r'<pre[^>]* dir="ltr"[^>]*>(.*?)</pre>', answer.text, re.S)
    ]


def test_call_shows_what_goes_out_and_what_comes_back(browser: Client) -> None:
    publish(body="Say $ARGUMENTS to $who.", files={"a.txt": "x"}, arguments="[who]")

    answer = send(browser, values=["Ann", "hello"])

    sent, received = messages(answer)
    assert (sent["method"], sent["params"]["name"]) == ("tools/call", "greeter")
    assert sent["params"]["arguments"] == {"arguments": "hello", "who": "Ann"}
    assert received["result"]["content"][0]["text"] == "\nSay hello to Ann.\n"
    assert "Say hello to Ann." in text_of(answer)
    assert "HTTP 200" in text_of(answer)
    assert "mcp-name greeter" in text_of(answer)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("era", ERAS)
def test_each_method_can_be_tried_as_a_client_of_each_revision(browser: Client, era: str, method: str) -> None:
    publish(files={"a.txt": "x"})

    answer = send(browser, method, era=era, file="a.txt")

    last = messages(answer)[1]
    assert last["result"]
    assert "Answered." in text_of(answer)
    assert ("Handshake" in text_of(answer)) == (era != "2026-07-28")


def test_handshake_of_older_revisions_is_shown_with_its_session(browser: Client) -> None:
    publish()

    shown = send(browser, era="2025-06-18")

    sent, received, hello, welcome, ready = messages(shown)
    assert [sent["method"], hello["method"], ready["method"]] == [
        "tools/call",
        "initialize",
        "notifications/initialized",
    ]
    assert welcome["result"]["protocolVersion"] == "2025-06-18"
    assert received["result"]["isError"] is False
    assert text_of(shown).count("mcp-session-id") == 3


@pytest.mark.parametrize("era", ["2026-07-28", "2025-11-25"])
def test_what_was_tried_is_in_the_log_under_the_name_of_whoever_tried(
    browser: Client, flushed: Callable[[], None], era: str
) -> None:
    publish()

    send(browser, era=era)
    flushed()

    call = Invocation.objects.get()
    assert (call.skill, call.version, call.method, call.status) == ("greeter", 1, "tools/call", "success")
    assert (call.caller, call.protocol_version) == ("olga", era)
    assert call.client.startswith("Try it/")


def test_looking_at_the_page_calls_nothing(browser: Client, flushed: Callable[[], None]) -> None:
    publish()
    assert "Nothing has been sent yet." in text_of(browser.get(address()))
    flushed()
    assert not Invocation.objects.exists()


def test_wrong_arguments_come_back_as_they_do_to_an_agent(browser: Client) -> None:
    publish()

    unknown = send(browser, how="json", json='{"nobody": "knows"}')
    assert messages(unknown)[1]["result"]["isError"] is True
    assert "Unknown argument nobody; greeter takes: arguments." in text_of(unknown)

    no_object = send(browser, how="json", json="[1]")
    assert messages(no_object)[0]["params"]["arguments"] == [1]
    assert 'Error -32602: Invalid params: "arguments" must be an object' in text_of(no_object)
    assert "HTTP 400" in text_of(no_object)


def test_what_is_no_json_is_not_sent(browser: Client, flushed: Callable[[], None]) -> None:
    publish()
    answer = send(browser, how="json", json="{who: Ann}")
    assert "Invalid JSON:" in text_of(answer)
    assert "{who: Ann}" in text_of(answer)
    assert "Nothing has been sent yet." in text_of(answer)
    flushed()
    assert not Invocation.objects.exists()


def test_skill_that_models_may_not_call_is_unknown_to_them_here_too(browser: Client) -> None:
    publish(disable_model_invocation="true")
    assert "it is not a tool" in text_of(browser.get(address()))
    assert "Unknown tool: greeter" in text_of(send(browser))
    assert messages(send(browser, "prompts/get"))[1]["result"]["messages"]


def test_version_that_is_not_live_is_answered_on_this_page_alone(browser: Client, flushed: Callable[[], None]) -> None:
    publish(body="Old.")
    services.create_version(package(body="New."))

    assert "v2 is not live, so agents do not get it." in text_of(browser.get(address(2)))
    assert messages(send(browser, version=2))[1]["result"]["content"][0]["text"] == "\nNew.\n"
    assert messages(send(browser, version=1))[1]["result"]["content"][0]["text"] == "\nOld.\n"
    assert messages(send(browser))[1]["result"]["content"][0]["text"] == "\nOld.\n"
    flushed()
    assert sorted(call.version or 0 for call in Invocation.objects.all()) == [1, 1, 2]


def test_draft_is_tried_in_its_newest_version(browser: Client) -> None:
    services.create_version(package(body="First."))
    services.create_version(package(body="Second."))
    assert "v2 is not live" in text_of(browser.get(address()))
    assert "Second." in text_of(send(browser))


@pytest.mark.parametrize("version", ["9", "x", "-1", "9999999999"])
def test_version_that_is_not_there_cannot_be_tried(browser: Client, version: str) -> None:
    publish()
    assert browser.get(f"{address()}?version={version}").status_code == 404


def test_no_token_is_needed_where_the_gateway_wants_one_of_everybody_else(browser: Client, settings: Any) -> None:
    settings.MCP_REQUIRE_AUTH = True
    publish()
    assert messages(send(browser))[1]["result"]["content"]


def test_only_who_may_see_skills_may_try_them(client: Client, flushed: Callable[[], None]) -> None:
    publish()
    nobody = User.objects.create_user("nina", password="ninas-password", is_staff=True)
    client.force_login(nobody)
    for answer in (client.get(address()), client.post(address(), {"method": "tools/call", "era": ERAS[0]})):
        assert answer.status_code == 403
    nobody.user_permissions.set(permissions("view_skill"))
    assert messages(send(client))[1]["result"]["content"]


def test_text_of_packages_is_shown_and_never_run(browser: Client) -> None:
    publish(body="<script>1</script> a\u202eb", files={"<i>.txt": "x"}, arguments="[who]")
    page = send(browser, values=["", "</textarea><b>"]).text
    assert "<script>1" not in page
    assert "</textarea><b>" not in page
    assert "\u202e" not in page
    assert "U+202E" in page
    assert re.findall(r"<script(?![^>]*(?:\ssrc=|application/json))|<style|\sstyle=|\son\w+=", page) == []


def test_long_answers_are_cut_on_the_page(browser: Client) -> None:
    publish(files={"long.txt": "x" * 300_000})
    answer = send(browser, "resources/read", file="long.txt")
    assert "more characters are not shown here" in text_of(answer)
    assert len(answer.text) < 600_000


def test_skill_without_a_version_has_nothing_to_try(browser: Client) -> None:
    Skill.objects.create(name="greeter")
    assert "No version is stored yet." in text_of(browser.get(address()))
