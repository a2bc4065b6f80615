"""Diagnoses: every ICD-10-CM code since October 2015, with the days on which it is billable."""

from __future__ import annotations

from collections.abc import ItemsView, Iterator, Mapping, ValuesView
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from healthsim.codes import imported_books
from healthsim.codes.books import CodeBook
from healthsim.codes.nearest import CodeIndex, nearest
from healthsim.codes.sorted_text import SortedText
from healthsim.errors import NotFound

_FILE = Path(__file__).parent / "data" / "icd10cm.txt"
RELEASE = date(2026, 4, 1)
"""First day of the built-in release."""
OLDEST = 124  # the Medicare Code Editor's upper age limit, years


@imported_books.cached_per_shelf
def release() -> date:
    """Return the first day of the release in use; later days are treated as that day."""
    imported = imported_books.imported_book("icd10cm")
    return date.fromisoformat(str(imported.checks["release"])) if imported else RELEASE


class DiagnosisCode(NamedTuple):
    """One code of the classification.

    Attributes:
        display: the text of the classification.
        category: our name of the group, e.g. ``"diabetes"``.
        chronic: whether the condition stays once it has begun.
        sex: ``"M"`` or ``"F"`` where only one sex can have it, else ``""``.
        age_low: youngest age in years that can have it.
        age_high: oldest age in years that can have it.
        header: whether it is above other codes and not billable now.
        valid_from: first day on which it was billable, ISO; ``""`` from October 2015 on.
        valid_until: last such day; ``""`` if it still is. A header with a last day was billable
            until then.
        gone: a header of an older release with no codes below it now.
        successors: the codes that replaced it, if it is retired.
        manifestation: never the first diagnosis; the code of its cause comes first.
        common: one of the codes that we reviewed one by one.
    """

    code: str
    display: str
    category: str
    chronic: bool
    sex: str
    age_low: int
    age_high: int
    header: bool = False
    valid_from: str = ""
    valid_until: str = ""
    gone: bool = False
    successors: tuple[str, ...] = ()
    manifestation: bool = False
    common: bool = False

    @property
    def billable(self) -> bool:
        """Whether it is billable on some day, perhaps not now."""
        return not self.header or self.valid_until != ""

    def valid_on(self, day: date) -> bool:
        """Tell whether it is billable on a day, from October 2015 on."""
        text = min(day, release()).isoformat()
        return self.billable and self.valid_from <= text <= (self.valid_until or text)


class Icd10cm(CodeBook[DiagnosisCode]):
    """The diagnosis codes, by code with its dot.

    `rows` and `codes` are the codes that are billable today, about 74,700: iterate over them only
    if all are needed. `in` and `find` also have formerly billable codes; `entry` has all codes.
    """

    def __init__(self, path: Path = _FILE) -> None:
        self._text = SortedText(path)
        self.entry = lru_cache(maxsize=8_192)(self._entry)
        super().__init__("ICD-10-CM", _Rows(self))

    def __contains__(self, code: object) -> bool:
        row = self.entry(code) if isinstance(code, str) else None
        return row is not None and row.billable

    def find(self, code: str, where: str) -> DiagnosisCode:
        """Return the row of a code that is or was billable.

        Raises:
            NotFound: there is no such code, or it is only a header; with the nearest ones.
        """
        row = self.entry(code)
        if row is None or not row.billable:
            raise NotFound(where, f"{self.system} has no code {code!r} here", self._mend(code))
        return row

    def row(self, code: str) -> DiagnosisCode:
        """Return the row of a code, or default values for a code that is not in the book."""
        return self.entry(code) or DiagnosisCode(code, code, "", True, "", 0, OLDEST)

    def sex(self, code: str) -> str:
        """Return the only sex that can have `code`, or ``""``."""
        return self.row(code).sex

    def below(self, prefix: str, day: date | None = None) -> Iterator[DiagnosisCode]:
        """Yield the codes with a prefix that are billable on a day, in order."""
        on = day or release()
        for line in self._text.below(prefix):
            row = self.entry(line[0])
            if row is not None and row.valid_on(on):
                yield row

    def begins(self, prefix: str) -> bool:
        """Tell whether a code that is or was billable has a prefix."""
        lines = self._text.below(prefix)
        return prefix != "" and any(line[0] in self for line in lines)

    def every(self) -> Iterator[DiagnosisCode]:
        """Yield every row in order: headers and retired codes too."""
        above: list[tuple[str, str]] = []
        category = ""
        for code, text, *rest in self._text.since():
            while above and not code.startswith(above[-1][0]):
                above.pop()
            display = _display(text, above[-1][1] if above else "")
            if not rest:
                yield DiagnosisCode(code, display, category, False, "", 0, OLDEST)
                continue
            facts = _facts(rest[0])
            if len(code) == _CATEGORY:
                category = facts["is"]
            if "header" in facts and "gone" not in facts:
                above.append((code, display))
            yield _row(code, display, facts, category)

    def texts(self) -> Iterator[tuple[str, str, bool]]:
        """Yield (code, text, whether it is common) of every code that is billable today."""
        above: list[tuple[str, str]] = []
        for code, text, *rest in self._text.since():
            while above and not code.startswith(above[-1][0]):
                above.pop()
            display = _display(text, above[-1][1] if above else "")
            facts = rest[0] if rest else ""
            if "header" in facts:
                if "gone" not in facts:
                    above.append((code, display))
            elif "until=" not in facts and "gone" not in facts:
                yield code, display, "common" in facts

    def index_on(self, day: date | None = None) -> CodeIndex:
        """Return the codes that are billable on a day, for the search of near ones."""
        on = day or release()

        def whole(bare: str) -> str | None:
            row = self.entry(dotted(bare))
            return row.code if row is not None and row.valid_on(on) else None

        def below(bare: str) -> Iterator[str]:
            return (row.code for row in self.below(dotted(bare), on))

        return CodeIndex(bare=without_dot, whole=whole, below=below, weight=self._weight)

    def _entry(self, code: str) -> DiagnosisCode | None:
        """Return the row of any code, also of a header; None if there is none."""
        line = self._text.find(code)
        if line is None:
            return None
        facts = _facts(line[2] if line[2:] else "")
        category = facts.get("is", "")
        if not category:
            group = self.entry(code[:_CATEGORY])
            category = group.category if group is not None else ""
        above = self._above(code) if line[1].startswith("^") else None
        display = _display(line[1], above.display if above is not None else "")
        return _row(code, display, facts, category)

    def _above(self, code: str) -> DiagnosisCode | None:
        for size in range(len(code) - 1, _CATEGORY - 1, -1):
            row = self.entry(code[:size])
            if row is not None and row.header and not row.gone:
                return row
        return None

    def _weight(self, code: str) -> int:
        row = self.entry(code)
        if row is None:
            return 0
        unspecified = code.endswith("9") and not code.endswith("99")
        first_treatment = len(code) == _LONGEST and code.endswith("A")
        return 2 * row.common + (unspecified or first_treatment)

    def _mend(self, code: str) -> str:
        near_codes = nearest(self.index_on(), code)
        if self.entry(code) is not None:
            return f"state a billable code below it, such as {', '.join(near_codes[:3])}"
        suggested = " or ".join(repr(near_code) for near_code in near_codes[:3])
        return (
            f"did you mean {suggested}?" if near_codes else "known: the codes of the classification"
        )


