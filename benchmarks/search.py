"""Search quality: realistic questions over skills like public ones.

    .venv/bin/python -m benchmarks.search [--skills FOLDER ...] [--show]

Prints the mean reciprocal rank and the share of questions whose skill is among the first five, for the questions
used for tuning and for held-out ones. With --skills, the skills in these folders are searched (by name, description,
tags and text), and questions whose skill is missing are skipped.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mcp_gateway.serving.search import SkillIndex, SkillText
from skills_registry.packages.manifest import parse_manifest, split_document
from skills_registry.packages.manifest_fields import Rules
from skills_registry.packages.problems import InvalidSkill

DATA = Path(__file__).parent / "data"
HELD_OUT = "# held out"
LOOKED_AT = 50


@dataclass(frozen=True, slots=True)
class Question:
    """A question, and the skills that are correct answers."""

    text: str
    answers: frozenset[str]
    held_out: bool


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--skills", nargs="*", type=Path, default=[], help="folders of skills to search instead")
    parser.add_argument("--show", action="store_true", help="show each question whose skill is not the first")
    options = parser.parse_args()
    texts = [text for folder in options.skills for text in read_folder(folder)] or list(read_corpus())
    names = {text.name for text in texts}
    began = time.process_time()
    index = SkillIndex(texts)
    say(f"{len(texts)} skills, index made in {time.process_time() - began:.2f} s of CPU")
    for held_out, title in ((False, "tuned on"), (True, "held out")):
        asked = [one for one in read_questions() if one.held_out is held_out and one.answers & names]
        report(title, index, asked, show=options.show)


def report(title: str, index: SkillIndex, questions: list[Question], *, show: bool) -> None:
    """Print both measures for a set of questions."""
    began = time.process_time()
    ranks = [rank(index, question) for question in questions]
    milliseconds = 1000 * (time.process_time() - began) / max(len(questions), 1)
    if show:
        for question, place in zip(questions, ranks, strict=True):
            if place != 1:
                say(f"  {place or '-':>3} {question.text}: {', '.join(index.search(question.text, 5))}")
    mean = sum(1 / place for place in ranks if place) / max(len(ranks), 1)
    recall = sum(1 for place in ranks if place and place <= 5) / max(len(ranks), 1)
    say(f"{title}: {len(questions)} questions, MRR {mean:.3f}, recall@5 {recall:.3f}, {milliseconds:.1f} ms each")


def rank(index: SkillIndex, question: Question) -> int:
    """Return the rank of the first correct answer, from 1; 0 if there is none."""
    found = index.search(question.text, LOOKED_AT)
    return next((place for place, name in enumerate(found, 1) if name in question.answers), 0)


def read_questions() -> Iterator[Question]:
    """Read data/questions.txt."""
    held_out = False
    for line in (DATA / "questions.txt").read_text().splitlines():
        held_out = held_out or line.startswith(HELD_OUT)
        if line and not line.startswith("#"):
            text, answers = line.split(" => ")
            yield Question(text, frozenset(answers.split(", ")), held_out)


def read_corpus() -> Iterator[SkillText]:
    """Read data/skills.txt."""
    for line in (DATA / "skills.txt").read_text().splitlines():
        if line and not line.startswith("#"):
            name, description = line.split(": ", 1)
            yield SkillText(name, title_of(name), description=description)


def read_folder(folder: Path) -> Iterator[SkillText]:
    """Read the valid skills below a folder."""
    for path in sorted(folder.rglob("SKILL.md")):
        text = path.read_text(errors="replace")
        try:
            manifest = parse_manifest(text, Rules(allow_long_description=True))
        except InvalidSkill:
            continue
        body = split_document(text).body
        yield SkillText(manifest.name, title_of(manifest.name), description=manifest.description, body=body)


def title_of(name: str) -> str:
    """Return a name as words."""
    return name.replace("-", " ").capitalize()


def say(line: str) -> None:
    """Print a line."""
    sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    main()
