"""Looks codes up by words, by a code or by a condition, and judges whole lists of codes."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from difflib import get_close_matches
from typing import Any, NamedTuple

from healthsim.codes.classify import SYSTEMS, CodeVerdict, classify, system_of
from healthsim.codes.forms import LONGEST, read_sex, system_of_form
from healthsim.codes.icd10cm import icd10cm
from healthsim.codes.links import goes_with
from healthsim.codes.procedures import procedure_system
from healthsim.codes.search import SearchHit, SearchResult, remarks, search
from healthsim.codes.search_books import ALIASES
from healthsim.errors import NotFound, Refused
from healthsim.operations import visit_codes

VERDICT = ("said", "system", "status", "code", "display", "found_in", "suggestions", "detail")
"""Columns of a judged code."""

TOGETHER = ("kind", "system", "code", "display")
"""Columns of what goes with a condition."""

_GOES_WITH = re.compile(
    r"\s*(?:what\s+)?(?:goes|go|belongs)\s+with\s+(.+?)\s*\??\s*", re.IGNORECASE
)
_OLDEST = 150
_LONGEST_QUERY = 400


@dataclass(frozen=True, slots=True)
class LookupResult:
    """The result of a look-up, as rows.

    Attributes:
        columns: names of the values of each row.
        rows: the best first.
        note: remarks for the reader; empty if there are none.
        judged: the verdict, if the query was a code.
        partly: no code fits all the words.
        unmatched: words that no text holds, so that the rows are similar at most.
    """

    columns: Sequence[str]
    rows: list[list[Any]]
    note: str = ""
    judged: CodeVerdict | None = None
    partly: bool = False
    unmatched: Sequence[str] = ()


def look(query: str, book: str = "", limit: int = 8, where: str = "system") -> LookupResult:
    """Look codes up: by words, by a code or its beginning, or "what goes with E11".

    Args:
        query: words, a code or its beginning, or "what goes with" a condition.
        book: only this code book.
        limit: most rows.
        where: what the caller calls `book`, for the error.

    Raises:
        NotFound: no such book, or nothing fits; the error says what to try.
        Refused: the query is too long.
    """
    if len(query) > _LONGEST_QUERY:
        raise Refused(
            "query", f"has {len(query):,} characters", "ask in a few words, or for one code"
        )
    if condition := _GOES_WITH.fullmatch(query):
        return _linked_codes(condition[1], limit)
    try:
        result = search(query, [book] if book else (), limit, where)
    except NotFound as error:
        judged = _judged(query, book)
        if judged is None or error.problem.where == where:
            raise
        if judged.status == "valid":
            row = [judged.system, judged.code, judged.display, judged.detail]
            return LookupResult(SearchHit._fields, [row], "", judged)
        return LookupResult(
            SearchHit._fields, _suggested(judged), f"{judged.found}; {judged.mend}", judged
        )
    judged = _judged(query, book) if _is_code(query, result) else None
    notes = remarks(result)
    if judged is not None and not judged.as_written:
        notes.insert(0, f"{judged.found}; {judged.mend}")
    if of_visits := visit_codes.note(query):
        notes.insert(0, of_visits)
    return LookupResult(
        SearchHit._fields, [list(hit) for hit in result.hits], "; ".join(notes), judged,
        result.partly or bool(result.unmatched), result.unmatched,
    )  # fmt: skip


def _is_code(query: str, result: SearchResult) -> bool:
    wanted_code = _bare(query)
    return any(_bare(hit.code).startswith(wanted_code) for hit in result.hits)


def _judged(query: str, book: str) -> CodeVerdict | None:
    """Judge a query that may be a code: one word with a digit in it."""
    word = query.strip()
    if not re.fullmatch(r"(?=\S*\d)\S{2,40}", word):
        return None
    name = ALIASES.get(book.strip().lower(), book.strip().lower())
    return judge(word, name if name in SYSTEMS else "")


def _suggested(verdict: CodeVerdict) -> list[list[Any]]:
    entry = SYSTEMS[verdict.system].entry
    return [[verdict.system, code, entry(code).display, ""] for code in verdict.suggestions]


def judge(
    code: str,
    system: str = "",
    *,
    sex: str | None = None,
    age: float | None = None,
    on: date | None = None,
) -> CodeVerdict:
    """Judge a code; where no system is named, by the system that it seems to belong to.

    Raises:
        NotFound: there is no such system.
    """
    return classify(system or system_of_code(code), code, sex=sex, age=age, on=on)


def system_of_code(code: str) -> str:
    """Return the system that holds a code as it is written, else the one whose form it has.

    A mistake in a code is corrected only within the system of its form: E11.90 is no HCPCS
    E1190, for a dot is a sign of ICD-10-CM.

    >>> [system_of_code(code) for code in ("E11.9", "4548-4", "E1I.9", "E11.90", "E1190")]
    ['icd10cm', 'loinc', 'icd10cm', 'icd10cm', 'hcpcs']
    """
    if len(code) > LONGEST:
        return "icd10cm"
    written = code.strip().upper()
    for name, code_system in SYSTEMS.items():
        if code_system.entry(code) is not None or code_system.entry(written) is not None:
            return name
    if procedure_system(written) == "CPT":
        return "cpt"
    for name, code_system in SYSTEMS.items():
        if code_system.entry(code_system.corrected(written)) is not None:
            return name
    if alone := system_of_form(written):
        return alone
    return next(
        (name for name, system_ in SYSTEMS.items() if system_.shape.fullmatch(written)),
        "icd10cm",
    )


def _bare(code: str) -> str:
    return re.sub(r"[\s.-]", "", code).upper()


def row_of(verdict: CodeVerdict) -> list[Any]:
    """Return a judged code as a row of `VERDICT`; suggestions are a list."""
    return [verdict.said, verdict.system, verdict.status, verdict.code, verdict.display,
            verdict.found_in, list(verdict.suggestions), verdict.detail]  # fmt: skip


class CodeQuery(NamedTuple):
    """One code to be judged, with the sex and age of the person and the day, if known."""

    code: str
    system: str = ""
    sex: str | None = None
    age: float | None = None
    on: date | None = None


@dataclass(frozen=True, slots=True)
class QueryDefaults:
    """Values for the columns that a row of a file leaves empty."""

    system: str = ""
    sex: str | None = None
    age: float | None = None
    on: date | None = None


def judge_all(queries: Iterable[CodeQuery]) -> Iterator[CodeVerdict]:
    """Judge codes one by one, in their order; a repeated one is judged once."""
    verdicts: dict[CodeQuery, CodeVerdict] = {}
    for query in queries:
        if query not in verdicts:
            verdicts[query] = judge(
                query.code, query.system, sex=query.sex, age=query.age, on=query.on
            )
        yield verdicts[query]


_COLUMNS = ("code", "system", "sex", "age", "on")


def read_codes(name: str, text: str, usual: QueryDefaults) -> list[CodeQuery]:
    """Read a CSV file of codes: a column ``code``, and if wanted system, sex, age and on.

    Other columns and lines without a value are skipped.

    Args:
        name: what the file is called, for messages.
        text: its text.
        usual: values for what a row leaves empty.

    Raises:
        Refused: a column is missing or its name is misspelt, or a value is not valid; the error
            says in which line.
    """
    lines = csv.reader(text.removeprefix("\ufeff").splitlines(), strict=True)
    try:
        header = [cell.strip().lower() for cell in next(lines, [])]
        _refuse_columns(f"{name}, line 1", header)
        return [
            _query_of(
                f"{name}, line {lines.line_num}", dict(zip(header, line, strict=False)), usual
            )
            for line in lines
            if any(map(str.strip, line)) and _has_all(name, lines.line_num, line, header)
        ]
    except csv.Error as error:
        mend = "mend the line, or give one code a line under the header code"
        raise Refused(f"{name}, line {lines.line_num}", f"is no CSV ({error})", mend) from None


def _refuse_columns(where: str, header: list[str]) -> None:
    meant = {cell: _meant_column(cell) for cell in header if cell not in _COLUMNS}
    mistaken = [(cell, column) for cell, column in meant.items() if column]
    if "code" not in header:
        found = f"has no column code but {', '.join(header)[:80] or 'nothing'}"
        raise Refused(where, found, "begin with a line of column names: code, and if wanted "
                      "system, sex, age, on")  # fmt: skip
    if mistaken:
        cell, column = mistaken[0]
        raise Refused(where, f"has a column {cell!r}, which is not known",
                      f"call it {column!r}, or leave it out")  # fmt: skip


def _meant_column(cell: str) -> str:
    """Return the known column that a name misspells, so that it is not skipped silently.

    >>> [_meant_column(cell) for cell in ("gender", "sytem", "note", "member_id", "charge")]
    ['sex', 'system', '', '', '']
    """
    if cell == "gender":
        return "sex"
    return next(iter(get_close_matches(cell, _COLUMNS, 1, _NEARLY)), "")


_NEARLY = 0.85  # of a name's letters, as difflib counts them


def _has_all(name: str, number: int, line: list[str], header: list[str]) -> bool:
    if len(line) != len(header):
        raise Refused(f"{name}, line {number}", f"has {len(line)} fields, the header {len(header)}",
                      "give each line as many fields as the header")  # fmt: skip
    return True


def _query_of(where: str, row: dict[str, str], usual: QueryDefaults) -> CodeQuery:
    code = row["code"].strip()
    if not code:
        raise Refused(where, "has no code", "fill it in, or remove the line")
    return CodeQuery(
        code,
        system_named(row.get("system", ""), where) or usual.system,
        sex_of(row.get("sex", ""), where) or usual.sex,
        usual.age if (age := age_of(row.get("age", ""), where)) is None else age,
        day_of(row.get("on", ""), where) or usual.on,
    )


def system_named(text: str, where: str) -> str:
    """Return the name that HealthSim uses for a system; empty where none is named."""
    name = text.strip().lower()
    name = ALIASES.get(name, name)
    if name:
        system_of(name, where)
    return name


def sex_of(text: str, where: str) -> str | None:
    """Return M or F, or None for an empty text."""
    return read_sex(text, where)


def age_of(text: str, where: str) -> float | None:
    """Return an age in years, or None for an empty text."""
    if not text.strip():
        return None
    if not re.fullmatch(r"\d{1,3}(\.\d+)?", text.strip()) or float(text) > _OLDEST:
        raise Refused(where, f"age is {text[:20]!r}", "write it in years, such as 67")
    return float(text)


def day_of(text: str, where: str) -> date | None:
    """Return a day, or None for an empty text."""
    if not text.strip():
        return None
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise Refused(where, f"day is {text[:20]!r}", "write it as 2026-01-31") from None


@dataclass(frozen=True, slots=True)
class RelatedCodes:
    """What goes with a condition.

    Attributes:
        code: the diagnosis, or the beginning of diagnoses.
        display: its name.
        rows: as `TOGETHER` says, those that go with the narrowest group of codes first.
        sources: guidelines that the links follow, or assumptions.
    """

    code: str
    display: str
    rows: list[list[str]] = field(default_factory=list)
    sources: tuple[str, ...] = ()


def related_codes(query: str) -> RelatedCodes:
    """Return labs, drugs, procedures, specialties and diagnoses that go with a condition.

    Args:
        query: an ICD-10-CM code or its beginning, or a condition in words.

    Raises:
        NotFound: there is no such condition, or no code is linked with it.
    """
    code = _condition(query)
    links = goes_with(code)
    if not links.conditions:
        raise NotFound(f"what goes with {query!r}", f"no code is linked with {code}",
                       "look its labs and drugs up by words instead")  # fmt: skip
    books = (("lab", "loinc", links.labs), ("drug", "drug", links.drugs),
             ("procedure", "", links.procedures), ("specialty", "specialty", links.specialties),
             ("also has", "icd10cm", links.comorbid))  # fmt: skip
    rows = [
        [
            kind,
            system or system_of_code(member),
            member,
            _display(system or system_of_code(member), member),
        ]
        for kind, system, held in books
        for member in held
    ]
    entry = icd10cm().entry(code)
    return RelatedCodes(
        code, entry.display if entry else links.conditions[0].display, rows, links.sources
    )


def _condition(query: str) -> str:
    """Return the diagnosis code that is meant by a code, its beginning, or words."""
    word = query.strip().upper()
    if re.fullmatch(r"(?=.*\d)[A-Z][0-9A-Z]{2}(\.?[0-9A-Z]{1,4})?", word):
        verdict = classify("icd10cm", word)
        if verdict.status in ("unknown", "wrong_system"):
            raise NotFound(f"what goes with {query!r}", verdict.found, verdict.mend)
        return verdict.code
    return search(query, ["icd10cm"], 1).hits[0].code


def _display(system: str, code: str) -> str:
    if system == "specialty":
        return code
    entry = SYSTEMS[system].entry(code)
    return entry.display if entry is not None else ""


def _linked_codes(query: str, limit: int) -> LookupResult:
    """Return what goes with a condition, some of every kind where there are too many."""
    related = related_codes(query)
    kinds = list(dict.fromkeys(row[0] for row in related.rows))
    most = max(2, limit // max(1, len(kinds)))
    shown = [
        row for kind in kinds for row in [row for row in related.rows if row[0] == kind][:most]
    ]
    more = f"; {len(shown)} of {len(related.rows)} shown, raise limit for more"
    note = f"goes with {related.code} ({related.display}); source: {', '.join(related.sources)}"
    return LookupResult(TOGETHER, shown, note + more * (len(shown) < len(related.rows)))
