"""A version that is not live can be deleted: its files go, its number and its history stay."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client

from invocations.resilience.unavailable import StoreUnavailable
from skills_registry import services
from skills_registry.models import Publication, Skill, SkillVersion
from skills_registry.store import package_store

from .conftest import live, publish
from .support.api import Api
from .support.packages import package
from .support.pages import SKILLS, text_of, told

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def two_versions(db: None) -> Skill:
    """v1 was live once and is yanked, v2 is live."""
    first = publish(body="one", files={"docs/a.md": "a"})
    second = publish(body="two")
    services.yank_version(first)
    return second.skill


def version(number: int) -> SkillVersion:
    return SkillVersion.objects.get(number=number)


def test_files_go_and_the_number_is_not_used_again(store: Path) -> None:
    services.delete_version(version(1))

    assert not (store / "skills/greeter/v1").exists()
    assert not (store / "skills/greeter/v1.json").exists()
    assert version(1).state == "deleted"
    assert list(Publication.objects.values_list("version__number", flat=True)) == [2, 1]
    call_command("verify_storage")
    again, created = services.create_version(package(body="one", files={"docs/a.md": "a"}))
    assert (again.number, created) == (3, True)


def test_live_version_and_one_that_is_gone_cannot_be_deleted() -> None:
    with pytest.raises(services.Conflict, match="greeter v2 is live"):
        services.delete_version(version(2))
    services.delete_version(version(1))
    with pytest.raises(services.Conflict, match="no longer exists"):
        services.delete_version(version(1))
    assert live() == "v2"


def test_version_that_was_live_once_has_to_be_yanked_first(store: Path) -> None:
    services.unyank_version(version(1))
    with pytest.raises(services.Conflict, match=r"greeter v1 has been live. Yank it before"):
        services.delete_version(version(1))
    assert (store / "skills/greeter/v1/SKILL.md").exists()

    never_live, _ = services.create_version(package(body="three"))
    services.delete_version(never_live)
    assert version(3).state == "deleted"


def test_deleted_version_is_nowhere_to_go_back_to(two_versions: Skill) -> None:
    services.delete_version(version(1))
    with pytest.raises(services.Conflict, match="no older version"):
        services.rollback(two_versions)
    with pytest.raises(SkillVersion.DoesNotExist):
        services.publish(two_versions, 1)


def test_files_are_removed_by_a_sweep_where_the_store_was_away(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: Any) -> None:
        raise StoreUnavailable("away")

    with monkeypatch.context() as patch:
        patch.setattr(package_store, "delete_version", fail)
        services.delete_version(version(1))
    assert (version(1).state, (store / "skills/greeter/v1").exists()) == ("deleting", True)
    services.sweep()
    assert (version(1).state, (store / "skills/greeter/v1").exists()) == ("deleted", False)


def test_api_deletes_and_says_why_not(operator: User) -> None:
    client = Api(operator).client
    assert client.delete("/api/v1/skills/greeter/versions/1/").status_code == 204
    assert client.delete("/api/v1/skills/greeter/versions/1/").status_code == 404
    answer = client.delete("/api/v1/skills/greeter/versions/2/")
    assert (answer.status_code, "is live" in answer.json()["detail"]) == (409, True)
    assert [one["version"] for one in Api(operator).get("skills/greeter/versions/").json()["results"]] == [2]


def test_admin_says_before_why_a_version_stays(operator: User, client: Client, two_versions: Skill) -> None:
    services.create_version(package(body="three"))
    client.force_login(operator)
    versions, delete = f"{SKILLS}{two_versions.pk}/versions/", f"{SKILLS}{two_versions.pk}/delete/1/"
    reason = "A version that has been live must be yanked before it can be deleted."
    page = client.get(versions).text
    assert [f"/delete/{number}/" in page for number in (1, 2, 3)] == [True, False, True]
    assert reason not in page

    services.unyank_version(version(1))
    page = client.get(versions).text
    assert [f"/delete/{number}/" in page for number in (1, 2, 3)] == [False, False, True]
    assert page.count('disabled aria-describedby="kept"') == 1
    assert reason in page
    asked = client.get(delete)
    assert "greeter v1 has been live. Yank it before you delete it." in text_of(asked)
    assert f'href="{versions}1/yank/"' in asked.text
    assert "This cannot be undone" not in asked.text
    assert told(client.post(delete, follow=True))[0].startswith("greeter v1 has been live.")


def test_author_may_not_delete(author: User, client: Client, two_versions: Skill) -> None:
    assert Api(author).client.delete("/api/v1/skills/greeter/versions/1/").status_code == 403
    client.force_login(author)
    assert client.post(f"{SKILLS}{two_versions.pk}/delete/1/").status_code == 403
    assert version(1).state == "ready"


def test_page_says_what_will_go_and_a_post_does_it(operator: User, client: Client, two_versions: Skill) -> None:
    client.force_login(operator)
    address = f"{SKILLS}{two_versions.pk}/delete/1/"
    assert "The 2 files of greeter v1" in text_of(client.get(address))
    assert version(1).state == "ready"
    assert told(client.post(address, follow=True)) == ["Deleted greeter v1. Its number will not be reused."]
    assert client.get(address).status_code == 404
    assert "is live" in text_of(client.get(f"{SKILLS}{two_versions.pk}/delete/2/"))
