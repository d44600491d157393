"""Access tokens: made in the admin or by command, shown once, kept as a hash, revoked."""

from __future__ import annotations

import hashlib
import re
from datetime import datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from mcp_gateway.auth import TOKEN_PREFIX, create_token, find_token, revoke_token
from mcp_gateway.models import AccessToken
from skills_registry.models import AuditEvent
from skills_registry.tags import normalize_tags

from .conftest import permissions, publish
from .support.pages import rows, text_of, told

pytestmark = pytest.mark.django_db

LIST = "/admin/mcp_gateway/accesstoken/"
ADD = f"{LIST}add/"
TOKEN = re.compile(re.escape(TOKEN_PREFIX) + r"[A-Za-z0-9_-]{43}")


@pytest.fixture
def clerk(db: None) -> Client:
    """The browser of somebody who may make, see and revoke tokens, and is no superuser."""
    user = User.objects.create_user("clara", password="claras-password", is_staff=True)
    user.user_permissions.set(permissions("add_accesstoken", "view_accesstoken", "change_accesstoken"))
    browser = Client()
    browser.force_login(user)
    return browser


def form(user: User, **fields: Any) -> dict[str, Any]:
    usual = {"name": "CI", "user": user.pk, "scopes": ["skills:read", "skills:write"], "allow_unknown": "on"}
    return {**usual, "expires_at_0": "", "expires_at_1": "", **fields}


def made(browser: Client, user: User, **fields: Any) -> str:
    """The text of a new token, from the page that shows it."""
    found = set(TOKEN.findall(browser.post(ADD, form(user, **fields)).text))
    assert len(found) == 1
    return str(found.pop())


def revoke(browser: Client, *tokens: AccessToken) -> Any:
    """Choose tokens in the list and confirm on the page that it leads to; the answer to that."""
    chosen = {"action": "revoke", "_selected_action": [token.pk for token in tokens]}
    asked = browser.post(LIST, chosen, follow=True)
    sent = re.findall(r'<input type="hidden" name="token" value="(\d+)">', asked.text)
    return browser.post(f"{LIST}revoke/", {"token": sent}, follow=True)


def test_new_token_is_shown_once_on_a_page_that_nobody_keeps(browser: Client, operator: User) -> None:
    answer = browser.post(ADD, form(operator))
    (text,) = set(TOKEN.findall(answer.text))

    assert "no-store" in answer.headers["cache-control"]
    token = find_token(text)
    assert token is not None
    assert (token.name, token.user) == ("CI", operator)
    for page in (LIST, f"{LIST}{token.pk}/change/", f"{LIST}{token.pk}/history/", "/admin/"):
        shown = browser.get(page)
        assert shown.status_code == 200
        assert text not in shown.text


def test_only_a_hash_of_the_token_is_stored(browser: Client, operator: User) -> None:
    text = made(browser, operator)

    assert AccessToken.objects.get().hash == hashlib.sha256(text.encode()).hexdigest()
    dump = "\n".join(repr(list(model._default_manager.values())) for model in apps.get_models())
    assert hashlib.sha256(text.encode()).hexdigest() in dump
    assert text not in dump
    assert text.removeprefix(TOKEN_PREFIX)[6:] not in dump


def test_two_tokens_differ_and_are_told_apart_by_their_beginnings(browser: Client, operator: User) -> None:
    first, second = made(browser, operator), made(browser, operator)

    assert first != second
    page = browser.get(LIST).text
    for text in (first, second):
        assert text[: len(TOKEN_PREFIX) + 6] in page
        assert text[: len(TOKEN_PREFIX) + 7] not in page


def test_token_with_an_end_is_valid_until_then(browser: Client, operator: User) -> None:
    end = timezone.now() + timedelta(days=2)
    text = made(browser, operator, expires_at_0=f"{end:%Y-%m-%d}", expires_at_1=f"{end:%H:%M:%S}")

    assert find_token(text) is not None
    AccessToken.objects.update(expires_at=timezone.now())
    assert find_token(text) is None


