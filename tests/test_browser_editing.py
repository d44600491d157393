"""Uploading, comparing, editing and trying skills in a real browser."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, Route, expect

from .support.chromium import PASSWORD, drop, needs_chromium
from .support.packages import skill_md, zip_of
from .support.patience import PATIENCE_SECONDS
from .support.server import QUICKSTART, Server

pytest_plugins = ["tests.support.browser"]
pytestmark = needs_chromium

LIST = "/admin/skills_registry/skill/"
UPLOAD = f"{LIST}upload/"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    data = tmp_path_factory.mktemp("editing") / "data"
    with Server(QUICKSTART, data, MCP_REQUIRE_AUTH="false", DJANGO_SUPERUSER_PASSWORD=PASSWORD) as running:
        yield running


def create(page: Page, name: str, files: dict[str, Any] | None = None, body: str = "Say hello.") -> str:
    """Make a version of a skill by dropping its zip; the address of the skill's page."""
    page.goto(UPLOAD)
    drop(page, {f"{name}.zip": zip_of({"SKILL.md": skill_md(name, body), **(files or {})})})
    page.get_by_role("button", name="Create version").click()
    expect(page.get_by_text(re.compile(f"Created {name} v"))).to_be_visible()
    return re.sub(r"versions/\d+/$", "change/", page.url)


def open_editor(page: Page, skill: str, number: int = 1) -> None:
    page.goto(f"{skill.removesuffix('change/')}versions/{number}/edit/")
    expect(code(page)).to_be_visible()


def code(page: Page) -> Any:
    """The text that is edited; it is in a shadow root, which Playwright looks into."""
    return page.locator(".cm-content")


def write(page: Page, text: str) -> None:
    """Replace the text as somebody who types does."""
    code(page).click()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(text)


def shown_text(page: Page) -> str:
    return str(code(page).inner_text())


def fits(page: Page, width: int = 360) -> None:
    page.set_viewport_size({"width": width, "height": 740})
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_zip_that_is_dropped_leads_to_its_review(page: Page) -> None:
    page.goto(UPLOAD)
    drop(page, {"dropped.zip": zip_of({"SKILL.md": skill_md("dropped", "Run !`date`.", colour="blue")})})
    expect(page.get_by_role("heading", name="Inspect dropped.zip")).to_be_visible()
    expect(page.get_by_text("The package is valid. Check these first:")).to_be_visible()
    expect(page.locator(".sk-meant").first).to_contain_text("Run !`date`.")
    fits(page)


def test_several_zips_are_listed_and_created_together(page: Page) -> None:
    page.goto(UPLOAD)
    zips = {f"{name}.zip": zip_of({"SKILL.md": skill_md(name)}) for name in ("first", "second")}
    drop(page, {**zips, "broken.zip": zip_of({"README.md": "x"})})
    rows = page.locator("#result_list tbody tr")
    broken = rows.filter(has_text="broken.zip")
    expect(rows.filter(has_text="first.zip")).to_contain_text("first v1")
    expect(broken).to_contain_text("rejected")
    fits(page)
    page.goto(LIST)
    page.goto(f"{LIST}uploads/")
    expect(rows.filter(has_text="second.zip")).to_contain_text("second v1")
    page.get_by_role("button", name=re.compile(r"Create all \d versions")).click()
    expect(page.get_by_text("Created first v1.")).to_be_visible()
    expect(page.get_by_text("Created second v1.")).to_be_visible()
    expect(rows).to_have_count(1)
    broken.get_by_role("link").click()
    page.get_by_role("button", name="Discard").click()


