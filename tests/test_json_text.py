"""JSON from outside: what is read, and how much of it at most, at every door."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import orjson
import pytest
from django.contrib.auth.models import User
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from skills_registry.api.parsers import JSON_MAX_BYTES
from skills_registry.bounded.json_text import VALUES_MAX, InvalidJson, read_json

from .conftest import Gateway, publish
from .support.api import Api
from .support.fuzz import JSON

DEEP = "[" * 100_000 + "]" * 100_000
MANY = json.dumps([1] * VALUES_MAX)
MUCH = {"deep": DEEP, "deep and not closed": "[" * 100_000, "many values": MANY}
SIGNS = st.text(alphabet='[]{},:"\\ a1', max_size=40)


@given(JSON)
def test_what_is_json_is_read_as_it_is(value: Any) -> None:
    try:
        text = orjson.dumps(value)
    except orjson.JSONEncodeError:  # a number or a text that no other program could read
        return
    assert read_json(text) == orjson.loads(text)


@given(SIGNS)
def test_every_text_is_read_or_refused_as_json_is(text: str) -> None:
    try:
        expected = json.loads(text)
    except ValueError:
        with pytest.raises(InvalidJson):
            read_json(text.encode())
    else:
        assert read_json(text.encode()) == expected


@pytest.mark.parametrize("sign", ["[", "{", ",", '\\"', "\\\\", '\\",[\\"'])
def test_signs_in_strings_are_no_values(sign: str) -> None:
    text = f'["{sign * VALUES_MAX}"]'
    assert read_json(text.encode()) == json.loads(text)


@pytest.mark.parametrize(
    "values",
    [[1] * VALUES_MAX, [[]] * VALUES_MAX, [{}] * VALUES_MAX, {str(n): '\\"' for n in range(VALUES_MAX)}],
    ids=["numbers", "lists", "objects", "fields"],
)
def test_one_value_too_many_is_refused(values: Any) -> None:
    with pytest.raises(InvalidJson, match="more than 20,000 values"):
        read_json(json.dumps(values).encode())
    fewer = values[:-2] if isinstance(values, list) else dict(list(values.items())[:-2])
    assert read_json(json.dumps(fewer).encode()) == fewer


@pytest.mark.parametrize("text", MUCH.values(), ids=MUCH)
async def test_the_gateway_refuses_more(gateway: Gateway, text: str) -> None:
    body = f'{{"jsonrpc": "2.0", "id": 1, "method": "ping", "params": {{"a": {text}}}}}'
    headers = {"content-type": "application/json", "accept": "application/json, text/event-stream"}
    answer = await gateway.client.post("/mcp", content=body, headers=headers)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, -32700)


@pytest.mark.parametrize("text", MUCH.values(), ids=MUCH)
def test_the_api_refuses_more(operator: User, text: str) -> None:
    publish()
    answer = Api(operator).client.put("/api/v1/skills/greeter/tags/", text, content_type="application/json")
    assert answer.status_code == 400
    assert answer.json()["detail"].startswith("The JSON cannot be read: ")


def test_the_api_reads_no_json_of_any_size(operator: User) -> None:
    publish()
    body = json.dumps({"changes": {"notes.md": "a" * JSON_MAX_BYTES}})
    answer = Api(operator).client.post("/api/v1/skills/greeter/versions/1/edit/", body, content_type="application/json")
    assert answer.status_code == 413
    assert "upload larger files in a zip" in answer.json()["detail"]


@pytest.mark.parametrize("text", MUCH.values(), ids=MUCH)
@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("upload/", {"paths": "{}"}),
        ("{pk}/versions/1/edit/", {"edits": "{}", "expected_latest": "1", "path": "SKILL.md", "new_path": "SKILL.md"}),
        ("{pk}/try/?version=1", {"method": "tools/call", "era": "2026-07-28", "how": "json", "json": "{}"}),
    ],
)
def test_the_forms_refuse_more(browser: Client, path: str, fields: Mapping[str, str], text: str) -> None:
    skill = publish().skill
    given_fields = {name: text if value == "{}" else value for name, value in fields.items()}
    answer = browser.post(f"/admin/skills_registry/skill/{path.replace('{pk}', str(skill.pk))}", given_fields)
    assert answer.status_code in (200, 422)
    assert "errorlist" in answer.content.decode() or "alert" in answer.content.decode()


@pytest.mark.parametrize("text", MUCH.values(), ids=MUCH)
def test_the_check_of_the_editor_refuses_more(browser: Client, text: str) -> None:
    skill = publish().skill
    path = f"/admin/skills_registry/skill/{skill.pk}/versions/1/edit/check/"
    assert browser.post(path, text, content_type="application/json").status_code == 400
