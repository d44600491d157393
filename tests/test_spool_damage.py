"""Spool files that are not what they should be: every call in them is recorded once, the rest is set aside."""

from __future__ import annotations

import io
import json
import os
import socket
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
from django.db import DatabaseError, DataError, ProgrammingError
from hypothesis import given
from hypothesis import strategies as st

from invocations.events import InvocationEvent
from invocations.recording import recorder as recorder_module
from invocations.recording import spool as spool_module
from invocations.recording.recorder import Recorder, State
from invocations.recording.spool import Spool
from invocations.recording.spool_lines import HEADER, LINE_MAX, decode_file, encode, encode_file

from .support.patience import PATIENCE_SECONDS
from .test_recorder import event

FIELDS: list[str] = json.loads(HEADER)


def changed(**values: Any) -> bytes:
    """A line whose fields have other values."""
    return orjson.dumps(
        [values.get(name, value) for name, value in zip(FIELDS, json.loads(encode(event())), strict=True)]
    )


DAMAGE = {
    "null": b"null",
    "number": b"5",
    "text": b'"a call"',
    "object": b"{}",
    "empty list": b"[]",
    "list of lists": b"[[]]",
    "fewer values": b'["greeter", "tools/call"]',
    "more values": encode(event()).replace(b"]", b", 1]").strip(),
    "not JSON": b"hello",
    "cut off": encode(event())[:40],
    "two calls in a line": encode(event()).strip() * 2,
    "not UTF-8": changed(skill="greeter").replace(b"greeter", b"gr\xff\xfe\xed\xa0\x80"),
    "random bytes": bytes(value for value in range(256) if value not in b"\n"),
    "zeros within": encode(event()).replace(b"tools/call", b"tools\0call").strip(),
    "deep": b"[" * 5000 + b"]" * 5000,
    "huge": b"x" * (LINE_MAX + 10),
    "huge number": changed(version=0).replace(b",0,", b"," + b"9" * 5000 + b",", 1),
    "number as skill": changed(skill=5),
    "list as method": changed(method=[]),
    "other status": changed(status="maybe"),
    "list as status": changed(status=[]),
    "number as time": changed(invoked_at=5),
    "null as time": changed(invoked_at=None),
    "time without zone": changed(invoked_at="2026-01-01T00:00:00"),
    "no time": changed(invoked_at="yesterday"),
    "time before all": changed(invoked_at="0001-01-01T00:00:00+14:00"),
    "time after all": changed(invoked_at="9999-12-31T23:59:59-12:00"),
    "text as duration": changed(duration_ms="5"),
    "true as duration": changed(duration_ms=True),
    "text as version": changed(version="v1"),
    "large version": changed(version=2**40),
    "negative version": changed(version=-1),
    "object as text": changed(error_message={}),
    "null as text": changed(client=None),
    "number as id": changed(id=5),
    "no id": changed(id="me"),
    "null as id": changed(id=None),
}  # fmt: skip


def take(folder: Path) -> list[InvocationEvent]:
    """What a recorder that starts writes, until nothing is left."""
    written: list[InvocationEvent] = []
    recorder = Recorder(written.extend, spool=Spool(folder))
    recorder.start()
    recorder.close()
    return written


def set_aside(folder: Path) -> list[dict[str, str]]:
    """The lines in `rejected`."""
    files = sorted(folder.glob("rejected/*"))
    return [json.loads(line) for file in files for line in file.read_bytes().splitlines()]


@pytest.mark.parametrize("damage", DAMAGE)
def test_damaged_line_is_set_aside_and_all_others_are_recorded(damage: str, tmp_path: Path) -> None:
    before, after = event("before"), event("after")
    (tmp_path / "a.jsonl").write_bytes(HEADER + encode(before) + DAMAGE[damage] + b"\n" + encode(after))
    (tmp_path / "b.jsonl").write_bytes(encode_file([event("other file")]))
    assert [one.skill for one in take(tmp_path)] == ["before", "after", "other file"]
    [line] = set_aside(tmp_path)
    assert line["reason"]
    assert [path.name for path in tmp_path.iterdir()] == ["rejected"]


