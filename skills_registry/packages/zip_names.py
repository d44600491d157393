"""Decodes names of zip entries with undeclared encoding, and replaces backslashes. Pure."""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import chardet

from .paths import printable
from .problems import Report
from .zip_directory import Entry

_ENCODINGS = {
    "gb18030": "GBK",
    "cp932": "Shift-JIS",
    "big5hkscs": "Big5",
    "cp949": "EUC-KR",
    "cp1251": "Windows-1251",
    "cp866": "code page 866",
    "cp1252": "Windows-1252",
    "cp850": "code page 850",
    "cp437": "code page 437",
}
"""Encodings found in zips, by Python's names for them."""
_SAMPLE_MAX = 64 * 1024
_SCORE_MIN = 0.004
_LEAD_MIN = 2
_FEW_BYTES = 4
_LEAD_MIN_OF_FEW_BYTES = 6
"""How many times higher the best score must be than the next; very short names are more easily misdetected."""
_WORD = re.compile(r"[^\W\d_]+")
_NOT_ASCII = re.compile(rb"[\x80-\xff]")
_UNLIKELY = "¹²³ªº½¼¾ƒ"
_LIKELY = "\N{EM DASH}\N{EN DASH}…·“”\N{LEFT SINGLE QUOTATION MARK}\N{RIGHT SINGLE QUOTATION MARK}№«»"


def read_names(entries: Sequence[Entry], report: Report) -> list[Entry]:
    """The entries with decoded names; guesses and failures go to `report`."""
    return _replace_backslashes(_decode_names(entries, report), report)


def _decode_names(entries: Sequence[Entry], report: Report) -> list[Entry]:
    guessed = [entry.header.raw_name for entry in entries if entry.name_is_guess]
    if not guessed:
        return list(entries)
    encoding = detect_encoding(b"\n".join(_sample(guessed)))
    return [_read_as(encoding, entry, report) if entry.name_is_guess else entry for entry in entries]


def _sample(names: Iterable[bytes]) -> list[bytes]:
    """Distinct names from the start, up to _SAMPLE_MAX bytes."""
    different = dict.fromkeys(names)
    ends = itertools.accumulate(map(len, different))
    return [name for name, end in zip(different, ends, strict=True) if end <= _SAMPLE_MAX]


def _read_as(encoding: str | None, entry: Entry, report: Report) -> Entry:
    if encoding is None:
        report.error("name-encoding-unknown", file=printable(entry.name))
        return entry
    name = entry.header.raw_name.decode(encoding, "surrogateescape")  # paths with surrogates are rejected
    params = {"name": printable(entry.name), "encoding": _ENCODINGS[encoding]}
    report.warning("name-encoding", params, file=printable(name))
    return replace(entry, name=name)


@dataclass(frozen=True)
class _Candidate:
    score: float
    encoding: str


def detect_encoding(names: bytes) -> str | None:
    """Detect the encoding (Python's name) of names, one on each line; None unless one is clearly likeliest."""
    readings: dict[str, _Candidate] = {}
    found = chardet.detect_all(names, ignore_threshold=True, include_encodings=_ENCODINGS, compat_names=False)
    for guess in found:
        encoding = str(guess["encoding"])
        text = _decode(names, encoding)
        if text is not None and _is_plausible(text):
            readings.setdefault(text, _Candidate(guess["confidence"], encoding))
    best, *others = sorted(readings.values(), key=lambda reading: -reading.score) or [_Candidate(0, "")]
    lead = _LEAD_MIN if len(_NOT_ASCII.findall(names)) > _FEW_BYTES else _LEAD_MIN_OF_FEW_BYTES
    if best.score < _SCORE_MIN or (others and others[0].score * lead > best.score):
        return None
    return best.encoding


def _decode(names: bytes, encoding: str) -> str | None:
    try:
        return names.decode(encoding) if encoding in _ENCODINGS else None
    except UnicodeDecodeError:
        return None


def _is_plausible(text: str) -> bool:
    """Whether this looks like names: no box-drawing characters or the like, no word in two alphabets."""
    return all(map(_is_likely, set(text))) and not any(_mixes_alphabets(word) for word in _WORD.findall(text))


def _is_likely(character: str) -> bool:
    if character < "\x80" or character in _LIKELY or "\u3000" <= character <= "\u303f":
        return True
    return character not in _UNLIKELY and (
        unicodedata.category(character)[0] in "LMN" or "\uff00" <= character <= "\uffef"
    )


def _mixes_alphabets(word: str) -> bool:
    return any("\u0400" <= letter <= "\u04ff" for letter in word) and any(letter < "\u0250" for letter in word)


def _replace_backslashes(entries: list[Entry], report: Report) -> list[Entry]:
    """Replace backslashes if no name has a slash: old Windows programs write them as separators."""
    if not any("\\" in entry.name for entry in entries) or any("/" in entry.name for entry in entries):
        return entries
    report.warning("names-with-backslashes")
    return [replace(entry, name=entry.name.replace("\\", "/")) for entry in entries]
