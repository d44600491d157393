"""The translation is whole: every marked text has one, none is doubtful, and placeholders and markup agree."""

from __future__ import annotations

import re
from collections import Counter
from datetime import UTC, datetime

import pytest
from babel.messages.catalog import Catalog, Message
from django.contrib.auth.models import Group, User
from django.test import Client
from django.utils.translation import gettext, override

from invocations.events import InvocationEvent
from invocations.stores import get_store

from .conftest import permissions, publish
from .support.pages import LOG, SKILLS, text_of
from .support.translations import MO, compiled, sources, translated

# What is filled in, and what browsers read: both have to be there the same number of times.
_KEPT = re.compile(r"%\(\w+\)[sd]|%%\d|(?<!%)%[sd]|\{\w+\}|</?\w+[^>]*>|`[^`]*`")


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return translated()


def texts(message: Message) -> tuple[list[str], list[str]]:
    """What is translated (the plural, where there is one) and what it is translated to."""
    ids = [message.id] if isinstance(message.id, str) else list(message.id)
    strings = [message.string] if isinstance(message.string, str) else list(message.string or ())
    return ids, strings


def named(catalog: Catalog) -> set[tuple[str | None, str]]:
    return {(message.context, texts(message)[0][0]) for message in catalog if message.id}


def test_catalog_has_exactly_the_texts_of_the_sources(catalog: Catalog) -> None:
    marked, known = named(sources()), named(catalog)
    assert len(marked) > 400
    assert sorted(text for _, text in marked - known) == [], "run: .venv/bin/python -m tests.support.translations"
    assert sorted(text for _, text in known - marked) == [], "run: .venv/bin/python -m tests.support.translations"


def test_nothing_is_untranslated_or_doubtful(catalog: Catalog) -> None:
    messages = [message for message in catalog if message.id]
    assert [message.id for message in messages if not (texts(message)[1] and all(texts(message)[1]))] == []
    assert [message.id for message in messages if message.fuzzy] == []


def test_placeholders_and_markup_agree(catalog: Catalog) -> None:
    for message in catalog:
        ids, strings = texts(message)
        for string in strings if message.id else []:
            assert Counter(_KEPT.findall(string)) == Counter(_KEPT.findall(ids[-1])), message.id


def test_what_is_served_is_compiled_from_the_catalog(catalog: Catalog) -> None:
    assert MO.read_bytes() == compiled(catalog), "run: .venv/bin/python -m tests.support.translations"


@pytest.mark.parametrize("language", ["zh-hans", "zh-CN,zh;q=0.9,en;q=0.5"])
def test_browsers_language_decides(operator: User, client: Client, language: str) -> None:
    client.force_login(operator)
    page = client.get("/admin/", headers={"accept-language": language})
    assert page.headers["Content-Language"] == "zh-hans"
    assert "欢迎使用 Skillkeeper" in text_of(page)


def test_chosen_language_is_kept(operator: User, client: Client) -> None:
    client.force_login(operator)
    skill = publish().skill
    client.post("/i18n/setlang/", {"language": "zh-hans", "next": "/admin/"})
    page = text_of(client.get(f"{SKILLS}{skill.pk}/versions/", headers={"accept-language": "en"}))
    assert "版本" in page
    assert "已上线" in page


def test_plural_and_filled_in_texts_read_well() -> None:
    with override("zh-hans"):
        assert gettext("Published %(version)s.") % {"version": "greeter v2"} == "已发布 greeter v2。"


def test_language_is_chosen_before_signing_in_and_remembered(client: Client, operator: User) -> None:
    visitor = Client(enforce_csrf_checks=True, headers={"accept-language": "en"})
    page = visitor.get("/admin/login/?next=/admin/connect/").text
    form = page[page.index('class="sk-languages"') :].partition("</form>")[0]
    assert re.findall(r'value="(\w+(?:-\w+)?)"\s+lang', form) == ["en", "zh-hans"]
    assert "简体中文" in form
    [token] = re.findall(r'name="csrfmiddlewaretoken" value="(\w+)"', form)
    [after] = re.findall(r'name="next" value="([^"]*)"', form)

    chosen = visitor.post("/i18n/setlang/", {"language": "zh-hans", "next": after, "csrfmiddlewaretoken": token})
    assert (chosen.status_code, chosen.headers["Location"]) == (302, "/admin/login/?next=/admin/connect/")
    assert int(chosen.cookies["django_language"]["max-age"]) > 30 * 24 * 3600
    assert "用户名" in visitor.get("/admin/login/").text
    visitor.force_login(operator)
    assert "首页" in visitor.get("/admin/").text


def test_choice_of_a_language_is_refused_without_the_forms_token() -> None:
    visitor = Client(enforce_csrf_checks=True)
    assert visitor.post("/i18n/setlang/", {"language": "zh-hans", "next": "/admin/"}).status_code == 403


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_numbers_are_written_in_one_way(operator: User, client: Client, language: str) -> None:
    at = datetime.now(UTC)
    get_store().write_batch([InvocationEvent("greeter", "tools/call", "success", at, 1.0) for _ in range(1234)])
    client.force_login(operator)
    skill = publish().skill
    pages = ["/admin/", LOG, SKILLS, *(f"{SKILLS}{skill.pk}/{tab}/" for tab in ("change", "usage", "deactivate"))]
    told = [text_of(client.get(page, headers={"accept-language": language})) for page in pages]
    assert [page for page, text in zip(pages, told, strict=True) if re.search(r"\b1234\b", text)] == []
    assert [page for page, text in zip(pages, told, strict=True) if "1,234" not in text] == [LOG]
    assert "1,000" in told[1]


def test_deleting_a_group_names_the_group_alone(browser: Client) -> None:
    group = Group.objects.create(name="viewers of skills")
    group.permissions.set(permissions("view_skill"))
    text = text_of(browser.get(f"/admin/auth/group/{group.pk}/delete/"))
    assert "viewers of skills" in text
    assert "relationship" not in text
    assert "lose the rights" not in text


def test_deleting_a_group_names_those_who_lose_rights(browser: Client) -> None:
    group = Group.objects.create(name="readers")
    for number in range(22):
        User.objects.create_user(f"reader{number:02}").groups.add(group)
    text = text_of(browser.get(f"/admin/auth/group/{group.pk}/delete/"))
    assert "22 users lose the rights of readers: reader00, reader01" in text
    assert "reader19 …" in text
    assert "reader20" not in text


def test_deleting_a_user_names_no_rows_of_tables(browser: Client) -> None:
    user = User.objects.create_user("peter")
    user.groups.add(Group.objects.create(name="readers"))
    text = text_of(browser.get(f"/admin/auth/user/{user.pk}/delete/"))
    assert "Delete peter" in text
    assert "Users: 1" in text
    assert "relationship" not in text


def test_translation_keeps_to_one_word_for_one_thing(catalog: Catalog) -> None:
    strings = [string for message in catalog if message.id for string in texts(message)[1]]
    assert [string for string in strings if "您" in string or "调用者" in string or "技能包" in string] == []
