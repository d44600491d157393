"""The published catalog in DynamoDB, over real connections."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

from invocations.aws.dynamo import ConnectionMeta
from invocations.resilience.unavailable import StoreUnavailable
from skills_registry import services
from skills_registry.catalog import dynamodb_projection as table
from skills_registry.catalog import projection
from skills_registry.catalog.dynamodb import DynamoCatalog
from skills_registry.catalog.manifests import ManifestReader
from skills_registry.catalog.orm import OrmCatalog
from skills_registry.catalog.tables import CHANGES_KEPT, HEAD, HeadItem, SkillItem, fingerprint
from skills_registry.models import Skill, SkillVersion
from skills_registry.packages.archive import read_archive
from skills_registry.packages.zip_writing import write_zip
from skills_registry.store.disk_cache import DiskCache

from .conftest import publish
from .support.aws_fixtures import Dial
from .support.packages import package, skill_md
from .support.server import free_port
from .support.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def catalog(dynamodb_url: str, settings: Any, dial: Dial) -> DynamoCatalog:
    """An empty table that is told of every change, and the catalog that reads it."""
    dial(dynamodb_url)
    if SkillItem.exists():
        SkillItem.delete_table()
    SkillItem.create_table(wait=True)
    settings.PROJECTIONS = settings.PROJECTIONS_OF["s3"]
    return DynamoCatalog()


def everything(catalog: Any) -> dict[str, Any]:
    return {skill.name: skill for skill in catalog.changes_since(0).published}


def test_published_skills_are_the_same_as_in_the_registry(catalog: DynamoCatalog) -> None:
    publish("one", files={"a.md": "x"}, metadata="{big: 123456789012345678901234567890, one: 1.0, tiny: 1.0e-07}")
    publish("two", body="first")
    publish("two", body="second")
    services.create_version(package("draft"))
    files = [("SKILL.md", skill_md("three").encode()), ("run.sh", b"true")]
    version, _ = services.create_version(read_archive(write_zip(files, {"run.sh"})))
    services.publish(version.skill, version.number)

    assert everything(catalog) == everything(OrmCatalog())
    assert set(everything(catalog)) == {"one", "two", "three"}
    assert [file.path for file in everything(catalog)["three"].files if file.executable] == ["run.sh"]


def test_item_has_the_seeds_attributes(catalog: DynamoCatalog) -> None:
    publish(body="one", metadata="{author: Ada, tags: 'fun, short'}")
    services.create_version(package(body="two"))

    item = SkillItem.get("greeter")
    assert (item.name, item.version, item.status) == ("greeter", "v1", "active")
    assert (item.s3_key, item.all_versions) == ("skills/greeter/v1/", ["v1", "v2"])
    assert (item.author, item.tags) == ("Ada", ["fun", "short"])
    assert item.description == "Greets people. Use when somebody arrives."
    assert item.created_at <= item.updated_at
    assert item.generation == Skill.objects.get().generation


def test_changes_since_tells_only_what_changed(catalog: DynamoCatalog) -> None:
    publish("one")
    publish("two")
    known = catalog.generation()
    publish("two", body="new")
    services.deactivate(Skill.objects.get(name="one"))

    changes = catalog.changes_since(known)
    assert [(skill.name, skill.version) for skill in changes.published] == [("two", 2)]
    assert (changes.withdrawn, changes.complete) == (["one"], False)
    assert changes.generation == catalog.generation() > known
    assert catalog.changes_since(changes.generation).published == []


def test_reader_that_is_far_behind_gets_everything(catalog: DynamoCatalog) -> None:
    publish("one")
    known = catalog.generation()
    publish("two")
    for number in range(CHANGES_KEPT):
        table.write(_at_generation("two", 1000 + number))

    changes = catalog.changes_since(known)
    assert changes.complete
    assert {skill.name for skill in changes.published} == {"one", "two"}


def _at_generation(name: str, generation: int) -> Skill:
    Skill.objects.filter(name=name).update(generation=generation)
    return Skill.objects.with_summary().get(name=name)


def test_index_that_lags_is_noticed(catalog: DynamoCatalog, monkeypatch: pytest.MonkeyPatch) -> None:
    publish("one")
    lagging = list(SkillItem.status_index.query("active"))
    publish("two")
    publish("one", body="new")
    monkeypatch.setattr(SkillItem.status_index, "query", lambda status: iter(lagging))

    assert everything(catalog) == everything(OrmCatalog())


def test_older_state_never_replaces_a_newer_one(catalog: DynamoCatalog) -> None:
    publish(body="one")
    old = Skill.objects.with_summary().get()
    services.publish(services.create_version(package(body="two"))[0].skill, 2)
    revision = catalog.generation()

    table.write(old)
    assert (SkillItem.get("greeter").version, catalog.generation()) == ("v2", revision)


def test_projecting_in_any_order_and_twice_ends_in_the_same_state(catalog: DynamoCatalog) -> None:
    for name in ("a", "b", "c"):
        publish(name, body="one")
        publish(name, body="two")
    services.deactivate(Skill.objects.get(name="b"))
    expected, head = everything(OrmCatalog()), HeadItem.get(HEAD)
    SkillItem.delete_table()
    SkillItem.create_table(wait=True)

    skills = list(Skill.objects.with_summary()) * 2
    random.Random(7).shuffle(skills)
    for skill in skills:
        table.write(skill)
    assert everything(catalog) == expected
    assert (HeadItem.get(HEAD).live, HeadItem.get(HEAD).checksum) == (head.live, head.checksum)


def test_counters_and_metadata_leave_each_other_alone(catalog: DynamoCatalog) -> None:
    publish(body="one")
    SkillItem("greeter").update(actions=[SkillItem.invocation_count.add(5)])
    publish(body="two")
    item = SkillItem.get("greeter")
    assert (item.version, item.invocation_count) == ("v2", 5)


def test_many_changes_at_once_leave_table_and_registry_in_agreement(catalog: DynamoCatalog) -> None:
    for number in range(1, 6):
        services.create_version(package(body=f"text {number}"))

    def change(number: int) -> None:
        try:
            services.publish(Skill.objects.get(name="greeter"), number % 5 + 1)
        except services.Conflict:
            return

    at_once(change, range(20))
    projection.project_pending()

    assert everything(catalog) == everything(OrmCatalog())
    head = HeadItem.get(HEAD)
    assert (head.live, head.checksum) == (1, fingerprint("greeter", Skill.objects.get().generation))


def test_dynamodb_that_is_away_leaves_the_change_pending_until_it_is_made(
    catalog: DynamoCatalog, dynamodb_url: str, dial: Dial, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(body="one")
    with monkeypatch.context() as away:
        dial(f"http://127.0.0.1:{free_port()}")
        away.setattr(ConnectionMeta, "max_retry_attempts", 0)
        publish(body="two")
        assert Skill.objects.get().live_version.number == 2  # type: ignore[union-attr]
        assert Skill.objects.pending().count() == 1
        with pytest.raises(StoreUnavailable):
            catalog.generation()
    dial(dynamodb_url)

    assert projection.project_pending() == 1
    assert not Skill.objects.pending().exists()
    assert SkillItem.get("greeter").version == "v2"


def large_files() -> dict[str, str | bytes]:
    """As many files as are allowed, with paths as long as they may be in UTF-8."""
    folder = "文件夹" * 20
    return {f"{folder}/{folder}/{'说明' * 20}-{number}.md": f"{number}" for number in range(505)}


def test_skill_that_is_too_large_for_an_item_is_served(catalog: DynamoCatalog, store: Path) -> None:
    publish("small")
    publish("large", files=large_files())

    item = SkillItem.get("large")
    assert not item.manifest_json
    assert json.loads(item.manifest_ref)["key"] == "skills/large/v1.manifest.json"
    assert item_size("large") < ITEM_BYTES
    assert everything(catalog) == everything(OrmCatalog())
    assert not catalog.is_incomplete()

    publish("large", body="small again")
    assert everything(catalog)["large"].version == 2
    assert SkillItem.get("large").manifest_ref is None


def test_twenty_thousand_versions_fit_into_an_item(catalog: DynamoCatalog) -> None:
    first = publish("large", files=large_files()).skill
    like = first.versions.get()
    numbers = range(1_000_000, 1_020_000)
    fields = {"skill": first, "state": "ready", "digest": like.digest, "size": 1, "file_count": 0, "files": []}
    rows = [SkillVersion(number=number, frontmatter=like.frontmatter, **fields) for number in numbers]
    SkillVersion.objects.bulk_create(rows, batch_size=2000)
    services.set_tags(first, [f"{'标签' * 12}{number}" for number in range(20)])

    assert item_size("large") < ITEM_BYTES
    assert SkillItem.get("large").all_versions[-1] == "v1019999"
    assert everything(catalog) == everything(OrmCatalog())


def test_manifest_that_cannot_be_read_keeps_nothing_else_waiting(
    catalog: DynamoCatalog, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("skills_registry.catalog.manifests.RETRY_SECONDS", 0.0)
    publish("large", files=large_files())
    manifest = store / "skills/large/v1.manifest.json"
    content = manifest.read_bytes()
    for damage in (None, b"{}"):
        manifest.unlink(missing_ok=True)
        if damage is not None:
            manifest.write_bytes(damage)
        publish(f"small-{bool(damage)}".lower())
        reader = DynamoCatalog()
        reader._cache = catalog._cache = DiskCache(store / f"cache-{bool(damage)}", 1000)
        reader._manifests = ManifestReader(reader._cache)
        changes = reader.changes_since(0)
        assert f"small-{bool(damage)}".lower() in {skill.name for skill in changes.published}
        assert "large" not in {skill.name for skill in changes.published}
        assert reader.is_incomplete()

    manifest.write_bytes(content)
    assert [skill.name for skill in reader.changes_since(changes.generation).published] == ["large"]
    assert not reader.is_incomplete()


ITEM_BYTES = 400 * 1024


def item_size(name: str) -> int:
    """At least what DynamoDB counts: names and values in UTF-8, and a little for each element of a list."""
    return len(json.dumps(SkillItem.get(name).serialize(), ensure_ascii=False).encode())
