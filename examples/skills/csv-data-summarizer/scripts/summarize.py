"""Summarize a CSV file: size, column types, missing values and statistics.

Reads a file or standard input, finds the encoding and the delimiter, and prints
text or JSON. It needs nothing but the Python standard library.
"""

from __future__ import annotations

import argparse
import codecs
import csv
import io
import json
import math
import re
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal, localcontext
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _csv import Reader as CsvReader

DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "pipe"}
MISSING_WORDS = frozenset({"na", "n/a", "nan", "null", "none"})
BOOLEAN_WORDS = frozenset({"true", "false", "yes", "no"})
FALLBACK_ENCODING = "cp1252"  # for input that is not UTF-8
NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)
ISO_DATE = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d.*)?", re.ASCII)
LEADING_ZERO = re.compile(r"[+-]?0\d")

SNIFF_ROWS = 100  # rows looked at to find the delimiter
MAX_LISTED = 5  # line numbers or odd values named in a note
MAX_CELL = 60  # characters of a cell that are printed
MOSTLY = 0.8  # share of numbers from which other values are worth a note
SIGNIFICANT_DIGITS = 15
WORKING_DIGITS = 60


class SummaryError(Exception):
    """The input cannot be summarized; the message says why."""


@dataclass(frozen=True)
class Options:
    """What the command line asks for."""

    delimiter: str | None = None
    encoding: str | None = None
    header: bool = True
    decimal_comma: bool = False
    only_empty: bool = False
    top: int = 5
    max_columns: int = 50


@dataclass
class Column:
    """The values of one column, without the missing ones."""

    name: str
    values: list[str] = field(default_factory=list)
    missing: int = 0


@dataclass
class Table:
    """The cells of a CSV file by column, and what was odd about its rows."""

    columns: list[Column]
    rows: int = 0
    blank_lines: int = 0
    short: list[int] = field(default_factory=list)
    long: list[int] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


# Reading


def decode(data: bytes, encoding: str | None) -> tuple[str, str]:
    """Return the text and the name of its encoding."""
    guess = encoding or guess_encoding(data)
    try:
        text = data.decode(guess)
    except LookupError:
        raise SummaryError(f"unknown encoding {guess!r}") from None
    except UnicodeError:
        if encoding:
            raise SummaryError(f"the input is not valid {encoding}") from None
        guess = FALLBACK_ENCODING
        text = data.decode(guess, errors="replace")
    if "\0" in text:
        raise SummaryError("the input looks like binary data, not CSV text")
    return text.removeprefix("\ufeff"), guess


def guess_encoding(data: bytes) -> str:
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    return "utf-8-sig" if data.startswith(codecs.BOM_UTF8) else "utf-8"


def sniff_delimiter(text: str) -> str:
    """Choose the delimiter that splits most rows into the same number of cells."""
    best, best_score = ",", (0.0, 0)
    for delimiter in DELIMITERS:
        widths = sample_widths(text, delimiter)
        if not widths:
            continue
        width, count = widths.most_common(1)[0]
        score = (count / widths.total(), width)
        if width > 1 and score > best_score:
            best, best_score = delimiter, score
    return best


def open_reader(text: str, delimiter: str) -> CsvReader:
    """Open a reader that also accepts a space between delimiter and quote."""
    source = io.StringIO(text, newline="")
    return csv.reader(source, delimiter=delimiter, skipinitialspace=delimiter != " ")


def sample_widths(text: str, delimiter: str) -> Counter[int]:
    """Count how many of the first rows have how many cells."""
    widths: Counter[int] = Counter()
    try:
        for row in open_reader(text, delimiter):
            if row:
                widths[len(row)] += 1
            if widths.total() >= SNIFF_ROWS:
                break
    except csv.Error:
        return Counter()
    return widths


def read_rows(
    text: str, delimiter: str, table: Table
) -> Iterator[tuple[int, list[str]]]:
    """Yield the line number and the cells of each row that is not blank."""
    reader = open_reader(text, delimiter)
    try:
        for row in reader:
            if row:
                yield reader.line_num, row
            else:
                table.blank_lines += 1
    except csv.Error as error:
        raise SummaryError(
            f"line {reader.line_num}: {error} (is a quote left open?)"
        ) from None


def read_table(text: str, delimiter: str, options: Options) -> Table:
    table = Table(columns=[])
    rows = read_rows(text, delimiter, table)
    first = next(rows, None)
    if first is None:
        table.notes.append("the input has no rows")
        return table
    if options.header:
        table.columns = name_columns(first[1], table)
    else:
        table.columns = [Column(f"column {i + 1}") for i in range(len(first[1]))]
        add_row(table, *first, options)
    for line, row in rows:
        add_row(table, line, row, options)
    note_rows(table)
    return table