_CATEGORY, _LONGEST = 3, 8  # characters of a category, and of the longest code with its dot


def without_dot(code: str) -> str:
    """Return the bare form of a code: upper case, without its dot."""
    return code.strip().upper().replace(".", "")


def dotted(bare: str) -> str:
    """Return a bare code with its dot."""
    return bare if len(bare) <= _CATEGORY else f"{bare[:_CATEGORY]}.{bare[_CATEGORY:]}"


def _facts(text: str) -> dict[str, str]:
    return dict(part.partition("=")[::2] for part in text.split(";") if part)


def _display(text: str, above: str) -> str:
    if text == "^?":
        return f"{above} (retired; its own text is not held here)"
    return above + text[1:] if text.startswith("^") else text


def _row(code: str, display: str, facts: Mapping[str, str], category: str) -> DiagnosisCode:
    low, _, high = facts.get("age", "").partition("-")
    return DiagnosisCode(
        code=code,
        display=display,
        category=facts.get("is", category),
        chronic="chronic" in facts,
        sex=facts.get("sex", ""),
        age_low=int(low or 0),
        age_high=int(high or OLDEST),
        header="header" in facts,
        valid_from=facts.get("from", ""),
        valid_until=facts.get("until", ""),
        gone="gone" in facts,
        successors=tuple(successor for successor in facts.get("now", "").split(",") if successor),
        manifestation="manifestation" in facts,
        common="common" in facts,
    )


class _Rows(Mapping[str, DiagnosisCode]):
    """The codes that are billable today, read from the text when they are needed."""

    def __init__(self, book: Icd10cm) -> None:
        self._book = book

    def __getitem__(self, code: str) -> DiagnosisCode:
        row = self._book.entry(code)
        if row is None or not row.valid_on(release()):
            raise KeyError(code)
        return row

    def __iter__(self) -> Iterator[str]:
        return (row.code for row in self._all())

    def __len__(self) -> int:
        return sum(1 for _ in self._all())

    def items(self) -> ItemsView[str, DiagnosisCode]:
        return {row.code: row for row in self._all()}.items()

    def values(self) -> ValuesView[DiagnosisCode]:
        return {row.code: row for row in self._all()}.values()

    def _all(self) -> Iterator[DiagnosisCode]:
        return (row for row in self._book.every() if not (row.header or row.valid_until))


@imported_books.cached_per_shelf
def icd10cm() -> Icd10cm:
    """Return the diagnosis codes of the imported release, or else of the built-in one.

    >>> icd10cm().display("E11.9")
    'Type 2 diabetes mellitus without complications'
    """
    imported = imported_books.imported_book("icd10cm")
    return Icd10cm(imported.path if imported else _FILE)


def contradicts_sex(code: str, sex: str) -> bool:
    """Tell whether a diagnosis is impossible for a sex.

    >>> contradicts_sex("C61", "F"), contradicts_sex("C61", "M"), contradicts_sex("I10", "F")
    (True, False, False)
    """
    row = icd10cm().entry(code)
    return row is not None and row.sex != "" and sex in ("M", "F") and sex != row.sex
