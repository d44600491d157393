"""Skills found by search, loaded and read with three tools where they are too many to be tools themselves."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Iterable
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import User

from invocations.events import InvocationEvent
from mcp_gateway.auth import create_token
from mcp_gateway.serving.search import SkillIndex, SkillText

from .conftest import Gateway
from .support.gateway_asking import BOTH, MODERN, REVISIONS, error_of, result_of
from .support.gateway_shelf import Shelf

pytest_plugins = ["tests.support.gateway_wire"]

SEARCH_TOOLS = ["load_skill", "read_skill_file", "search_skills"]
PNG = b"\x89PNG\r\n\x1a\n\x00"


@pytest.fixture(autouse=True)
def searched(settings: Any) -> None:
    """Skills are found by search, however few there are."""
    settings.MCP_SKILL_TOOLS = "search"


@pytest.fixture
def full_shelf(shelf: Shelf) -> Shelf:
    """Skills for several kinds of work besides the greeter."""
    shelf.publish(
        "csv-summarizer",
        "Compute the median of each column; see references/columns.md.",
        {"references/columns.md": "# Columns", "assets/logo.png": PNG, "assets/table.bin": b"\0\1"},
        description="Summarizes tables of data.",
    )
    shelf.publish("code-review", "Read the whole change.", description="Looks for defects in code.", tags=("quality",))
    shelf.publish("deploy", "Ship $ARGUMENTS.", description="Brings services live.", arguments="where")
    shelf.publish("jisuan", "用分数计算。", description="精确计算表达式。")
    shelf.publish("payroll", "Pay everybody.", description="Computes salaries.", disable_model_invocation="true")
    return shelf


async def listed(wire: Gateway, revision: str = MODERN, **headers: str) -> list[str]:
    return [tool["name"] for tool in (await result_of(wire, revision, "tools/list", {}, **headers))["tools"]]


async def use(
    wire: Gateway, tool: str, arguments: Any = None, revision: str = MODERN, **headers: str
) -> dict[str, Any]:
    params = {"name": tool, **({} if arguments is None else {"arguments": arguments})}
    return await result_of(wire, revision, "tools/call", params, **headers)


async def found(wire: Gateway, query: str, limit: int = 10, **headers: str) -> list[str]:
    result = await use(wire, "search_skills", {"query": query, "limit": limit}, **headers)
    assert result["isError"] is False, result
    return [skill["name"] for skill in result["structuredContent"]["skills"]]


@pytest.mark.parametrize("revision", REVISIONS)
async def test_three_tools_stand_in_for_all_skills(wire: Gateway, full_shelf: Shelf, revision: str) -> None:
    assert await listed(wire, revision) == SEARCH_TOOLS


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("csv", "csv-summarizer"),
        ("summarise a table", "csv-summarizer"),
        ("sumarizer", "csv-summarizer"),
        ("tabels", "csv-summarizer"),
        ("medians", "csv-summarizer"),
        ("quality", "code-review"),
        ("reviewing", "code-review"),
        ("defect", "code-review"),
        ("How do I bring a service live?", "deploy"),
        ("dep", "deploy"),
        ("DEPLOYMENT", "deploy"),
        ("计算", "jisuan"),
        ("分", "jisuan"),
        ("the", "code-review"),
    ],
)
async def test_search_finds_what_a_person_means(wire: Gateway, full_shelf: Shelf, query: str, first: str) -> None:
    assert (await found(wire, query))[0] == first


@pytest.mark.parametrize("query", ["zebra", '"(AND OR', "\\", "🙂", "ünïcödé", "x" * 10_000, "a " * 2_000])
async def test_search_for_what_is_not_there_finds_nothing_and_says_so(
    wire: Gateway, full_shelf: Shelf, query: str
) -> None:
    result = await use(wire, "search_skills", {"query": query})

    assert result["structuredContent"]["skills"] == []
    assert "No skill fits" in result["content"][0]["text"]


async def test_name_counts_more_than_description_and_that_more_than_text(wire: Gateway, shelf: Shelf) -> None:
    shelf.publish("a-text", "All about invoices.", description="Something else.")
    shelf.publish("b-description", "Nothing.", description="All about invoices.")
    shelf.publish("c-tags", "Nothing.", description="Something else.", tags=("invoices",))
    shelf.publish("invoices", "Nothing.", description="Something else.")

    assert await found(wire, "invoice") == ["invoices", "c-tags", "b-description", "a-text"]


@pytest.mark.parametrize("query", ["make a powerpoint deck", "powerpoint", "slides for the board", "merge two pdfs"])
async def test_words_of_the_task_count_more_than_those_of_any_task(wire: Gateway, shelf: Shelf, query: str) -> None:
    for name in ("make-things", "create-decks-of-cards", "write-a-plan", "meeting-notes"):
        shelf.publish(name, "Make it. Write it. Create a new one.", description="Make, create, build and write things.")
    shelf.publish("pptx", "Unpack it.", description="Reads and edits presentations.")
    shelf.publish("pdf", "Unpack it.", description="Reads and merges documents.")

    assert (await found(wire, query))[0] == ("pdf" if "pdf" in query else "pptx")


async def test_without_a_query_skills_are_listed_by_name(wire: Gateway, full_shelf: Shelf) -> None:
    assert await found(wire, " ") == ["code-review", "csv-summarizer", "deploy", "greeter", "jisuan"]
    assert await found(wire, "", limit=2) == ["code-review", "csv-summarizer"]
    assert (await use(wire, "search_skills"))["structuredContent"]["skills"][2] == {
        "name": "deploy", "title": "Deploy", "description": "Brings services live."
    }  # fmt: skip


@pytest.mark.parametrize(
    ("tool", "arguments", "said"),
    [
        ("search_skills", {"limit": 0}, "limit must be from 1 to 50"),
        ("search_skills", {"limit": 51}, "limit must be from 1 to 50"),
        ("search_skills", {"limit": True}, "limit must be a whole number"),
        ("search_skills", {"query": 3}, "query must be a string"),
        ("search_skills", {"words": "x"}, "takes: query, limit"),
        ("load_skill", {}, "Missing argument: skill"),
        ("load_skill", None, "Missing argument: skill"),
        ("load_skill", {"skill": "nothing"}, "There is no skill nothing"),
        ("load_skill", {"skill": "payroll"}, "There is no skill payroll"),
        ("load_skill", {"skill": ["deploy"]}, "skill must be a string"),
        ("read_skill_file", {"skill": "deploy"}, "Missing argument: path"),
        ("read_skill_file", {"skill": "payroll", "path": "SKILL.md"}, "There is no skill payroll"),
        ("read_skill_file", {"skill": "csv-summarizer", "path": "../x"}, "references/columns.md"),
    ],
)
async def test_what_a_model_does_wrong_is_told_to_it(
    wire: Gateway, full_shelf: Shelf, tool: str, arguments: Any, said: str
) -> None:
    for revision in BOTH:
        result = await use(wire, tool, arguments, revision)

        assert result["isError"] is True
        assert said in result["content"][0]["text"]


@pytest.mark.parametrize("revision", REVISIONS)
async def test_loading_answers_as_the_skills_own_tool_does(wire: Gateway, full_shelf: Shelf, revision: str) -> None:
    loaded = await use(wire, "load_skill", {"skill": "csv-summarizer"}, revision)
    assert loaded == await use(wire, "csv-summarizer", {}, revision)

    loaded = await use(wire, "load_skill", {"skill": "deploy", "arguments": "to the moon"}, revision)
    assert loaded["content"][0]["text"].strip() == "Ship to the moon."


@pytest.mark.parametrize("revision", REVISIONS)
async def test_files_are_texts_pictures_or_resources(wire: Gateway, full_shelf: Shelf, revision: str) -> None:
    async def read(path: str) -> Any:
        [item] = (await use(wire, "read_skill_file", {"skill": "csv-summarizer", "path": path}, revision))["content"]
        return item

    assert (await read("./references/columns.md"))["text"] == "# Columns"
    assert base64.b64decode((await read("assets/logo.png"))["data"]) == PNG
    table = (await read("assets/table.bin"))["resource"]
    assert (table["uri"], base64.b64decode(table["blob"])) == ("skill://csv-summarizer/assets/table.bin", b"\0\1")


async def test_skill_that_is_switched_off_is_not_found_any_more(wire: Gateway, full_shelf: Shelf) -> None:
    assert await found(wire, "deploy") == ["deploy"]

    full_shelf.withdraw("deploy")

    assert await found(wire, "deploy") == []
    assert (await use(wire, "load_skill", {"skill": "deploy"}))["isError"] is True


async def test_skill_whose_text_cannot_be_read_is_found_by_its_description(wire: Gateway, full_shelf: Shelf) -> None:
    full_shelf.contents = dict.fromkeys(full_shelf.contents, b"damaged")

    assert await found(wire, "defects") == ["code-review"]


async def test_skills_are_tools_until_they_are_too_many(wire: Gateway, shelf: Shelf, settings: Any) -> None:
    settings.MCP_SKILL_TOOLS, settings.MCP_MAX_SKILL_TOOLS = "auto", 2
    shelf.publish("user-only", disable_model_invocation="true")
    shelf.publish("two")
    assert await listed(wire) == ["greeter", "two"]
    assert "Each skill is a tool" in (await result_of(wire, MODERN, "server/discover"))["instructions"]

    shelf.publish("three")
    assert await listed(wire) == SEARCH_TOOLS
    assert "search_skills" in (await result_of(wire, MODERN, "server/discover"))["instructions"]

    shelf.withdraw("three")
    assert await listed(wire) == ["greeter", "two"]
    assert await found(wire, "two") == ["two"]


async def test_where_each_skill_is_a_tool_there_is_no_search(wire: Gateway, settings: Any) -> None:
    settings.MCP_SKILL_TOOLS, settings.MCP_MAX_SKILL_TOOLS = "each", 0

    assert await listed(wire) == ["greeter"]
    assert (await error_of(wire, MODERN, "tools/call", {"name": "search_skills"}))["code"] == -32602


@pytest.mark.parametrize("mode", ["auto", "each"])
@pytest.mark.parametrize("revision", REVISIONS)
async def test_files_are_read_with_a_tool_where_each_skill_is_one(
    wire: Gateway, shelf: Shelf, settings: Any, mode: str, revision: str
) -> None:
    settings.MCP_SKILL_TOOLS = mode
    assert await listed(wire, revision) == ["greeter"], "there is no file to read"
    shelf.publish("hidden", files={"a.md": "# A"}, disable_model_invocation="true")
    assert await listed(wire, revision) == ["greeter"], "none that models may read by a tool"

    shelf.publish("csv-summarizer", files={"references/columns.md": "# Columns"})

    assert await listed(wire, revision) == ["csv-summarizer", "greeter", "read_skill_file"]
    arguments = {"skill": "csv-summarizer", "path": "references/columns.md"}
    assert (await use(wire, "read_skill_file", arguments, revision))["content"] == [
        {"type": "text", "text": "# Columns"}
    ]
    unknown = await use(wire, "read_skill_file", {"skill": "hidden", "path": "a.md"}, revision)
    assert (unknown["isError"], "There is no skill hidden." in unknown["content"][0]["text"]) == (True, True)


@pytest.mark.django_db(transaction=True)
async def test_tool_for_files_is_listed_for_those_who_see_files(
    wire: Gateway, full_shelf: Shelf, operator: User, settings: Any
) -> None:
    settings.MCP_SKILL_TOOLS = "each"
    _, token = await sync_to_async(create_token)(operator, "two", skills=["greeter", "deploy"])

    assert (await listed(wire))[-1] == "read_skill_file"
    assert await listed(wire, authorization=f"Bearer {token}") == ["deploy", "greeter"]


@pytest.mark.django_db(transaction=True)
async def test_token_for_some_skills_searches_among_these(
    wire: Gateway, full_shelf: Shelf, operator: User, settings: Any
) -> None:
    settings.MCP_SKILL_TOOLS, settings.MCP_MAX_SKILL_TOOLS = "auto", 2
    _, token = await sync_to_async(create_token)(operator, "two", skills=["greeter", "deploy"])
    header = f"Bearer {token}"

    assert await listed(wire) == SEARCH_TOOLS
    assert await listed(wire, authorization=header) == ["deploy", "greeter"]
    assert await found(wire, "", authorization=header) == ["deploy", "greeter"]
    assert await found(wire, "csv summarizer", authorization=header) == []
    hidden = await use(wire, "load_skill", {"skill": "csv-summarizer"}, authorization=header)
    unknown = await use(wire, "load_skill", {"skill": "nothing-there-"}, authorization=header)
    assert hidden["content"][0]["text"].replace("csv-summarizer", "X") == unknown["content"][0]["text"].replace(
        "nothing-there-", "X"
    )


async def test_loading_and_reading_count_as_calls_of_the_skill(
    wire: Gateway, full_shelf: Shelf, recorded: list[InvocationEvent]
) -> None:
    await use(wire, "search_skills", {"query": "deploy"})
    await use(wire, "load_skill", {"skill": "deploy"})
    await use(wire, "read_skill_file", {"skill": "deploy", "path": "nothing"})
    await use(wire, "load_skill", {})

    assert [(event.skill, event.status, event.version is not None) for event in recorded] == [
        ("search_skills", "success", False),
        ("deploy", "success", True),
        ("deploy", "error", True),
        ("-", "error", False),
    ]


async def test_index_is_made_once_for_many_searches_at_once(
    wire: Gateway, full_shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[int] = []

    class Counted(SkillIndex):
        def __init__(self, texts: Iterable[SkillText]) -> None:
            made.append(1)
            super().__init__(texts)

    monkeypatch.setattr("mcp_gateway.serving.skill_index.SkillIndex", Counted)

    await asyncio.gather(*(found(wire, "csv") for _ in range(8)))

    assert made == [1]