def test_recorder_goes_on_and_tells_how_much_was_set_aside(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "a.jsonl").write_bytes(b"\n".join(DAMAGE.values()))
    written: list[InvocationEvent] = []
    recorder = Recorder(written.extend, spool=Spool(tmp_path))
    assert recorder.state == State()
    recorder.start()
    recorder.record(event("mine"))
    assert recorder.flush(10)
    recorder.close()
    assert [one.skill for one in written] == ["mine"]
    assert len(set_aside(tmp_path)) == len(DAMAGE)
    assert recorder.state == State(set_aside=1)
    told = [record.getMessage() for record in caplog.records if "a.jsonl" in record.getMessage()]
    assert len(told) == 1, "once for a file, not for each line"


LINES = st.one_of(
    st.builds(
        lambda name, one: encode(event(name, id=one)).strip(),
        st.text(st.characters(codec="utf-8"), max_size=5),
        st.uuids(),
    ),
    st.binary(max_size=50),
    st.recursive(
        st.one_of(st.none(), st.booleans(), st.integers(-(2**63), 2**63), st.floats(), st.text(max_size=5)),
        lambda inner: st.lists(inner, max_size=15) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    ).map(lambda value: json.dumps(value).encode()),
    st.sampled_from([b"", b"\0" * 10, *(line for name, line in DAMAGE.items() if name != "huge")]),
)


@given(st.lists(LINES, max_size=20), st.integers(0, 5), st.booleans())
def test_whatever_the_lines_of_a_file_are_its_calls_are_recorded_once(
    lines: list[bytes], zeros: int, header: bool
) -> None:
    text = b"\n".join(line.replace(b"\n", b"") for line in lines)
    content = (HEADER if header else b"") + b"\0" * zeros + text + b"\0" * zeros
    expected = [line for line in lines if is_call(line.strip(b"\0\r\n"))]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "a.jsonl").write_bytes(content)
        written = take(folder)
        kept = set_aside(folder)
        assert list(folder.glob("*.jsonl")) == []
    assert [str(one.id) for one in written] == [json.loads(line)[-1] for line in expected]
    others = [line for line in lines if line.replace(b"\n", b"").strip(b"\0\r\n")]
    assert len(written) + len(kept) == len(others)


def is_call(line: bytes) -> bool:
    """Whether a line is one of those that `encode` makes."""
    try:
        return encode(decode_file(io.BytesIO(line)).events[0]).strip() == line
    except IndexError:
        return False


@given(st.data())
def test_bytes_that_were_flipped_cost_their_own_line_alone(data: st.DataObject) -> None:
    events = [event(f"skill-{number}") for number in range(5)]
    lines = [encode(one).strip() for one in events]
    hurt = data.draw(st.sets(st.integers(0, 4), max_size=3))
    for number in hurt:
        at = data.draw(st.integers(0, len(lines[number]) - 1))
        byte = data.draw(st.integers(0, 255).filter(lambda value: value != 10))
        lines[number] = lines[number][:at] + bytes([byte]) + lines[number][at + 1 :]
    found = decode_file(io.BytesIO(HEADER + b"\n".join(lines)))
    assert {one.id for one in found.events} >= {one.id for number, one in enumerate(events) if number not in hurt}
    assert len(found.events) + len(found.rejected) == 5


def test_files_of_releases_with_other_fields_are_understood() -> None:
    one = event("greeter", client="agent/1")
    values = dict(zip(FIELDS, json.loads(encode(one)), strict=True))
    newer = {"region": "eu", **values, "cost": {"tokens": 5}}
    older = {name: value for name, value in values.items() if name not in ("client", "trace_id")}
    for release in (newer, older):
        file = orjson.dumps(list(release)) + b"\n" + orjson.dumps(list(release.values()))
        found = decode_file(io.BytesIO(file))
        assert [event.id for event in found.events] == [one.id]
        assert (found.events[0].client, found.rejected) == ("agent/1" if release is newer else "", [])
    without_header = decode_file(io.BytesIO(encode(one)))
    assert without_header.events == [one]


def test_field_that_has_no_default_must_be_there() -> None:
    names = [name for name in FIELDS if name != "method"]
    found = decode_file(io.BytesIO(orjson.dumps(names) + b"\n" + orjson.dumps(["x"] * len(names))))
    assert (found.events, len(found.rejected)) == ([], 1)


def test_many_zeros_before_a_line_do_not_make_it_too_long() -> None:
    file = io.BytesIO(b"\0" * (3 * LINE_MAX) + encode(event()) + b"\0" * (2 * LINE_MAX))
    found = decode_file(file)
    assert (len(found.events), found.rejected) == (1, [])


