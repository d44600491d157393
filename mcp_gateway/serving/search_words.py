"""Synonyms and low-value words for searching skills. Pure.

The table is small and general: file formats and their programs, abbreviations, and things with several common
names. Words are listed before stemming.
"""

from __future__ import annotations

_SYNONYM_GROUPS = (
    "powerpoint pptx ppt slides slide deck presentation keynote slideshow",
    "word docx doc",
    "excel xlsx xls spreadsheet workbook sheet",
    "pdf pdfs acrobat",
    "csv tsv",
    "image picture photo png jpeg",
    "video clip movie mp4",
    "audio recording speech voice sound",
    "diagram flowchart chart",
    "chart graph plot visualisation visualization",
    "transcribe transcription transcript",
    "k8s kubernetes",
    "postgres postgresql",
    "js javascript",
    "ts typescript",
    "py python",
    "ci pipeline workflow",
    "iac infrastructure infra terraform",
    "container docker dockerfile",
    "db database",
    "auth authentication login oauth",
    "repo repository",
    "pr pull",
    "msg message",
    "config configuration",
    "env environment",
    "perf performance slow fast speed",
    "bug defect error failure fail broken",
    "debug debugging troubleshoot troubleshooting diagnose",
    "cve vulnerability vulnerable",
    "secret credential password key",
    "test testing tests qa",
    "deploy deployment release ship launch",
    "docs documentation",
    "a11y accessibility wcag",
    "i18n internationalisation internationalization localisation localization translation",
    "ui interface frontend",
    "color colour",
    "brand branding corporate",
    "mail email newsletter",
    "cv resume",
    "job vacancy",
    "employee staff colleague internal",
    "contract agreement",
    "minutes notes",
    "outage incident",
    "postmortem retrospective",
    "scrape crawl extract",
    "summarise summarize summary digest",
    "analyse analyze analysis",
    "translate translation",
    "llm model ai",
    "api rest endpoint",
    "regex regexp",
    "cron schedule",
    "serverless lambda",
    "plan planning",
    "website site webpage",
    "gif animation",
    "table spreadsheet csv",
)
_REQUESTS = """
make making create creating build building write writing do doing get getting use using want need help please show give
find work working how what why when who which should could would can my our me you new some any one two add adding set
setup start tell know thing things something good best skill skills tool
"""
REQUEST_WORDS = frozenset(_REQUESTS.split())
"""Words found in almost every query and description; they count little next to other words."""


def synonyms(word: str) -> frozenset[str]:
    """Return the synonyms of a lower-case word, including singulars the stemmer misses ("pdfs")."""
    return _SYNONYMS.get(word, frozenset())


def _build_synonyms() -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for line in _SYNONYM_GROUPS:
        words = set(line.split())
        for word in words:
            found.setdefault(word, set()).update(words - {word})
    return {word: frozenset(others) for word, others in found.items()}


_SYNONYMS = _build_synonyms()
