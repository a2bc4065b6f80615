"""Find codes by words: in any order, by their beginnings, plurals, lay words and abbreviations.

Every book becomes one text with a line for each code, in lower case, in which words are looked for
as a text editor would; the rows themselves are not touched until they are shown.
"""

from __future__ import annotations

import csv
import re
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from heapq import nsmallest
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

from healthsim.codes import books, imported_books
from healthsim.codes.drugs import drugs, ndc, rxnorm
from healthsim.codes.icd10cm import icd10cm
from healthsim.codes.icd10pcs import icd10pcs
from healthsim.codes.loinc import loinc
from healthsim.errors import NotFound, near

_LAY_WORDS = Path(__file__).parent / "data" / "lay_words.csv"
_EMPTY = frozenset((
    "a", "an", "and", "by", "code", "codes", "for", "from", "in", "is", "of", "on", "or",
    "patient", "patients", "the", "to", "what", "with",
))  # fmt: skip
_LONGEST_PHRASE = 4
_MOST_WORDS = 12
_WITH_ENCOUNTER = 8  # characters of a diagnosis that says which treatment it is of


class SearchHit(NamedTuple):
    """One code that was found.

    Attributes:
        system: name of its book here, e.g. ``"icd10cm"``.
        code: the code as a specification writes it.
        display: what it stands for.
        note: what else helps to choose it, e.g. a unit; may be empty.
    """

    system: str
    code: str
    display: str
    note: str


@dataclass(frozen=True)
class SearchResult:
    """What a search found.

    Attributes:
        hits: the best of them, best first.
        totals: how many codes each book holds that fit.
        unmatched: words that no text holds; the others were searched for.
        partly: no text holds all words; these hold the most of them.
    """

    hits: tuple[SearchHit, ...]
    totals: Mapping[str, int]
    unmatched: tuple[str, ...] = ()
    partly: bool = False


class _Source(NamedTuple):
    """How one book is read: its rows, the words beside the text, and the note of a row."""

    book: Callable[[], Any]
    words: Callable[[Any], Iterable[str]] = lambda _: ()
    note: Callable[[Any], str] = lambda _: ""


def _drug_note(row: Any) -> str:
    kind = "generic" if row.generic else "brand"
    rxnorm = f"RxNorm {row.rxnorm}, " if row.rxnorm else ""
    return f"{row.drug_class}; {rxnorm}NDC {row.ndc}, {kind}, tier {row.tier}"


def _interval(row: Any) -> str:
    ends = [f"{end:g}" for end in (row.ref_low, row.ref_high) if end == end]
    usual = f", usually {' to '.join(ends)}" if len(ends) == 2 else ""
    panels = f"; panel {', '.join(row.panels)}" if row.panels else ""
    return f"{row.unit}{usual}{panels}"


def _only(row: Any) -> str:
    return {"F": "women only", "M": "men only"}.get(row.sex, "")


SOURCES: Mapping[str, _Source] = {
    "icd10cm": _Source(icd10cm, note=_only),
    "loinc": _Source(loinc, lambda row: row.panels, _interval),
    "drug": _Source(
        drugs, lambda row: (row.ingredient, row.drug_class, row.rxnorm, row.ndc), _drug_note
    ),
    "hcpcs": _Source(books.hcpcs, lambda row: (row.category,), lambda row: row.category),
    "cvx": _Source(books.cvx, lambda _: ("vaccine",)),
    "drg": _Source(
        books.drg,
        lambda row: (row.kind,),
        lambda row: f"weight {row.weight:g}, mean stay {row.gmlos_days:g} days",
    ),
    "specialty": _Source(books.taxonomy, lambda row: (row.taxonomy,), lambda row: row.taxonomy),
    "taxonomy": _Source(books.nucc, lambda row: (row.specialty,), lambda row: row.specialty),
    "pos": _Source(books.pos),
    "revenue": _Source(books.revenue),
    "bill_type": _Source(books.bill_type),
    "carc": _Source(books.carc),
    "discharge": _Source(books.discharge),
    "cpt": _Source(books.cpt),
    "rxnorm": _Source(rxnorm),
    "ndc": _Source(ndc),
    "icd10pcs": _Source(icd10pcs),
}
"""Book by its name here; ties between books are in this order."""

WHERE_NAMED = frozenset(("icd10pcs",))
"""Books that are searched only where they are named: large, and of no use to most questions."""

_USUAL = tuple(name for name in SOURCES if name != "icd10pcs")
"""Where words are looked for if no book is named: the others are flooded by 79,000 procedures."""

