"""What lies in the store or the table and is not what was written: named, mended, and in nobody's way."""

from __future__ import annotations

import json
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from pynamodb.connection import Connection

from invocations.resilience.unavailable import StoreUnavailable
from skills_registry import services
from skills_registry.catalog.dynamodb import DynamoCatalog
from skills_registry.catalog.tables import HEAD, HeadItem, SkillItem
from skills_registry.models import Skill

from .conftest import live, lose_registry, publish
from .support.aws_fixtures import Dial
from .support.packages import package

pytestmark = pytest.mark.django_db(transaction=True)

DAMAGES: dict[str, bytes] = {
    "empty": b"",
    "not JSON": b"<html>503</html>",
    "not UTF-8": b'{"generation": "\xff"}',
    "another shape": b"[1, 2]",
    "lacking": b"{}",
    "wrong types": json.dumps({"generation": "7", "version": 3, "published_at": [], "digest": 5, "files": {}}).encode(),
    "nested": b"[" * 100_000,
    "larger than a record may be": b" " * (32 * 1024 * 1024 + 2),
}


@pytest.fixture
def table(dynamodb_url: str, settings: Any, dial: Dial) -> DynamoCatalog:
    """An empty table that is told of every change, and the catalog that reads it."""
    dial(dynamodb_url)
    if SkillItem.exists():
        SkillItem.delete_table()
    SkillItem.create_table(wait=True)
    settings.STORAGE_BACKEND = "s3"
    settings.PROJECTIONS = settings.PROJECTIONS_OF["s3"]
    return DynamoCatalog()


def run(command: str, *arguments: str) -> str:
    out = StringIO()
    try:
        call_command(command, *arguments, stdout=out, stderr=out)
    except CommandError as error:
        return f"{out.getvalue()}failed: {error}"
    return out.getvalue()


def put(skill: str, **attributes: dict[str, Any]) -> None:
    """Write attributes of an item as somebody else might; one that is empty is removed."""
    client = Connection(host=SkillItem.Meta.host, region="us-east-1").client
    table_name = SkillItem.Meta.table_name
    item = client.get_item(TableName=table_name, Key={"skill_id": {"S": skill}}).get("Item", {"skill_id": {"S": skill}})
    item.update(attributes)
    client.put_item(TableName=table_name, Item={key: value for key, value in item.items() if value})


# The store


def damaged_names() -> dict[str, bytes]:
    """A skill for each damage."""
    return {f"damaged-{number}": content for number, content in enumerate(DAMAGES.values())}


def test_damaged_latest_json_hinders_no_operation_and_is_mended(store: Path) -> None:
    names = damaged_names()
    for name in (*names, "other"):
        publish(name)
    for name, content in names.items():
        (store / f"skills/{name}/latest.json").write_bytes(content)
    said = run("verify_storage")
    assert all(f"{name}: skills/{name}/latest.json" in said for name in names)
    assert f"{len(names)} differences, 0 repaired" in said

    for name in (*names, "other"):
        services.deactivate(Skill.objects.get(name=name))
        assert json.loads((store / f"skills/{name}/latest.json").read_text())["status"] == "inactive"
    assert not Skill.objects.pending().exists()

    for name, content in names.items():
        (store / f"skills/{name}/latest.json").write_bytes(content)
    assert f"{len(names)} differences, {len(names)} repaired" in run("verify_storage", "--repair")
    assert run("verify_storage") == "0 differences, 0 repaired.\n"


def test_damaged_sidecars_are_named_and_mended(store: Path) -> None:
    names = damaged_names()
    for name in (*names, "other"):
        publish(name)
    for name, content in names.items():
        (store / f"skills/{name}/v1.json").write_bytes(content)
    said = run("verify_storage", "--repair")
    assert all(f"{name}: v1: skills/{name}/v1.json" in said for name in names)
    assert f"{len(names)} differences, {len(names)} repaired" in said
    assert run("verify_storage") == "0 differences, 0 repaired.\n"


@pytest.mark.parametrize("record", ["v1.json", "latest.json"])
def test_rebuild_names_what_is_damaged_and_restores_the_rest(record: str, store: Path) -> None:
    names = damaged_names()
    for name in (*names, "other"):
        publish(name)
    lose_registry()
    for name, content in names.items():
        (store / f"skills/{name}/{record}").write_bytes(content)

    said = run("rebuild_registry")
    assert all(f"skills/{name}/{record}" in said for name in names)
    assert f"failed: {len(names)} skills are incomplete" in said
    assert live("other") == "v1"
    assert not Skill.objects.exclude(name="other").exists()


