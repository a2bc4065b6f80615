"""Reading a release of ICD-10-CM, combined with the built-in book.

The order file has fixed columns, counted from 1: code 7-13, billable 15, long text from 78 (CMS,
ICD-10 order files). The file of codes has only the billable ones: code, blanks, text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from healthsim.codes.diagnoses import OLDEST, RELEASE, DiagnosisCode, Icd10cm, dotted
from healthsim.errors import Refused
from healthsim.reference.book_content import BookContent, Row
from healthsim.reference.csv_source import CsvSource
from healthsim.reference.scan import at_line

_ORDER = re.compile(r"(?P<number>\d{5,6}) (?P<code>[A-Z][0-9A-Z]{2,6}) *(?P<leaf>[01]) ")
_LISTED = re.compile(r"(?P<code>(?=\S*\d)[A-Z][0-9A-Z]{2,6})[ \t,]+(?P<text>\S.*)")
_TEXT = 77  # position of the long text in an order file
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_CATEGORY = 3
_AGAIN = "download it again from its publisher"


def read(source: CsvSource, as_of: str) -> BookContent:
    """Return every code of a release, and the built-in codes that it lacks as retired.

    Raises:
        Refused: a line is not valid, a code is listed twice, or the release is unknown or older
            than the built-in one.
    """
    release = _release(source.name, as_of)
    if release < RELEASE:
        raise Refused(
            source.shown,
            f"is the release of {release}, and the built-in book is of {RELEASE}",
            "give a newer one; the built-in book has the older codes, with their days",
        )
    entries = _entries(source)
    book = _CombinedRelease(Icd10cm(), entries, release)
    rows = [*book.of_release(), *book.of_earlier()]
    return BookContent(
        f"ICD-10-CM, release of {release}",
        rows,
        {"release": release.isoformat(), "billable": sum(leaf for leaf, _ in entries.values()),
         "new": book.new, "retired": book.retired},
    )  # fmt: skip


_Entries = Mapping[str, tuple[bool, str]]
"""Code with its dot -> whether it is billable, and its text."""


def _release(name: str, as_of: str) -> date:
    """Return the first day of a release, as the caller states it or by the name of its file.

    >>> _release("icd10cm-order-2027.txt", ""), _release("icd10cm-order-April-2027.txt", "")
    (datetime.date(2026, 10, 1), datetime.date(2027, 4, 1))
    """
    text = as_of or name
    if day := re.search(r"(20\d\d)-(\d\d)-(\d\d)", text):
        return date(int(day[1]), int(day[2]), int(day[3]))
    match = re.search(r"(?:([a-z]{3})[a-z]*[-_ ]?(?:\d{1,2}[-_, ]+)?)?(20\d\d)", text.lower())
    if match is None:
        raise Refused(name, "does not state its release",
                      "state its first day: --as-of 2026-10-01")  # fmt: skip
    year, month = int(match[2]), match[1] or ""
    if month in _MONTHS:
        return date(year, _MONTHS.index(month) + 1, 1)
    return date(year - 1, 10, 1)  # a year alone is the fiscal year


def _entries(source: CsvSource) -> _Entries:
    lines = source.path.read_text(encoding="utf-8-sig").splitlines()
    if _LISTED.match(lines[0]) is None and "code" in lines[0].lower():
        lines[0] = ""  # a header
    first = next((line for line in lines if line.strip()), "")
    entries: dict[str, tuple[bool, str]] = {}
    reader = _ordered if _ORDER.match(first) else _listed
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        code, leaf, text = reader(source, number, line, number == len(lines))
        if dotted(code) in entries:
            raise Refused(at_line(source.shown, number), f"code {code} is in it twice", _AGAIN)
        entries[dotted(code)] = (leaf, text)
    _refuse_cut(source, lines)
    return entries


def _ordered(source: CsvSource, number: int, line: str, last: bool) -> tuple[str, bool, str]:
    match, text = _ORDER.match(line), line[_TEXT:].strip()
    if match is None or not text:
        found = "is not a line of an order file: number, code, 0 or 1, short and long text"
        raise Refused(
            at_line(source.shown, number),
            "the last line is incomplete: the file is cut off" if last else found,
            _AGAIN,
        )
    return match["code"], match["leaf"] == "1", text


def _listed(source: CsvSource, number: int, line: str, last: bool) -> tuple[str, bool, str]:
    match = _LISTED.fullmatch(line.rstrip())
    if match is None:
        found = "is not a code with its text"
        raise Refused(
            at_line(source.shown, number),
            "the last line is incomplete: the file is cut off" if last else found,
            "give icd10cm-order-YYYY.txt or icd10cm-codes-YYYY.txt as CMS ships them",
        )
    return match["code"], True, match["text"].strip().strip('"')


def _refuse_cut(source: CsvSource, lines: list[str]) -> None:
    """Refuse a file whose last line has no line end: its text may be cut off."""
    if not source.path.read_bytes().endswith((b"\n", b"\r")):
        raise Refused(
            at_line(source.shown, len(lines)),
            "the last line has no line end: the file may be cut off",
            f"{_AGAIN}, or end it with a line break if it is whole",
        )


@dataclass
class _CombinedRelease:
    """A release combined with the built-in book."""

    book: Icd10cm
    entries: _Entries
    release: date
    new: int = 0
    retired: int = 0

    def of_release(self) -> Iterator[Row]:
        """Yield the codes of the release, and the categories above them that it lacks."""
        for code, (leaf, text) in self.entries.items():
            known = self.book.entry(code)
            if known is not None and known.valid_on(RELEASE) == leaf:
                yield _row(code, text, known, leaf=leaf, begin=known.valid_from)
            else:
                self.new += leaf
                similar = known or self._by_neighbours(code)
                was_billable = known is not None and known.valid_on(RELEASE)
                yield _row(code, text, similar, leaf=leaf, begin=self.release.isoformat(),
                           until=self._last_day() if was_billable else "")  # fmt: skip
        for code in dict.fromkeys(code[:_CATEGORY] for code in self.entries):
            if code not in self.entries and self.book.entry(code) is None:
                yield code, f"Category {code}", "header;is=other"

    def of_earlier(self) -> Iterator[Row]:
        """Yield the built-in codes that the release lacks; those in use until now are retired."""
        for row in self.book.every():
            if row.code in self.entries:
                continue
            if row.valid_on(RELEASE):
                self.retired += 1
                yield _row(row.code, row.display, row, leaf=True, begin=row.valid_from,
                           until=self._last_day())  # fmt: skip
            else:
                yield _row(row.code, row.display, row, leaf=not row.header, begin=row.valid_from,
                           until=row.valid_until)  # fmt: skip

    def _last_day(self) -> str:
        return (self.release - timedelta(days=1)).isoformat()

    def _by_neighbours(self, code: str) -> DiagnosisCode | None:
        """Return a row with the properties that the nearest known codes have in common."""
        for size in range(len(code) - 1, _CATEGORY - 1, -1):
            rows = list(self.book.below(code[:size].rstrip("."), RELEASE))
            if rows:
                first = rows[0]
                common = {
                    name: getattr(first, name)
                    for name in ("category", "chronic", "sex", "age_low", "age_high")
                    if len({getattr(row, name) for row in rows}) == 1
                }
                default = DiagnosisCode(code, "", first.category, False, "", 0, OLDEST)
                return default._replace(**common)
        return None


def _row(
    code: str, text: str, known: DiagnosisCode | None, *, leaf: bool, begin: str, until: str = ""
) -> Row:
    facts = {"is": known.category if known else "other"}
    if not leaf:
        facts["header"] = ""
    if begin:
        facts["from"] = begin
    if until:
        facts["until"] = until
    if known is not None:
        facts |= _facts_of(known)
    return (
        code,
        text,
        ";".join(f"{name}={value}" if value else name for name, value in facts.items()),
    )


def _facts_of(known: DiagnosisCode) -> dict[str, str]:
    """Return the facts of a code in the built-in book, without its text and days."""
    facts = {
        name: "" for name in ("chronic", "manifestation", "common", "gone") if getattr(known, name)
    }
    if known.sex:
        facts["sex"] = known.sex
    if (known.age_low, known.age_high) != (0, OLDEST):
        facts["age"] = f"{known.age_low}-{known.age_high}"
    if known.successors:
        facts["now"] = ",".join(known.successors)
    return facts
