"""What a person presses before the page's scripts have arrived is not lost."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, Route, expect

from .support.browser_world import serving
from .support.chromium import needs_chromium
from .support.prepared import Prepared
from .support.server import Server

pytest_plugins = ["tests.support.browser"]
pytestmark = needs_chromium


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, prepared: Prepared) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("slow-scripts") / "data", prepared.empty, "everything") as (running, _made):
        yield running


@pytest.fixture
def held(page: Page) -> list[Route]:
    """The requests for scripts, which get no answer until the test lets them go on."""
    routes: list[Route] = []

    def hold(route: Route) -> None:
        routes.append(route)

    page.route(re.compile(r"/(?!early)[^/]*\.js"), hold)
    return routes


def release(held: list[Route]) -> None:
    """Let the scripts arrive."""
    assert held, "the scripts were there already"
    for route in held:
        route.continue_()


def test_the_file_chooser_opens_before_the_scripts_are_there(page: Page, held: list[Route]) -> None:
    page.goto("/admin/skills_registry/skill/upload/", wait_until="commit")
    page.locator("#id_file").focus()
    with page.expect_file_chooser() as choosing:
        page.keyboard.press("Enter")
    release(held)
    choosing.value.set_files({"name": "keys.zip", "mimeType": "application/zip", "buffer": b""})
    expect(page.locator("#id_file")).to_have_value(re.compile("keys.zip"))


def test_a_click_on_a_button_waits_for_its_script(page: Page, held: list[Route]) -> None:
    page.goto("/admin/", wait_until="commit")
    menu = page.get_by_role("button", name="admin")
    menu.click()
    expect(page.locator("#user-menu")).to_be_hidden()
    release(held)
    expect(page.locator("#user-menu")).to_be_visible()
    menu.click()
    expect(page.locator("#user-menu")).to_be_hidden()