ALIASES: Mapping[str, str] = {
    "icd": "icd10cm", "icd10": "icd10cm", "icd-10": "icd10cm", "icd-10-cm": "icd10cm",
    "diagnosis": "icd10cm", "icd-10-pcs": "icd10pcs", "pcs": "icd10pcs", "procedure": "hcpcs",
    "lab": "loinc", "labs": "loinc", "vital": "loinc", "vitals": "loinc",
    "drugs": "drug", "medication": "drug", "vaccine": "cvx", "ms-drg": "drg", "msdrg": "drg",
    "nucc": "taxonomy", "place of service": "pos", "bill type": "bill_type",
}  # fmt: skip
"""Other words for the books."""


def book_name(said: str, where: str = "system") -> str:
    """Return the name here of a code system.

    Raises:
        NotFound: there is no such book.

    >>> book_name("ICD-10-CM"), book_name("labs")
    ('icd10cm', 'loinc')
    """
    name = said.strip().lower()
    name = ALIASES.get(name, name)
    if name not in SOURCES:
        mend = near(name, (*SOURCES, *ALIASES))
        if mend.startswith("known"):
            mend = f"use {', '.join(SOURCES)}"
        raise NotFound(where, f"there is no code book {said[:40]!r}", mend)
    return name


class _Text:
    """One book as text: a line for each code, of code, display and further words.

    Attributes:
        codes: the code of each line.
        rare: how seldom each line is meant where its words fit others as well; 0 is common.
    """

    def __init__(self, said: Iterable[tuple[str, str, str, int]]) -> None:
        codes, starts, rare, lines, place = [], [], [], ["\n"], 1
        for code, display, words, seldom in said:
            line = f"{code}\t{display}\t{words}\n".lower()
            codes.append(code)
            starts.append(place)
            lines.append(line)
            rare.append(seldom)
            place += len(line)
        self.codes, self.rare = tuple(codes), rare
        self.starts, self.text = [*starts, place], "".join(lines)
        self._counts: dict[str, int] = {}

    def lines(self, word: str, among: Collection[int] | None = None) -> dict[int, bool]:
        """Return the lines in which a word begins as `word` does, and whether it ends there too.

        Args:
            word: in lower case.
            among: only these lines are looked at; the fewer, the faster.
        """
        if among is None or len(among) > _MANY:
            return self._found(word, 0, len(self.text), among)
        found: dict[int, bool] = {}
        for line in among:
            found |= self._found(word, self.starts[line], self.starts[line + 1], None)
        return found

    def _found(
        self, word: str, place: int, end: int, among: Collection[int] | None
    ) -> dict[int, bool]:
        found: dict[int, bool] = {}
        text, size, starts = self.text, len(word), self.starts
        place = text.find(word, place, end)
        while place >= 0:
            after = place + size
            if not text[place - 1].isalnum():
                line = bisect_right(starts, place) - 1
                whole = not text[after].isalnum() or text[after : after + 2] in _PLURALS
                if among is None or line in among:
                    found[line] = found.get(line, False) or whole
            place = text.find(word, after, end)
        return found

    def size(self, line: int) -> int:
        """Return how many characters a line has."""
        return self.starts[line + 1] - self.starts[line]

    def below(self, code: str) -> list[int]:
        """Return the lines of the codes that begin so, in the order of the book."""
        found: dict[int, None] = {}
        for want in dict.fromkeys((code, code.upper(), code.lower())):
            line = bisect_left(self.codes, want)
            while line < len(self.codes) and self.codes[line].startswith(want):
                found[line] = None
                line += 1
        return list(found)

    def often(self, words: Collection[str]) -> int:
        """Return in how many places all of some words may stand, at most."""
        for word in words:
            if word not in self._counts:
                self._counts[word] = self.text.count(word)
        return min(self._counts[word] for word in words)


_PLURALS = ("s ", "s,", "s\t", "s\n")
_MANY = 2_000  # lines, from which on a whole text is looked through faster


@imported_books.cached_per_shelf
def _text(system: str) -> _Text:
    if system == "icd10cm":  # tens of thousands of rows, which need not be made to be searched
        texts = icd10cm().texts()
        return _Text((code, text, "", _seldom(code, common)) for code, text, common in texts)
    source = SOURCES[system]
    return _Text(
        (code, row.display, " ".join(source.words(row)), 0)
        for code, row in source.book().rows.items()
    )


def _seldom(code: str, common: bool) -> int:
    """Rank a diagnosis: common ones, others, later treatment and consequences of an injury."""
    later = len(code) == _WITH_ENCOUNTER and not code.endswith("A")
    return 0 if common else 2 if later else 1


