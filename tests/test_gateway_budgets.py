"""Calls whose answers would be very large, or very slow to make."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from invocations.events import PARAMS_MAX_BYTES, encode_params
from mcp_gateway.serving.substitution import Form, fill_in, is_quick
from mcp_gateway.wire.jsonrpc import encode
from mcp_gateway.wire.large_texts import LARGE, body_of, json_of
from mcp_gateway.wire.uris import canonical_uri

from .conftest import Gateway
from .support.gateway_asking import BOTH, error_of, request, result_of
from .support.gateway_shelf import Shelf

pytest_plugins = ["tests.support.gateway_wire"]

MEBIBYTE = 1024 * 1024
SOME = 500_000
PATIENT = settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])


async def read(wire: Gateway, revision: str, path: str) -> dict[str, Any]:
    [contents] = (await result_of(wire, revision, "resources/read", {"uri": f"skill://greeter/{path}"}))["contents"]
    found: dict[str, Any] = contents
    return found


@pytest.mark.parametrize("revision", BOTH)
async def test_arguments_that_would_be_put_in_very_often_are_refused_in_words(
    wire: Gateway, shelf: Shelf, revision: str
) -> None:
    shelf.publish(body="$ARGUMENTS\n" * 500)
    given = {"name": "greeter", "arguments": {"arguments": "x" * SOME}}

    result = await result_of(wire, revision, "tools/call", given)
    assert result["isError"] is True
    assert result["content"][0]["text"].startswith("greeter takes at most 2,097,152 bytes of arguments")
    assert "2,097,152" in (await error_of(wire, revision, "prompts/get", given))["message"]


async def test_the_limit_on_arguments_is_a_setting(wire: Gateway, shelf: Shelf, settings: Any) -> None:
    settings.MCP_MAX_RESULT_BYTES = 2000
    shelf.publish(body="$0 $0", argument_hint="word")
    for length, refused in ((1000, False), (1001, True)):
        given = {"name": "greeter", "arguments": {"arguments": "x" * length}}
        assert (await result_of(wire, BOTH[0], "tools/call", given))["isError"] is refused


async def test_instructions_with_very_many_placeholders_are_filled_in(wire: Gateway, shelf: Shelf) -> None:
    shelf.publish(body="$0 costs $5. " * 20_000, argument_hint="word")
    given = {"name": "greeter", "arguments": {"arguments": "tea"}}
    text = (await result_of(wire, BOTH[0], "tools/call", given))["content"][0]["text"]
    assert text.strip() == ("tea costs $5. " * 20_000).strip()


async def test_instructions_that_take_too_long_to_fill_in_are_an_error_in_words(wire: Gateway, shelf: Shelf) -> None:
    shelf.publish(body="$0" * (7 * MEBIBYTE), argument_hint="word")
    given = {"name": "greeter", "arguments": {"arguments": "x"}}
    result = await result_of(wire, BOTH[0], "tools/call", given)
    assert result["isError"] is True
    assert "greeter" in result["content"][0]["text"]


@pytest.mark.parametrize("revision", BOTH)
@pytest.mark.parametrize(
    "text", ["plain " * 100_000, "好" * 200_000, '\U0001f600\n"\\' * 80_000, "é" * 130_000 + "x"], ids=ascii
)
async def test_a_large_text_arrives_as_it_is(wire: Gateway, shelf: Shelf, revision: str, text: str) -> None:
    shelf.publish(body=text, files={"large.txt": text})
    assert (await read(wire, revision, "large.txt"))["text"] == text
    result = await result_of(wire, revision, "tools/call", {"name": "greeter", "arguments": {}})
    assert result["content"][0]["text"].strip() == text.strip()


@pytest.mark.parametrize(
    "content", [b"\xff" * SOME, b"x" * SOME + b"\xe5", b"\0" * SOME, b"\x01" * SOME, b"\xed\xa0\x80" * SOME], ids=ascii
)
async def test_what_is_no_text_or_would_become_very_long_arrives_as_bytes(
    wire: Gateway, shelf: Shelf, content: bytes
) -> None:
    shelf.publish(files={"large.bin": content})
    assert base64.b64decode((await read(wire, BOTH[0], "large.bin"))["blob"]) == content


@given(st.text(min_size=1, max_size=50), st.integers(0, 5))
@PATIENT
def test_a_text_in_pieces_is_the_json_of_the_text(text: str, shift: int) -> None:
    long = "x" * shift + text * (LARGE // len(text) + 1)
    assert json.loads(encode(asyncio.run(json_of(long)))) == long
    content = long.encode()
    body = json.loads(encode(asyncio.run(body_of(content))))
    assert body.get("text", long) == long
    assert base64.b64decode(body.get("blob", "")) in {b"", content}


async def test_the_answers_of_a_batch_are_not_larger_than_one_large_answer(wire: Gateway, shelf: Shelf) -> None:
    shelf.publish(files={"large.txt": "x" * (12 * MEBIBYTE)})
    reading = {"uri": "skill://greeter/large.txt"}
    batch = [request("resources/read", reading, message_id=number) for number in range(8)]
    answers = (await wire.post(batch, mcp_protocol_version="2025-03-26")).json()
    assert ["result" in answer for answer in answers] == [True] * 3 + [False] * 5
    assert "smaller batches" in answers[-1]["error"]["message"]


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=400),
        lambda items: st.lists(items, max_size=9) | st.dictionaries(st.text(max_size=400), items, max_size=9),
        max_leaves=50,
    )
)
@PATIENT
def test_what_is_recorded_of_arguments_is_the_beginning_of_their_json(value: Any) -> None:
    whole = encode(value)
    if b"***" not in encode_params(value).encode():
        assert whole[:PARAMS_MAX_BYTES].decode("utf-8", "ignore") == encode_params(value)


def test_an_address_of_very_many_segments_takes_no_time() -> None:
    started = time.process_time()
    assert canonical_uri("skill://a" + "/%41" * 250_000).endswith("%41")
    assert canonical_uri("skill://a" + "/%41" * 400) == "skill://a" + "/A" * 400
    assert time.process_time() - started < 0.2


def test_what_is_recorded_of_very_many_arguments_takes_no_time() -> None:
    many = [[{}] * 100_000, {str(number): {} for number in range(100_000)}, {"x" * MEBIBYTE: 1}, "x" * MEBIBYTE]
    started = time.process_time()
    for value in many * 20:
        encode_params(value)
    assert time.process_time() - started < 1


def test_a_form_is_filled_in_at_once_or_by_a_worker_with_the_same_result() -> None:
    form = Form("$0 and $name. " * 3000, "typed", {"name": "named"}, ("name",), True, "skill://x", 10**6)
    assert not is_quick(form)
    assert fill_in(form).text == "named and named. " * 3000


def test_names_that_are_long_and_much_alike_hold_up_no_other_call() -> None:
    names = ("b", *("a" * 1000 + str(number) for number in range(49)))
    body = ("$" + "a" * 1000 + "! ") * 2000
    for form in (Form(body, "", {}, names, True, "skill://x", 10**6), Form("$b", "", {}, names, True, "skill://x", 9)):
        began = time.process_time()
        assert not is_quick(form) or fill_in(form)
        assert time.process_time() - began < 0.1


async def test_long_names_are_filled_in(wire: Gateway, shelf: Shelf) -> None:
    name = "a" * 2000
    shelf.publish(body=f"${name} ${name}b", arguments=name)
    given = {"name": "greeter", "arguments": {name: "tea"}}
    text = (await result_of(wire, BOTH[0], "tools/call", given))["content"][0]["text"]
    assert text.strip() == f"tea ${name}b"
