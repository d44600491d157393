"""Rights change at random while calls go on; the gateway answers what `User.has_perm` and the token say by then."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import httpx
import pytest
from django.contrib.auth.models import Group, User
from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from mcp_gateway.auth import create_token, revoke_token
from mcp_gateway.auth.identity import caller_cache
from mcp_gateway.auth.owners import READ_PERMISSION
from mcp_gateway.models import AccessToken
from mcp_gateway.signals import tokens_changed
from mcpsite.asgi import application

from .support.gateway_asking import LEGACY, VERSION, request
from .support.gateway_shelf import Shelf, live_catalog
from .support.losing_rights import PROMISED_SECONDS, Clock, as_superuser, directly, view_skill

USERS, GROUPS = ("ada", "bob", "cem"), ("readers", "guests")
users, groups, booleans = st.sampled_from(USERS), st.sampled_from(GROUPS), st.booleans()
TOLD, WAITED, NOT_YET = "told", "not told, and the promised time passes", "not told"
ways = st.sampled_from([TOLD, WAITED, NOT_YET])
"""Whether the process is told of a change, as it is not where another makes it without Redis."""
TAGS = ("team-a", "team-b")


class RightsWalk(RuleBasedStateMachine):
    """Three users, who hold the right in three ways, with two tokens each; and two groups."""

    def __init__(self) -> None:
        super().__init__()
        self.patch = pytest.MonkeyPatch()
        self.clock, self.shelf = Clock(), Shelf()
        self.shelf.publish(tags=TAGS[:1])
        self.patch.setattr("mcp_gateway.auth.caller_cache.time", self.clock)
        self.patch.setattr("mcp_gateway.endpoint.live_catalog", live_catalog(self.shelf))
        self.runner = asyncio.Runner()
        self.client = httpx.AsyncClient(transport=httpx.ASGITransport(application), base_url="http://localhost")
        for name in GROUPS:
            Group.objects.create(name=name)
        self.texts = {}
        for name in USERS:
            user = User.objects.create_user(name)
            for tags in ((), TAGS[:1]):
                token, text = create_token(user, "walk", tags=tags)
                self.texts[text] = token.pk
        directly(User.objects.get(username="ada"))
        Group.objects.get(name="readers").permissions.add(view_skill())
        User.objects.get(username="bob").groups.add(*Group.objects.all())
        as_superuser(User.objects.get(username="cem"))
        caller_cache.clear()

    def teardown(self) -> None:
        self.runner.run(self.client.aclose())
        self.runner.close()
        self.patch.undo()
        User.objects.all().delete()
        Group.objects.all().delete()

    def change(self, how: str, change: Any) -> None:
        """Make a change while all callers are remembered, and compare as soon as everything must be known."""
        self.call()
        if how == TOLD:
            change()
        else:
            with pytest.MonkeyPatch.context() as silence:
                silence.setattr(tokens_changed, "send", lambda sender, **_: [])
                change()
        if how == WAITED:
            self.clock.ahead += PROMISED_SECONDS
        if how != NOT_YET:
            self.compare()

    @rule(name=users, group=groups, member=booleans, how=ways)
    def join_or_leave(self, name: str, group: str, *, member: bool, how: str) -> None:
        joined, found = User.objects.get(username=name).groups, Group.objects.get(name=group)
        self.change(how, lambda: joined.add(found) if member else joined.remove(found))

    @rule(group=groups, given=booleans, how=ways)
    def change_group(self, group: str, *, given: bool, how: str) -> None:
        held = Group.objects.get(name=group).permissions
        self.change(how, lambda: held.add(view_skill()) if given else held.remove(view_skill()))

    @rule(group=groups, how=ways)
    def remake_group(self, group: str, *, how: str) -> None:
        self.change(how, lambda: Group.objects.get(name=group).delete())
        Group.objects.create(name=group)

    @rule(name=users, given=booleans, how=ways)
    def change_user(self, name: str, *, given: bool, how: str) -> None:
        held = User.objects.get(username=name).user_permissions
        self.change(how, lambda: held.add(view_skill()) if given else held.remove(view_skill()))

    @rule(name=users, flag=st.sampled_from(["is_active", "is_superuser", "is_staff"]), value=booleans, how=ways)
    def change_flag(self, name: str, flag: str, *, value: bool, how: str) -> None:
        user = User.objects.get(username=name)
        setattr(user, flag, value)
        self.change(how, user.save)

    @rule(
        number=st.integers(0, 2 * len(USERS) - 1),
        scopes=st.sets(st.sampled_from(["skills:read", "skills:write"]), min_size=1),
        tags=st.sets(st.sampled_from(TAGS)),
        ended=st.sampled_from([None, -1, 3600]),
        how=ways,
    )
    def change_token(self, number: int, scopes: set[str], tags: set[str], ended: int | None, *, how: str) -> None:
        token = AccessToken.objects.get(pk=list(self.texts.values())[number])
        token.scopes, token.tags = sorted(scopes), sorted(tags)
        token.expires_at = None if ended is None else timezone.now() + timedelta(seconds=ended)
        self.change(how, token.save)

    @rule(number=st.integers(0, 2 * len(USERS) - 1), how=ways)
    def revoke(self, number: int, *, how: str) -> None:
        token = AccessToken.objects.get(pk=list(self.texts.values())[number])
        self.change(how, lambda: revoke_token(token))

    @rule(tags=st.sets(st.sampled_from(TAGS)))
    def tag_skill(self, tags: set[str]) -> None:
        self.shelf.publish(tags=tuple(sorted(tags)))

    def call(self) -> None:
        """Let the gateway remember everybody."""
        for text in self.texts:
            self.answer(text)

    @rule(seconds=st.floats(0.1, PROMISED_SECONDS - 0.1))
    def let_time_pass(self, seconds: float) -> None:
        self.clock.ahead += seconds

    def compare(self) -> None:
        """The gateway answers everybody as it must."""
        for text in self.texts:
            assert self.answer(text) == self.expected(text)

    def answer(self, text: str) -> Any:
        """The HTTP status of a call, or the tools that it lists."""
        headers = {VERSION: LEGACY[-1], "authorization": f"Bearer {text}", "accept": "application/json"}
        response = self.runner.run(self.client.post("/mcp", json=request("tools/list"), headers=headers))
        if response.status_code != 200:
            return response.status_code
        return [tool["name"] for tool in response.json()["result"]["tools"]]

    def expected(self, text: str) -> Any:
        """What Django and the rows say."""
        token = AccessToken.objects.get(pk=self.texts[text])
        owner = User.objects.get(pk=token.user_id)
        ended = token.expires_at is not None and token.expires_at <= timezone.now()
        if token.revoked_at or ended or not owner.is_active:
            return 401
        if "skills:read" not in token.scopes or not owner.has_perm(READ_PERMISSION):
            return 403
        [(_, skill)] = self.shelf.live.values()
        assert skill is not None
        return ["greeter"] if not token.tags or set(token.tags) & set(skill.tags) else []


@pytest.mark.django_db(transaction=True)
def test_gateway_answers_by_the_rights_that_there_are() -> None:
    run_state_machine_as_test(
        RightsWalk,
        settings=settings(
            max_examples=12, stateful_step_count=20, deadline=None, suppress_health_check=[HealthCheck.too_slow]
        ),
    )
