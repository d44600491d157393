"""Subsets the admin's fonts: only the icons in use, and Inter in two parts, of which most pages need only the first.

Run it after using a new icon or updating django-unfold, the source of the fonts, and commit the result.
"""

from __future__ import annotations

import ast
import base64
import re
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import unfold
from fontTools import subset
from fontTools.ttLib import TTFont

ROOT = Path(__file__).resolve().parent.parent
UNFOLD = Path(unfold.__file__).parent
FONTS = UNFOLD / "static/unfold/fonts"
ICON_FONT = FONTS / "material-symbols/Material-Symbols-Outlined.woff2"
WRITTEN_TO = ROOT / "mcpsite/static/mcpsite/fonts"
APPLICATIONS = ("mcpsite", "skills_registry", "mcp_gateway", "invocations")

WEIGHTS = {"Regular": 400, "Medium": 500, "SemiBold": 600, "Bold": 700}
LATIN = "U+0-FF,U+131,U+152-153,U+2C6,U+2DA,U+2DC,U+2000-206F,U+20AC,U+2122,U+2190-2193,U+21A9,U+2212,U+2318,U+FFFD"
"""Characters of English pages."""
OTHERS = "U+100-58F,U+1D00-1FFF,U+2070-2BFF"
"""Inter's other characters: Latin, Greek, Cyrillic, symbols. Browsers load them only if a page uses some."""
FEATURES = ["kern", "liga", "calt", "ccmp", "locl", "mark", "mkmk", "tnum"]

_ICON = re.compile(r"<\w+[^<>]*material-symbols-outlined[^>]*>[^<]*|\bicon\s*(?:=|\|default:)\s*[\"'][a-z0-9_]+[\"']")
_WORD = re.compile(r"[a-z0-9_]+")
_WRITTEN = re.compile(r"""content:"([a-z0-9_]+)"|content-\['([a-z0-9_\\]+)'\]""")


def ligatures(font: TTFont) -> dict[str, str]:
    """Return the icons of a font: ligature text -> glyph."""
    letters = {glyph: chr(code) for code, glyph in font.getBestCmap().items()}
    tables = [table for lookup in font["GSUB"].table.LookupList.Lookup for table in lookup.SubTable]
    return {
        "".join(letters[glyph] for glyph in (first, *ligature.Component)): ligature.LigGlyph
        for table in tables
        for first, found in table.ligatures.items()
        for ligature in found
    }


def words_in_use() -> set[str]:
    """Return all candidate icon names in templates, style sheets, and strings of modules that mention icons."""
    return {*_words_of_templates(), *_words_of_styles(), *_words_of_modules()}


def _words_of_templates() -> Iterator[str]:
    for folder in (ROOT / "templates", UNFOLD / "templates"):
        for path in folder.rglob("*.html"):
            for icon in _ICON.findall(path.read_text()):
                yield from _WORD.findall(icon)


def _words_of_styles() -> Iterator[str]:
    for path in (UNFOLD / "static/unfold/css/styles.css", UNFOLD / "widgets.py"):
        for found in _WRITTEN.finditer(path.read_text()):
            yield (found[1] or found[2]).replace("\\", "")


def _words_of_modules() -> Iterator[str]:
    for path in (path for name in APPLICATIONS for path in (ROOT / name).rglob("*.py")):
        text = path.read_text()
        if "icon" in text:
            for node in ast.walk(ast.parse(text)):
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    yield node.value


def icons() -> bytes:
    """Return the font with the icons in use."""
    font = TTFont(ICON_FONT, recalcTimestamp=False)
    names = words_in_use() & (known := ligatures(font)).keys()
    # Without layout closure, which would keep all icons, because their names share the same letters.
    return _subset(font, text="".join(sorted(set("".join(names)))), glyphs=[known[name] for name in sorted(names)])


def inter(style: str) -> bytes:
    """Return Inter with the characters of English pages."""
    return _subset(
        TTFont(FONTS / f"inter/Inter-{style}.woff2", recalcTimestamp=False), unicodes=subset.parse_unicodes(LATIN)
    )


def _subset(font: TTFont, text: str = "", glyphs: list[str] | None = None, unicodes: list[int] | None = None) -> bytes:
    options = subset.Options(
        flavor="woff2",
        hinting=False,
        layout_closure=glyphs is None,
        layout_features=["*"] if glyphs else FEATURES,
        drop_tables=["FFTM"],
    )
    subsetter = subset.Subsetter(options)
    subsetter.populate(text=text, glyphs=glyphs or [], unicodes=unicodes or [])
    subsetter.subset(font)
    written = BytesIO()
    font.flavor = "woff2"
    font.save(written)
    return written.getvalue()


def face(family: str, weight: int, source: str, more: str = "") -> str:
    """Return an @font-face rule."""
    return (
        f'@font-face {{ font-family: "{family}"; font-weight: {weight}; src: url({source}) format("woff2"); {more}}}\n'
    )


def main() -> None:
    """Write the fonts and their style sheet."""
    WRITTEN_TO.mkdir(exist_ok=True)
    rules = "/* Written by scripts/subset_fonts.py. The icons are inlined, so that no page is shown without them. */\n"
    icon_source = f"data:font/woff2;base64,{base64.b64encode(icons()).decode()}"
    # Otherwise browsers briefly show the icon names on a slow network.
    rules += face("Material Symbols Outlined", 400, icon_source, "font-display: block; ")
    for style, weight in WEIGHTS.items():
        name = f"inter-{style.lower()}.woff2"
        (WRITTEN_TO / name).write_bytes(inter(style))
        # If both fonts have a character, browsers use the later rule.
        whole = f"../../unfold/fonts/inter/Inter-{style}.woff2"
        rules += face("Inter", weight, whole, f"font-display: swap; unicode-range: {OTHERS}; ")
        rules += face("Inter", weight, name, f"font-display: swap; unicode-range: {LATIN}; ")
    (WRITTEN_TO / "fonts.css").write_text(rules)


if __name__ == "__main__":
    main()
