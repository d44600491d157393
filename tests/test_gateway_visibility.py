"""What a token may not see does not exist for whoever shows it: in lists, calls, errors, and in what is recorded."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import User

from invocations.events import InvocationEvent
from mcp_gateway.auth import create_token
from mcp_gateway.catalog import AUDIENCES_MAX, LiveCatalog, Snapshot
from mcp_gateway.wire.uris import FILE_TEMPLATE
from skills_registry.catalog import EVERYBODY, Audience

from .conftest import Gateway
from .support.gateway_asking import BOTH, MODERN, ask, hello, result_of
from .support.gateway_shelf import Shelf
from .support.server import ROOT
from .support.sources import table_rows

pytest_plugins = ["tests.support.gateway_wire"]

FILE_READER = "read_skill_file"
HIDDEN, UNKNOWN = "payroll", "pianist"
"""A skill that is live and not for the caller, and a name as long that begins as it does and that no skill has."""
STREAMS = {"subscriptions/listen"}
FILES = {"type": "ref/resource", "uri": FILE_TEMPLATE}
PACKAGES = [(ROOT / name).parts for name in ("mcpsite", "mcp_gateway", "skills_registry", "invocations")]


@pytest.fixture
def full_shelf(shelf: Shelf) -> Shelf:
    """Skills by name and by tag, and one that neither reaches."""
    shelf.publish("greeter", files={"references/hello.md": "Hello"})
    shelf.publish("invoices", files={"a.md": "a"}, tags=("finance", "team-a"))
    shelf.publish(
        HIDDEN, "Pay $ARGUMENTS.", files={"references/salaries.md": "Much"}, tags=("secret",), arguments="who"
    )
    return shelf


@pytest.fixture
async def header(transactional_db: None, operator: User, full_shelf: Shelf) -> str:
    """What a caller sends whose token is for `greeter` and for whatever has the tag `team-a`."""
    _, text = await sync_to_async(create_token)(operator, "restricted", skills=["greeter"], tags=["team-a"])
    return f"Bearer {text}"


async def everything(wire: Gateway, revision: str, header: str) -> dict[str, Any]:
    """The results of all list methods, to the last page."""
    found: dict[str, Any] = {}
    for name in ("tools", "prompts", "resources", "skills"):
        params: dict[str, Any] = {}
        found[name] = []
        while True:
            result = await result_of(wire, revision, f"{name}/list", params, authorization=header)
            found[name] += result[name]
            if "nextCursor" not in result:
                break
            params = {"cursor": result["nextCursor"]}
    return found


@pytest.mark.parametrize("revision", BOTH)
async def test_lists_hold_what_the_token_names_and_what_has_one_of_its_tags(
    wire: Gateway, header: str, revision: str
) -> None:
    found = await everything(wire, revision, header)

    assert [tool["name"] for tool in found["tools"]] == ["greeter", "invoices", FILE_READER]
    assert [prompt["name"] for prompt in found["prompts"]] == ["greeter", "invoices"]
    assert [skill["frontmatter"]["name"] for skill in found["skills"]] == ["greeter", "invoices"]
    assert [resource["uri"] for resource in found["resources"]] == [
        "skill://greeter/SKILL.md",
        "skill://greeter/references/hello.md",
        "skill://invoices/SKILL.md",
        "skill://invoices/a.md",
    ]
    assert HIDDEN not in json.dumps(found)


@pytest.mark.parametrize("revision", BOTH)
async def test_nothing_that_a_caller_can_ask_mentions_a_hidden_skill(wire: Gateway, header: str, revision: str) -> None:
    for method in {row[0].strip("`") for row in table_rows("docs/mcp.md", "Methods")} - STREAMS:
        params = hello(revision) if method == "initialize" else {}
        answer = await ask(wire, revision, method, params, authorization=header)
        assert HIDDEN not in json.dumps(answer), method


CALLS: list[tuple[str, Callable[[str], dict[str, Any]]]] = [
    ("tools/call", lambda name: {"name": name}),
    ("tools/call", lambda name: {"name": name, "arguments": {"who": "olga"}}),
    ("tools/call", lambda name: {"name": name, "arguments": {"nonsense": "x"}}),
    ("tools/call", lambda name: {"name": name, "arguments": 5}),
    ("prompts/get", lambda name: {"name": name}),
    ("prompts/get", lambda name: {"name": name, "arguments": {"nonsense": "x"}}),
    ("resources/read", lambda name: {"uri": f"skill://{name}/SKILL.md"}),
    ("resources/read", lambda name: {"uri": f"skill://{name}/references/salaries.md"}),
    ("resources/read", lambda name: {"uri": f"skill://{name}/references/none.md"}),
    ("skills/get", lambda name: {"uri": f"skill://{name}/SKILL.md"}),
]


@pytest.mark.parametrize(("method", "params"), CALLS)
@pytest.mark.parametrize("revision", BOTH)
async def test_hidden_skill_is_answered_and_recorded_as_one_that_is_not_there(
    wire: Gateway,
    header: str,
    recorded: list[InvocationEvent],
    *,
    revision: str,
    method: str,
    params: Callable[[str], dict[str, Any]],
) -> None:
    answers = [await ask(wire, revision, method, params(name), authorization=header) for name in (HIDDEN, UNKNOWN)]

    texts = [json.dumps(answer).replace(HIDDEN, UNKNOWN) for answer in answers]
    assert "error" in answers[0]
    assert texts[0] == texts[1]
    if recorded:
        kept = [(event.version, event.status, event.error_message.replace(HIDDEN, UNKNOWN)) for event in recorded]
        assert kept == [kept[1]] * 2
        assert kept[0][0] is None


MORE_CALLS: list[tuple[str, Callable[[str], dict[str, Any]]]] = [
    ("tools/call", lambda name: {"name": "load_skill", "arguments": {"skill": name}}),
    ("tools/call", lambda name: {"name": "read_skill_file", "arguments": {"skill": name, "path": "SKILL.md"}}),
    ("resources/directory/read", lambda name: {"uri": f"skill://{name}/references"}),
    ("completion/complete", lambda name: completing({"type": "ref/prompt", "name": name}, "who")),
    ("completion/complete", lambda name: completing(FILES, "skill", name)),
    ("completion/complete", lambda name: completing(FILES, "path", skill=name)),
]


def completing(ref: dict[str, str], argument: str, value: str = "", **others: str) -> dict[str, Any]:
    """The parameters that ask for a completion."""
    return {"ref": ref, "argument": {"name": argument, "value": value}, "context": {"arguments": others}}


@pytest.mark.parametrize(("method", "params"), CALLS + MORE_CALLS)
@pytest.mark.parametrize("revision", BOTH)
async def test_no_time_is_spent_on_a_hidden_skill_that_would_not_be_spent_on_one_that_is_not_there(
    wire: Gateway, header: str, *, revision: str, method: str, params: Callable[[str], dict[str, Any]]
) -> None:
    async def steps(name: str) -> list[str]:
        with profiled() as found:
            await ask(wire, revision, method, params(name), authorization=header)
        return found

    # The first time something may be made that is kept, and at any time a token may be due to be asked for again.
    assert any([await steps(HIDDEN) == await steps(UNKNOWN) for _ in range(4)])
    if params in (CALLS[0][1], CALLS[6][1]):
        assert await steps(HIDDEN) != await steps("greeter"), "this would be seen"


@contextmanager
def profiled() -> Iterator[list[str]]:
    """What the product calls meanwhile, function by function: a measure of time that is the same each time."""
    found: list[str] = []

    def note(frame: FrameType, event: str, called: Any) -> None:
        if event in ("call", "c_call") and Path(frame.f_code.co_filename).parts[: len(ROOT.parts) + 1] in PACKAGES:
            found.append(frame.f_code.co_qualname if event == "call" else called.__qualname__)

    sys.setprofile(note)
    try:
        yield found
    finally:
        sys.setprofile(None)


@pytest.mark.parametrize("revision", BOTH)
async def test_token_without_a_restriction_sees_everything(
    wire: Gateway, transactional_db: None, operator: User, full_shelf: Shelf, revision: str
) -> None:
    _, text = await sync_to_async(create_token)(operator, "all")

    found = await everything(wire, revision, f"Bearer {text}")

    assert [tool["name"] for tool in found["tools"]] == ["greeter", "invoices", HIDDEN, FILE_READER]


async def test_answers_to_restricted_callers_are_private_and_to_others_as_before(
    wire: Gateway, header: str, full_shelf: Shelf
) -> None:
    async def scope(method: str, params: dict[str, Any], **headers: str) -> str:
        return str((await result_of(wire, MODERN, method, params, **headers))["cacheScope"])

    asked: list[tuple[str, dict[str, Any]]] = [
        ("server/discover", {}),
        ("tools/list", {}),
        ("resources/read", {"uri": "skill://greeter/SKILL.md"}),
        ("skills/get", {"uri": "skill://greeter/SKILL.md"}),
    ]
    for method, params in asked:
        assert await scope(method, params, authorization=header) == "private"
        assert await scope(method, params) == "public"


async def test_skill_appears_and_disappears_with_its_tags(wire: Gateway, header: str, shelf: Shelf) -> None:
    async def tools() -> list[str]:
        listed = await result_of(wire, MODERN, "tools/list", authorization=header)
        return [tool["name"] for tool in listed["tools"]]

    shelf.publish(HIDDEN, tags=("team-a",))
    assert await tools() == ["greeter", "invoices", HIDDEN, FILE_READER]
    shelf.publish(HIDDEN, tags=("secret",))
    assert await tools() == ["greeter", "invoices", FILE_READER]


# The snapshot


async def test_snapshot_of_an_audience_shares_its_skills_and_is_made_once(live: LiveCatalog, full_shelf: Shelf) -> None:
    snapshot = await live.snapshot()
    audience = Audience.of([], ["team-a"])

    seen = snapshot.visible_to(audience)

    assert seen.generation == snapshot.generation
    assert list(seen.skills) == ["invoices"]
    assert seen.skills["invoices"] is snapshot.skills["invoices"]
    assert snapshot.visible_to(Audience.of([], ["team-a"])) is seen
    assert snapshot.visible_to(EVERYBODY) is snapshot
    assert seen.get_or_build("x", lambda: "seen") == "seen"
    assert snapshot.get_or_build("x", lambda: "all") == "all"


async def test_only_so_many_audiences_are_kept(live: LiveCatalog, full_shelf: Shelf) -> None:
    snapshot = await live.snapshot()
    kept = snapshot.visible_to(Audience.of(["greeter"], []))
    for number in range(AUDIENCES_MAX + 5):
        snapshot.visible_to(Audience.of([f"skill-{number}"], []))
        assert snapshot.visible_to(Audience.of(["greeter"], [])) is kept
    assert len(snapshot._filtered) == AUDIENCES_MAX


@pytest.mark.parametrize(
    ("skills", "tags", "seen"),
    [
        ([], [], ["greeter", "invoices", HIDDEN]),
        (["greeter"], [], ["greeter"]),
        ([], ["team-a"], ["invoices"]),
        (["greeter", "nobody"], ["secret", "nothing"], ["greeter", HIDDEN]),
        (["nobody"], [], []),
        ([], ["greeter"], []),
    ],
)
async def test_audience_is_those_named_and_those_with_a_tag(
    live: LiveCatalog, full_shelf: Shelf, skills: list[str], tags: list[str], seen: list[str]
) -> None:
    snapshot = await live.snapshot()
    assert list(snapshot.visible_to(Audience.of(skills, tags)).skills) == seen


def test_audience_without_any_skill_or_tag_sees_nothing() -> None:
    nobody = Audience(frozenset(), frozenset())
    assert nobody.restricted
    assert not nobody.includes("greeter", ["team-a"])
    assert list(Snapshot().visible_to(nobody).skills) == []