def test_end_that_has_passed_is_refused(browser: Client, operator: User) -> None:
    answer = browser.post(ADD, form(operator, expires_at_0="2020-01-01", expires_at_1="00:00:00"))

    assert "The expiry date is in the past." in answer.text
    assert not AccessToken.objects.exists()


def test_revoked_token_opens_nothing_and_stays_in_the_list(browser: Client, operator: User) -> None:
    text, other = made(browser, operator, name="leaked"), made(browser, operator, name="kept")
    leaked = AccessToken.objects.get(name="leaked")

    answer = revoke(browser, leaked)
    assert "1 access token revoked." in answer.text
    assert "leaked" in answer.text
    assert find_token(text) is None
    assert find_token(other) is not None
    events = AuditEvent.objects.filter(action__endswith="_token").order_by("-pk")
    assert list(events.values_list("action", "subject", "actor__username")) == [
        ("revoke_token", str(leaked), "olga"),
        ("make_token", str(AccessToken.objects.get(name="kept")), "olga"),
        ("make_token", str(leaked), "olga"),
    ]
    assert text not in str(list(AuditEvent.objects.values()))


def test_revoking_says_first_whose_tokens_they_are_what_they_open_and_whether_they_are_used(
    browser: Client, operator: User, author: User
) -> None:
    used, _ = create_token(author, "CI", skills=["greeter"], tags=["sales"], scopes=["skills:read"])
    AccessToken.objects.filter(pk=used.pk).update(last_used_at=timezone.now() - timedelta(hours=3))
    other, text = create_token(operator, "unused")

    asked = browser.post(LIST, {"action": "revoke", "_selected_action": [used.pk, other.pk]}, follow=True)
    page = text_of(asked).replace("\xa0", " ")
    assert "Revoke 2 access tokens" in page
    assert f"Prefix {used.prefix} Acts as arno Scopes skills:read Skills greeter, #sales" in page
    assert "(3 hours ago)" in page
    assert "Skills all" in page
    assert "Last used never" in page
    assert find_token(text) == other

    page = browser.get(f"{LIST}{used.pk}/change/").text
    assert f'href="{LIST}revoke/?token={used.pk}"' in page
    revoke(browser, used, other)
    assert find_token(text) is None
    assert "revoke/" not in browser.get(f"{LIST}{used.pk}/change/").text


@pytest.mark.parametrize("chosen", ["", "?token=", "?token=nine", "?token=999", f"?token={2**70}"])
def test_no_token_is_revoked_where_none_is_chosen(browser: Client, operator: User, chosen: str) -> None:
    _, text = create_token(operator, "CI")
    assert browser.get(f"{LIST}revoke/{chosen}").status_code == 404
    assert browser.post(f"{LIST}revoke/{chosen}").status_code == 404
    assert find_token(text) is not None


def test_no_more_tokens_are_revoked_at_once_than_are_shown(browser: Client, operator: User) -> None:
    tokens = [create_token(operator, f"token {number}")[0].pk for number in range(101)]
    chosen = {"action": "revoke", "_selected_action": tokens[:50], "select_across": "1"}
    answer = browser.post(LIST, chosen, follow=True)
    assert told(answer) == ["You can revoke at most 100 tokens at a time."]


def test_revoking_twice_keeps_the_first_time(browser: Client, operator: User) -> None:
    token, _ = create_token(operator, "CI")
    times = []
    for _ in range(2):
        revoke(browser, token)
        times.append(AccessToken.objects.get().revoked_at)
    assert times[0] is not None
    assert times[0] == times[1]


def test_token_cannot_be_edited_or_deleted_by_address_either(browser: Client, operator: User) -> None:
    token, text = create_token(operator, "CI")

    assert browser.post(f"{LIST}{token.pk}/change/", form(operator, name="other")).status_code == 403
    assert browser.post(f"{LIST}{token.pk}/delete/", {"post": "yes"}).status_code == 403
    browser.post(LIST, {"action": "delete_selected", "_selected_action": [token.pk], "post": "yes"})
    assert find_token(text) == token
    assert AccessToken.objects.get().name == "CI"