def _make_fifo(path: Path) -> None:
    os.mkfifo(path)


def _make_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(path))


def _make_link(path: Path) -> None:
    path.symlink_to("/etc/passwd")


def _make_huge(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(spool_module.FILE_MAX + 1)


@pytest.mark.parametrize("make", [Path.mkdir, _make_fifo, _make_socket, _make_link, _make_huge])
def test_what_is_no_file_of_calls_is_moved_out_of_the_way(make: Callable[[Path], None], tmp_path: Path) -> None:
    make(tmp_path / "a.jsonl")
    (tmp_path / "b.jsonl").write_bytes(encode_file([event("other file")]))
    assert [one.skill for one in take(tmp_path)] == ["other file"]
    assert [path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*")] == ["rejected", "rejected/a.jsonl"]


def test_file_that_cannot_be_removed_is_taken_once_and_keeps_nobody_from_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorder_module, "TAKE_OVER_SECONDS", 0.01)
    for name in "ab":
        (tmp_path / f"{name}.jsonl").write_bytes(encode_file([event(name)]))
    unlink = Path.unlink

    def refuse_a(path: Path, missing_ok: bool = False) -> None:
        if path.name == "a.jsonl":
            raise PermissionError(13, "Permission denied")
        unlink(path, missing_ok)

    monkeypatch.setattr(Path, "unlink", refuse_a)
    written: list[str] = []
    recorder = Recorder(lambda events: written.extend(one.skill for one in events), spool=Spool(tmp_path))
    recorder.start()
    deadline = time.monotonic() + PATIENCE_SECONDS
    while "b" not in written:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    recorder.record(event("mine"))
    assert recorder.flush(5)
    recorder.close()
    assert written == ["a", "b", "mine"]


def test_spool_that_is_no_folder_leaves_calls_in_memory_and_says_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "spool").write_text("a file")
    written: list[InvocationEvent] = []
    recorder = Recorder(written.extend, spool=Spool(tmp_path / "spool"))
    for _ in range(20):
        recorder.record(event())
    assert recorder.flush(5)
    assert recorder.state == State(in_memory_only=True)
    assert sum("cannot keep calls on disk" in record.getMessage() for record in caplog.records) == 1
    assert len(written) == 20

    (tmp_path / "spool").unlink()
    monkeypatch.setattr(spool_module, "RETRY_SECONDS", 0.0)
    recorder._spool._retry_at = 0.0  # type: ignore[union-attr]  # instead of waiting a second
    recorder.record(event())
    assert recorder.flush(5)
    recorder.close()
    assert recorder.state == State()


def test_call_that_the_store_refuses_is_kept_aside_and_not_lost(tmp_path: Path) -> None:
    def write(events: Any) -> None:
        if any(one.skill == "bad" for one in events):
            raise DataError("cannot be stored")

    recorder = Recorder(write, spool=Spool(tmp_path))
    for name in ("a", "bad", "b"):
        recorder.record(event(name))
    assert recorder.flush(5)
    recorder.close()
    [line] = set_aside(tmp_path)
    assert json.loads(line["line"])[0] == "bad"
    assert "cannot be stored" in line["reason"]
    assert recorder.dropped == 0


@pytest.mark.parametrize(
    "trouble", [ProgrammingError("no such table"), DatabaseError("malformed"), RuntimeError("no credentials")]
)
def test_trouble_of_the_store_itself_costs_no_call(
    trouble: Exception, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorder_module, "RETRY_SECONDS", (0.001,))
    written: list[str] = []
    failures = iter([trouble] * 3)

    def write(events: Any) -> None:
        for failure in failures:
            raise failure
        written.extend(one.skill for one in events)

    recorder = Recorder(write, spool=Spool(tmp_path))
    for name in "abc":
        recorder.record(event(name))
    assert recorder.flush(5)
    recorder.close()
    assert written == ["a", "b", "c"]
    assert not (tmp_path / "rejected").exists()


def test_segment_that_was_never_begun_goes_after_a_while(tmp_path: Path) -> None:
    old, fresh = tmp_path / "old.new", tmp_path / "fresh.new"
    for path in (old, fresh):
        path.touch()
    os.utime(old, (0, 0))
    assert take(tmp_path) == []
    assert list(tmp_path.iterdir()) == [fresh]
