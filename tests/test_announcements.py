"""What a page has to say is said by screen readers: errors at once, everything else when there is a pause."""

from __future__ import annotations

import re

import pytest
from django.contrib import messages
from django.contrib.messages.storage.base import Message
from django.template.loader import render_to_string
from django.test import Client

from .conftest import publish
from .support.pages import SKILLS

pytestmark = pytest.mark.django_db


def test_what_was_done_is_a_status(browser: Client) -> None:
    skill = publish().skill
    page = browser.post(f"{SKILLS}{skill.pk}/tags/", {"tags": "hello", "reason": ""}, follow=True).text
    assert len(re.findall(r'role="status">\s*<div class="mb-3', page)) == 1


@pytest.mark.parametrize(
    ("level", "role"),
    [(messages.DEBUG, "status"), (messages.INFO, "status"), (messages.WARNING, "status"), (messages.ERROR, "alert")],
)
def test_each_message_has_one_role(level: int, role: str) -> None:
    context = {"messages": [Message(level, "Said <b>once</b>")], "DEFAULT_MESSAGE_LEVELS": messages.constants}
    shown = render_to_string("unfold/helpers/messages.html", context)
    assert shown.count("role=") == shown.count(f'role="{role}"') == 1
    assert "Said &lt;b&gt;once&lt;/b&gt;" in shown