def name_columns(header: list[str], table: Table) -> list[Column]:
    names = [cell.strip() for cell in header]
    repeated = [name for name, count in Counter(names).items() if name and count > 1]
    if repeated:
        table.notes.append(f"repeated column names: {quote_list(repeated)}")
    unnamed = names.count("")
    if unnamed:
        table.notes.append(f"columns without a name: {unnamed}")
    if any(names) and all(NUMBER.fullmatch(name) for name in names if name):
        table.notes.append(
            "the first row holds only numbers; if it is data, use --no-header"
        )
    return [Column(name or f"column {i + 1}") for i, name in enumerate(names)]


def add_row(table: Table, line: int, row: list[str], options: Options) -> None:
    table.rows += 1
    if len(row) < len(table.columns):
        table.short.append(line)
    elif len(row) > len(table.columns):
        table.long.append(line)
    for i, column in enumerate(table.columns):
        cell = row[i].strip() if i < len(row) else ""
        if not cell or (not options.only_empty and cell.lower() in MISSING_WORDS):
            column.missing += 1
        else:
            column.values.append(cell)


def note_rows(table: Table) -> None:
    if not table.rows:
        table.notes.append("the input has a header but no data rows")
    for lines, oddity in (
        (table.short, "fewer cells than columns; the absent cells count as missing"),
        (table.long, "more cells than columns; the extra cells are ignored"),
    ):
        if lines:
            listed = ", ".join(str(line) for line in lines[:MAX_LISTED])
            more = ", ..." if len(lines) > MAX_LISTED else ""
            table.notes.append(
                f"{len(lines)} of {table.rows} rows have {oddity} (line {listed}{more})"
            )


# Columns


def to_number(text: str, decimal_comma: bool) -> Decimal | None:
    """Read a number; codes with a leading zero, such as 01067, are not numbers."""
    if decimal_comma:
        if "." in text:
            return None
        text = text.replace(",", ".")
    if not NUMBER.fullmatch(text) or LEADING_ZERO.match(text):
        return None
    return Decimal(text) if math.isfinite(float(text)) else None


def is_date(text: str) -> bool:
    if not ISO_DATE.fullmatch(text):
        return False
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def summarize_column(column: Column, options: Options) -> dict[str, Any]:
    """Return the type of a column and the figures that suit the type."""
    counts = Counter(column.values)
    summary: dict[str, Any] = {
        "name": column.name,
        "type": "empty",
        "values": len(column.values),
        "missing": column.missing,
        "distinct": len(counts),
    }
    if not column.values:
        return summary
    numbers = [to_number(value, options.decimal_comma) for value in column.values]
    found = [number for number in numbers if number is not None]
    if len(found) == len(numbers):
        return summary | number_figures(found)
    if all(is_date(value) for value in counts):
        dates = {"min": min(counts), "max": max(counts)}
        return summary | {"type": "date"} | dates
    boolean = all(value.lower() in BOOLEAN_WORDS for value in counts)
    summary["type"] = "boolean" if boolean else "text"
    summary["top"] = top_values(counts, options.top)
    if len(found) >= MOSTLY * len(numbers):
        odd = [v for v, n in zip(column.values, numbers, strict=True) if n is None]
        summary["note"] = (
            f"{len(found)} of {len(numbers)} values are numbers;"
            f" not numbers: {quote_list(list(dict.fromkeys(odd)))}"
        )
    return summary


def number_figures(numbers: Sequence[Decimal]) -> dict[str, Any]:
    whole = all(number == number.to_integral_value() for number in numbers)
    with localcontext(prec=WORKING_DIGITS):
        figures = {
            "min": min(numbers),
            "max": max(numbers),
            "mean": sum(numbers, Decimal(0)) / len(numbers),
            "median": median(numbers),
        }
    kind = "integer" if whole else "decimal"
    return {"type": kind} | {name: plain(value) for name, value in figures.items()}


def plain(value: Decimal) -> int | float:
    """Return a JSON number: whole values exactly, others to 15 digits."""
    if value == value.to_integral_value():
        return int(value)
    with localcontext(prec=SIGNIFICANT_DIGITS):
        return float(+value)


def top_values(counts: Counter[str], limit: int) -> list[dict[str, Any]]:
    """Return the most frequent values; equal counts are in alphabetical order."""
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return [{"value": shorten(value), "count": n} for value, n in ordered[:limit]]


def shorten(text: str) -> str:
    return text if len(text) <= MAX_CELL else text[: MAX_CELL - 3] + "..."


def quote(text: str) -> str:
    """Quote a cell so that line breaks and control characters are visible."""
    return json.dumps(shorten(text), ensure_ascii=False)


def quote_list(values: Sequence[str]) -> str:
    more = ", ..." if len(values) > MAX_LISTED else ""
    return ", ".join(quote(value) for value in values[:MAX_LISTED]) + more


# Output