def test_latest_json_that_is_newer_than_the_registry_is_overtaken(store: Path) -> None:
    publish()
    latest = store / "skills/greeter/latest.json"
    latest.write_text(json.dumps({**json.loads(latest.read_text()), "generation": 1000}))
    assert "latest.json differs in generation: 1000" in run("verify_storage")

    services.deactivate(Skill.objects.get())
    said = json.loads(latest.read_text())
    assert (said["status"], said["generation"]) == ("inactive", Skill.objects.get().generation)
    assert said["generation"] > 1000
    assert not Skill.objects.pending().exists()


def test_generation_that_nobody_counted_to_does_not_use_up_the_numbers(store: Path) -> None:
    publish()
    latest = store / "skills/greeter/latest.json"
    latest.write_text(json.dumps({**json.loads(latest.read_text()), "generation": 2**53 - 1}))
    services.deactivate(Skill.objects.get())
    services.publish(Skill.objects.get(), 1)
    publish("other")

    assert json.loads(latest.read_text())["version"] == "v1"
    assert not Skill.objects.pending().exists()
    assert run("verify_storage") == "0 differences, 0 repaired.\n"


def test_rebuilt_registry_counts_on_from_where_somebody_can_have_counted_to(store: Path) -> None:
    publish()
    latest = store / "skills/greeter/latest.json"
    latest.write_text(json.dumps({**json.loads(latest.read_text()), "generation": 2**53 - 1}))
    lose_registry()

    assert "implausible generation" in run("rebuild_registry")
    run("rebuild_registry", "--skip-broken")
    services.deactivate(Skill.objects.get())

    assert 0 < Skill.objects.get().generation < 100


def test_sweep_goes_on_after_what_it_does_not_understand(store: Path) -> None:
    publish("first")
    publish("other")
    (store / "skills/first/latest.json").write_bytes(b"nonsense")
    Skill.objects.update(projected_generation=0)
    (store / "uploads").mkdir(exist_ok=True)
    (store / "uploads/somebody-elses.zip").write_bytes(b"x")

    assert "2 pending projections written" in run("sweep")
    assert not Skill.objects.pending().exists()
    assert (store / "uploads/somebody-elses.zip").exists()


# The table

ITEM_DAMAGES: dict[str, dict[str, Any]] = {
    "manifest that is not JSON": {"manifest_json": {"S": "{"}},
    "manifest of another shape": {"manifest_json": {"S": '{"version": "1", "files": []}'}},
    "manifest that is not text": {"manifest_json": {"N": "5"}},
    "no manifest": {"manifest_json": {}},
    "tags that are a text": {"tags": {"S": "fun"}},
    "tags that are numbers": {"tags": {"L": [{"N": "1"}]}},
    "generation that is a text": {"generation": {"S": "newest"}},
    "generation that is a fraction": {"generation": {"N": "1.5"}},
    "no generation": {"generation": {}},
    "newer generation": {"generation": {"N": "5000"}},
    "generation that nobody counted to": {"generation": {"N": str(2**53 - 1)}},
    "another description": {"description": {"S": "Something else."}},
    "reference to nothing": {"manifest_json": {}, "manifest_ref": {"S": "[]"}},
    "status that there is not": {"status": {"S": "odd"}},
}


@pytest.fixture
def damaged(table: DynamoCatalog) -> dict[str, str]:
    """A live skill for each damage of its item, and what the damage is, by the skill's name."""
    names = {f"damaged-{number}": damage for number, damage in enumerate(ITEM_DAMAGES)}
    for name in (*names, "other"):
        publish(name, metadata="{tags: fun}")
    for name, damage in names.items():
        put(name, **ITEM_DAMAGES[damage])
    return names


def served() -> set[str]:
    """What a gateway serves that is started now."""
    return {skill.name for skill in DynamoCatalog().changes_since(0).published}


