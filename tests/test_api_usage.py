"""How much skills are used, and the log as a file, through the API."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth.models import User

from invocations.events import InvocationEvent
from invocations.resilience.unavailable import StoreUnavailable
from invocations.stores import get_store
from invocations.stores.orm import OrmStore

from .conftest import publish
from .support.api import Api

pytestmark = pytest.mark.django_db

NOW = datetime.now(UTC)
TODAY = f"{NOW:%Y-%m-%d}"


@pytest.fixture
def api(operator: User) -> Api:
    return Api(operator)


def called(skill: str = "greeter", *, days: float = 0, duration: float = 1.0, **fields: Any) -> None:
    status: Any = "error" if "error_message" in fields else "success"
    at = NOW - timedelta(days=days)
    get_store().write_batch([InvocationEvent(skill, "tools/call", status, at, duration, **fields)])


def lines(answer: Any) -> list[dict[str, Any]]:
    async def collected() -> bytes:
        return b"".join([part async for part in answer])

    assert answer.status_code == 200
    text: bytes = async_to_sync(collected)()
    return [json.loads(line) for line in text.splitlines()]


def test_usage_of_a_skill_tells_days_durations_and_by_whom(api: Api) -> None:
    publish()
    for number in range(4):
        called(duration=number + 1, version=number % 2 + 1, client="agent/1", caller="olga")
    called(days=6, duration=9, error_message="failed")
    called(days=8)
    called("other")

    answer = api.get("skills/greeter/usage/", days=7).json()
    days = answer.pop("days")
    assert [day["calls"] for day in days] == [1, 0, 0, 0, 0, 0, 4]
    assert days[-1] == {"day": TODAY, "calls": 4, "errors": 0}
    oldest = answer["sample"].pop("oldest")
    assert datetime.fromisoformat(oldest) == NOW - timedelta(days=6)
    assert answer == {
        "since": days[0]["day"],
        "until": TODAY,
        "calls": 5,
        "errors": 1,
        "sample": {"calls": 5, "complete": True},
        "duration_ms": {"p50": 3.0, "p95": 9.0, "p99": 9.0},
        "versions": [
            {"version": 1, "calls": 2, "errors": 0},
            {"version": 2, "calls": 2, "errors": 0},
            {"version": None, "calls": 1, "errors": 1},
        ],
        "clients": [{"client": "agent/1", "calls": 4, "errors": 0}, {"client": "", "calls": 1, "errors": 1}],
        "callers": [{"caller": "olga", "calls": 4, "errors": 0}, {"caller": "", "calls": 1, "errors": 1}],
    }


def test_usage_of_all_skills_tells_which_are_called_the_most(api: Api) -> None:
    called("busy")
    called("busy", error_message="failed")
    called("idle")
    called("old", days=40)

    answer = api.get("usage/").json()
    assert len(answer["days"]) == 30
    assert (answer["calls"], answer["errors"]) == (3, 1)
    assert answer["skills"] == [
        {"skill": "busy", "calls": 2, "errors": 1},
        {"skill": "idle", "calls": 1, "errors": 0},
    ]
    assert api.get("usage/", days=60).json()["calls"] == 4


def test_token_for_some_skills_learns_of_their_calls_alone(operator: User) -> None:
    publish("mine")
    publish("hidden")
    for skill in ("mine", "hidden", "unknown"):
        called(skill)
    restricted = Api(operator, skills=["mine"])

    answer = restricted.get("usage/").json()
    assert (answer["calls"], answer["days"][-1]["calls"]) == (1, 1)
    assert answer["skills"] == [{"skill": "mine", "calls": 1, "errors": 0}]
    assert restricted.get("skills/mine/usage/").status_code == 200
    for path in ("skills/{}/usage/", "skills/{}/logs/export.jsonl"):
        hidden, unknown = (restricted.get(path.format(name)) for name in ("hidden", "unknown"))
        assert hidden.status_code == unknown.status_code == 404
    assert restricted.get("logs/export.csv").status_code == 403
    assert restricted.get("logs/export.csv", skill="hidden").status_code == 404
    assert [call["skill"] for call in lines(restricted.get("logs/export.jsonl", skill="mine"))] == ["mine"]


def test_log_is_a_file_with_the_lists_filters(api: Api) -> None:
    publish()
    called(client="a")
    called(client="b", error_message="failed")
    called("other", client="c")

    def clients(path: str, **query: Any) -> list[str]:
        return sorted(call["client"] for call in lines(api.get(path, **query)))

    assert clients("logs/export.jsonl") == ["a", "b", "c"]
    assert clients("logs/export.jsonl", status="error") == ["b"]
    assert clients("logs/export.jsonl", skill="greeter", client="a") == ["a"]
    assert clients("skills/greeter/logs/export.jsonl") == ["a", "b"]
    assert clients("logs/export.jsonl", until=NOW.isoformat()) == []


def test_file_says_what_it_is_whatever_is_accepted(api: Api) -> None:
    answer = api.client.get("/api/v1/logs/export.csv", headers={"accept": "text/csv"})
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="calls-')


@pytest.mark.parametrize(
    ("path", "query", "wrong"),
    [
        ("usage/", {"days": 0}, ["days"]),
        ("usage/", {"days": 401}, ["days"]),
        ("skills/greeter/usage/", {"day": 7}, ["day"]),
        ("logs/export.csv", {"limit": 7}, ["limit"]),
        ("logs/export.csv", {"version": "9" * 30}, ["version"]),
        ("skills/greeter/logs/export.csv", {"skill": "other"}, ["skill"]),
    ],
)
def test_query_that_cannot_be_meant_is_400(api: Api, path: str, query: dict[str, Any], wrong: list[str]) -> None:
    publish()
    answer = api.get(path, **query)
    assert (answer.status_code, list(answer.json()["fields"])) == (400, wrong)


@pytest.mark.parametrize("path", ["usage/", "skills/greeter/usage/", "logs/export.csv"])
def test_calls_that_cannot_be_read_are_503(api: Api, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    publish()

    def away(*args: Any, **kwargs: Any) -> None:
        raise StoreUnavailable("no answer")

    for method in ("calls", "days", "uses"):
        monkeypatch.setattr(OrmStore, method, away)
    assert api.get(path).status_code == 503