def test_zips_of_the_same_skill_that_are_dropped_together_are_chosen_from(page: Page) -> None:
    page.goto(UPLOAD)
    drop(page, {f"{word}.zip": zip_of({"SKILL.md": skill_md("twice", f"Say {word}.")}) for word in ("one", "two")})
    choice = page.get_by_role("group", name="2 of these zips contain the skill twice.")
    expect(choice).to_be_visible()
    fits(page)
    page.get_by_role("button", name="Create the versions").click()
    expect(page.get_by_text("Created twice")).to_have_count(0)
    choice.get_by_label("two.zip").check()
    page.get_by_role("button", name="Create the versions").click()
    expect(page.get_by_text("Created twice v1.")).to_be_visible()
    page.get_by_role("link", name="one.zip").click()
    page.get_by_role("button", name="Discard").click()


def test_files_that_are_dropped_together_are_one_package(page: Page) -> None:
    page.goto(UPLOAD)
    drop(page, {"SKILL.md": skill_md("loose").encode(), "notes.txt": b"x"})
    expect(page.get_by_text("loose is a new skill. This would be its v1.")).to_be_visible()
    expect(page.get_by_role("cell", name="notes.txt")).to_be_visible()


def test_folder_is_uploaded_with_its_paths(page: Page, tmp_path: Path) -> None:
    folder = tmp_path / "in-a-folder"
    (folder / "references").mkdir(parents=True)
    (folder / "SKILL.md").write_text(skill_md("in-a-folder"))
    (folder / "references" / "مرحبا 🎉.md").write_text("x")
    (folder / ".git").mkdir()
    (folder / ".git" / "config").write_text("secret")
    page.goto(UPLOAD)
    page.set_input_files("#id_folder", str(folder))
    expect(page.get_by_text("in-a-folder is a new skill. This would be its v1.")).to_be_visible()
    expect(page.get_by_role("cell", name="مرحبا 🎉.md")).to_be_visible()
    expect(page.get_by_text("config")).to_have_count(0)
    fits(page)


def test_progress_is_shown_and_nothing_is_sent_twice(page: Page) -> None:
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.goto(UPLOAD)
    page.route(f"**{UPLOAD}", hold)
    drop(page, {"notes.txt": b"x"})
    expect(page.get_by_text("Sending 0.0 MB of 0.0 MB")).to_be_visible()
    drop(page, {"notes.txt": b"x"})
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not held:  # the page says that it sends before the browser tells of it
        assert time.monotonic() < deadline, "nothing is sent"
        page.wait_for_timeout(20)
    held[0].continue_()
    page.wait_for_url("**/uploads/*/")
    assert len(held) == 1, "what is dropped while something is on its way is not sent"


def test_editing_checks_while_typing_and_saves_a_new_version(page: Page) -> None:
    open_editor(page, create(page, "typed", {"a.txt": "one"}))
    expect(page.get_by_text("No problems. You can save.")).to_be_visible()

    write(page, "---\nname: typed\n---\n\nNo description.\n")
    expect(page.locator("[data-problems]")).to_contain_text("field-missing")
    write(page, skill_md("typed", "# Better\n\nSay **hi**."))
    expect(page.get_by_text("No problems. You can save.")).to_be_visible()
    expect(page.locator("[data-preview] strong")).to_have_text("hi")

    page.get_by_role("button", name="a.txt").click()
    expect(code(page)).to_have_text("one")
    write(page, "two")
    page.fill("#id_note", "in the browser")
    page.get_by_role("button", name="Save as a new version").click()
    expect(page.get_by_text("Created typed v2. Nothing changes for agents until it is published.")).to_be_visible()
    expect(page.get_by_text("in the browser")).to_be_visible()
    open_editor(page, page.url.split("versions/")[0], 2)
    expect(code(page)).to_contain_text("Say **hi**.")


def test_what_was_typed_survives_the_window(page: Page) -> None:
    skill = create(page, "kept")
    open_editor(page, skill)
    write(page, skill_md("kept", "Unsaved words."))
    page.wait_for_function("Object.keys(localStorage).some((key) => key.startsWith('skillkeeper.draft'))")
    again = page.context.new_page()
    page.close()
    open_editor(again, skill)
    again.get_by_role("button", name="Restore them").click()
    expect(code(again)).to_contain_text("Unsaved words.")


