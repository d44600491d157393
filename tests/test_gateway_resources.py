"""Skills as resources: every file, under an address of its own, byte for byte."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import pytest

from invocations.events import InvocationEvent
from mcp_gateway.wire.uris import file_uri
from skills_registry.packages.archive import read_archive
from skills_registry.packages.zip_writing import write_zip

from .conftest import Gateway
from .support.gateway_asking import (
    BOTH,
    LEGACY,
    MODERN,
    REVISIONS,
    apublish,
    error_of,
    result_of,
    roll_back,
    switch_off,
)
from .support.gateway_shelf import Shelf
from .support.packages import skill_md

pytest_plugins = ["tests.support.gateway_wire"]

ODD_NAMES = [
    "a file.md", "ends in space .md", "100%.md", "%41.md", "%2e%2e.md", "what?.md", "#1.md", "a#b?c&d=e.md", "+plus.md",
    "naïve.md", "नमस्ते.md", "😀.md", "semi;colon,comma.md", "quote'\".md", "(a)[b]{c}.md", "~tilde.md", "a@b:c.md",
    "<tag>.md", "pipe|^`.md", ".hidden", "no-suffix", "-dash.md", "UPPER.MD", "dots..md", "...",
]  # fmt: skip
CONTENTS: dict[str, bytes] = {
    "crlf.txt": b"one\r\ntwo\r\n",
    "bom.txt": b"\xef\xbb\xbfhello\n",
    "no-newline.txt": b"end",
    "many-newlines.txt": b"\n\n\nend \t\n\n\n",
    "empty.txt": b"",
    "carriage.txt": b"\r\r\n\n",
    "separators.txt": "a\u2028b\u2029c\u0085d\x0b\x0c\x1c\x7f\x01".encode(),
    "placeholders.txt": b"$ARGUMENTS $0 ${CLAUDE_SKILL_DIR} \\$1 !`id`",
    "json.json": b'{"a":"\\ud800 \\u0000"}',
    "combining.txt": "e\u0301 \u00e9 \ufeff \U0010ffff".encode(),
    "frontmatter.md": b"---\nname: x\n---\nbody",
}
BINARY: dict[str, bytes] = {
    "latin-1.txt": b"caf\xe9",
    "nul.txt": b"a\0b",
    "utf-16.txt": "hello".encode("utf-16"),
    "cut.txt": "é".encode()[:1],
    "surrogate.txt": b"\xed\xa0\x80",
    "all.bin": bytes(range(256)),
    "image.png": b"\x89PNG\r\n\x1a\n\0",
}


def content_of(read: dict[str, Any]) -> bytes:
    """The bytes that a `resources/read` answers with."""
    [content] = read["contents"]
    assert ("text" in content) is not ("blob" in content)
    return content["text"].encode() if "text" in content else base64.b64decode(content["blob"], validate=True)


async def read(wire: Gateway, uri: str, revision: str = "2025-11-25") -> bytes:
    result = await result_of(wire, revision, "resources/read", {"uri": uri})
    assert result["contents"][0]["uri"] == uri
    return content_of(result)


async def listed(wire: Gateway, revision: str = "2025-11-25") -> list[dict[str, Any]]:
    resources: list[dict[str, Any]] = (await result_of(wire, revision, "resources/list"))["resources"]
    return resources


async def test_every_file_of_every_skill_is_listed_by_address(wire: Gateway, shelf: Shelf) -> None:
    shelf.publish(files={"references/a.md": "ab", "b.png": b"\0"})
    shelf.publish("another")

    main = {"audience": ["assistant"], "priority": 0.8}
    other = {"audience": ["assistant"], "priority": 0.3}

    assert await listed(wire) == [
        {
            "uri": "skill://another/SKILL.md",
            "name": "another",
            "title": "Another",
            "description": "Greets people. Use when somebody arrives.",
            "mimeType": "text/markdown",
            "size": len(skill_md("another")),
            "annotations": main,
        },
        {
            "uri": "skill://greeter/SKILL.md",
            "name": "greeter",
            "title": "Greeter",
            "description": "Greets people. Use when somebody arrives.",
            "mimeType": "text/markdown",
            "size": len(skill_md()),
            "annotations": main,
        },
        {
            "uri": "skill://greeter/b.png",
            "name": "greeter/b.png",
            "mimeType": "image/png",
            "size": 1,
            "annotations": other,
        },
        {
            "uri": "skill://greeter/references/a.md",
            "name": "greeter/references/a.md",
            "mimeType": "text/markdown",
            "size": 2,
            "annotations": other,
        },
    ]


@pytest.mark.parametrize("revision", REVISIONS)
async def test_text_is_read_as_it_is(wire: Gateway, shelf: Shelf, revision: str) -> None:
    shelf.publish(files=CONTENTS)

    for path, content in CONTENTS.items():
        result = await result_of(wire, revision, "resources/read", {"uri": f"skill://greeter/{path}"})
        assert result["contents"][0]["text"].encode() == content


@pytest.mark.parametrize("revision", BOTH)
async def test_what_is_no_text_is_read_as_base64(wire: Gateway, shelf: Shelf, revision: str) -> None:
    shelf.publish(files=BINARY)

    for path, content in BINARY.items():
        result = await result_of(wire, revision, "resources/read", {"uri": f"skill://greeter/{path}"})
        assert base64.b64decode(result["contents"][0]["blob"], validate=True) == content


@pytest.mark.parametrize(
    "text",
    [
        skill_md(body="Use $ARGUMENTS in ${CLAUDE_SKILL_DIR}."),
        "\ufeff---\r\nname: greeter\r\ndescription: Greets.\r\n---\r\nSay hello.\r\n\r\n",
        "---\nname: greeter\ndescription: Greets.\n---\nSay hello, with no newline at the end",
    ],
    ids=["placeholders", "byte order mark and CRLF", "no newline"],
)
@pytest.mark.parametrize("revision", REVISIONS)
async def test_skill_md_is_read_with_its_frontmatter_and_without_substitution(
    wire: Gateway, shelf: Shelf, revision: str, text: str
) -> None:
    shelf.publish(files={"SKILL.md": text})

    assert await read(wire, "skill://greeter/SKILL.md", revision) == text.encode()


@pytest.mark.parametrize("revision", BOTH)
async def test_bytes_have_the_digest_and_size_that_were_told(wire: Gateway, shelf: Shelf, revision: str) -> None:
    shelf.publish(files={**CONTENTS, **BINARY, **dict.fromkeys(ODD_NAMES, b"odd")})

    [skill] = (await result_of(wire, revision, "skills/list"))["skills"]
    sizes = {resource["uri"]: resource["size"] for resource in await listed(wire, revision)}

    assert len(skill["resources"]) == 1 + len(CONTENTS) + len(BINARY) + len(ODD_NAMES)
    for resource in skill["resources"]:
        content = await read(wire, resource["uri"], revision)
        assert f"sha256:{hashlib.sha256(content).hexdigest()}" == resource["digest"]
        assert len(content) == resource["size"] == sizes[resource["uri"]]


@pytest.mark.parametrize("name", ODD_NAMES)
async def test_odd_name_gives_an_address_that_is_plain_and_leads_back(wire: Gateway, shelf: Shelf, name: str) -> None:
    shelf.publish(files={f"folder {name}/{name}": name})

    [resource] = [resource for resource in await listed(wire) if resource["name"] == f"greeter/folder {name}/{name}"]

    path = resource["uri"].removeprefix("skill://greeter/")
    assert path.isascii()
    assert not set(' "#<>?[]^`{|}\\') & set(path)
    for revision in BOTH:
        assert await read(wire, resource["uri"], revision) == name.encode()


async def test_files_with_the_same_name_in_two_folders_are_two(wire: Gateway, shelf: Shelf) -> None:
    shelf.publish(files={"a/x.md": "of a", "b/x.md": "of b", "a/SKILL.md": "nested", "a x.md": "1", "a%20x.md": "2"})
    shelf.publish("another", files={"a/x.md": "of another"})

    assert await read(wire, "skill://greeter/a/x.md") == b"of a"
    assert await read(wire, "skill://greeter/b/x.md") == b"of b"
    assert await read(wire, "skill://greeter/a/SKILL.md") == b"nested"
    assert await read(wire, "skill://another/a/x.md") == b"of another"
    assert await read(wire, "skill://greeter/a%20x.md") == b"1"
    assert await read(wire, "skill://greeter/a%2520x.md") == b"2"


@pytest.mark.parametrize(
    ("path", "written"),
    [
        ("größe 1/über.md", "größe 1/über.md"), ("größe 1/über.md", "gr%c3%b6%C3%9Fe%201/%C3%BCber.md"),
        ("[a]{b}.md", "[a]{b}.md"), ("#1.md", "#1.md"), ("what?.md", "what?.md"), ("100%.md", "100%.md"),
        ("it's.md", "it%27s.md"), ("a+b&c.md", "a%2Bb%26c.md"), ("SKILL.md", "%53KILL.md"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("revision", BOTH)
async def test_address_that_escapes_more_or_less_than_it_must_is_the_same_address(
    wire: Gateway, shelf: Shelf, revision: str, path: str, written: str
) -> None:
    listed = file_uri("greeter", path)
    shelf.publish(files={} if path == "SKILL.md" else {path: "found"})
    uri = f"skill://greeter/{written}"
    name = f"=?base64?{base64.b64encode(uri.encode()).decode()}?="

    result = await result_of(wire, revision, "resources/read", {"uri": uri}, mcp_name=name)

    assert result["contents"] == (await result_of(wire, revision, "resources/read", {"uri": listed}))["contents"]
    assert result["contents"][0]["uri"] == listed


async def test_instructions_read_by_an_address_written_otherwise_are_recorded_all_the_same(
    wire: Gateway, recorded: list[InvocationEvent]
) -> None:
    await result_of(wire, MODERN, "resources/read", {"uri": "skill://greeter/%53KILL.md"})

    assert [(event.skill, event.status) for event in recorded] == [("greeter", "success")]


async def test_escaped_slash_separates_nothing(wire: Gateway, shelf: Shelf) -> None:
    shelf.publish(files={"a/b.md": "x"})

    error = await error_of(wire, MODERN, "resources/read", {"uri": "skill://greeter/a%2Fb.md"})

    assert error["code"] == -32602


@pytest.mark.parametrize(
    "uri",
    [
        "skill://greeter", "skill://greeter/", "skill://greeter/references", "skill://greeter/skill.md",
        "skill://greeter/../greeter/SKILL.md", "skill://greeter/./SKILL.md", "skill://greeter//SKILL.md",
        "skill://greeter/SKILL.md?x=1", "skill://greeter/SKILL.md#x", "SKILL://greeter/SKILL.md", "greeter/SKILL.md",
        "file:///etc/passwd", "skill:///etc/passwd", "skill://greeter/%2e%2e/%2e%2e/etc/passwd", "skill://nobody/SKILL.md",
        "", "\u0000", "skill://greeter/references/guide.md\n", " skill://greeter/SKILL.md",
    ],
)  # fmt: skip
@pytest.mark.parametrize("revision", BOTH)
async def test_address_of_nothing_is_an_error_that_repeats_it(
    wire: Gateway, shelf: Shelf, revision: str, uri: str
) -> None:
    shelf.publish(files={"references/guide.md": "# Guide"})
    name = f"=?base64?{base64.b64encode(uri.encode()).decode()}?="

    error = await error_of(wire, revision, "resources/read", {"uri": uri}, mcp_name=name)

    assert error["code"] == (-32602 if revision == MODERN else -32002)
    assert error["data"] == {"uri": uri}


@pytest.mark.parametrize("revision", [*LEGACY, MODERN])
async def test_skill_that_was_switched_off_is_gone_everywhere_and_back_after_it_is_published(
    gateway: Gateway, revision: str
) -> None:
    version = await apublish(body="one", files={"a.md": "of one"})
    await apublish(body="two", files={"a.md": "of two"})
    await roll_back()
    assert await read(gateway, "skill://greeter/a.md", revision) == b"of one"

    await switch_off()

    for name in ("tools", "prompts", "resources", "skills"):
        assert (await result_of(gateway, revision, f"{name}/list"))[name] == []
    for method, params in [
        ("tools/call", {"name": version.skill.name}),
        ("prompts/get", {"name": version.skill.name}),
        ("resources/read", {"uri": "skill://greeter/SKILL.md"}),
        ("resources/read", {"uri": "skill://greeter/a.md"}),
        ("skills/get", {"uri": "skill://greeter/SKILL.md"}),
    ]:
        assert (await error_of(gateway, revision, method, params))["code"] in (-32602, -32002)
    await apublish(body="three", files={"a.md": "of three"})
    assert await read(gateway, "skill://greeter/a.md", revision) == b"of three"


async def test_odd_names_and_bytes_survive_the_store(gateway: Gateway) -> None:
    await apublish(files={**CONTENTS, **BINARY, **{f"odd/{name}": name for name in ODD_NAMES}})

    [skill] = (await result_of(gateway, MODERN, "skills/list"))["skills"]

    assert len(skill["resources"]) == 1 + len(CONTENTS) + len(BINARY) + len(ODD_NAMES)
    for resource in skill["resources"]:
        content = await read(gateway, resource["uri"], MODERN)
        assert f"sha256:{hashlib.sha256(content).hexdigest()}" == resource["digest"]


@pytest.mark.parametrize("revision", BOTH)
async def test_programs_are_told_apart_from_other_files(wire: Gateway, shelf: Shelf, revision: str) -> None:
    files = {"SKILL.md": skill_md(), "run.sh": "#!/bin/sh\n", "notes.md": "x"}
    shelf.put(read_archive(write_zip([(path, text.encode()) for path, text in files.items()], {"run.sh"})))

    told = {
        "resources/list": (await result_of(wire, revision, "resources/list"))["resources"],
        "tools/call": [
            item
            for item in (await result_of(wire, revision, "tools/call", {"name": "greeter"}))["content"]
            if item["type"] == "resource_link"
        ],
    }
    for files_told in told.values():
        programs = {file["uri"]: file["_meta"] for file in files_told if "_meta" in file}
        assert programs == {"skill://greeter/run.sh": {"io.modelcontextprotocol.skills/executable": True}}
