"""verify_storage says what differs, and --repair mends what can be."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from .conftest import publish

pytestmark = pytest.mark.django_db(transaction=True)


def verify(*arguments: str) -> str:
    out = StringIO()
    try:
        call_command("verify_storage", *arguments, stdout=out)
    except CommandError as error:
        return f"{out.getvalue()}failed: {error}"
    return out.getvalue()


def test_all_is_well() -> None:
    publish("one")
    publish("two", files={"a.bin": b"\x00"})
    assert verify() == "0 differences, 0 repaired.\n"


def test_damaged_and_missing_files_are_told_and_cannot_be_mended(store: Path) -> None:
    publish(files={"a.md": "a", "b.md": "b"})
    (store / "skills/greeter/v1/a.md").write_text("changed")
    (store / "skills/greeter/v1/b.md").unlink()
    (store / "skills/greeter/v1.json").unlink()

    said = verify("--repair")
    assert "greeter: v1: a.md does not match its digest" in said
    assert "greeter: v1: b.md is missing" in said
    assert "greeter: v1: the sidecar is missing" in said
    assert "3 differences, 0 repaired." in said
    assert "failed" in said


@pytest.mark.parametrize("damage", ["wrong", "missing"])
def test_latest_json_is_mended(store: Path, damage: str) -> None:
    publish(body="one")
    publish(body="two")
    latest = store / "skills/greeter/latest.json"
    if damage == "missing":
        latest.unlink()
    else:
        latest.write_text(json.dumps({**json.loads(latest.read_text()), "version": "v1"}))

    assert "failed" in verify()
    assert "1 differences, 1 repaired." in verify("--repair")
    assert json.loads(latest.read_text())["version"] == "v2"
    assert verify() == "0 differences, 0 repaired.\n"
