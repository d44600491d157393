"""What a plain word in YAML is, and whether all readers of the file agree on that. Pure.

Clients read a SKILL.md themselves and compare its frontmatter with the JSON that is served, some by YAML 1.1, others
by YAML 1.2 (its core schema). JSON has no infinity, no NaN and no dates.
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
"""From here on a float is an integer, too, and stores and parsers of JSON may make one of it."""
NUMBER_MAX = 64
"""Longer numbers are kept as text; more digits are lost in a double, and YAML 1.1's base 60 takes long to compute."""

_CORE_INT = re.compile(r"[-+]?(0|[1-9][0-9]*)|0x[0-9a-fA-F]+")
_CORE_NUMBER = re.compile(r"[-+]?([0-9][0-9_]*\.?[0-9_]*|\.[0-9_]+)([eE][-+]?[0-9]+)?|[-+][0-9_]+|[-+]?0o[0-7_]+")
"""Numbers of YAML 1.2, and with underscores those of ruamel.yaml."""
_CONSTRUCTOR = yaml.constructor.SafeConstructor()


def json_value(tag: str, text: str) -> Any:
    """The JSON value of a scalar, or its text where JSON has none. Raises ValueError or LookupError."""
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
    """Whether some reader takes a scalar for another value than the one that is served, or cannot read it.

    `tag` is what YAML 1.1 resolves it to, `value` what `json_value` made of it; `plain` scalars have no quotes.
    """
    if tag == STR:
        return plain and _CORE_NUMBER.fullmatch(text) is not None
    if tag == NULL:
        return False
    if tag == BOOL:
        return text.lower() not in ("true", "false")
    if isinstance(value, str):  # a date, infinity, a number that is too long, `=` and `<<`
        return True
    if tag == INT:
        return _CORE_INT.fullmatch(text) is None
    return "_" in text or ":" in text or abs(value) >= EXACT_FLOAT
