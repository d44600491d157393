"""Which calls are invocations, and what is recorded of them."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from invocations.events import InvocationEvent, loggable
from invocations.recorder import record

from .call import Call
from .eras import modern
from .jsonrpc import JsonRpcError
from .session import client_label
from .uris import skill_of

NO_SKILL = "-"
"""Recorded as the skill where a call names none."""

_NAMED_BY = {"tools/call": "name", "prompts/get": "name", "skills/get": "uri", "resources/read": "uri"}


@dataclass(frozen=True, slots=True)
class Stopwatch:
    """When a call began, by the clock and for measuring."""

    at: datetime
    ticks: float

    @classmethod
    def start(cls) -> Stopwatch:
        """Begin now."""
        return cls(datetime.now(UTC), time.perf_counter())

    def milliseconds(self) -> float:
        """Time since the start."""
        return (time.perf_counter() - self.ticks) * 1000


def record_call(call: Call, started: Stopwatch, trace_id: str, *, error: JsonRpcError | None, result: Any) -> None:
    """Record a call of a skill with its outcome; other calls (lists, other files) are not recorded."""
    skill = _skill(call)
    if skill is None:
        return
    published = call.snapshot.skills.get(skill)
    failure = error.message if error else _tool_error(result)
    meta = call.params.get("_meta", {})
    record(
        InvocationEvent(
            skill=skill,
            method=call.method,
            status="error" if failure else "success",
            invoked_at=started.at,
            duration_ms=started.milliseconds(),
            version=published.version if published else None,
            error_message=failure,
            request_params=loggable({key: value for key, value in call.params.items() if key != "_meta"}),
            session_id=call.session.id,
            client=call.session.client or client_label(meta.get(modern.CLIENT_KEY) if isinstance(meta, dict) else None),
            caller=call.caller.name,
            protocol_version=call.era.version,
            trace_id=trace_id,
        )
    )


def _skill(call: Call) -> str | None:
    """The name of the skill a recorded call is about; None for calls that are not recorded."""
    key = _NAMED_BY.get(call.method)
    if key is None:
        return None
    value = call.params.get(key)
    if not isinstance(value, str):
        return NO_SKILL
    if key == "name":
        return value or NO_SKILL
    skill = skill_of(value)
    if call.method == "resources/read":
        return skill or None
    return skill or value or NO_SKILL


def _tool_error(result: Any) -> str:
    return str(result["content"][0]["text"]) if result.get("isError") else ""
