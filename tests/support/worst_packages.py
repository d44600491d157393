"""Packages within the upload limits that cost the most work, by the kind of work."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping

from .packages import skill_md

MEBIBYTE = 1024 * 1024
MOST = 15 * MEBIBYTE
SUFFIXES = (
    "c", "cpp", "cs", "css", "go", "html", "ini", "java", "js", "json", "kt", "lua", "md", "php", "pl", "ps1", "py",
    "r", "rb", "rs", "rst", "scala", "scss", "sh", "sql", "swift", "tex", "tf", "toml", "ts", "vue", "xml", "yaml",
)  # fmt: skip
PATTERNS = ("a", "a ", "(", "{", '"', "'", "/*", "<", "\\", "=", "a.", "{{", "$(", "`", "@a(")
"""Texts to repeat in highlighted files; which one is slow depends on the language."""
SLOW = (("tf", "a"), ("c", "a"), ("ts", "a"), ("java", "a"), ("rst", "a"), ("py", "a"), ("md", "a"), ("js", "("))

LANGUAGES = (
    "bash", "c", "clojure", "cpp", "csharp", "css", "dart", "diff", "docker", "elixir", "erlang", "go", "haskell",
    "html", "ini", "java", "js", "json", "julia", "kotlin", "lua", "make", "md", "nginx", "perl", "php", "powershell",
    "py", "r", "rb", "rst", "rust", "scala", "scss", "sql", "swift", "tcl", "tex", "toml", "ts", "vim", "xml", "yaml",
)  # fmt: skip

MARKDOWN: dict[str, str] = {
    "table": "|" + "a|" * 3000 + "\n|" + "-|" * 3000 + "\n" + "|a\n" * 300,
    "brackets": "[" * 50_000,
    "emphasis": "*a " * 50_000,
    "mixed emphasis": "*a **b _c __d " * 10_000,
    "block quotes": ">" * 10_000 + "a",
    "block quotes, line by line": "> " * 100 + "a\n" + ("> " * 100 + "\n") * 500,
    "backticks": "`" * 100_000,
    "backticks of every length": " ".join("`" * length for length in range(1, 500)),
    "comments": "<!--" * 30_000,
    "entities": "&amp;&#x41;&nbsp;" * 8_000,
    "definitions of links": "\n".join(f"[a{number}]: b" for number in range(8_000)),
    "one definition, long": "[" + "a" * 998 + "]: b\n" + ("[" + "a" * 998 + "]") * 100,
    "nested lists": "\n".join(" " * depth * 2 + "- a" for depth in range(400)),
    "lists in one line": "- " * 5_000 + "a",
    "images": "![a](b" * 20_000,
    "links": "[a](b) " * 18_000,
    "autolinks": "<a@" * 40_000,
    "short paragraphs": "a\n\n" * 40_000,
    "lines": "a\n" * 60_000,
    "combining characters": "a" + "\u0301" * 120_000,
    "hidden characters": "\u200b\u202e" * 60_000,
    "right to left": ("\u0627\u0644\u200f \u202b" * 20_000),
    "code fences": "```\n" * 30_000,
    "headings": "# a\n" * 30_000,
    "escapes": "\\*" * 60_000,
    "lists of tasks": "- [ ] a\n" * 15_000,
    "lists of tasks in each other": "\n".join(" " * depth * 2 + "- [x] a" for depth in range(400)),
    "references of footnotes": "[^a]: b\n\n" + "[^a] " * 24_000,
    "references of footnotes that do not end": "[^a]: b\n\n" + "[^" * 60_000,
    "footnotes": "\n".join(f"[^{number}]: b[^{number + 1}]" for number in range(6_000)),
    "footnotes in footnotes": "[^a]: " * 20_000 + "b[^a]",
    "a fence and short paragraphs": "```py\nimport a\n```\n" + "a\n\n" * 40_000,
    "fences in many languages": "".join(f"```{language}\na b = 'c'\n```\n" for language in LANGUAGES) * 100,
    "fences that highlighters take long for": "".join(
        f"```{suffix}\n{(pattern * 4_900)[:4_900]}\n```\n" for suffix, pattern in SLOW * 3
    ),
    "fences of many short words": "```py\n"
    + "a=1;" * 1_200
    + "\n```\n"
    + ("```py\n" + "a=1;" * 1_000 + "\n```\n") * 25,
}


def with_markdown(text: str) -> dict[str, str | bytes]:
    return {"SKILL.md": skill_md("worst", text)}


def for_highlighters() -> dict[str, str | bytes]:
    """Files that are slow to highlight."""
    looked_at = {f"{pattern}.{suffix}": pattern * 40_000 for suffix, pattern in SLOW}
    more = {
        f"more/{number}.{suffix}": (pattern * 30_000)[:30_000]
        for suffix in SUFFIXES
        for number, pattern in enumerate(PATTERNS)
    }
    return {"SKILL.md": skill_md("worst"), **looked_at, **more}


def frontmatter(fields: str) -> dict[str, str | bytes]:
    return {"SKILL.md": f"---\nname: worst\ndescription: x\n{fields}\n---\nDo.\n"}


def findings() -> dict[str, str | bytes]:
    line = "AKIA" + "ABCDEFGHIJKLMNOP \u202e\u202e\u202e" * 10 + "\n"
    return {"SKILL.md": skill_md("worst"), **{f"more/{number}.txt": line * 300 for number in range(100)}}


def shuffled(seed: int) -> str:
    """Return distinct lines in an order that depends on the seed."""
    lines = [f"line {number} {number * 7919 % 999_983}" for number in range(12_000)]
    random.Random(seed).shuffle(lines)
    return "\n".join(lines)


def chinese() -> dict[str, str | bytes]:
    """15 MB of three-byte characters."""
    return {"SKILL.md": skill_md("worst", "\u597d" * (MOST // 3))}


PACKAGES: dict[str, Callable[[], Mapping[str, str | bytes]]] = {
    "15 megabytes of text": lambda: {"SKILL.md": skill_md("worst", "word " * (MOST // 5))},
    "15 megabytes of emoji": lambda: {"SKILL.md": skill_md("worst", "\U0001f600" * (MOST // 4))},
    "15 megabytes of lines": lambda: {"SKILL.md": skill_md("worst", "\n" * MOST + "x")},
    "15 megabytes of almost keys": lambda: {"SKILL.md": skill_md("worst", "-----BEGIN " + "A " * (MOST // 2))},
    "15 megabytes of dollars": lambda: {"SKILL.md": skill_md("worst", "$0" * (MOST // 2), argument_hint="word")},
    "15 megabytes of control characters": lambda: {"SKILL.md": skill_md("worst"), "a.txt": b"\x01" * MOST},
    "512 files": lambda: {
        "SKILL.md": skill_md("worst"), **{f"more/{number:0170}\u200b.txt": "x" for number in range(511)}
    },
    "code": for_highlighters,
    "findings": findings,
    "a minified script": lambda: {
        "SKILL.md": skill_md("worst"), "a.js": "function(a,b){return a?b:[a,b,'c'].map(x=>x+1)};" * 20_000
    },
    "a table of numbers": lambda: {"SKILL.md": skill_md("worst"), "a.csv": "1,2,3,4,5,6,7,8\n" * 60_000},
    "a drawing": lambda: {
        "SKILL.md": skill_md("worst"), "a.svg": "<svg xmlns='http://www.w3.org/2000/svg'>" + "<g>" * 200_000
    },
    "a lock file": lambda: {
        "SKILL.md": skill_md("worst"),
        "lock.json": "{" + ",".join(f'"p{number}":{{"v":"1","h":"{"x" * 80}"}}' for number in range(8_000)) + "}",
    },
    "an edit of every line, before": lambda: {
        "SKILL.md": skill_md("worst"), "a.txt": shuffled(1), "b.txt": "a b " * 100_000
    },
    "an edit of every line, after": lambda: {
        "SKILL.md": skill_md("worst"), "a.txt": shuffled(2), "b.txt": "b c " * 100_000
    },
    "many fields": lambda: frontmatter("".join(f"x{number}: y\n" for number in range(6_000))),
    "many arguments": lambda: frontmatter("arguments: " + " ".join(f"a{number}" for number in range(9_000))),
    "a long hint": lambda: frontmatter("argument-hint: '" + "[ " * 30_000 + "'"),
    "many ambiguous values": lambda: frontmatter("x:\n" + "  - yes\n" * 6_000),
    "deep values": lambda: frontmatter("x: " + "[" * 14 + "1" + "]" * 14),
    "a folded text": lambda: frontmatter("x: >\n" + " y\n" * 20_000),
}  # fmt: skip


def packages() -> Iterator[tuple[str, Mapping[str, str | bytes]]]:
    """Yield all packages by name."""
    return ((name, make()) for name, make in PACKAGES.items())
