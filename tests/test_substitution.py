"""Arguments into instructions, by Claude Code's rules: every rule a row, and what must hold for any text."""

from __future__ import annotations

import shlex
import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mcp_gateway.serving.substitution import WORDS_MAX, Arguments, substitute

ROOT = "skill://greeter"


def fill(body: str, text: str = "", names: str = "", **named: str) -> str:
    """The body with these arguments; `names` are those that the skill declares."""
    return substitute(body, Arguments(text, named, tuple(names.split())), ROOT, declares=True)


def fill_undeclared(body: str, text: str = "") -> str:
    """The body of a skill whose frontmatter says nothing of arguments."""
    return substitute(body, Arguments(text), ROOT, declares=False)


@pytest.mark.parametrize(
    ("body", "text", "filled"),
    [
        # The whole text
        ("Do $ARGUMENTS now.", "this and that", "Do this and that now."),
        ("Do $ARGUMENTS now.", '"as typed"  twice', 'Do "as typed"  twice now.'),
        ("$ARGUMENTS, $ARGUMENTS", "a", "a, a"),
        ("$ARGUMENTS.", "", "."),
        ("($ARGUMENTS)[$ARGUMENTS]", "a", "(a)[a]"),
        ("$ARGUMENTS[x] $ARGUMENTS[]", "a", "a[x] a[]"),
        ("é$ARGUMENTSé", "a", "éaé"),
        # By position, counted from 0, split as a shell would
        ("$0 to $1", "here there", "here to there"),
        ("$ARGUMENTS[0] to $ARGUMENTS[1]", "here there", "here to there"),
        ("$0|$1", '"hello world" second', "hello world|second"),
        ("$0|$1", "'hello world' second", "hello world|second"),
        ("$0|$1", r"hello\ world second", "hello world|second"),
        ("$0|$1", "one\ttwo\nthree", "one|two"),
        ("$0|$1|$2", "a '' b", "a||b"),
        ("$0|$1", "it's late", "it's|late"),
        ("$0|$1", 'say "hello', 'say|"hello'),
        ("$10$1", "a b c d e f g h i j k", "kb"),
        ("$00 $007", "a b c d e f g h", "a h"),
        ("$0.", "a", "a."),
        ("把$0翻译成$1", "a b", "把a翻译成b"),
        # Amounts, ordinals and names of variables are no positions, and may be escaped all the same
        ("$5K $10x $1st $0_1 $0.50 $1,000 $0", "a b c d e f g h i j k", "$5K $10x $1st $0_1 $0.50 $1,000 a"),
        (r"\$5K or \$1st, $0", "a", "$5K or $1st, a"),
        # A position without a value stays as it is
        ("$0 and $1", "a", "a and $1"),
        ("$0 and $ARGUMENTS[1]", "a", "a and $ARGUMENTS[1]"),
        ("$0 $999999999 $12345678901 $0000000000", "a", "a $999999999 $12345678901 $0000000000"),
        ("$5.00", "", "$5.00"),
        # One backslash keeps a placeholder as text
        (r"\$ARGUMENTS is $ARGUMENTS", "a", "$ARGUMENTS is a"),
        (r"\$0 is $0", "a", "$0 is a"),
        (r"\$ARGUMENTS[0] is $0", "a", "$ARGUMENTS[0] is a"),
        (r"\\$0", "a", r"\\a"),
        (r"\\\$0", "a", r"\\\a"),
        (r"\$HOME \$ \n $0", "a", r"\$HOME \$ \n a"),
        (r"costs \$1.00, $0", "a", "costs $1.00, a"),
        # What is no placeholder
        ("$ARGUMENTS_ $ARGUMENTSX $arguments $0", "a", "$ARGUMENTS_ $ARGUMENTSX $arguments a"),
        ("$ $$ ${0} ${ARGUMENTS} $-1 $x $0", "a", "$ $$ ${0} ${ARGUMENTS} $-1 $x a"),
        ("$$0", "a", "$a"),
        ("!`rm -rf $0`", "/", "!`rm -rf /`"),
        # Substituted text is not looked at again
        ("$ARGUMENTS", "$ARGUMENTS $0 ${CLAUDE_SKILL_DIR}", "$ARGUMENTS $0 ${CLAUDE_SKILL_DIR}"),
        ("$0", r"'$1' \$0", "$1"),
        ("$0$1", "'$' 0", "$0"),
        (r"$0", r"'\1\g<0>'", r"\1\g<0>"),
        # The skill's folder
        ("Run ${CLAUDE_SKILL_DIR}/x.py", "", "Run skill://greeter/x.py"),
        (r"\${CLAUDE_SKILL_DIR} $CLAUDE_SKILL_DIR", "", r"\skill://greeter $CLAUDE_SKILL_DIR"),
        ("${CLAUDE_SESSION_ID} ${CLAUDE_PROJECT_DIR}", "", "${CLAUDE_SESSION_ID} ${CLAUDE_PROJECT_DIR}"),
        # Where no placeholder received anything, the text is appended
        ("Do it.\n", "this", "Do it.\n\nARGUMENTS: this\n"),
        ("Do it.\n\n\n", "this", "Do it.\n\n\nARGUMENTS: this\n"),
        (r"Do \$ARGUMENTS.", "this", "Do $ARGUMENTS.\n\nARGUMENTS: this\n"),
        ("Costs $5.00.", "this", "Costs $5.00.\n\nARGUMENTS: this\n"),
        ("In ${CLAUDE_SKILL_DIR}", "this", "In skill://greeter\n\nARGUMENTS: this\n"),
        ("Do it.\r\n", "this", "Do it.\r\n\nARGUMENTS: this\n"),
        ("Do it. ", "this", "Do it. \n\nARGUMENTS: this\n"),
        ("Do it.\n\n", "this", "Do it.\n\nARGUMENTS: this\n"),
        ("Do it.\n", "", "Do it.\n"),
    ],
)  # fmt: skip
def test_placeholder_becomes_what_was_given(body: str, text: str, filled: str) -> None:
    assert fill(body, text) == filled