class _Term(NamedTuple):
    """What one word or phrase of the query may stand for.

    Attributes:
        said: the words as they were written.
        ways: other ways to say it; each is words that must all be there.
        points: the codes meant, as (system, code or its beginning), the likeliest first.
    """

    said: str
    ways: tuple[tuple[str, ...], ...]
    points: tuple[tuple[str, str], ...] = ()


class _Lay(NamedTuple):
    points: tuple[tuple[str, str], ...]
    ways: tuple[tuple[str, ...], ...]


@cache
def _lay_words() -> dict[str, _Lay]:
    """Return our words for what books call otherwise, by their stems."""
    with _LAY_WORDS.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))[1:]
    return {
        " ".join(map(_stem, words.split())): _Lay(
            tuple((one.split(":")[0], one.split(":")[1]) for one in _listed(points)),
            tuple(tuple(map(_stem, one.split())) for one in _listed(texts)),
        )
        for words, points, texts in rows
    }


def _listed(cell: str) -> list[str]:
    return [one for one in cell.split("; ") if one]


def _stem(word: str) -> str:
    """Cut a plural's ending, so that the rest begins both forms.

    >>> [_stem(word) for word in ("seizures", "biopsies", "arthritis", "mi", "diabetes")]
    ['seizure', 'biops', 'arthritis', 'mi', 'diabete']
    """
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3]
    if len(word) > 3 and word.endswith("s") and word[-2] not in "sui":
        return word[:-1]
    return word


def _words(query: str) -> list[str]:
    found = re.findall(r"[a-z0-9]+(?:[-.'/+][a-z0-9]+)*", query.lower().replace("'s", ""))
    kept = [word for word in found if word not in _EMPTY]
    return (kept or found)[:_MOST_WORDS]


def _terms(words: list[str]) -> list[_Term]:
    """Read the words from the left, the longest phrases that are known first."""
    terms: list[_Term] = []
    place = 0
    while place < len(words):
        size, lay = _phrase(words[place : place + _LONGEST_PHRASE])
        said = tuple(map(_stem, words[place : place + size]))
        ways = (said, *(way for way in lay.ways if way != said))
        terms.append(_Term(" ".join(words[place : place + size]), ways, lay.points))
        place += size
    return terms


def _phrase(words: list[str]) -> tuple[int, _Lay]:
    for size in range(len(words), 0, -1):
        lay = _lay_words().get(" ".join(map(_stem, words[:size])))
        if lay:
            return size, lay
    return 1, _Lay((), ())


def search(
    query: str, systems: Iterable[str] = (), limit: int = 10, where: str = "system"
) -> SearchResult:
    """Find codes by words, or by a code or its beginning.

    Args:
        query: words in any order; the beginning of a word is enough.
        systems: names of the books to search; none means all, ICD-10-PCS for operations only.
        limit: most hits.
        where: what the caller's argument for `systems` is called, for the error.

    Raises:
        NotFound: a book of `systems` is not known, or no text holds any of the words.

    >>> search("heart attack").hits[0].code
    'I21.9'
    >>> [hit.code for hit in search("a1c", limit=1).hits]
    ['4548-4']
    """
    names = [book_name(one, where) for one in systems] or list(_USUAL)
    words = _words(query)
    if not words:
        raise NotFound("query", "holds no word", "give words, such as: heart failure, or a code")
    if coded := _coded(names, query, limit):
        return coded
    terms = _terms(words)
    if not systems and any(book == "icd10pcs" for term in terms for book, _ in term.points):
        names.append("icd10pcs")  # an operation by its name is what that book is for
    matches = {name: found for name in names if (found := _all_of(name, terms))}
    if not matches:
        matches = {name: [_matches(name, term) for term in terms] for name in names}
    counts = {name: Counter(chain.from_iterable(found)) for name, found in matches.items()}
    most = max(chain.from_iterable(each.values() for each in counts.values()), default=0)
    fitting = {
        name: [line for line, count in each.items() if count == most]
        for name, each in counts.items()
    }
    ranked = nsmallest(
        limit,
        (
            (_rank(name, line, matches[name]), names.index(name), line, name)
            for name, lines in fitting.items()
            for line in lines
        ),
    )
    if not ranked:
        raise NotFound(
            "query",
            f"no text of {', '.join(names) if systems else 'any code book'} holds {query[:80]!r}",
            "use other or fewer words, such as a condition's plain name",
        )
    return SearchResult(
        hits=tuple(_hit(name, line) for _, _, line, name in ranked),
        totals={name: len(lines) for name, lines in fitting.items() if lines},
        unmatched=tuple(
            term.said
            for place, term in enumerate(terms)
            if not any(found[place] for found in matches.values())
        ),
        partly=most < len(terms),
    )


