"""The documents say what the code does: methods, routes, packages, commands, and links that lead somewhere."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import get_commands
from packaging.requirements import Requirement

from skills_registry.api.urls import router

from .support.server import ROOT
from .support.sources import pyproject, table_rows

DOCUMENTS = sorted(path for path in [*ROOT.glob("*.md"), *(ROOT / "docs").glob("**/*.md")])
NO_FILES = ("tools/call", "uploads/", ".venv")
"""What is written like a path and is none of the tree."""
PERMISSIONS = {"view_skill", "upload_skill", "publish_skill", "administer_skill", "view_invocation"}


def test_every_method_of_the_gateway_is_documented_and_no_other() -> None:
    tree = ast.parse((ROOT / "mcp_gateway/methods/__init__.py").read_text())
    keys = [key for node in ast.walk(tree) if isinstance(node, ast.Dict) for key in node.keys]
    registered = {key.value for key in keys if isinstance(key, ast.Constant)}

    assert len(registered) > 5
    assert {row[0].strip("`") for row in table_rows("docs/mcp.md", "Methods")} == registered


def routes() -> Iterator[str]:
    """The API's requests, as its document writes them."""
    for pattern in router.urls:
        view: Any = pattern.callback
        path = re.sub(r"\(\?P<(\w+)>[^)]*\)", r"{\1}", str(pattern.pattern)).strip("^$").removesuffix("/?")
        path = path.replace("\\.", ".")
        for method in view.actions:
            if method != "head":
                yield f"{method.upper()} {path}/"


def test_every_route_of_the_api_is_documented_and_no_other() -> None:
    documented = {
        request
        for row in table_rows("docs/api.md")
        for request in re.findall(r"`((?:GET|POST|PUT|DELETE) [^`]+)`", row[0])
    }
    assert documented == set(routes())


def test_every_permission_that_the_api_asks_for_is_documented() -> None:
    asked = {name for _, viewset, _ in router.registry for name in viewset.permissions.values()}  # type: ignore[attr-defined]

    assert {name.partition(".")[2] for name in asked} == PERMISSIONS
    for name in PERMISSIONS:
        assert f"`{name}`" in (ROOT / "docs/api.md").read_text()


def test_every_package_that_is_needed_is_explained_and_no_other() -> None:
    needed = [Requirement(line).name for line in pyproject()["project"]["dependencies"]]

    assert len(needed) > 5
    assert sorted(row[0] for row in table_rows("README.md", "Dependencies")) == sorted(needed)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_commands_in_a_document_exist(document: Path) -> None:
    text = document.read_text()
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.M))

    # In code only: prose may "make sure".
    code = "\n".join(re.findall(r"```.*?```|`[^`\n]+`", text, re.S))
    assert set(re.findall(r"\bmake ([a-z-]+)", code)) <= targets
    assert set(re.findall(r"manage\.py ([a-z_]+)", text)) <= set(get_commands())


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_in_a_document_lead_somewhere(document: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", document.read_text()):
        if target.startswith(("http://", "https://", "mailto:")):
            continue
        path, _, anchor = target.partition("#")
        linked = (document.parent / path).resolve() if path else document
        assert linked.exists(), target
        assert not anchor or anchor in anchors(linked), target


@pytest.mark.parametrize("name", ["CONTRIBUTING.md", "docs/architecture.md"])
def test_files_that_are_named_exist(name: str) -> None:
    """A name that is not one from the top is in the folder that was named before it."""
    folder, missing = ROOT, []
    code = re.findall(r"`([\w.-]+/[\w./-]*|[\w-]+\.(?:py|md|txt|toml|po))`", (ROOT / name).read_text())
    for path in (path for path in code if not path.startswith(NO_FILES)):
        found = ROOT / path
        if found.exists() and "/" in path:
            folder = found if found.is_dir() else found.parent
        elif not found.exists() and not (folder / path).exists():
            missing.append(path)
    assert len(code) > 20
    assert missing == []


def test_files_in_the_diagram_are_in_their_rooms() -> None:
    rooms = re.findall(r"subgraph (\w+)\[(.*?)\n    end\n", (ROOT / "docs/architecture.md").read_text(), re.S)
    named = [f"{room}/{path}" for room, text in rooms for path in re.findall(r"\w+\.py|\w+/", text)]
    assert len(rooms) == 4
    assert len(named) > 15
    assert [path for path in named if not (ROOT / path).exists()] == []


def anchors(document: Path) -> set[str]:
    """The headings of a document as addresses of its parts."""
    headings = re.findall(r"^#+ (.+)$", document.read_text(), re.M)
    return {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}