def test_two_people_edit_and_nothing_is_lost(new_page: Callable[..., Page]) -> None:
    ann, ben = new_page(), new_page()
    skill = create(ann, "shared", {"a.txt": "a"})
    open_editor(ann, skill)
    open_editor(ben, skill)
    write(ann, skill_md("shared", "Ann's text."))
    ann.get_by_role("button", name="Save as a new version").click()
    expect(ann.get_by_text("Created shared v2.")).to_be_visible()

    write(ben, skill_md("shared", "Ben's text."))
    expect(ben.get_by_text("admin created v2 in the meantime.")).to_be_visible()
    ben.get_by_role("button", name="Save as a new version").click()
    expect(ben.get_by_role("heading", name="shared v2 was created while you were editing")).to_be_visible()
    piece = ben.get_by_role("group", name="SKILL.md line 6 of v2")
    expect(piece).to_contain_text("Ann's text.")
    expect(piece).to_contain_text("Ben's text.")
    fits(ben)
    ben.get_by_role("button", name="Save the merged version").click()
    expect(ben.get_by_role("heading", name="shared v2 was created while you were editing")).to_be_visible()
    piece.get_by_label("Both: theirs, then yours").check()
    ben.get_by_role("button", name="Open it in the editor").click()
    expect(code(ben)).to_contain_text("Ann's text.")
    expect(code(ben)).to_contain_text("Ben's text.")
    ben.get_by_role("button", name="Save as a new version").click()
    expect(ben.get_by_text("Created shared v3.")).to_be_visible()


def test_editor_takes_files_shows_the_changes_and_saves_by_key(page: Page) -> None:
    skill = create(page, "keys", {"logo.bin": b"\0old"})
    open_editor(page, skill)
    write(page, skill_md("keys", "Say it by key."))
    page.set_input_files("[data-bring]", {"name": "more.bin", "mimeType": "x/x", "buffer": b"\0more"})
    expect(page.get_by_text("This file cannot be edited here.").first).to_be_visible()
    page.get_by_role("button", name="logo.bin").click()
    page.set_input_files("[data-replace]", {"name": "any.bin", "mimeType": "x/x", "buffer": b"\0new"})
    expect(page.locator("[data-files] [data-state]:not([data-state=''])")).to_have_count(3)
    page.set_input_files("[data-bring]", {"name": "big.bin", "mimeType": "x/x", "buffer": bytes(1024 * 1024 + 1)})
    expect(page.locator("[data-path-error]")).to_contain_text("Upload it in a zip")
    expect(page.get_by_role("button", name="Save as a new version")).to_be_in_viewport()

    page.get_by_role("button", name="Preview changes").click()
    expect(page.get_by_role("heading", name="Your changes to keys v1")).to_be_visible()
    expect(page.locator(".sk-diff")).to_contain_text("Say it by key.")
    for name in ("more.bin", "logo.bin"):
        expect(page.get_by_role("cell", name=name).first).to_be_visible()
    fits(page)
    page.get_by_role("button", name="Back to the editor").click()
    expect(code(page)).to_contain_text("Say it by key.")
    code(page).click()
    page.keyboard.press("Control+s")
    expect(page.get_by_text("Created keys v2.")).to_be_visible()
    expect(page.get_by_role("cell", name="more.bin").first).to_be_visible()


def test_comparing_switches_views_without_losing_the_place(page: Page) -> None:
    skill = create(page, "compared", {"a.txt": "one\ntwo\n", "gone.txt": "x"})
    create(page, "compared", {"a.txt": "one\n2\n", "new.bin": b"\0\1"}, body="Say goodbye.")
    page.goto(f"{skill.removesuffix('change/')}compare/")
    for word in ("2 changed", "1 added", "1 removed"):
        expect(page.get_by_text(word, exact=True)).to_be_visible()
    expect(page.locator(".sk-diff del").first).to_contain_text("hello")
    page.get_by_role("link", name="Side by side").click()
    expect(page.locator(".sk-split").first).to_be_visible()
    page.keyboard.press("j")
    page.keyboard.press("j")
    assert page.evaluate("document.activeElement.classList.contains('sk-file')")
    page.goto(page.url.split("?")[0])
    expect(page.locator(".sk-split").first).to_be_visible()
    fits(page)


