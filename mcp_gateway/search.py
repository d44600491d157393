"""Finds skills by words: an index in memory, made anew for each generation of what a caller may see.

Ranked by BM25, a name counting more than a description and that more than the text. Words match in
any of their English forms, with a typing error or two, and the last one also where it is only begun.
Scripts without spaces are found by pairs of characters.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tantivy import Document, Filter, Index, Occur, Query, SchemaBuilder, TextAnalyzer, TextAnalyzerBuilder, Tokenizer

WEIGHTS = {"name": 8.0, "title": 6.0, "tags": 12.0, "description": 4.0, "body": 1.0}
"""What a word is worth by where it stands. Few skills have tags, which makes one tag look long to BM25."""
FUZZY, BEGUN = 0.2, 0.3
"""What a word with typing errors, and one that is only begun, is worth beside the word itself."""
QUERY_MAX = 500
"""Characters of a query that are looked at."""
WORDS_MAX = 16
"""Words of a query that are looked for: each is compared with all words that there are, for typing errors."""
_HEAP_BYTES = 15_000_000
"""The least that the library takes for writing."""
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
        """A query for each word."""
        words = (_WORDS_THAT_SAY.analyze(query) or _EVERY_WORD.analyze(query))[:WORDS_MAX]
        for place, word in enumerate(words):
            yield self._anywhere("", list(self._forms(word, last=place == len(words) - 1)))
        for pair in _pairs(query):
            yield self._anywhere("_pairs", [(1.0, pair, 0, False)])

    def _forms(self, word: str, *, last: bool) -> Iterator[tuple[float, str, int, bool]]:
        """What a word may match: (worth, text, typing errors, whether more may follow)."""
        yield 1.0, word, 0, False
        if len(word) >= 4:
            yield FUZZY, word, 2 if len(word) >= 8 else 1, False
        if last and len(word) >= 2:
            yield BEGUN, word, 0, True

    def _anywhere(self, suffix: str, forms: list[tuple[float, str, int, bool]]) -> Query:
        """The best of all fields and forms."""
        alternatives = []
        for field, weight in WEIGHTS.items():
            for worth, text, errors, begun in forms:
                name = f"{field}{suffix}"
                exact = not errors and not begun
                query = (
                    Query.term_query(self._schema, name, text)
                    if exact
                    else Query.fuzzy_term_query(self._schema, name, text, distance=errors, prefix=begun)
                )
                alternatives.append(Query.boost_query(query, weight * worth))
        return Query.disjunction_max_query(alternatives)


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