def remarks(found: SearchResult) -> list[str]:
    """Say in sentences what a reader of the hits should know besides."""
    said = []
    if found.unmatched:
        said.append(f"no text holds {', '.join(map(repr, found.unmatched))}: left out")
    elif found.partly:
        said.append("no text holds all the words; these hold the most of them")
    if sum(found.totals.values()) > len(found.hits):
        counts = ", ".join(f"{name} {count:,}" for name, count in found.totals.items())
        said.append(f"the best {len(found.hits)} of {counts}; name a book or more words to narrow")
    return said


def _coded(names: Iterable[str], query: str, limit: int) -> SearchResult | None:
    """Return the codes that begin as the query does, where it looks like a code at all."""
    found = {name: lines for name in names if (lines := _by_code(name, query))}
    if not found:
        return None
    whole = [(tier, name, line) for name, lines in found.items() for line, tier in lines.items()]
    whole.sort(key=lambda one: one[0])  # the code itself first; else as the books have them
    hits = tuple(_hit(name, line) for _, name, line in whole[:limit])
    return SearchResult(hits, {name: len(lines) for name, lines in found.items()})


class _Match(NamedTuple):
    """How a line fits one term: the place among the codes meant, and how much is whole words."""

    place: int
    whole: bool


_NOT_MEANT, _ASIDE = 1000, 3
_BY_NUMBER = frozenset(("rxnorm", "ndc", "taxonomy"))  # `drug` and `specialty` have their words


def _all_of(system: str, terms: Sequence[_Term]) -> list[dict[int, _Match]]:
    """Return how the lines that fit every term fit each; nothing where none does.

    The rarest term is looked for first, and the others only where it was found.
    """
    text = _text(system)
    order = sorted(range(len(terms)), key=lambda place: _often(text, terms[place]))
    among: Collection[int] | None = None
    found: dict[int, dict[int, _Match]] = {}
    for place in order:
        found[place] = _matches(system, terms[place], among)
        among = found[place].keys()
        if not among:
            return []
    fitting = among or ()
    return [{line: found[place][line] for line in fitting} for place in range(len(terms))]


def _often(text: _Text, term: _Term) -> int:
    return sum(text.often(way) for way in term.ways)


def _matches(system: str, term: _Term, among: Collection[int] | None = None) -> dict[int, _Match]:
    text = _text(system)
    found: dict[int, _Match] = {}
    for way in term.ways:
        wholes: dict[int, bool] | None = None
        for word in sorted(way, key=lambda one: text.often((one,))) if among is None else way:
            lines = text.lines(word, among if wholes is None else wholes)
            wholes = {line: whole and (wholes is None or wholes[line])
                      for line, whole in lines.items()}  # fmt: skip
        for line, whole in (wholes or {}).items():
            if line not in found or whole > found[line].whole:
                found[line] = _Match(_NOT_MEANT, whole)
    points = [code for book, code in term.points if book == system]
    for place, code in enumerate(points):
        for line in text.below(code):
            if among is not None and line not in among:
                continue
            if line not in found or found[line].place == _NOT_MEANT:
                found[line] = _Match(place, True)
    return found


def _by_code(system: str, query: str) -> dict[int, int]:
    """Return the lines whose code is the query (0), is it with its dot (1), or begins with it."""
    text, want = _text(system), query.strip().lower()
    if len(want) < 2 or not any(sign.isdigit() for sign in want):
        return {}
    found = {line: 0 if text.codes[line].lower() == want else 2 for line in text.below(want)}
    if system == "icd10cm" and re.fullmatch(r"[a-z][a-z0-9]{3,6}", want):
        dotted = f"{want[:3]}.{want[3:]}"  # written without its dot, as claims do
        found |= {line: 1 + (text.codes[line].lower() != dotted) for line in text.below(dotted)}
    if system == "drug" and want.isdigit():  # by a number that another book holds
        found |= {line: 0 for line, whole in text.lines(want).items() if whole}
    return found


def _rank(system: str, line: int, matches: list[dict[int, _Match]]) -> tuple[int, int, int, int]:
    """Return what a line is ordered by: what is meant, whole words, common ones, short texts."""
    fits, text = [found[line] for found in matches if line in found], _text(system)
    return (
        min(fit.place for fit in fits),
        -sum(fit.whole for fit in fits),
        text.rare[line] + _ASIDE * (system in _BY_NUMBER),
        text.size(line),
    )


def _hit(system: str, line: int) -> SearchHit:
    source, code = SOURCES[system], _text(system).codes[line]
    row = source.book().rows[code]
    return SearchHit(system, code, row.display, source.note(row))