@pytest.mark.parametrize(
    ("names", "body", "text", "named", "filled"),
    [
        # Declared names are names for positions
        ("from to", "$from to $to", "here there", {}, "here to there"),
        ("from to", "$from to $to ($0)", "", {"to": "there", "from": "here"}, "here to there (here)"),
        ("from to", "$from to $to", "here there", {"to": "home"}, "here to home"),
        # A name without a value is empty; a position without one stays
        ("from to", "[$from|$to|$1]", "here", {}, "[here||$1]"),
        ("from to", "[$from|$to|$0]", "", {"to": "there"}, "[|there|$0]"),
        ("from", "[$from]", "", {}, "[]"),
        ("from", "[$from]", "", {"from": ""}, "[]"),
        # The longest name wins, and a name ends where its characters do
        ("file file-name", "$file-name $file $file-names $files $file_x", "a b", {}, "b a a-names $files $file_x"),
        ("a", r"\$a $a \\$a", "x", {}, r"$a x \\x"),
        ("a", "$A $a", "x", {}, "$A x"),
        # Values by name are the whole text, too
        ("from to", "$ARGUMENTS", "", {"from": "here", "to": "over there"}, "here 'over there'"),
        ("from to", "Go.", "", {"to": "there"}, "Go.\n\nARGUMENTS: '' there\n"),
        ("from", "Go.", "now", {"from": "here"}, "Go.\n\nARGUMENTS: now\n"),
        ("from", "$from", "", {"from": "$from $ARGUMENTS"}, "$from $ARGUMENTS"),
        # A declared `arguments` is a position like others; `$ARGUMENTS` stays the whole text
        ("arguments", "$arguments of $ARGUMENTS", "a b", {}, "a of a b"),
    ],
)
def test_declared_name_becomes_its_value(names: str, body: str, text: str, named: dict[str, str], filled: str) -> None:
    assert fill(body, text, names, **named) == filled


PRICES = "| Pro | $5K | $10x | the $1st | $5.00 | =$B$6*$0 | `echo $1 $name` | \\$2 | $2 |"


def test_skill_that_declares_no_arguments_is_served_as_it_is() -> None:
    words = "one two three four five six seven eight nine ten eleven twelve"
    assert fill_undeclared(PRICES, words) == f"{PRICES}\n\nARGUMENTS: {words}\n"
    assert fill_undeclared(PRICES) == PRICES
    assert fill_undeclared("See ${CLAUDE_SKILL_DIR}/a.md for $5.") == f"See {ROOT}/a.md for $5."


def test_arguments_in_the_text_declare_positions() -> None:
    assert fill_undeclared("$0 of $ARGUMENTS, $5K", "a b c d e f") == "a of a b c d e f, $5K"


TEXTS = st.text() | st.text(alphabet="$\\ARGUMENTS[]0123 ab'\"{}_\n")
NAMES = st.lists(st.from_regex(r"[A-Za-z_][A-Za-z0-9_-]{0,3}", fullmatch=True), unique=True, max_size=3)


@given(body=TEXTS, text=TEXTS, names=NAMES, value=TEXTS)
def test_any_body_takes_any_arguments(body: str, text: str, names: list[str], value: str) -> None:
    given = Arguments(text, dict.fromkeys(names, value), tuple(names))

    filled = substitute(body, given, ROOT, declares=True)

    if given.text and "$" not in body:
        assert filled.startswith(body)
        assert filled.endswith(f"\n\nARGUMENTS: {given.text}\n")
    if not given.text and "$" not in body:
        assert filled == body


@given(body=TEXTS.filter(lambda text: "$ARGUMENTS" not in text and "${" not in text), text=TEXTS)
def test_any_text_without_declared_arguments_is_served_as_it_is(body: str, text: str) -> None:
    assert fill_undeclared(body, text).startswith(body)
    assert fill_undeclared(body) == body


@given(text=TEXTS, before=st.text().filter(lambda text: "$" not in text and "\\" not in text))
def test_text_is_put_in_as_it_is_whatever_it_looks_like(text: str, before: str) -> None:
    assert fill(f"{before}$ARGUMENTS!", text) == f"{before}{text}!"


@given(value=TEXTS, name=st.sampled_from(["a", "to"]))
def test_value_is_put_in_as_it_is_whatever_it_looks_like(value: str, name: str) -> None:
    assert fill(f"<${name}>", names=name, **{name: value}) == f"<{value}>"


@given(TEXTS)
@example("it's")
@example('"\\')
def test_words_are_those_of_a_shell(text: str) -> None:
    try:
        expected = shlex.split(text)
    except ValueError:  # a quote that is not closed: words by white space
        expected = text.split()

    assert Arguments(text).values == list(expected)


@pytest.mark.parametrize("text", ["a" * 10**6, "a " * 500_000, '"' * 10**6, "\\a" * 500_000, "'" + "a" * 10**6])
def test_megabyte_of_arguments_is_no_work(text: str) -> None:
    started = time.process_time()

    filled = fill("$0|$ARGUMENTS", text)

    assert filled.endswith(text)
    assert time.process_time() - started < 2


def test_placeholders_address_so_many_positions_and_no_more() -> None:
    words = " ".join(map(str, range(WORDS_MAX + 1)))

    assert fill(f"${WORDS_MAX - 1} ${WORDS_MAX}", words) == f"{WORDS_MAX - 1} ${WORDS_MAX}"
    assert Arguments().values == []
