"""Finds skills by words: an index in memory, made anew for each generation of what a caller may see.

Ranked by BM25, a name counting more than a description and that more than the text. Words match in
any of their English forms, with a typing error or two, by another word for the same (`search_words`),
and the last one also where it is only begun.
Scripts without spaces are found by pairs of characters.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from tantivy import Document, Filter, Index, Occur, Query, SchemaBuilder, TextAnalyzer, TextAnalyzerBuilder, Tokenizer

from .search_words import REQUEST_WORDS, alternatives

WEIGHTS = {"name": 6.0, "title": 4.5, "tags": 12.0, "description": 4.0, "body": 1.0}
"""What a word is worth by where it stands. Few skills have tags, which makes one tag look long to BM25."""
FUZZY, BEGUN, RELATED = 0.2, 0.3, 0.7
"""What a word with typing errors, one that is only begun, and another word for it are worth beside the word itself."""
REQUEST = 0.2
"""What a word that is in almost every question is worth beside one that says what it is about."""
QUERY_MAX = 500
"""Characters of a query that are looked at."""
WORDS_MAX = 16
"""Words of a query that are looked for: each is compared with all words that there are, for typing errors."""
_HEAP_BYTES = 15_000_000
"""The least that the library takes for writing."""
_WORD = re.compile(r"[^\W_]+")
_UNSPACED = re.compile(r"[\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]+")
"""Runs of scripts that are written without spaces, or whose words have endings: Thai, Chinese, Japanese, Korean."""


def _words(*, stopwords: bool) -> TextAnalyzer:
    words = TextAnalyzerBuilder(Tokenizer.simple()).filter(Filter.remove_long(100)).filter(Filter.lowercase())
    words = words.filter(Filter.ascii_fold())
    if stopwords:
        words = words.filter(Filter.stopword("english"))
    return words.filter(Filter.stemmer("english")).build()


_EVERY_WORD, _WORDS_THAT_SAY = _words(stopwords=False), _words(stopwords=True)


@dataclass(frozen=True, slots=True)
class Text:
    """What is known of a skill by words."""

    name: str
    title: str = ""
    tags: str = ""
    description: str = ""
    body: str = ""


@dataclass(frozen=True, slots=True)
class _Form:
    """A word as it may stand in a text, and what finding it is worth."""

    text: str
    worth: float = 1.0
    errors: int = 0
    """Characters that may differ."""
    is_begun: bool = False
    """Whether more characters may follow."""


class SkillIndex:
    """Some skills, to be searched from any thread. Making one blocks."""

    def __init__(self, texts: Iterable[Text]) -> None:
        fields = SchemaBuilder().add_text_field("id", stored=True, tokenizer_name="raw")
        for field in WEIGHTS:
            fields.add_text_field(field, tokenizer_name="words").add_text_field(
                f"{field}_pairs", tokenizer_name="pairs"
            )
        self._schema = fields.build()
        self._index = Index(self._schema)
        self._index.register_tokenizer("words", _EVERY_WORD)
        self._index.register_tokenizer("pairs", TextAnalyzerBuilder(Tokenizer.whitespace()).build())
        writer = self._index.writer(_HEAP_BYTES, num_threads=1)
        for text in texts:
            writer.add_document(_document(text))
        writer.commit()
        self._index.reload()

    def search(self, query: str, limit: int) -> list[str]:
        """The names of at most `limit` skills, the best match first; none where no word is found."""
        parts = list(self._parts(query[:QUERY_MAX]))
        if not parts:
            return []
        searcher = self._index.searcher()
        found = searcher.search(Query.boolean_query([(Occur.Should, part) for part in parts]), limit)
        ranked = [(-score, str(searcher.doc(address)["id"][0])) for score, address in found.hits]
        return [name for _, name in sorted(ranked)]

    def _parts(self, query: str) -> Iterator[Query]:
        """A query for each word that says something, or for every word where none does."""
        words = _WORD.findall(query.lower())
        telling = ([word for word in words if _WORDS_THAT_SAY.analyze(word)] or words)[:WORDS_MAX]
        has_subject = any(word not in REQUEST_WORDS for word in telling)
        for place, word in enumerate(telling):
            forms = list(self._forms(word, last=place == len(telling) - 1))
            worth = REQUEST if has_subject and word in REQUEST_WORDS else 1.0
            yield Query.boost_query(self._anywhere("", forms), worth)
        for pair in _pairs(query):
            yield self._anywhere("_pairs", [_Form(pair)])

    def _forms(self, word: str, *, last: bool) -> Iterator[_Form]:
        """What a word may match."""
        for stem in _EVERY_WORD.analyze(word):
            yield _Form(stem)
            if len(stem) >= 4:
                yield _Form(stem, FUZZY, errors=2 if len(stem) >= 8 else 1)
            if last and len(stem) >= 2:
                yield _Form(stem, BEGUN, is_begun=True)
        for other in alternatives(word):
            for stem in _EVERY_WORD.analyze(other):
                yield _Form(stem, RELATED)

    def _anywhere(self, suffix: str, forms: Sequence[_Form]) -> Query:
        """The best of all fields and forms."""
        fields = [(f"{field}{suffix}", weight) for field, weight in WEIGHTS.items()]
        return Query.disjunction_max_query(
            [self._match(name, form, weight) for name, weight in fields for form in forms]
        )

    def _match(self, field: str, form: _Form, weight: float) -> Query:
        if form.errors or form.is_begun:
            query = Query.fuzzy_term_query(self._schema, field, form.text, distance=form.errors, prefix=form.is_begun)
        else:
            query = Query.term_query(self._schema, field, form.text)
        return Query.boost_query(query, weight * form.worth)


def _document(text: Text) -> Document:
    document = Document()
    document.add_text("id", text.name)
    for field in WEIGHTS:
        words = getattr(text, field)
        document.add_text(field, words)
        document.add_text(f"{field}_pairs", " ".join([*_pairs(words), *_characters(words)]))
    return document


def _pairs(text: str) -> list[str]:
    """Every pair of neighbours in runs of unspaced scripts, and what stands alone."""
    return [run[start : start + 2] for run in _UNSPACED.findall(text) for start in range(max(len(run) - 1, 1))]


def _characters(text: str) -> list[str]:
    """Every character of unspaced scripts, for queries of just one."""
    return [character for run in _UNSPACED.findall(text) if len(run) > 1 for character in run]
