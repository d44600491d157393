"""The translation is whole: every marked text has one, none is doubtful, and placeholders and markup agree."""

from __future__ import annotations

import re
from collections import Counter

import pytest
from babel.messages.catalog import Catalog, Message
from django.contrib.auth.models import User
from django.test import Client
from django.utils.translation import gettext, override

from .conftest import publish
from .pages import SKILLS, text_of
from .translations import MO, compiled, sources, translated

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
    assert sorted(text for _, text in marked - known) == [], "run: .venv/bin/python -m tests.translations"
    assert sorted(text for _, text in known - marked) == [], "run: .venv/bin/python -m tests.translations"


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
    assert MO.read_bytes() == compiled(catalog), "run: .venv/bin/python -m tests.translations"


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
