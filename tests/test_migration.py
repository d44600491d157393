"""From local files to S3 and DynamoDB and back, and the registry restored from them."""

from __future__ import annotations

import shutil
import subprocess
import sys
from ast import literal_eval
from collections.abc import Callable
from pathlib import Path

import pytest

from invocations.recording.spool_lines import encode_file

from .support.aws_world import World, ask, served
from .support.packages import skill_md
from .support.patience import wait_until
from .support.prepared import Prepared
from .support.server import ROOT, clean_environment
from .test_recorder import event


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, ministack_url: str, prepared: Prepared) -> Path:
    """Three skills on local files: one rolled back to v1 of 2, one live, one deactivated; five calls."""
    world = World(tmp_path_factory.mktemp("world") / "data", ministack_url, ministack_url, like=prepared.empty)
    world.publish_all(
        world.local,
        [
            ("greeter", {"SKILL.md": skill_md("greeter", "one"), "notes.md": "x"}),
            ("greeter", {"SKILL.md": skill_md("greeter", "two")}),
            ("other", {"SKILL.md": skill_md("other", "only"), "scripts/run.sh": "echo"}),
            ("gone", {"SKILL.md": skill_md("gone", "was here")}),
        ],
    )
    world.service(
        world.local,
        "services.rollback(Skill.objects.get(name='greeter')); services.deactivate(Skill.objects.get(name='gone'))",
    )
    with world.server(world.local) as server:
        for _ in range(5):
            ask(server, "tools/call", name="greeter")
    return world.data


@pytest.fixture
def world(tmp_path: Path, folder: Path, ministack_url: str) -> World:
    return World(tmp_path / "data", ministack_url, ministack_url, like=folder)


def test_everything_moves_to_s3_and_back(world: World) -> None:
    with world.server(world.local) as server:
        before = served(server)

    counted = world.sql_counts()
    assert counted["greeter"] >= 5
    assert "6 files" in (said := world.manage(world.local, "migrate_storage", "--to", "s3", "--dry-run")), said
    assert (world.stored(), world.counts()) == (set(), {})

    assert "6 files" in world.manage(world.local, "migrate_storage", "--to", "s3")
    assert "0 files (0 bytes)" in (said := world.manage(world.aws, "migrate_storage", "--to", "s3")), said
    assert "0 differences" in world.manage(world.aws, "verify_storage")
    assert world.counts() == counted
    with world.server(world.aws) as server:
        assert served(server) == before
        for _ in range(3):
            ask(server, "tools/call", name="greeter")
    assert world.counts() == {"greeter": counted["greeter"] + 4, "other": counted["other"] + 1}
    world.publish(world.aws, "greeter", "three")

    world.manage(world.aws, "migrate_storage", "--to", "local")
    assert "0 differences" in world.manage(world.local, "verify_storage")
    assert world.sql_counts() == world.counts()
    with world.server(world.local) as server:
        after = served(server)
    assert after.keys() == before.keys() - {"skill://greeter/notes.md"}
    assert "three" in after["skill://greeter/SKILL.md"]
    world.manage(world.local, "migrate_storage", "--to", "s3")
    assert world.counts() == world.sql_counts() == {"greeter": counted["greeter"] + 5, "other": counted["other"] + 2}


def test_migration_that_was_killed_goes_on_where_it_was(world: World) -> None:
    files = {f"f{number}.txt": str(number) for number in range(8)}
    names = [f"skill-{number}" for number in range(6)]
    world.publish_all(world.local, [(name, {"SKILL.md": skill_md(name, "text"), **files}) for name in names])
    command = [sys.executable, "manage.py", "migrate_storage", "--to", "s3"]
    with subprocess.Popen(command, cwd=ROOT, env={**clean_environment(world.data), **world.local}) as process:
        wait_until(lambda: len(world.stored()) >= 10, "nothing is copied", every=0)
        process.kill()
    assert "skills/skill-5/v1.json" not in world.stored(), "it was still at work"

    said = world.manage(world.local, "migrate_storage", "--to", "s3")
    assert " 0 files already" not in said
    assert "0 differences" in world.manage(world.aws, "verify_storage")


def test_what_cannot_be_moved_is_named_and_the_rest_moves(world: World) -> None:
    (world.data / "store/skills/greeter/v1/notes.md").write_text("changed")
    (world.data / "store/skills/gone/v1/SKILL.md").unlink()

    said = world.manage(world.local, "migrate_storage", "--to", "s3", status=1)
    assert "greeter v1: notes.md does not match its digest" in said
    assert "gone v1: SKILL.md is missing in the source" in said
    assert "skills/greeter/v1.json" not in world.stored()
    assert {"skills/greeter/v2.json", "skills/other/v1.json"} <= world.stored()
    with world.server(world.aws) as server:
        assert {uri.split("/")[2] for uri in served(server)} == {"other"}, "what is not whole is not live there"


