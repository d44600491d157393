"""JSON values of YAML scalars, and whether all YAML parsers agree on them. Pure.

Clients parse SKILL.md themselves and compare its frontmatter with the JSON that is served. Some use YAML 1.1,
others YAML 1.2 (core schema). JSON has no infinity, NaN or dates.
"""

from __future__ import annotations

import math
import re
from typing import Any

import yaml

PREFIX = "tag:yaml.org,2002:"
NULL, BOOL, INT, FLOAT = (PREFIX + name for name in ("null", "bool", "int", "float"))
STR, TIMESTAMP = PREFIX + "str", PREFIX + "timestamp"
EXACT_FLOAT = 2**53
"""Floats from here on are whole numbers, which JSON stores and parsers may turn into integers."""
NUMBER_MAX = 64
"""Longest number, in characters; longer ones stay text, since doubles lose digits and base 60 (YAML 1.1) is slow."""

_CORE_INT = re.compile(r"[-+]?(0|[1-9][0-9]*)|0x[0-9a-fA-F]+")
_CORE_NUMBER = re.compile(r"[-+]?([0-9][0-9_]*\.?[0-9_]*|\.[0-9_]+)([eE][-+]?[0-9]+)?|[-+][0-9_]+|[-+]?0o[0-7_]+")
"""Numbers of YAML 1.2, and those of ruamel.yaml, which allows underscores."""
_CONSTRUCTOR = yaml.constructor.SafeConstructor()


def json_value(tag: str, text: str) -> Any:
    """The scalar's JSON value, or its text if JSON has no such value. Raises ValueError or LookupError."""
    if tag == NULL:
        return None
    if tag == BOOL:
        return yaml.SafeLoader.bool_values[text.lower()]
    if len(text) > NUMBER_MAX:
        return text
    if tag == INT:
        return _CONSTRUCTOR.construct_yaml_int(yaml.ScalarNode(tag, text))
    if tag == FLOAT:
        number = _CONSTRUCTOR.construct_yaml_float(yaml.ScalarNode(tag, text))
        return number if math.isfinite(number) else text
    return text


def is_ambiguous(tag: str, text: str, value: Any, *, plain: bool) -> bool:
    """Whether some parser reads another value than the one served, or cannot read the scalar.

    `tag` is the tag by YAML 1.1, `value` the result of `json_value`; `plain` scalars have no quotes.
    """
    if tag == STR:
        return plain and _CORE_NUMBER.fullmatch(text) is not None
    if tag == NULL:
        return False
    if tag == BOOL:
        return text.lower() not in ("true", "false")
    if isinstance(value, str):  # a date, infinity, a too long number, `=` or `<<`
        return True
    if tag == INT:
        return _CORE_INT.fullmatch(text) is None
    return "_" in text or ":" in text or abs(value) >= EXACT_FLOAT
