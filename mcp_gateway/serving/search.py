"""Full-text search for skills: an in-memory index per generation and audience.

Ranked by BM25, with more weight for names than descriptions, and for descriptions than the text. Words
match in any English form, with one or two typos, by synonym (`search_words`), and the last word also as
a prefix. Scripts without spaces are indexed as character pairs.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from tantivy import Document, Filter, Index, Occur, Query, SchemaBuilder, TextAnalyzer, TextAnalyzerBuilder, Tokenizer

from .search_words import REQUEST_WORDS, synonyms

WEIGHTS = {"name": 6.0, "title": 4.5, "tags": 12.0, "description": 4.0, "body": 1.0}
"""Boost by field. Tags need a high one: few skills have any, so BM25 treats a single tag as a long field."""
FUZZY, PREFIX, RELATED = 0.2, 0.3, 0.7
"""Boosts of a match with typos, of a prefix match and of a synonym, relative to an exact match."""
REQUEST_WEIGHT = 0.2
"""Boost of a word found in almost every query, next to more specific words."""
QUERY_MAX = 500
"""Characters of a query that are used."""
WORDS_MAX = 16
"""Words of a query that are used; each is compared with every indexed word, for typos."""
_HEAP_BYTES = 15_000_000
"""The minimum that tantivy accepts."""
_WORD = re.compile(r"[^\W_]+")
_UNSPACED = re.compile(r"[\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]+")
"""Runs of Thai, Lao, Chinese, Japanese or Korean, which have no spaces between words, or words with endings."""


def _build_analyzer(*, stopwords: bool) -> TextAnalyzer:
    words = TextAnalyzerBuilder(Tokenizer.simple()).filter(Filter.remove_long(100)).filter(Filter.lowercase())
    words = words.filter(Filter.ascii_fold())
    if stopwords:
        words = words.filter(Filter.stopword("english"))
    return words.filter(Filter.stemmer("english")).build()


_ALL_WORDS, _CONTENT_WORDS = _build_analyzer(stopwords=False), _build_analyzer(stopwords=True)


@dataclass(frozen=True, slots=True)
class SkillText:
    """The indexed text of a skill."""

    name: str
    title: str = ""
    tags: str = ""
    description: str = ""
    body: str = ""


@dataclass(frozen=True, slots=True)
class _Form:
    """A form of a query word, and the boost for matching it."""

    text: str
    boost: float = 1.0
    errors: int = 0
    """How many characters may differ."""
    is_prefix: bool = False
    """Whether more characters may follow."""


class SkillIndex:
    """A search index. Building it blocks; searching is thread-safe."""

    def __init__(self, texts: Iterable[SkillText]) -> None:
        fields = SchemaBuilder().add_text_field("id", stored=True, tokenizer_name="raw")
        for field in WEIGHTS:
            fields.add_text_field(field, tokenizer_name="words").add_text_field(
                f"{field}_pairs", tokenizer_name="pairs"
            )
        self._schema = fields.build()
        self._index = Index(self._schema)
        self._index.register_tokenizer("words", _ALL_WORDS)
        self._index.register_tokenizer("pairs", TextAnalyzerBuilder(Tokenizer.whitespace()).build())
        writer = self._index.writer(_HEAP_BYTES, num_threads=1)
        for text in texts:
            writer.add_document(_document(text))
        writer.commit()
        self._index.reload()

    def search(self, query: str, limit: int) -> list[str]:
        """Return the names of at most `limit` skills, best match first."""
        parts = list(self._parts(query[:QUERY_MAX]))
        if not parts:
            return []
        searcher = self._index.searcher()
        found = searcher.search(Query.boolean_query([(Occur.Should, part) for part in parts]), limit)
        ranked = [(-score, str(searcher.doc(address)["id"][0])) for score, address in found.hits]
        return [name for _, name in sorted(ranked)]

    def _parts(self, query: str) -> Iterator[Query]:
        """Yield a query per word, without stop words (unless there is nothing else), and per character pair."""
        words = _WORD.findall(query.lower())
        content = ([word for word in words if _CONTENT_WORDS.analyze(word)] or words)[:WORDS_MAX]
        has_subject = any(word not in REQUEST_WORDS for word in content)
        for place, word in enumerate(content):
            forms = list(self._forms(word, last=place == len(content) - 1))
            boost = REQUEST_WEIGHT if has_subject and word in REQUEST_WORDS else 1.0
            yield Query.boost_query(self._match_any_field("", forms), boost)
        for pair in _pairs(query):
            yield self._match_any_field("_pairs", [_Form(pair)])

    def _forms(self, word: str, *, last: bool) -> Iterator[_Form]:
        """Yield the forms in which a word matches."""
        for stem in _ALL_WORDS.analyze(word):
            yield _Form(stem)
            if len(stem) >= 4:
                yield _Form(stem, FUZZY, errors=2 if len(stem) >= 8 else 1)
            if last and len(stem) >= 2:
                yield _Form(stem, PREFIX, is_prefix=True)
        for other in synonyms(word):
            for stem in _ALL_WORDS.analyze(other):
                yield _Form(stem, RELATED)

    def _match_any_field(self, suffix: str, forms: Sequence[_Form]) -> Query:
        """Return a query that scores the best match of all fields and forms."""
        fields = [(f"{field}{suffix}", weight) for field, weight in WEIGHTS.items()]
        return Query.disjunction_max_query(
            [self._match(name, form, weight) for name, weight in fields for form in forms]
        )

    def _match(self, field: str, form: _Form, weight: float) -> Query:
        if form.errors or form.is_prefix:
            query = Query.fuzzy_term_query(self._schema, field, form.text, distance=form.errors, prefix=form.is_prefix)
        else:
            query = Query.term_query(self._schema, field, form.text)
        return Query.boost_query(query, weight * form.boost)


def _document(text: SkillText) -> Document:
    document = Document()
    document.add_text("id", text.name)
    for field in WEIGHTS:
        words = getattr(text, field)
        document.add_text(field, words)
        document.add_text(f"{field}_pairs", " ".join([*_pairs(words), *_characters(words)]))
    return document


def _pairs(text: str) -> list[str]:
    """Return all pairs of adjacent characters in unspaced scripts, and single isolated characters."""
    return [run[start : start + 2] for run in _UNSPACED.findall(text) for start in range(max(len(run) - 1, 1))]


def _characters(text: str) -> list[str]:
    """Return each character of longer runs in unspaced scripts, for queries of one character."""
    return [character for run in _UNSPACED.findall(text) if len(run) > 1 for character in run]