def test_damaged_items_keep_no_other_skill_from_being_served_and_are_mended(damaged: dict[str, str]) -> None:
    assert "other" in served()
    said = run("verify_storage", "--repair")
    assert [damage for name, damage in damaged.items() if f"{name}: " not in said] == []
    assert "failed" not in said
    assert run("verify_storage") == "0 differences, 0 repaired.\n"
    assert served() == {*damaged, "other"}


def test_skills_with_damaged_items_can_be_deactivated(damaged: dict[str, str], table: DynamoCatalog) -> None:
    for name, damage in damaged.items():
        known = table.generation()
        services.deactivate(Skill.objects.get(name=name))
        changes = table.changes_since(known)
        assert changes.complete or name in changes.withdrawn, damage
        assert name not in {skill.name for skill in changes.published}, damage
    assert not Skill.objects.pending().exists()
    assert served() == {"other"}
    run("verify_storage", "--repair")
    assert run("verify_storage") == "0 differences, 0 repaired.\n"


HEAD_DAMAGES: dict[str, dict[str, Any]] = {
    "wrong checksum": {"checksum": {"N": "5"}},
    "wrong count": {"live": {"N": "77"}},
    "changes that are not JSON": {"changes": {"S": "["}},
    "changes of another shape": {"changes": {"S": '[["a", 1], 5]'}},
    "revision that is a text": {"revision": {"S": "newest"}},
    "nothing": {"revision": {}, "live": {}, "checksum": {}, "changes": {}},
}


@pytest.mark.parametrize("damage", HEAD_DAMAGES)
def test_damaged_head_hinders_no_gateway_and_no_change_and_is_mended(damage: str, table: DynamoCatalog) -> None:
    publish("first")
    publish("other")
    known = table.generation()
    put(HEAD, **HEAD_DAMAGES[damage])
    assert served() == {"first", "other"}

    services.deactivate(Skill.objects.get(name="first"))
    assert not Skill.objects.pending().exists()
    assert table.generation() != known
    changes = table.changes_since(known)
    assert changes.complete or "first" in changes.withdrawn
    run("verify_storage", "--repair")
    assert run("verify_storage") == "0 differences, 0 repaired.\n"
    assert HeadItem.get(HEAD).state().live == 1


def test_item_of_a_skill_that_nobody_knows_is_taken_out_of_the_catalog(table: DynamoCatalog) -> None:
    publish("first")
    item = SkillItem.get("first").serialize()
    put("ghost", **{key: value for key, value in item.items() if key != "skill_id"}, invocation_count={"N": "4"})
    assert "ghost: it is not in the registry" in run("verify_storage")

    run("verify_storage", "--repair")
    assert run("verify_storage") == "0 differences, 0 repaired.\n"
    assert SkillItem.get("ghost").invocation_count == 4
    assert served() == {"first"}


def test_repair_of_a_registry_that_was_lost_takes_nothing_out(table: DynamoCatalog) -> None:
    publish("first")
    lose_registry()
    assert "see rebuild_registry" in run("verify_storage", "--repair")
    assert served() == {"first"}


@pytest.mark.parametrize("skip", [[], ["--skip-broken"]])
def test_latest_json_brings_nothing_back_where_the_catalog_cannot_say_whether_it_was_withdrawn(
    skip: list[str], table: DynamoCatalog
) -> None:
    publish("first")
    put("first", generation={"S": "newest"})
    lose_registry()
    assert "the catalog's item is damaged" in run("rebuild_registry", *skip)
    assert not Skill.objects.filter(live_version__isnull=False).exists()


def test_what_was_withdrawn_in_the_catalog_alone_is_not_brought_back(
    table: DynamoCatalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish("first")
    with monkeypatch.context() as s3:
        s3.setattr("skills_registry.store.package_store._store", _Away)
        services.deactivate(Skill.objects.get())
    assert Skill.objects.unstored().count() == 1
    lose_registry()
    assert "the newer one is believed" in run("rebuild_registry")
    assert live("first") is None


class _Away:
    def __getattr__(self, name: str) -> Callable[..., None]:
        raise StoreUnavailable("away")


def test_counters_that_cannot_be_read_are_named_and_no_page_fails_of_them(table: DynamoCatalog) -> None:
    publish("first")
    put("first", invocation_count={"S": "many"})
    assert "first: its item in the table has invalid counters: invocation_count" in run("verify_storage")
    services.create_version(package("first", "two"))
    assert SkillItem.get("first").all_versions == ["v1", "v2"]
