"""Rules for the frontmatter fields of a SKILL.md. Pure.

They follow the Agent Skills specification (agentskills.io/specification) and know the fields that
Claude Code adds. Any other field is kept, with a warning.
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
from .problems import Params, Report

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
    """Requirements of this installation, or of this upload.

    `folder` is the name of the skill's folder ("" if there is none, as at the root of a zip); `skill` is the name
    that it must have ("" for any). With `allow_long_description`, a description over 1,024 characters is only a
    warning; so is a folder of another name without `require_folder_name`.
    """

    folder: str = ""
    skill: str = ""
    allow_long_description: bool = False
    require_folder_name: bool = False


def check_fields(frontmatter: Frontmatter, report: Report, rules: Rules) -> None:
    """Check every field of the frontmatter."""
    _Fields(frontmatter, report).check(rules)


class _Fields:
    """Checks each field, and reports problems at the field's line."""

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
                self.warn("field-unknown", key, {"key": printable(key)})
            elif value is None and key not in REQUIRED:
                self.warn("field-empty", key, {"key": key})
            elif key in rules:
                rules[key](key, value)

    def error(self, code: str, key: str, params: Params) -> None:
        self.report.error(code, params, file=SKILL_MD, line=self.lines.get((key,), 1))

    def warn(self, code: str, key: str, params: Params, *below: str) -> None:
        self.report.warning(code, params, file=SKILL_MD, line=self.lines.get((key, *below), 1))

    def required(self, key: str) -> str:
        """The text of a required field; "" if it is missing or invalid, which is reported."""
        value = self.values.get(key)
        if isinstance(value, str) and value.strip():
            return value
        if (key,) not in self.lines:
            self.error("field-missing", key, {"case": key, "key": key})
        elif key in self.values and (value is None or isinstance(value, str)):
            self.error("field-empty", key, {"case": key, "key": key})
        elif key in self.values:
            self.text(key, value)
        return ""

    def name(self, given: Rules) -> None:
        name = self.required("name")
        if not name:
            return
        if len(name) > NAME_MAX:
            self.error("name-too-long", "name", {"count": len(name), "limit": NAME_MAX})
        if not NAME.fullmatch(name):
            self.error("name-invalid", "name", {"name": printable(name), "suggestion": _suggested_name(name)})
        if given.skill and given.skill != name:
            self.error("name-changed", "name", {"name": printable(name), "skill": given.skill})
        if given.folder and given.folder != name:
            names = {"name": printable(name), "folder": printable(given.folder)}
            if given.require_folder_name:
                self.error("name-not-folder", "name", names)
            else:
                self.warn("name-not-folder", "name", {"case": "allowed", **names})

    def description(self, allow_long: bool) -> None:
        description = self.required("description").strip()
        if len(description) > DESCRIPTION_MAX:
            lengths = {"count": len(description), "limit": DESCRIPTION_MAX}
            if allow_long:
                self.warn("description-too-long", "description", {"case": "allowed", **lengths})
            else:
                self.error("description-too-long", "description", lengths)

    def text(self, key: str, value: Any) -> None:
        if not isinstance(value, str):
            params = {"key": key, "kind": _kind(value)}
            case = {"case": "collection"} if isinstance(value, list | dict) else {}
            self.error("field-not-text", key, {**case, **params})

    def compatibility(self, key: str, value: Any) -> None:
        self.text(key, value)
        if isinstance(value, str) and not 1 <= len(value) <= COMPATIBILITY_MAX:
            self.error("compatibility-length", key, {"count": len(value), "limit": COMPATIBILITY_MAX})

    def metadata(self, key: str, value: Any) -> None:
        if not isinstance(value, dict):
            self.error("metadata-not-a-mapping", key, {"kind": _kind(value)})
            return
        for name, item in value.items():
            shown = printable(name)
            if name.startswith("io.modelcontextprotocol/"):
                self.warn("metadata-reserved", key, {"key": shown}, name)
            if not isinstance(item, str):
                self.warn("metadata-not-text", key, {"key": shown, "kind": _kind(item)}, name)

    def words(self, key: str, value: Any) -> None:
        if _is_text_list(value):
            quoted = f"{key}: {json.dumps(' '.join(value)[:SHOWN_MAX])}"
            self.warn("field-is-list", key, {"key": key, "quoted": quoted})
        else:
            self.text(key, value)

    def arguments(self, key: str, value: Any) -> None:
        if not isinstance(value, str) and not _is_text_list(value):
            self.error("arguments-invalid", key, {"kind": _kind(value)})
            return
        for name, times in Counter(argument_names(self.values)).items():
            shown = printable(name)
            if not ARGUMENT_NAME.fullmatch(name):
                self.error("argument-name-invalid", key, {"name": shown})
            if times > 1:
                self.error("argument-duplicate", key, {"name": shown})

    def boolean(self, key: str, value: Any) -> None:
        if not isinstance(value, bool):
            self.error("field-not-boolean", key, {"key": key, "kind": _kind(value)})


def is_tool(frontmatter: Mapping[str, Any]) -> bool:
    """Whether models may call the skill (no `disable-model-invocation: true`)."""
    return frontmatter.get("disable-model-invocation") is not True


def is_prompt(frontmatter: Mapping[str, Any]) -> bool:
    """Whether users may call the skill (no `user-invocable: false`)."""
    return frontmatter.get("user-invocable") is not False


def argument_names(frontmatter: Mapping[str, Any]) -> tuple[str, ...]:
    """Argument names in order of position; `arguments:` holds a list, or words separated by spaces."""
    declared = frontmatter.get("arguments") or ""
    return tuple(declared.split() if isinstance(declared, str) else declared)


def is_skill_name(text: object) -> bool:
    """Whether this is a valid skill name."""
    return isinstance(text, str) and len(text) <= NAME_MAX and NAME.fullmatch(text) is not None


def _is_text_list(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _kind(value: Any) -> str:
    names = {bool: "boolean", int: "number", float: "number", list: "list", dict: "mapping", str: "text"}
    return "null" if value is None else names[type(value)]


def _suggested_name(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    words = re.findall(r"[a-z0-9]+", plain.lower())
    return "-".join(words)[:NAME_MAX].strip("-") or "my-skill"
