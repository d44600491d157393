"""resources/directory/read: what is directly in a skill or in a folder of it."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import Gateway
from .support.gateway_asking import BOTH, MODERN, REVISIONS, error_of, result_of
from .support.gateway_shelf import Shelf

pytest_plugins = ["tests.support.gateway_wire"]

FILES = {
    "references/deep/er/a.md": "a",
    "references/b.md": "b",
    "references-too.md": "c",
    "nested/SKILL.md": "---\nname: nested\ndescription: x\n---\n",
    "nested/scripts/run.py": "d",
    "with space/é.md": "e",
}


async def read(wire: Gateway, uri: str, revision: str = MODERN) -> list[dict[str, Any]]:
    resources: list[dict[str, Any]] = (await result_of(wire, revision, "resources/directory/read", {"uri": uri}))[
        "resources"
    ]
    return resources


@pytest.mark.parametrize("revision", REVISIONS)
@pytest.mark.parametrize(
    ("folder", "children"),
    [
        ("", ["SKILL.md", "nested", "references", "references-too.md", "with%20space"]),
        ("/references", ["b.md", "deep"]),
        ("/references/deep", ["er"]),
        ("/references/deep/er", ["a.md"]),
        ("/nested", ["SKILL.md", "scripts"]),
        ("/nested/scripts", ["run.py"]),
        ("/with%20space", ["%C3%A9.md"]),
    ],
)
async def test_folder_has_what_is_directly_in_it(
    wire: Gateway, shelf: Shelf, revision: str, folder: str, children: list[str]
) -> None:
    shelf.publish(files=FILES)
    shelf.publish("greeter-too", files=FILES)

    resources = await read(wire, f"skill://greeter{folder}", revision)

    assert [resource["uri"] for resource in resources] == [f"skill://greeter{folder}/{name}" for name in children]


async def test_files_are_as_in_the_list_and_folders_are_folders(wire: Gateway, shelf: Shelf) -> None:
    shelf.publish(files=FILES)

    listed = {resource["uri"]: resource for resource in (await result_of(wire, MODERN, "resources/list"))["resources"]}
    walked, waiting = dict[str, Any](), ["skill://greeter"]
    while waiting:
        for resource in await read(wire, waiting.pop()):
            if resource["mimeType"] == "inode/directory":
                waiting.append(resource["uri"])
                assert set(resource) == {"uri", "name", "mimeType"}
            else:
                walked[resource["uri"]] = resource

    assert walked == listed
    [folder] = [child for child in await read(wire, "skill://greeter") if child["uri"].endswith("space")]
    assert folder["name"] == "greeter/with space"


@pytest.mark.parametrize(
    "uri",
    [
        "skill://greeter/SKILL.md", "skill://greeter/", "skill://greeter/references/", "skill://greeter/ref",
        "skill://nobody", "skill://", "skill:", "greeter", "", "skill://greeter//references",
        "skill://greeter/../greeter", "file:///etc", "SKILL://greeter", "skill://greeter?x", "skill://greeter/references#x",
    ],
)  # fmt: skip
@pytest.mark.parametrize("revision", BOTH)
async def test_what_is_no_folder_is_an_error_that_repeats_it(
    wire: Gateway, shelf: Shelf, revision: str, uri: str
) -> None:
    shelf.publish(files=FILES)

    error = await error_of(wire, revision, "resources/directory/read", {"uri": uri})

    assert (error["code"], error["data"]) == (-32602, {"uri": uri})


@pytest.mark.parametrize("params", [{}, {"uri": 5}, {"uri": "skill://greeter", "cursor": "nonsense"}])
@pytest.mark.parametrize("revision", BOTH)
async def test_question_that_is_not_whole_is_an_error(wire: Gateway, revision: str, params: dict[str, Any]) -> None:
    assert (await error_of(wire, revision, "resources/directory/read", params))["code"] == -32602


@pytest.mark.parametrize("revision", BOTH)
async def test_folder_comes_in_pages_that_survive_a_change(
    wire: Gateway, shelf: Shelf, revision: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mcp_gateway.methods.resources.PAGE_SIZE", 2)
    shelf.publish(files={"a.md": "", "b.md": "", "c/d.md": "", "c/e.md": "", "c/f.md": ""})
    root = {"uri": "skill://greeter"}

    first = await result_of(wire, revision, "resources/directory/read", root)
    shelf.publish(files={"b.md": "", "c/d.md": "", "c/e.md": "", "c/f.md": "", "z.md": ""})
    second = await result_of(wire, revision, "resources/directory/read", {**root, "cursor": first["nextCursor"]})

    assert [child["uri"].rpartition("/")[2] for child in first["resources"]] == ["SKILL.md", "a.md"]
    assert [child["uri"].rpartition("/")[2] for child in second["resources"]] == ["b.md", "c"]
    for other in ({"uri": "skill://greeter/c", "cursor": first["nextCursor"]},):
        assert (await error_of(wire, revision, "resources/directory/read", other))["code"] == -32602
    assert (await error_of(wire, revision, "resources/list", {"cursor": first["nextCursor"]}))["code"] == -32602


@pytest.mark.parametrize("revision", BOTH)
async def test_folder_of_a_skill_that_was_switched_off_is_gone(wire: Gateway, shelf: Shelf, revision: str) -> None:
    assert len(await read(wire, "skill://greeter", revision)) == 1

    shelf.withdraw()

    assert (await error_of(wire, revision, "resources/directory/read", {"uri": "skill://greeter"}))["code"] == -32602
