"""Search of code books by words: any order, beginnings, plurals, lay words and abbreviations.

Every book becomes one text with a line for each code (`search_text`). Words are looked up in these
texts; rows are made only for the hits.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from heapq import nsmallest
from itertools import chain
from typing import NamedTuple

from healthsim.codes.books import CodeEntry
from healthsim.codes.search_books import DEFAULT_BOOKS, SOURCES, book_name
from healthsim.codes.search_terms import QueryTerm, query_terms, query_words
from healthsim.codes.search_text import BookText, book_text
from healthsim.errors import NotFound


class SearchHit(NamedTuple):
    """One code that was found.

    Attributes:
        system: name of its book here, e.g. ``"icd10cm"``.
        code: the code as a specification writes it.
        display: its text.
        note: a fact that helps to choose it, e.g. a unit; may be empty.
    """

    system: str
    code: str
    display: str
    note: str


@dataclass(frozen=True)
class SearchResult:
    """The result of a search.

    Attributes:
        hits: the best codes, best first.
        totals: how many codes of each book fit.
        unmatched: words that are in no text; the others were searched for.
        partly: no text has all words; the hits have most of them.
    """

    hits: tuple[SearchHit, ...]
    totals: Mapping[str, int]
    unmatched: tuple[str, ...] = ()
    partly: bool = False


class _Match(NamedTuple):
    """How a line fits one term: its place among the codes meant, and whether by whole words."""

    place: int
    whole: bool


Matches = Mapping[str, Sequence[Mapping[int, _Match]]]
"""By book: for each term, the lines that fit it."""

_NOT_MEANT = 1000  # place of a line whose code is not among those meant
_BY_NUMBER = frozenset(("rxnorm", "ndc", "taxonomy"))  # `drug` and `specialty` have their words
_OF_DRUGS = ("rxnorm", "ndc")
_BY_NUMBER_RANK = 3  # how far their lines stand back


def search(
    query: str, systems: Iterable[str] = (), limit: int = 10, where: str = "system"
) -> SearchResult:
    """Find codes by words, or by a code or its beginning.

    Args:
        query: words in any order; the beginning of a word is enough.
        systems: names of the books to search; none means all, ICD-10-PCS for operations only.
        limit: most hits.
        where: name of the caller's argument for `systems`, for the error.

    Raises:
        NotFound: a book of `systems` is not known, or no text has any of the words.

    >>> search("heart attack").hits[0].code
    'I21.9'
    >>> [hit.code for hit in search("a1c", limit=1).hits]
    ['4548-4']
    """
    named = [book_name(system, where) for system in systems]
    names, words = named or list(DEFAULT_BOOKS), query_words(query)
    if not words:
        raise NotFound("query", "has no word", "give words, such as: heart failure, or a code")
    if by_code := _search_by_code(names, query, limit):
        return by_code
    terms = query_terms(words)
    if not named and any(book == "icd10pcs" for term in terms for book, _ in term.meant):
        names.append("icd10pcs")  # the name of an operation
    matches = _match(names, terms)
    most, fitting = _best_lines(matches)
    if not named:
        fitting = _each_drug_once(fitting)
    hits = _best_hits(names, matches, fitting, limit, mixed=not named and most == len(terms))
    if not hits:
        raise NotFound(
            "query",
            f"no text of {', '.join(names) if named else 'any code book'} holds {query[:80]!r}",
            "use other or fewer words, such as a condition's plain name",
        )
    unmatched = tuple(
        term.written
        for place, term in enumerate(terms)
        if not any(of_terms[place] for of_terms in matches.values())
    )
    totals = {name: len(lines) for name, lines in fitting.items() if lines}
    return SearchResult(hits, totals, unmatched, partly=most < len(terms))


def remarks(result: SearchResult) -> list[str]:
    """Return sentences about a result that its hits do not show."""
    sentences = []
    if result.unmatched:
        sentences.append(f"no text contains {', '.join(map(repr, result.unmatched))}: left out")
    elif result.partly:
        sentences.append("no text contains all the words; these contain most of them")
    if sum(result.totals.values()) > len(result.hits):
        counts = ", ".join(f"{name} {count:,}" for name, count in result.totals.items())
        sentences.append(
            f"the best {len(result.hits)} of {counts}; name a book or more words to narrow"
        )
    return sentences


def _search_by_code(names: Iterable[str], query: str, limit: int) -> SearchResult | None:
    """Return the codes that begin with the query, if it looks like a code."""
    ranks = {name: lines for name in names if (lines := _lines_of_code(name, query))}
    if not ranks:
        return None
    ranked = [(rank, name, line) for name, lines in ranks.items() for line, rank in lines.items()]
    ranked.sort(key=lambda entry: entry[0])  # the code itself first; then in the order of books
    hits = tuple(_hit(name, line) for _, name, line in ranked[:limit])
    return SearchResult(hits, {name: len(lines) for name, lines in ranks.items()})


def _lines_of_code(system: str, query: str) -> dict[int, int]:
    """Return the lines whose code is the query (0), is it with its dot (1), or begins with it."""
    text, code = book_text(system), query.strip().lower()
    if len(code) < 2 or not any(sign.isdigit() for sign in code):
        return {}
    lines = {line: 0 if text.codes[line].lower() == code else 2 for line in text.below(code)}
    if system == "icd10cm" and re.fullmatch(r"[a-z][a-z0-9]{3,6}", code):
        dotted = f"{code[:3]}.{code[3:]}"  # claims write it without its dot
        lines |= {line: 1 + (text.codes[line].lower() != dotted) for line in text.below(dotted)}
    if system == "drug" and code.isdigit():  # a number of RxNorm or NDC
        lines |= {line: 0 for line, whole in text.lines(code).items() if whole}
    return lines


def _match(names: Sequence[str], terms: Sequence[QueryTerm]) -> Matches:
    """Return the lines that fit every term, or else any term."""
    complete = {name: lines for name in names if (lines := _match_all(name, terms))}
    return complete or {name: [_match_term(name, term) for term in terms] for name in names}


def _match_all(system: str, terms: Sequence[QueryTerm]) -> list[dict[int, _Match]]:
    """Return how the lines that fit every term fit each; empty if there is no such line.

    The rarest term is looked up first, and the others only in its lines.
    """
    text = book_text(system)
    order = sorted(range(len(terms)), key=lambda place: _most_lines(text, terms[place]))
    among: Collection[int] | None = None
    matches: dict[int, dict[int, _Match]] = {}
    for place in order:
        matches[place] = _match_term(system, terms[place], among)
        among = matches[place].keys()
        if not among:
            return []
    fitting = among or ()
    return [{line: matches[place][line] for line in fitting} for place in range(len(terms))]


def _most_lines(text: BookText, term: QueryTerm) -> int:
    return sum(text.most_lines(wording) for wording in term.wordings)


def _match_term(
    system: str, term: QueryTerm, among: Collection[int] | None = None
) -> dict[int, _Match]:
    """Return the lines that fit a term, by its words or as a code meant."""
    text = book_text(system)
    matches: dict[int, _Match] = {}
    for wording in term.wordings:
        for line, whole in _lines_with(text, wording, among).items():
            if line not in matches or whole > matches[line].whole:
                matches[line] = _Match(_NOT_MEANT, whole)
    meant = [code for book, code in term.meant if book == system]
    for place, code in enumerate(meant):
        for line in text.below(code):
            if among is not None and line not in among:
                continue
            if line not in matches or matches[line].place == _NOT_MEANT:
                matches[line] = _Match(place, True)
    return matches


def _lines_with(
    text: BookText, words: Sequence[str], among: Collection[int] | None
) -> dict[int, bool]:
    """Return the lines with all of some words, and whether as whole words."""
    wholes: dict[int, bool] | None = None
    rarest_first = (
        words if among is not None else sorted(words, key=lambda word: text.most_lines((word,)))
    )
    for word in rarest_first:
        lines = text.lines(word, among if wholes is None else wholes)
        wholes = {line: whole and (wholes is None or wholes[line]) for line, whole in lines.items()}
    return wholes or {}


def _best_lines(matches: Matches) -> tuple[int, dict[str, list[int]]]:
    """Return the largest number of terms that a line fits, and the lines with it, by book."""
    counts = {name: Counter(chain.from_iterable(terms)) for name, terms in matches.items()}
    most = max(chain.from_iterable(count.values() for count in counts.values()), default=0)
    return most, {
        name: [line for line, terms in count.items() if terms == most]
        for name, count in counts.items()
    }


def _each_drug_once(fitting: Mapping[str, list[int]]) -> dict[str, list[int]]:
    """Leave out the numbers of drugs that are found by name: the note of a drug has them."""
    drugs = {book_text("drug").codes[line] for line in fitting.get("drug", ())}
    return {
        name: [line for line in lines if _row(name, line).display not in drugs]
        if drugs and name in _OF_DRUGS
        else lines
        for name, lines in fitting.items()
    }


def _best_hits(
    names: Sequence[str],
    matches: Matches,
    fitting: Mapping[str, Sequence[int]],
    limit: int,
    *,
    mixed: bool,
) -> tuple[SearchHit, ...]:
    """Return the best lines; of several books, the best ones of each are among them."""
    ranked = {
        name: nsmallest(
            limit, ((_rank(name, line, matches[name]), names.index(name), line, name)
                    for line in lines),
        )
        for name, lines in fitting.items() if lines
    }  # fmt: skip
    best = nsmallest(limit, chain.from_iterable(ranked.values()))
    if mixed and limit >= _MIXED_FROM:
        seen = {name for _, _, _, name in best}
        unseen = [
            line for name, lines in ranked.items() if name not in seen | _BY_NUMBER
            for line in lines[:_OF_EACH] if line[0][:2] <= best[0][0][:2]
        ][: limit // 2]  # fmt: skip
        best = best[: limit - len(unseen)] + unseen
    return tuple(_hit(name, line) for _, _, line, name in best)


_MIXED_FROM = 6  # hits, below which the best alone are shown
_OF_EACH = 2  # hits of a book that would not be seen


def _rank(
    system: str, line: int, matches: Sequence[Mapping[int, _Match]]
) -> tuple[int, int, int, int]:
    """Return the order of a line: codes meant, whole words, common codes, short texts first."""
    fits, text = [term[line] for term in matches if line in term], book_text(system)
    return (
        min(fit.place for fit in fits),
        -sum(fit.whole for fit in fits),
        text.rarity[line] + _BY_NUMBER_RANK * (system in _BY_NUMBER),
        text.size(line),
    )


def _hit(system: str, line: int) -> SearchHit:
    row = _row(system, line)
    code = book_text(system).codes[line]
    return SearchHit(system, code, row.display, SOURCES[system].note(row))


def _row(system: str, line: int) -> CodeEntry:
    row: CodeEntry = SOURCES[system].book().rows[book_text(system).codes[line]]
    return row