def test_other_bytes_that_are_there_already_are_left_alone(world: World) -> None:
    key = "skills/other/v1/scripts/run.sh"
    world.s3.put_object(Bucket=world.bucket, Key=key, Body=b"somebody else's")

    said = world.manage(world.local, "migrate_storage", "--to", "s3", status=1)
    assert "other v1: scripts/run.sh already exists, with other bytes" in said
    assert world.s3.get_object(Bucket=world.bucket, Key=key)["Body"].read() == b"somebody else's"


@pytest.fixture
def forget(world: World, prepared: Prepared) -> Callable[[], None]:
    """A function that loses the SQL database; the one after it is empty."""

    def forget() -> None:
        for file in world.data.glob("db.sqlite3*"):
            file.unlink()
        shutil.copy(prepared.empty / "db.sqlite3", world.data)

    return forget


@pytest.mark.parametrize("backend", ["local", "aws"])
def test_lost_database_is_rebuilt_and_the_gateway_serves_the_same_bytes(
    world: World, forget: Callable[[], None], backend: str
) -> None:
    settings = world.local if backend == "local" else world.aws
    if backend == "aws":
        world.manage(world.local, "migrate_storage", "--to", "s3")
    with world.server(settings) as server:
        before = served(server)
    world.service(
        settings,
        "gone = SkillVersion.objects.get(skill__name='greeter', number=2);"
        "services.yank_version(gone); services.delete_version(gone)",
    )
    forget()

    assert "3 skills" in (said := world.manage(settings, "rebuild_registry", "--dry-run")), said
    with world.server(settings) as server:
        assert served(server) == ({} if backend == "local" else before), "DynamoDB serves also without the registry"
    assert "3 skills" in world.manage(settings, "rebuild_registry")
    assert "0 differences" in world.manage(settings, "verify_storage")
    with world.server(settings) as server:
        assert served(server) == before
    states = world.service(
        settings, "print([(s.name, str(s.status), s.last_number) for s in Skill.objects.with_summary()])"
    )
    assert literal_eval(states) == [("gone", "inactive", 1), ("greeter", "active", 2), ("other", "active", 1)]

    assert "is there already" in world.manage(settings, "rebuild_registry")
    assert "greeter v3 (new" in world.publish(settings, "greeter", "three")


def test_counters_survive_the_loss_of_the_database(world: World, forget: Callable[[], None]) -> None:
    world.manage(world.local, "migrate_storage", "--to", "s3")
    with world.server(world.aws) as server:
        for _ in range(2):
            ask(server, "tools/call", name="greeter")
    forget()
    world.manage(world.aws, "rebuild_registry")
    world.manage(world.aws, "migrate_storage", "--to", "local")
    assert world.sql_counts() == {"greeter": 7}
    world.manage(world.local, "migrate_storage", "--to", "s3")
    assert world.counts() == {"greeter": 7}


def test_skill_that_is_not_whole_is_not_restored_unless_asked_for(world: World, forget: Callable[[], None]) -> None:
    (world.data / "store/skills/greeter/v2/SKILL.md").write_text("changed")
    latest = (world.data / "store/skills/greeter/latest.json").read_text()
    forget()

    said = world.manage(world.local, "rebuild_registry", status=1)
    assert "v2: SKILL.md does not match its digest" in said
    assert world.service(world.local, "print(sorted(s.name for s in Skill.objects.all()))") == "['gone', 'other']\n"
    assert (world.data / "store/skills/greeter/latest.json").read_text() == latest, "what was live is not forgotten"

    world.manage(world.local, "rebuild_registry", "--skip-broken", status=1)
    with world.server(world.local) as server:
        assert "one" in served(server)["skill://greeter/SKILL.md"]


def test_rebuilding_from_nothing_says_so(world: World, forget: Callable[[], None]) -> None:
    forget()
    said = world.manage({**world.local, "S3_SKILLS_PREFIX": "elsewhere/"}, "rebuild_registry", status=1)
    assert "Nothing to restore from" in said


def test_calls_that_wait_in_the_bucket_are_counted_before_counters_are_carried(world: World) -> None:
    world.manage(world.local, "migrate_storage", "--to", "s3")
    counted = world.sql_counts()
    world.s3.put_object(
        Bucket=world.bucket, Key="spool/a.jsonl", Body=encode_file([event("greeter") for _ in range(3)])
    )
    world.manage(world.aws, "migrate_storage", "--to", "local", "--dry-run")
    assert world.sql_counts() == counted
    world.manage(world.aws, "migrate_storage", "--to", "local")
    assert world.sql_counts() == {**counted, "greeter": counted["greeter"] + 3}
    assert "Contents" not in world.s3.list_objects_v2(Bucket=world.bucket, Prefix="spool/")
    assert "0 differences" in world.manage(world.aws, "verify_storage")