def test_who_is_no_superuser_makes_tokens_for_themselves_only(clerk: Client, operator: User) -> None:
    clara = User.objects.get(username="clara")
    assert find_token(made(clerk, clara)) is not None

    answer = clerk.post(ADD, form(operator))
    assert "Select a valid choice" in answer.text
    assert "olga" not in clerk.get(ADD).text
    assert not AccessToken.objects.filter(user=operator).exists()


@pytest.mark.parametrize(
    ("held", "expected"),
    [
        ([], {LIST: 403, ADD: 403}),
        (["view_accesstoken"], {LIST: 200, ADD: 403}),
        (["add_accesstoken"], {LIST: 403, ADD: 200}),
    ],
)
def test_pages_of_tokens_need_their_permission(held: list[str], expected: dict[str, int], client: Client) -> None:
    user = User.objects.create_user("sam", password="sams-password", is_staff=True)
    user.user_permissions.set(permissions(*held))
    client.force_login(user)

    assert {page: client.get(page).status_code for page in expected} == expected


def test_revoking_needs_its_permission_by_address_too(client: Client, operator: User) -> None:
    token, text = create_token(operator, "CI")
    user = User.objects.create_user("sam", password="sams-password", is_staff=True)
    user.user_permissions.set(permissions("view_accesstoken", "delete_accesstoken"))
    client.force_login(user)

    client.post(LIST, {"action": "revoke", "_selected_action": [token.pk]})
    assert client.get(f"{LIST}revoke/?token={token.pk}").status_code == 403
    assert client.post(f"{LIST}revoke/", {"token": token.pk}).status_code == 403
    assert "revoke/" not in client.get(f"{LIST}{token.pk}/change/").text
    assert find_token(text) is not None


def test_list_of_tokens_asks_as_often_for_many_as_for_one(
    browser: Client, operator: User, django_assert_num_queries: Any
) -> None:
    for number in range(40):
        create_token(operator, f"token {number}")
    # Expect 5 queries:
    # * session
    # * user
    # * number of tokens, with the search and without
    # * tokens with their owners
    with django_assert_num_queries(5):
        browser.get(LIST)


def test_token_is_made_for_chosen_scopes_skills_and_tags(browser: Client, operator: User) -> None:
    made(browser, operator, scopes=["skills:read"], skills="greeter, other  greeter", tags="Sales")

    token = AccessToken.objects.get()
    assert (token.scopes, token.skills, token.tags) == (["skills:read"], ["greeter", "other"], ["sales"])
    row = rows(browser.get(LIST))[0]
    assert "greeter, other, #sales" in row


@pytest.mark.parametrize("typed", ["Größe", "gro\u0308ße", "GRO\u0308ßE"])
def test_tag_of_a_token_is_kept_as_that_of_a_skill_is(browser: Client, operator: User, typed: str) -> None:
    made(browser, operator, tags=f"{typed}, sales")
    by_command, _ = create_token(operator, "by command", tags=[typed, "sales"])

    expected = normalize_tags([typed, "sales"])
    assert [token.tags for token in (AccessToken.objects.earliest("pk"), by_command)] == [expected] * 2


def test_form_suggests_skills_and_tags_and_saves_in_one_way(browser: Client, clerk: Client) -> None:
    publish(metadata="{tags: [office]}")
    page = browser.get(ADD).text
    assert re.findall(r'<input[^>]* name="(\w+)"[^>]* list="([\w-]+)"', page) == [
        ("skills", "skill-names"),
        ("tags", "tags-in-use"),
    ]
    assert re.findall(r'<option value="([a-z]+)">', page) == ["office", "greeter"]
    assert [name in page for name in ("_save", "_addanother", "_continue")] == [True, False, False]
    assert "greeter" not in clerk.get(ADD).text, "who may not see skills"


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"scopes": []}, "This field is required."),
        ({"scopes": ["skills:all"]}, "Select a valid choice."),
        ({"skills": "Not_a_name!"}, "Invalid skill names: not_a_name!"),
    ],
)
def test_form_refuses_what_there_cannot_be(
    browser: Client, operator: User, fields: dict[str, Any], message: str
) -> None:
    assert message in browser.post(ADD, form(operator, **fields)).text
    assert not AccessToken.objects.exists()


