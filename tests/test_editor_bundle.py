"""The editor's bundle is what its sources say, and carries the licences of what is in it."""

from __future__ import annotations

import json
import re

from .support.server import ROOT

BUNDLE = ROOT / "skills_registry/static/skills_registry/editor"
FRONTEND = ROOT / "frontend"


def test_the_lock_file_names_exact_versions_and_no_addresses() -> None:
    wanted = json.loads((FRONTEND / "package.json").read_text())["devDependencies"]
    locked = json.loads((FRONTEND / "package-lock.json").read_text())["packages"]
    assert all(locked[f"node_modules/{name}"]["version"] == version for name, version in wanted.items())
    assert not [path for path, entry in locked.items() if "resolved" in entry]


def test_every_package_in_the_bundle_is_named_with_its_licence() -> None:
    told = dict(re.findall(r"^(\S+) (\d\S*) \(\S+\)$", (BUNDLE / "LICENSES.txt").read_text(), re.MULTILINE))
    locked = json.loads((FRONTEND / "package-lock.json").read_text())["packages"]
    assert {"@codemirror/view", "@codemirror/state", "style-mod", "w3c-keyname"} <= told.keys()
    assert {name: locked[f"node_modules/{name}"]["version"] for name in told} == told
    assert "Permission is hereby granted" in (BUNDLE / "LICENSES.txt").read_text()
