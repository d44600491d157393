"""What each field of a SKILL.md's frontmatter must look like. Pure.

The rules are the Agent Skills specification's (agentskills.io/specification); fields that Claude
Code adds are known by name, and any other field is kept with a warning.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from .frontmatter import Frontmatter
from .paths import SHOWN_MAX, printable
from .problems import Report

SKILL_MD = "SKILL.md"
NAME = re.compile(r"(?!.*--)[a-z0-9]([a-z0-9-]*[a-z0-9])?")
NAME_MAX = 64
DESCRIPTION_MAX = 1024
COMPATIBILITY_MAX = 500

REQUIRED = {"name", "description"}
SPECIFIED = REQUIRED | {"license", "compatibility", "metadata", "allowed-tools"}
CLAUDE_CODE = {
    "when_to_use", "argument-hint", "arguments", "disable-model-invocation", "user-invocable",
    "disallowed-tools", "model", "effort", "context", "agent", "background", "hooks", "paths", "shell",
}  # fmt: skip
"""Fields of Claude Code's SKILL.md (code.claude.com/docs/en/skills) beyond the specification's."""

ARGUMENT_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")


@dataclass(frozen=True)
class Rules:
    """What an installation asks of a SKILL.md.

    `folder` is the name of the folder it stands in ("" where there is none, as at the root of a zip), `skill` the
    name that it must have ("" for any). With `allow_long_description` a description over 1,024 characters is a
    warning, without `require_folder_name` so is a folder of another name.
    """

    folder: str = ""
    skill: str = ""
    allow_long_description: bool = False
    require_folder_name: bool = False


def check_fields(frontmatter: Frontmatter, report: Report, rules: Rules) -> None:
    """Check every field of the frontmatter."""
    _Fields(frontmatter, report).check(rules)


class _Fields:
    """The rules for each field, each reporting at the field's own line."""

    def __init__(self, frontmatter: Frontmatter, report: Report) -> None:
        self.values = frontmatter.values
        self.lines = frontmatter.lines
        self.report = report

    def check(self, given: Rules) -> None:
        self.name(given)
        self.description(given.allow_long_description)
        rules: dict[str, Callable[[str, Any], None]] = {
            "license": self.text,
            "compatibility": self.compatibility,
            "metadata": self.metadata,
            "allowed-tools": self.words,
            "disallowed-tools": self.words,
            "arguments": self.arguments,
            "argument-hint": self.words,
            "when_to_use": self.text,
            "disable-model-invocation": self.boolean,
            "user-invocable": self.boolean,
        }
        for key, value in self.values.items():
            if key not in SPECIFIED | CLAUDE_CODE:
                hint = "It is kept and served as it is; move it under `metadata:` if clients refuse the skill."
                message = f"`{printable(key)}` is not a field of the Agent Skills specification"
                self.warn("field-unknown", key, message, hint)
            elif value is None and key not in REQUIRED:
                self.warn("field-empty", key, f"`{key}` has no value", "Give it one, or leave the field out.")
            elif key in rules:
                rules[key](key, value)

    def error(self, code: str, key: str, message: str, hint: str) -> None:
        self.report.error(code, message, hint, file=SKILL_MD, line=self.lines.get((key,), 1))

    def warn(self, code: str, key: str, message: str, hint: str, *below: str) -> None:
        self.report.warning(code, message, hint, file=SKILL_MD, line=self.lines.get((key, *below), 1))

    def required(self, key: str, hint: str) -> str:
        """The text of a field that must have one; "" where it has none, which is reported."""
        value = self.values.get(key)
        if isinstance(value, str) and value.strip():
            return value
        if (key,) not in self.lines:
            self.error("field-missing", key, f"`{key}` is missing", f"Add `{key}:` with {hint}")
        elif key in self.values and (value is None or isinstance(value, str)):
            self.error("field-empty", key, f"`{key}` is empty", f"Write {hint}")
        elif key in self.values:
            self.text(key, value)
        return ""

    def name(self, given: Rules) -> None:
        name = self.required("name", "a name such as `my-skill`.")
        if not name:
            return
        if len(name) > NAME_MAX:
            message = f"`name` has {len(name):,} characters; {NAME_MAX} are allowed"
            self.error("name-too-long", "name", message, "Shorten it; details belong in the description.")
        if not NAME.fullmatch(name):
            message = f"`name` is `{printable(name)}`: only a-z, 0-9 and single hyphens between them are allowed"
            self.error("name-invalid", "name", message, f"Try `name: {_suggested_name(name)}`.")
        if given.skill and given.skill != name:
            message = f"`name` is `{printable(name)}`, and this is the skill `{given.skill}`"
            self.error("name-changed", "name", message, "A skill keeps its name; upload a new skill under the new one.")
        if given.folder and given.folder != name:
            message = f"`name` is `{printable(name)}` but the folder is called `{printable(given.folder)}`"
            if given.require_folder_name:
                hint = "Give both the same name: rename one of them; or set SKILL_REQUIRE_FOLDER_NAME=false."
                self.error("name-not-folder", "name", message, hint)
            else:
                self.warn(
                    "name-not-folder",
                    "name",
                    message,
                    "It is served by its `name`, and downloaded in a folder of that name.",
                )

    def description(self, allow_long: bool) -> None:
        description = self.required("description", "what the skill does and when to use it.").strip()
        if len(description) > DESCRIPTION_MAX:
            say = self.warn if allow_long else self.error
            say(
                "description-too-long",
                "description",
                f"`description` has {len(description):,} characters; {DESCRIPTION_MAX:,} are allowed",
                "Keep what decides whether to use the skill; move the rest into the body."
                + ("" if allow_long else " SKILL_ALLOW_LONG_DESCRIPTION=true accepts it."),
            )

    def text(self, key: str, value: Any) -> None:
        if not isinstance(value, str):
            hint = "Write one text instead." if isinstance(value, list | dict) else "Put it in quotes."
            self.error("field-not-text", key, f"`{key}` is {_kind(value)}, not text", hint)

    def compatibility(self, key: str, value: Any) -> None:
        self.text(key, value)
        if isinstance(value, str) and not 1 <= len(value) <= COMPATIBILITY_MAX:
            self.error(
                "compatibility-length",
                key,
                f"`compatibility` has {len(value):,} characters; 1 to {COMPATIBILITY_MAX} are allowed",
                "Name only what the skill needs to run, or leave the field out.",
            )

    def metadata(self, key: str, value: Any) -> None:
        if not isinstance(value, dict):
            hint = "Write `key: value` lines below it."
            self.error("metadata-not-a-mapping", key, f"`metadata` is {_kind(value)}, not a mapping", hint)
            return
        for name, item in value.items():
            shown = printable(name)
            if name.startswith("io.modelcontextprotocol/"):
                message = f"metadata `{shown}` has a prefix reserved by the Model Context Protocol"
                self.warn("metadata-reserved", key, message, "Use a prefix of your own.", name)
            if not isinstance(item, str):
                message = f"metadata `{shown}` is {_kind(item)}; the specification asks for text"
                self.warn("metadata-not-text", key, message, f'Put it in quotes: {shown}: "...".', name)

    def words(self, key: str, value: Any) -> None:
        if _is_text_list(value):
            message = f"`{key}` is a list; other clients than Claude Code expect one line of text"
            self.warn(
                "field-is-list", key, message, f"Write it as text: {key}: {json.dumps(' '.join(value)[:SHOWN_MAX])}"
            )
        else:
            self.text(key, value)

    def arguments(self, key: str, value: Any) -> None:
        if not isinstance(value, str) and not _is_text_list(value):
            hint = "Write the names with spaces between them, or as a list of names."
            self.error("arguments-invalid", key, f"`arguments` is {_kind(value)}", hint)
            return
        for name, times in Counter(argument_names(self.values)).items():
            shown = printable(name)
            if not ARGUMENT_NAME.fullmatch(name):
                hint = "Use letters, digits, `_` and `-`, starting with a letter."
                self.error("argument-name-invalid", key, f"`${shown}` cannot name an argument", hint)
            if times > 1:
                self.error("argument-duplicate", key, f"argument `{shown}` is declared twice", "Keep one of them.")

    def boolean(self, key: str, value: Any) -> None:
        if not isinstance(value, bool):
            hint = "Write `true` or `false`, without quotes."
            self.error("field-not-boolean", key, f"`{key}` is {_kind(value)}, not true or false", hint)


def is_tool(frontmatter: Mapping[str, Any]) -> bool:
    """Whether models may call the skill: not with `disable-model-invocation: true`."""
    return frontmatter.get("disable-model-invocation") is not True


def is_prompt(frontmatter: Mapping[str, Any]) -> bool:
    """Whether users may call the skill: not with `user-invocable: false`."""
    return frontmatter.get("user-invocable") is not False


def argument_names(frontmatter: Mapping[str, Any]) -> tuple[str, ...]:
    """The names that `arguments:` declares, in order of position: a text of words, or a list."""
    declared = frontmatter.get("arguments") or ""
    return tuple(declared.split() if isinstance(declared, str) else declared)


def is_skill_name(text: object) -> bool:
    """Whether a text can be the name of a skill."""
    return isinstance(text, str) and len(text) <= NAME_MAX and NAME.fullmatch(text) is not None


def _is_text_list(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _kind(value: Any) -> str:
    names = {bool: "true or false", int: "a number", float: "a number", list: "a list", dict: "a mapping", str: "text"}
    return "empty" if value is None else names[type(value)]


def _suggested_name(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    words = re.findall(r"[a-z0-9]+", plain.lower())
    return "-".join(words)[:NAME_MAX].strip("-") or "my-skill"