def test_page_of_a_new_token_has_a_configuration_with_it(browser: Client, operator: User) -> None:
    page = browser.post(ADD, form(operator)).text
    text = set(TOKEN.findall(page)).pop()
    assert f"Authorization: Bearer {text}" in page
    assert "Bearer TOKEN" not in page


def test_list_is_filtered_by_state(browser: Client, operator: User) -> None:
    gone = User.objects.create_user("gone", is_active=False)
    create_token(operator, "in use")
    create_token(operator, "too old", expires_at=timezone.now() - timedelta(days=1))
    create_token(gone, "of nobody")
    revoke_token(create_token(gone, "taken away", expires_at=timezone.now() - timedelta(days=1))[0])

    expected = {"valid": "in use", "expired": "too old", "owner": "of nobody", "revoked": "taken away"}
    for state, name in expected.items():
        (row,) = rows(browser.get(LIST, {"state": state}))
        assert name in row
    assert rows(browser.get(LIST, {"state": "nonsense"})) == []
    assert len(rows(browser.get(LIST))) == 4


def command(**options: Any) -> tuple[str, str]:
    out, err = StringIO(), StringIO()
    call_command("create_token", stdout=out, stderr=err, **options)
    return out.getvalue(), err.getvalue()


def test_command_prints_nothing_but_the_token_to_stdout(operator: User) -> None:
    out, err = command(user="olga", name="CI")

    assert TOKEN.fullmatch(out.removesuffix("\n"))
    token = find_token(out.strip())
    assert token is not None
    assert (token.user, token.name, token.expires_at) == (operator, "CI", None)
    assert "not shown again" in err
    assert out.strip() not in err


def test_command_makes_tokens_for_some_days(operator: User) -> None:
    out, _ = command(user="olga", days=3)

    token = find_token(out.strip())
    assert token is not None
    assert token.expires_at is not None
    assert timedelta(days=2, hours=23) < token.expires_at - timezone.now() <= timedelta(days=3)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"user": "nobody"}, "There is no user 'nobody'."),
        ({"user": "olga", "days": 0}, "--days must be from 1 to 36500."),
        ({"user": "olga", "days": 10**12}, "--days must be from 1 to 36500."),
        ({"user": "olga", "name": "n" * 101}, "--name may have at most 100 characters."),
    ],
)
def test_command_refuses_what_makes_no_token(operator: User, options: dict[str, Any], message: str) -> None:
    with pytest.raises(CommandError, match=re.escape(message)):
        command(**options)
    assert not AccessToken.objects.exists()


def test_use_is_noted_at_most_once_a_minute(operator: User, monkeypatch: pytest.MonkeyPatch) -> None:
    _, text = create_token(operator, "CI")
    start = timezone.now()

    def used_after(seconds: int) -> datetime | None:
        monkeypatch.setattr("django.utils.timezone.now", lambda: start + timedelta(seconds=seconds))
        assert find_token(text) is not None
        return AccessToken.objects.get().last_used_at

    assert AccessToken.objects.get().last_used_at is None
    assert used_after(0) == start
    assert used_after(30) == used_after(60) == start
    assert used_after(61) == start + timedelta(seconds=61)


def test_token_that_opens_nothing_is_not_noted_as_used(operator: User) -> None:
    _, text = create_token(operator, "CI", expires_at=timezone.now() - timedelta(seconds=1))
    assert find_token(text) is None
    assert AccessToken.objects.get().last_used_at is None


def test_log_never_holds_a_token(
    browser: Client, operator: User, caplog: pytest.LogCaptureFixture, store: Path
) -> None:
    text = made(browser, operator)
    with caplog.at_level("DEBUG"):
        Client(headers={"authorization": f"Bearer {text}"}).get("/api/v1/skills/nobody/")
    assert caplog.records
    assert text not in caplog.text
