"""Long lists come in pages, and pages fit together also while the list changes."""

from __future__ import annotations

import base64
from typing import Any

import orjson
import pytest

from mcp_gateway.wire.jsonrpc import JsonRpcError, encode
from mcp_gateway.wire.paging import Listing

from .conftest import Gateway
from .support.gateway_asking import BOTH, error_of, result_of
from .support.gateway_shelf import Shelf

pytest_plugins = ["tests.support.gateway_wire"]

LISTS = [("tools", "name"), ("prompts", "name"), ("resources", "uri"), ("skills", "uri")]
NAMES = [f"skill-{letter}" for letter in "abcdefg"]


@pytest.fixture(autouse=True)
def short_pages(monkeypatch: pytest.MonkeyPatch, shelf: Shelf) -> None:
    """Seven skills, three a page."""
    for module in ("tools", "prompts", "resources", "skills"):
        monkeypatch.setattr(f"mcp_gateway.methods.{module}.PAGE_SIZE", 3)
    shelf.withdraw()
    for name in reversed(NAMES):
        shelf.publish(name)


async def pages(wire: Gateway, revision: str, name: str, key: str) -> list[list[str]]:
    """The keys of the entries, page by page."""
    found, params = list[list[str]](), dict[str, Any]()
    while True:
        result = await result_of(wire, revision, f"{name}/list", params)
        found.append([entry[key] for entry in result[name]])
        if "nextCursor" not in result:
            return found
        params = {"cursor": result["nextCursor"]}


@pytest.mark.parametrize(("name", "key"), LISTS)
@pytest.mark.parametrize("revision", BOTH)
async def test_pages_together_are_the_whole_list_in_order(wire: Gateway, revision: str, name: str, key: str) -> None:
    found = await pages(wire, revision, name, key)

    expected = NAMES if key == "name" else [f"skill://{name}/SKILL.md" for name in NAMES]
    assert [len(page) for page in found] == [3, 3, 1]
    assert [entry for page in found for entry in page] == expected


async def test_list_that_fills_its_last_page_has_no_empty_one(wire: Gateway, shelf: Shelf) -> None:
    shelf.withdraw("skill-g")

    assert [len(page) for page in await pages(wire, "2025-11-25", "tools", "name")] == [3, 3]


async def test_page_after_a_change_goes_on_where_the_last_one_ended(wire: Gateway, shelf: Shelf) -> None:
    first = await result_of(wire, "2025-11-25", "tools/list")

    shelf.publish("a-new-one-before")
    shelf.withdraw("skill-c")  # the one that the cursor names
    shelf.publish("skill-d-and-a-half")
    second = await result_of(wire, "2025-11-25", "tools/list", {"cursor": first["nextCursor"]})

    assert [tool["name"] for tool in second["tools"]] == ["skill-d", "skill-d-and-a-half", "skill-e"]


async def test_cursor_past_the_end_gives_an_empty_page(wire: Gateway, shelf: Shelf) -> None:
    first = await result_of(wire, "2025-11-25", "tools/list")
    for name in NAMES[3:]:
        shelf.withdraw(name)

    assert (await result_of(wire, "2025-11-25", "tools/list", {"cursor": first["nextCursor"]})) == {"tools": []}


async def test_cursor_that_says_nothing_is_the_beginning(wire: Gateway) -> None:
    result = await result_of(wire, "2025-11-25", "tools/list", {"cursor": ""})

    assert [tool["name"] for tool in result["tools"]] == NAMES[:3]


@pytest.mark.parametrize(
    "cursor",
    [
        "page 2", "2", "é", "\u0000", "=", "====", "a" * 10_000, "c2tpbGwtYw==", "dG9vbHM6c2tpbGwtYw", 0, 5, 1.5, True,
        None, False, [], ["dG9vbHM6c2tpbGwtYw=="], {}, "dG9vbHM6\nc2tpbGwtYw==",
        base64.b64encode(b"tools:\xff").decode(),
    ],
    ids=lambda cursor: repr(cursor)[:20],
)  # fmt: skip
@pytest.mark.parametrize("revision", BOTH)
async def test_cursor_that_was_not_given_out_is_an_error(wire: Gateway, revision: str, cursor: Any) -> None:
    assert (await error_of(wire, revision, "tools/list", {"cursor": cursor}))["code"] == -32602


@pytest.mark.parametrize("other", ["prompts", "resources", "skills"])
async def test_cursor_of_another_list_is_an_error(wire: Gateway, other: str) -> None:
    cursor = (await result_of(wire, "2025-11-25", f"{other}/list"))["nextCursor"]

    assert (await error_of(wire, "2025-11-25", "tools/list", {"cursor": cursor}))["code"] == -32602


async def test_all_pages_say_the_same_of_who_may_keep_them(wire: Gateway) -> None:
    first = await result_of(wire, "2026-07-28", "tools/list")
    second = await result_of(wire, "2026-07-28", "tools/list", {"cursor": first["nextCursor"]})

    assert (first["cacheScope"], first["ttlMs"]) == (second["cacheScope"], second["ttlMs"]) == ("public", 1000)


def test_list_is_empty_where_there_is_nothing() -> None:
    listing = Listing.of("tools", [])

    assert orjson.loads(encode(listing.page({}, size=3))) == {"tools": []}
    with pytest.raises(JsonRpcError):
        listing.page({"cursor": "nonsense"}, size=3)
