"""Records calls of skills in the invocation log."""

from __future__ import annotations

import logging
import re
import time
from datetime import UTC, datetime
from typing import Any

from invocations.events import InvocationEvent, encode_params
from invocations.recording.recorder import record

from .cached_settings import settings
from .catalog import Snapshot
from .sender import Sender
from .tool_names import LOAD_SKILL, READ_SKILL_FILE, SKILL_ARGUMENT
from .wire.eras import Era, modern
from .wire.jsonrpc import Request
from .wire.session import client_label
from .wire.uris import skill_of

log = logging.getLogger(__name__)

NO_SKILL = "-"
"""Recorded as the skill if a call names none."""
SKILL_MAX = 64
FAILURE_MAX = 500

_SKILL_PARAMETER = {"tools/call": "name", "prompts/get": "name", "skills/get": "uri", "resources/read": "uri"}
_TRACEPARENT = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}(-.*)?")
"""W3C Trace Context; later versions may append fields after the flags."""


def record_call(
    request: Request, era: Era, sender: Sender, *, snapshot: Snapshot, started: float, failure: str
) -> None:
    """Record a request if it calls a skill; lists and files other than SKILL.md don't count.

    `started` is the value of `time.perf_counter()` at the start, `failure` "" for a success.
    Never raises: a recording problem must not cost the caller the response.
    """
    try:
        skill = _recorded_skill(request)
        if skill is not None:
            record(_event(skill, request, era, sender, snapshot=snapshot, started=started, failure=failure))
    except Exception:
        log.exception("could not record a call of %r", request.method)


def _event(
    skill: str, request: Request, era: Era, sender: Sender, *, snapshot: Snapshot, started: float, failure: str
) -> InvocationEvent:
    seconds = time.perf_counter() - started
    published = snapshot.skills.get(skill)
    meta = request.params.get("_meta")
    meta = meta if isinstance(meta, dict) else {}
    trace = _trace_id(meta.get("traceparent")) or _trace_id(sender.headers.get("traceparent"))
    # Truncated here, not just in the store: many events wait in memory while the store is down.
    return InvocationEvent(
        skill=skill[:SKILL_MAX],
        method=request.method,
        status="error" if failure else "success",
        invoked_at=datetime.fromtimestamp(time.time() - seconds, UTC),
        duration_ms=seconds * 1000,
        version=published.version if published else None,
        error_message=failure[:FAILURE_MAX],
        request_params=_loggable_params(request) if settings.INVOCATION_LOG_PARAMS else "",
        session_id=sender.session.id,
        client=sender.session.client or client_label(meta.get(modern.CLIENT_KEY)),
        caller=sender.caller.name,
        protocol_version=era.version,
        trace_id=trace or sender.request_id,
    )


def _loggable_params(request: Request) -> str:
    return encode_params({key: value for key, value in request.params.items() if key != "_meta"})


def _recorded_skill(request: Request) -> str | None:
    """Return the name of the skill to record; None if the call is not recorded."""
    key = _SKILL_PARAMETER.get(request.method)
    if key is None:
        return None
    value = request.params.get(key)
    if not isinstance(value, str):
        return NO_SKILL
    if key == "name":
        return (_skill_argument(request) if value in (LOAD_SKILL, READ_SKILL_FILE) else value) or NO_SKILL
    if request.method == "resources/read":
        return skill_of(value) or None
    return skill_of(value) or value or NO_SKILL


def _skill_argument(request: Request) -> str:
    """Return the skill named in the tool's arguments."""
    arguments = request.params.get("arguments")
    name = arguments.get(SKILL_ARGUMENT) if isinstance(arguments, dict) else None
    return name if isinstance(name, str) else ""


def _trace_id(traceparent: Any) -> str:
    match = _TRACEPARENT.fullmatch(traceparent) if isinstance(traceparent, str) else None
    return match[1] if match else ""
