"""The verdict about a code: valid in its system, or why not, and what was likely meant.

Checks, tools and the command line all use it, so they agree.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from typing import Any, Literal, NamedTuple, TypeAlias

from healthsim.codes import books, imported_books
from healthsim.codes.diagnoses import DiagnosisCode, dotted, icd10cm, release, without_dot
from healthsim.codes.drugs import drugs, ndc, rxnorm
from healthsim.codes.forms import (
    LONGEST,
    eleven_digits,
    is_icd9,
    quoted,
    read_age,
    read_sex,
    system_of_form,
)
from healthsim.codes.icd10pcs import icd10pcs
from healthsim.codes.loinc import loinc
from healthsim.codes.nearest import CodeIndex, nearest, related
from healthsim.codes.procedures import procedure_system
from healthsim.errors import NotFound, Problem, near

Status: TypeAlias = Literal[
    "valid", "header", "retired", "not_yet", "unknown", "wrong_sex", "wrong_age", "wrong_system"
]


@dataclass(frozen=True, slots=True)
class CodeVerdict:
    """The verdict about a code.

    Attributes:
        system: name of the system that was asked for, e.g. ``"icd10cm"``.
        said: the code as it was written.
        status: ``"valid"``, or why it cannot be used.
        code: the code as its book writes it; ``""`` where no book has it.
        display: its text, if known.
        found_in: another system that has it.
        suggestions: the codes of the system that were likely meant, best first.
        detail: a further fact, as a sentence without its full stop.
    """

    system: str
    said: str
    status: Status
    code: str = ""
    display: str = ""
    found_in: str = ""
    suggestions: tuple[str, ...] = ()
    detail: str = ""

    @property
    def as_written(self) -> bool:
        """Whether it is valid and written as its book writes it."""
        return self.status == "valid" and self.code == self.said

    @property
    def well_formed(self) -> bool:
        """Whether it has the form of codes of its system, in the book or not."""
        shape = SYSTEMS[self.system].shape
        return shape.fullmatch(self.said) is not None

    @property
    def found(self) -> str:
        """The fault, as a sentence."""
        name, said = SYSTEMS[self.system].title, quoted(self.said)
        if self.status == "valid":
            return f"{name} writes {said} as {self.code}"
        if self.status == "unknown":
            other = f"; {self.detail}" if self.detail else ""
            return f"{name} has no code {said} here{other}"
        if self.status == "wrong_system":
            evidence = "one" if self.code else "has the form of one"
            return (
                f"{said} is not a code of {name} but {evidence} of {SYSTEMS[self.found_in].title}"
            )
        return f"{self.code} ({self.display}) {self.detail}"

    @property
    def mend(self) -> str:
        """What to do instead."""
        suggested = [repr(code) for code in self.suggestions]
        if self.status == "valid":
            return f"write {self.code!r}"
        if self.status == "header" and suggested:
            return f"state a billable code below it, such as {', '.join(suggested)}"
        if self.status in ("wrong_sex", "wrong_age"):
            return "remove it, or state it only for those who can have it"
        if self.status == "retired" and suggested:
            return f"use {' or '.join(suggested)}"
        if self.status == "not_yet":
            return "use the code of that time, or a later day"
        if suggested:
            return f"did you mean {' or '.join(suggested)}?"
        if self.detail == _OLD:
            return (
                "translate it by CMS's general equivalence mappings, or find the condition by words"
            )
        return f"look it up in {SYSTEMS[self.system].title}"

    def problem(self, where: str) -> Problem:
        """Return the verdict as a problem of a document."""
        return Problem(where, self.found, self.mend)


@dataclass(frozen=True, slots=True)
class CodeSystem:
    """One code system.

    Attributes:
        title: the field's name of it.
        shape: the form of its codes.
        entry: row of a code as it is written, or None.
        index: the codes that can be used on a day, for the search of near ones.
        corrected: a code as its book writes it, if only its case, or the dot or dashes of its
            form, were wrong; else ``""``.
    """

    title: str
    shape: re.Pattern[str]
    entry: Callable[[str], Any]
    index: Callable[[date], CodeIndex]
    corrected: Callable[[str], str]


def classify(
    system: str,
    code: str,
    *,
    sex: str | None = None,
    age: float | None = None,
    on: date | None = None,
) -> CodeVerdict:
    """Return the verdict about a code.

    Args:
        system: a name of `SYSTEMS`.
        code: as it was written; case, and the dot and dashes of the system's form, do not matter.
        sex: of the person, ``"M"`` or ``"F"`` or the words, if known.
        age: of the person in years, if known.
        on: the day on which it would be used; by default that of the book's release.

    Raises:
        NotFound: there is no such system.
        Refused: the sex or the age is not valid.

    >>> classify("icd10cm", "E11").status, classify("icd10cm", "C61", sex="F").status
    ('header', 'wrong_sex')
    >>> classify("icd10cm", "I1O").suggestions
    ('I10',)
    """
    code_system, sex, age = system_of(system), read_sex(sex), read_age(age)
    if len(code) > LONGEST:
        return CodeVerdict(system, code, "unknown")
    if system == "cpt" and not books.cpt().rows:
        return _by_form(code)
    entry, in_book = code_system.entry(code), code
    if entry is None:
        if foreign := _foreign(system, code):
            return foreign
        in_book = code_system.corrected(code)
        entry = code_system.entry(in_book)
    if entry is None:
        return _not_in_book(system, code, on or release())
    if isinstance(entry, DiagnosisCode):
        return _diagnosis(code, entry, sex, age, on or release())
    return CodeVerdict(system, code, "valid", in_book, entry.display)


def _foreign(system: str, code: str) -> CodeVerdict | None:
    """Return the verdict about a code as it is written, if another system has it."""
    code_system, old = SYSTEMS[system], system == "icd10cm" and is_icd9(code)
    if not _well_formed(system, code) and (other := _elsewhere(system, code)):
        row = SYSTEMS[other].entry(code)
        display = row.display if row is not None else ""
        near_codes = () if old else nearest(code_system.index(release()), code)
        return CodeVerdict(system, code, "wrong_system", code, display, other, near_codes)
    return CodeVerdict(system, code, "unknown", detail=_OLD) if old else None


def _not_in_book(system: str, code: str, on: date) -> CodeVerdict:
    """Return the verdict about a code that its book does not have, corrected or not."""
    if not _well_formed(system, code) and (other := system_of_form(code)) not in ("", system):
        return CodeVerdict(system, code, "wrong_system", found_in=other, detail="by its form")
    if system == "drg" and (group := _retired_groups().get(code)):
        return _retired_group(code, group, on)
    return _unknown(system, code)


def _well_formed(system: str, code: str) -> bool:
    """Tell whether a code has the form of a system, or is a short code with one wrong character."""
    code_system = SYSTEMS[system]
    if code_system.shape.fullmatch(code):
        return True
    return system in _SHORT and _one_sign_off(code_system, code)


def _by_form(code: str) -> CodeVerdict:
    """Return the verdict about a CPT code by its form, for no list of them was imported."""
    if SYSTEMS["cpt"].shape.fullmatch(code):
        return CodeVerdict(
            "cpt", code, "valid", code, detail="by its form; no CPT list is imported"
        )
    return _unknown("cpt", code)


def suggest(system: str, text: str, *, on: date | None = None) -> tuple[str, ...]:
    """Return the five codes of a system that were most likely meant by a text, best first.

    >>> suggest("icd10cm", "I1O"), suggest("loinc", "4548-5")[0]
    (('I10',), '4548-4')
    """
    return nearest(system_of(system).index(on or release()), text)


def system_of(name: str, where: str = "system") -> CodeSystem:
    """Return a code system by its name here.

    Raises:
        NotFound: there is no such system.
    """
    if name not in SYSTEMS:
        raise NotFound(where, f"there is no code system {name[:40]!r}", near(name, SYSTEMS))
    return SYSTEMS[name]


def _diagnosis(
    said: str, row: DiagnosisCode, sex: str | None, age: float | None, on: date
) -> CodeVerdict:
    """Return the verdict about an ICD-10-CM code for a person on a day."""
    status, detail, codes = _on_day(row, on)
    if status == "valid" and row.sex and sex in ("M", "F") and sex != row.sex:
        status, detail = "wrong_sex", f"is only for {_SEXES[row.sex]}"
    elif status == "valid" and age is not None and not row.age_low <= age < row.age_high + 1:
        status, detail = "wrong_age", f"is only for ages {row.age_low} to {row.age_high}"
    return CodeVerdict("icd10cm", said, status, row.code, row.display, "", codes, detail)


def _one_sign_off(code_system: CodeSystem, code: str) -> bool:
    """Tell whether one replaced character makes a code of the system: a short code is mistyped."""
    same_length = [
        near_code
        for near_code in nearest(code_system.index(release()), code)
        if len(near_code) == len(code)
    ]
    return any(
        sum(a != b for a, b in zip(near_code, code, strict=True)) == 1 for near_code in same_length
    )


def _on_day(row: DiagnosisCode, on: date) -> tuple[Status, str, tuple[str, ...]]:
    if row.valid_on(on):
        return "valid", "", ()
    if row.billable and on.isoformat() < row.valid_from:
        related_codes = related(icd10cm().index_on(on), row.code)
        return "not_yet", f"is valid from {row.valid_from}", related_codes
    if row.header and not row.gone:
        detail = f"; it was billable until {row.valid_until}" if row.valid_until else ""
        return "header", f"is not billable{detail}", _of_header(row, on)
    detail = f"was retired after {row.valid_until}" if row.valid_until else "was retired"
    successors = tuple(code for code in row.successors if code in icd10cm() and _usable(code, on))
    return "retired", detail, successors or related(icd10cm().index_on(on), row.code)


def _usable(code: str, on: date) -> bool:
    row = icd10cm().entry(code)
    return row is not None and row.valid_on(on)


def _of_header(row: DiagnosisCode, on: date) -> tuple[str, ...]:
    near_codes = nearest(icd10cm().index_on(on), row.code)
    return tuple(code for code in near_codes if code.startswith(row.code)) or near_codes


_SEXES = {"M": "men", "F": "women"}


def _retired_group(code: str, group: _Retired, on: date) -> CodeVerdict:
    if on.isoformat() <= group.until:
        return CodeVerdict("drg", code, "valid", code, group.display)
    detail = f"was retired after {group.until}"
    return CodeVerdict(
        "drg", code, "retired", code, group.display, "", suggest("drg", code), detail
    )


def _unknown(system: str, code: str) -> CodeVerdict:
    other = _elsewhere(system, code)
    detail = f"{SYSTEMS[other].title} has" if other else ""
    if not detail and procedure_system(code) == "CPT" and system in ("icd10cm", "hcpcs"):
        detail = "it has the form of a CPT code"
    near_codes = nearest(system_of(system).index(release()), code)
    return CodeVerdict(system, code, "unknown", "", "", other, near_codes, detail)


def _elsewhere(system: str, code: str) -> str:
    """Return the first other system that has a code as it is written, or ``""``."""
    for name, other in SYSTEMS.items():
        if name != system and other.entry(code) is not None:
            return name
    numbered = system in _UNLIKE_CPT and code[:1].isdigit()
    return "cpt" if numbered and SYSTEMS["cpt"].shape.fullmatch(code) else ""


def _index_of(load: Callable[[], Mapping[str, Any]]) -> Callable[[date], CodeIndex]:
    """Return the index of a small book."""

    @imported_books.cached_per_shelf
    def index() -> CodeIndex:
        codes = {_bare(code): code for code in load()}
        return CodeIndex(
            bare=_bare,
            whole=codes.get,
            below=lambda beginning: (
                code for bare, code in codes.items() if bare.startswith(beginning)
            ),
        )

    return lambda _: index()


def _bare(code: str) -> str:
    return re.sub(r"[\s.-]", "", code).upper()


class _Retired(NamedTuple):
    display: str
    until: str


@cache
def _retired_groups() -> dict[str, _Retired]:
    """Return the diagnosis related groups of older grouper versions that no longer exist."""
    return books.read_rows("drg_retired", lambda line: _Retired(line[1], line[2]))


def _book(
    title: str, shape: str, load: Callable[[], Mapping[str, Any]], optional: str = ""
) -> CodeSystem:
    """Return the code system of a small book.

    Args:
        title: the field's name of it.
        shape: regular expression of its codes.
        load: returns its rows by code.
        optional: characters that may be missing or wrong in a written code.
    """
    index = _index_of(load)

    def corrected(written: str) -> str:
        code = index(release()).whole(_bare(written)) or ""
        dropped = str.maketrans("", "", optional)
        forms = [text.strip().upper().translate(dropped) for text in (written, code)]
        return code if forms[0] == forms[1] else ""

    return CodeSystem(
        title, re.compile(shape, re.ASCII), lambda code: load().get(code), index, corrected
    )


def _package(code: str) -> Any:
    """Return the row of an NDC; that of the product (nine digits) for an unlisted package."""
    rows = ndc().rows
    return rows.get(code) or (rows.get(code[:9]) if re.fullmatch(r"\d{11}", code) else None)


_OLD = "it looks like ICD-9-CM"

_ICD = re.compile(r"(?=.*\d)[A-Z][0-9A-Z]{2}(\.[0-9A-Z]{1,4})?", re.ASCII)


SYSTEMS: Mapping[str, CodeSystem] = {
    "icd10cm": CodeSystem(
        "ICD-10-CM",
        _ICD,
        lambda code: icd10cm().entry(code),
        lambda on: icd10cm().index_on(on),
        lambda said: dotted(without_dot(said)),
    ),
    "loinc": _book("LOINC", r"\d{1,7}-\d", lambda: loinc().rows, "-"),
    "drug": _book("the drug list", r".{21,}", lambda: drugs().rows, " .-"),
    "rxnorm": _book("RxNorm", r"\d{5,7}", lambda: rxnorm().rows),
    "ndc": replace(
        _book("NDC", r"\d{9}|\d{11}", lambda: ndc().rows), entry=_package, corrected=eleven_digits
    ),
    "hcpcs": _book("HCPCS Level II", r"[A-V]\d{4}", lambda: books.hcpcs().rows),
    "icd10pcs": CodeSystem(
        "ICD-10-PCS",
        re.compile(r"[0-9BCDFGHX][0-9A-HJ-NP-Z]{6}", re.ASCII),
        lambda code: icd10pcs().rows.get(code),
        lambda _: icd10pcs().index,
        lambda said: icd10pcs().index.bare(said),
    ),
    "cvx": _book("CVX", r"\d{2,3}", lambda: books.cvx().rows),
    "drg": _book("MS-DRG", r"\d{3}", lambda: books.drg().rows),
    "pos": _book("the list of places of service", r"\d{2}", lambda: books.pos().rows),
    "revenue": _book("the list of revenue codes", r"\d{4}", lambda: books.revenue().rows),
    "bill_type": _book("the list of bill types", r"\d{3}", lambda: books.bill_type().rows),
    "taxonomy": _book("NUCC taxonomy", r"[0-9A-Z]{9}X", lambda: books.nucc().rows),
    "cpt": _book("CPT", r"\d{4}[0-9AFMTU]", lambda: books.cpt().rows),
    "carc": _book("CARC", r"[A-Z]?\d{1,3}", lambda: books.carc().rows),
    "discharge": _book("the list of discharge statuses", r"\d{2}", lambda: books.discharge().rows),
}
"""The code systems by their names here; a code of several is found in the first.

Without an imported list, a CPT code is judged by its form alone."""

_SHORT = ("drg", "cvx", "pos", "revenue", "bill_type", "carc", "discharge")
_UNLIKE_CPT = ("icd10cm", "loinc", "drug", "taxonomy")  # their codes are never digits alone