def summarize(data: bytes, source: str, options: Options) -> dict[str, Any]:
    """Return the summary of a CSV file as a JSON-ready object."""
    text, encoding = decode(data, options.encoding)
    delimiter = options.delimiter or sniff_delimiter(text)
    table = read_table(text, delimiter, options)
    table.notes += text_notes(text, encoding, options)
    shown = table.columns[: options.max_columns]
    if len(shown) < len(table.columns):
        table.notes.append(f"only the first {len(shown)} columns are described")
    return {
        "source": source,
        "encoding": encoding,
        "delimiter": delimiter,
        "rows": table.rows,
        "columns": len(table.columns),
        "blank_lines": table.blank_lines,
        "short_rows": len(table.short),
        "long_rows": len(table.long),
        "notes": table.notes,
        "column_summaries": [summarize_column(column, options) for column in shown],
    }


def text_notes(text: str, encoding: str, options: Options) -> list[str]:
    notes = []
    if encoding == FALLBACK_ENCODING and not options.encoding:
        notes.append(f"not valid UTF-8; read as {encoding}, which is a guess")
    if text.count('"') % 2:
        notes.append("odd number of double quotes; a quote may be left open")
    return notes


def as_text(summary: dict[str, Any]) -> str:
    delimiter = summary["delimiter"]
    lines = [
        f"Source: {summary['source']}",
        f"Encoding: {summary['encoding']}",
        f"Delimiter: {DELIMITERS.get(delimiter, quote(delimiter))}",
        f"Rows: {summary['rows']}",
        f"Columns: {summary['columns']}",
    ]
    if summary["blank_lines"]:
        lines.append(f"Blank lines skipped: {summary['blank_lines']}")
    lines += [f"Note: {note}" for note in summary["notes"]]
    for i, column in enumerate(summary["column_summaries"], start=1):
        lines += ["", *column_lines(i, column)]
    return "\n".join(lines)


def column_lines(position: int, column: dict[str, Any]) -> list[str]:
    lines = [
        f"{position}. {quote(column['name'])} ({column['type']})",
        f"   values {column['values']}, missing {column['missing']},"
        f" distinct {column['distinct']}",
    ]
    figures = [key for key in ("min", "max", "mean", "median") if key in column]
    if figures:
        lines.append("   " + ", ".join(f"{key} {column[key]}" for key in figures))
    if column.get("top"):
        top = ", ".join(
            f"{quote(item['value'])} {item['count']}" for item in column["top"]
        )
        lines.append(f"   top: {top}")
    if "note" in column:
        lines.append(f"   note: {column['note']}")
    return lines


# Command line


def one_character(text: str) -> str:
    text = {"\\t": "\t", "tab": "\t"}.get(text, text)
    if len(text) != 1 or text in '"\r\n':
        raise argparse.ArgumentTypeError("must be one character, or tab")
    return text


def count(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 100_000:
        raise argparse.ArgumentTypeError("must be a whole number from 1 to 100000")
    return int(text)


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description="Summarize a CSV file: size, types, missing values, statistics.",
        epilog="Exit code 0: summarized; 2: not summarized, the reason is on"
        " standard error.",
    )
    add = parser.add_argument
    add("path", nargs="?", default="-", help="CSV file; - or nothing: standard input")
    add("--json", action="store_true", help="print JSON instead of text")
    add("--delimiter", type=one_character, metavar="C", help="cell separator")
    add("--encoding", metavar="NAME", help="text encoding, such as cp1252")
    add("--no-header", action="store_true", help="the first row is data")
    add("--decimal-comma", action="store_true", help="read 3,5 as three and a half")
    add("--only-empty", action="store_true", help="do not count NA, null and so on")
    add("--top", type=count, default=5, metavar="N", help="top values (default 5)")
    add(
        "--max-columns",
        type=count,
        default=50,
        metavar="N",
        help="columns described (default 50)",
    )
    return parser


def read_input(path: str) -> bytes:
    try:
        return sys.stdin.buffer.read() if path == "-" else Path(path).read_bytes()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "the path is not valid"
        raise SummaryError(f"cannot read {path!r}: {reason}") from None


def main(arguments: Sequence[str] | None = None) -> int:
    given = build_parser().parse_args(arguments)
    options = Options(
        delimiter=given.delimiter,
        encoding=given.encoding,
        header=not given.no_header,
        decimal_comma=given.decimal_comma,
        only_empty=given.only_empty,
        top=given.top,
        max_columns=given.max_columns,
    )
    source = "standard input" if given.path == "-" else given.path
    try:
        summary = summarize(read_input(given.path), source, options)
    except SummaryError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    if given.json:
        output = json.dumps(summary, ensure_ascii=False, indent=2)
    else:
        output = as_text(summary)
    sys.stdout.buffer.write(output.encode("utf-8", errors="backslashreplace") + b"\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