def test_keys_lead_through_all_files_and_changes_of_a_comparison(page: Page) -> None:
    def lines(word: str) -> str:
        return "".join(f"{number} {word if number % 40 == 0 else 'same'}\n" for number in range(400))

    names = [f"{letter}.txt" for letter in "abcdefghijkl"]
    skill = create(page, "long", {name: lines("before") for name in names})
    create(page, "long", {name: lines("after") for name in names})
    page.goto(f"{skill.removesuffix('change/')}compare/")
    expect(page.locator(".sk-file")).to_have_count(len(names))
    assert page.locator("[data-lazy]").count() > 3

    def pressed(key: str) -> str:
        page.keyboard.press(key)
        expect(page.locator(".sk-file:focus")).to_be_in_viewport()
        return str(page.evaluate("document.activeElement.id.replace('file-', '')"))

    assert [pressed("j") for _ in names] == names
    assert pressed("j") == names[-1], "there is no further one"
    assert [pressed("k") for _ in names[1:]] == names[-2::-1]
    visited = [pressed("n") for _ in range(25)]
    assert visited == sorted(visited)
    assert len(set(visited)) == 3, "ten changes each"
    assert [pressed("p") for _ in range(24)] == visited[-2::-1]


def test_trying_a_skill_shows_the_messages_and_arguments_go_along(page: Page) -> None:
    page.goto(UPLOAD)
    text = skill_md("tried", "Greet $who.", arguments="[who]")
    drop(page, {"tried.zip": zip_of({"SKILL.md": text})})
    page.get_by_role("button", name="Create and publish").click()
    page.get_by_role("link", name="Try it").click()
    page.get_by_label("who", exact=True).fill("Ann 🎉")
    page.get_by_label("As JSON", exact=True).check()
    expect(page.get_by_label("Arguments as JSON")).to_have_value('{\n  "who": "Ann 🎉"\n}')
    page.get_by_label("As fields").check()
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_text("Answered. HTTP 200")).to_be_visible()
    expect(page.get_by_text("Greet Ann 🎉.", exact=True)).to_be_visible()

    page.get_by_label("As JSON", exact=True).check()
    page.get_by_label("Arguments as JSON").fill('{"nobody": 1}')
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_text("Unknown argument nobody; tried takes: arguments, who.", exact=True)).to_be_visible()
    fits(page)

    page.get_by_label("Read a file").check()
    expect(page.get_by_label("File", exact=True)).to_be_visible()
    expect(page.get_by_label("Arguments as JSON")).to_be_hidden()
    page.get_by_label("Protocol version").select_option("2025-06-18")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_text("Handshake: 2 earlier messages")).to_be_visible()


def test_what_only_one_page_needs_is_loaded_there_alone(page: Page, server: Server) -> None:
    skill = create(page, "light")

    def scripts(address: str) -> list[str]:
        page.goto(address)
        return [str(source) for source in page.eval_on_selector_all("script[src]", "all => all.map(one => one.src)")]

    for address in (skill, UPLOAD, f"{skill.removesuffix('change/')}compare/"):
        assert not any("editor" in source for source in scripts(address))
    [bundle] = [source for source in scripts(f"{skill.removesuffix('change/')}versions/1/edit/") if "editor" in source]
    assert re.search(r"/editor\.[0-9a-f]{12}\.js$", bundle), "its name changes with its bytes"
    answer = httpx.get(bundle, headers={"accept-encoding": "gzip"}, timeout=PATIENCE_SECONDS)
    assert "immutable" in answer.headers["cache-control"]
    assert answer.headers["content-encoding"] == "gzip"
    assert int(answer.headers["content-length"]) < 250_000
