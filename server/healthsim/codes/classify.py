"""What any code is: of its system and usable, or why not, and what was likely meant.

Validation, the tool and the command line ask here, so that they say the same.
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
    age_asked,
    eleven_digits,
    form_alone,
    is_icd9,
    sex_asked,
    shown,
)
from healthsim.codes.icd10pcs import icd10pcs
from healthsim.codes.loinc import loinc
from healthsim.codes.nearest import CodeIndex, kin, nearest
from healthsim.codes.procedures import procedure_system
from healthsim.errors import NotFound, Problem, near

Status: TypeAlias = Literal[
    "valid", "header", "retired", "not_yet", "unknown", "wrong_sex", "wrong_age", "wrong_system"
]


@dataclass(frozen=True, slots=True)
class CodeVerdict:
    """What a code is.

    Attributes:
        system: name of the system that was asked, e.g. ``"icd10cm"``.
        said: the code as it was written.
        status: ``"valid"``, or why it cannot be used.
        code: the code as its book writes it; ``""`` where no book holds it.
        display: what it stands for, if it is known.
        found_in: another system that holds it.
        suggestions: the codes that were likely meant, best first; of the system that was asked.
        detail: what else the book says, as a sentence without its full stop.
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
        """It is valid and written as its book writes it."""
        return self.status == "valid" and self.code == self.said

    @property
    def well_formed(self) -> bool:
        """It is written as codes of its system are, whether or not the book holds it."""
        shape = SYSTEMS[self.system].shape
        return shape.fullmatch(self.said) is not None

    @property
    def found(self) -> str:
        """What is wrong, as a sentence."""
        name, said = SYSTEMS[self.system].title, shown(self.said)
        if self.status == "valid":
            return f"{name} writes {said} as {self.code}"
        if self.status == "unknown":
            other = f"; {self.detail}" if self.detail else ""
            return f"{name} has no code {said} here{other}"
        if self.status == "wrong_system":
            but = "one" if self.code else "has the form of one"
            return f"{said} is no code of {name} but {but} of {SYSTEMS[self.found_in].title}"
        return f"{self.code} ({self.display}) {self.detail}"

    @property
    def mend(self) -> str:
        """What to do instead."""
        shown = [repr(code) for code in self.suggestions]
        if self.status == "valid":
            return f"write {self.code!r}"
        if self.status == "header" and shown:
            return f"state a billable code below it, such as {', '.join(shown)}"
        if self.status in ("wrong_sex", "wrong_age"):
            return "remove it, or state it only for those who can have it"
        if self.status == "retired" and shown:
            return f"use {' or '.join(shown)}"
        if self.status == "not_yet":
            return "use the code of that time, or a later day"
        if shown:
            return f"did you mean {' or '.join(shown)}?"
        if self.detail == _OLD:
            return (
                "translate it by CMS's general equivalence mappings, or find the condition by words"
            )
        return f"look it up in {SYSTEMS[self.system].title}"

    def problem(self, where: str) -> Problem:
        """Return the verdict as what is wrong at a place of a document."""
        return Problem(where, self.found, self.mend)


@dataclass(frozen=True, slots=True)
class CodeSystem:
    """One code system as it is asked.

    Attributes:
        title: the field's name of it.
        shape: what its codes look like.
        entry: row of a code as it is written, or None.
        space: where near codes are looked for, those that can be used on a day.
        mended: a code as its book writes it, where nothing but what this system forgives was
            wrong: case, and the dot or the dashes of its own form.
    """

    title: str
    shape: re.Pattern[str]
    entry: Callable[[str], Any]
    space: Callable[[date], CodeIndex]
    mended: Callable[[str], str]


def classify(
    system: str,
    code: str,
    *,
    sex: str | None = None,
    age: float | None = None,
    on: date | None = None,
) -> CodeVerdict:
    """Tell what a code is.

    Args:
        system: a name of `SYSTEMS`.
        code: as somebody wrote it; case is forgiven, and so are the dot and the dashes of the
            system's own form.
        sex: ``"M"`` or ``"F"``, or the words, if it is known whose code it is.
        age: years, if it is known.
        on: the day on which it would be used; without it the day of the book's release.

    Raises:
        NotFound: there is no such system.
        Refused: the sex or the age is none.

    >>> classify("icd10cm", "E11").status, classify("icd10cm", "C61", sex="F").status
    ('header', 'wrong_sex')
    >>> classify("icd10cm", "I1O").suggestions
    ('I10',)
    """
    asked, sex, age = system_of(system), sex_asked(sex), age_asked(age)
    if len(code) > LONGEST:
        return CodeVerdict(system, code, "unknown")
    if system == "cpt" and not books.cpt().rows:
        return _by_form(code)
    own, written = asked.entry(code), code
    old = own is None and system == "icd10cm" and is_icd9(code)
    alike = asked.shape.fullmatch(code) or (system in _SHORT and _one_sign_off(asked, code))
    if own is None and not alike and (other := _elsewhere(system, code)):
        row = SYSTEMS[other].entry(code)
        words = row.display if row is not None else ""
        near_codes = () if old else nearest(asked.space(release()), code)
        return CodeVerdict(system, code, "wrong_system", code, words, other, near_codes)
    if old:
        return CodeVerdict(system, code, "unknown", detail=_OLD)
    if own is None:
        written = asked.mended(code)
        own = asked.entry(written)
    if own is None and not alike and (other := form_alone(code)) not in ("", system):
        return CodeVerdict(system, code, "wrong_system", found_in=other, detail="by its form")
    if own is None and system == "drg" and (group := _retired_groups().get(code)):
        return _retired_group(code, group, on or release())
    if own is None:
        return _unknown(system, code)
    if isinstance(own, DiagnosisCode):
        return _diagnosis(code, own, sex, age, on or release())
    return CodeVerdict(system, code, "valid", written, own.display)


def _by_form(code: str) -> CodeVerdict:
    """Tell what a CPT number is where no list of them was imported: only its form is known."""
    if SYSTEMS["cpt"].shape.fullmatch(code):
        return CodeVerdict(
            "cpt", code, "valid", code, detail="by its form; no CPT list is imported"
        )
    return _unknown("cpt", code)


def suggest(system: str, text: str, *, on: date | None = None) -> tuple[str, ...]:
    """Return the five codes of a system that were likeliest meant by a text, best first.

    >>> suggest("icd10cm", "I1O"), suggest("loinc", "4548-5")[0]
    (('I10',), '4548-4')
    """
    return nearest(system_of(system).space(on or release()), text)


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
    """Tell what an ICD-10-CM code is for a person on a day."""
    status, detail, codes = _on_day(row, on)
    if status == "valid" and row.sex and sex in ("M", "F") and sex != row.sex:
        status, detail = "wrong_sex", f"is only for {_SEXES[row.sex]}"
    elif status == "valid" and age is not None and not row.age_low <= age < row.age_high + 1:
        status, detail = "wrong_age", f"is only for ages {row.age_low} to {row.age_high}"
    return CodeVerdict("icd10cm", said, status, row.code, row.display, "", codes, detail)


def _one_sign_off(asked: CodeSystem, code: str) -> bool:
    """Tell whether one replaced sign makes a code of the system: so short a one is mistyped."""
    alike = [one for one in nearest(asked.space(release()), code) if len(one) == len(code)]
    return any(sum(a != b for a, b in zip(one, code, strict=True)) == 1 for one in alike)


def _on_day(row: DiagnosisCode, on: date) -> tuple[Status, str, tuple[str, ...]]:
    if row.valid_on(on):
        return "valid", "", ()
    if row.billable and on.isoformat() < row.valid_from:
        found = kin(icd10cm().space_on(on), row.code)
        return "not_yet", f"is valid from {row.valid_from}", found
    if row.header and not row.gone:
        until = f"; it was billable until {row.valid_until}" if row.valid_until else ""
        return "header", f"is not billable{until}", _of_header(row, on)
    until = f"was retired after {row.valid_until}" if row.valid_until else "was retired"
    after = tuple(code for code in row.successors if code in icd10cm() and _usable(code, on))
    return "retired", until, after or kin(icd10cm().space_on(on), row.code)


def _usable(code: str, on: date) -> bool:
    row = icd10cm().entry(code)
    return row is not None and row.valid_on(on)


def _of_header(row: DiagnosisCode, on: date) -> tuple[str, ...]:
    found = nearest(icd10cm().space_on(on), row.code)
    return tuple(code for code in found if code.startswith(row.code)) or found


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
    found = nearest(system_of(system).space(release()), code)
    return CodeVerdict(system, code, "unknown", "", "", other, found, detail)


def _elsewhere(system: str, code: str) -> str:
    """Return the first other system that holds a code as it is written, or ``""``."""
    for name, other in SYSTEMS.items():
        if name != system and other.entry(code) is not None:
            return name
    numbered = system in _UNLIKE_CPT and code[:1].isdigit()
    return "cpt" if numbered and SYSTEMS["cpt"].shape.fullmatch(code) else ""


def _space_of(load: Callable[[], Mapping[str, Any]]) -> Callable[[date], CodeIndex]:
    """Return how near codes are looked for in a small book."""

    @imported_books.cached_per_shelf
    def space() -> CodeIndex:
        codes = {_bare(code): code for code in load()}
        return CodeIndex(
            bare=_bare,
            whole=codes.get,
            below=lambda said: (code for bare, code in codes.items() if bare.startswith(said)),
        )

    return lambda _: space()


def _bare(code: str) -> str:
    return re.sub(r"[\s.-]", "", code).upper()


class _Retired(NamedTuple):
    display: str
    until: str


@cache
def _retired_groups() -> dict[str, _Retired]:
    """Return the diagnosis related groups of older grouper versions that are no more."""
    return books.read_rows("drg_retired", lambda line: _Retired(line[1], line[2]))


def _book(
    title: str, shape: str, load: Callable[[], Mapping[str, Any]], forgives: str = ""
) -> CodeSystem:
    """Return how a small book is asked; `forgives` are the signs that may be wrong or missing."""
    space = _space_of(load)

    def mended(said: str) -> str:
        code = space(release()).whole(_bare(said)) or ""
        unforgiven = str.maketrans("", "", forgives)
        alike = [one.strip().upper().translate(unforgiven) for one in (said, code)]
        return code if alike[0] == alike[1] else ""

    return CodeSystem(
        title, re.compile(shape, re.ASCII), lambda code: load().get(code), space, mended
    )


def _package(code: str) -> Any:
    """Return the row of an NDC; a package (eleven digits) is known by its product (nine) too."""
    rows = ndc().rows
    return rows.get(code) or (rows.get(code[:9]) if re.fullmatch(r"\d{11}", code) else None)


_OLD = "it looks like ICD-9-CM"

_ICD = re.compile(r"(?=.*\d)[A-Z][0-9A-Z]{2}(\.[0-9A-Z]{1,4})?", re.ASCII)


SYSTEMS: Mapping[str, CodeSystem] = {
    "icd10cm": CodeSystem(
        "ICD-10-CM",
        _ICD,
        lambda code: icd10cm().entry(code),
        lambda on: icd10cm().space_on(on),
        lambda said: dotted(without_dot(said)),
    ),
    "loinc": _book("LOINC", r"\d{1,7}-\d", lambda: loinc().rows, "-"),
    "drug": _book("the drug list", r".{21,}", lambda: drugs().rows, " .-"),
    "rxnorm": _book("RxNorm", r"\d{5,7}", lambda: rxnorm().rows),
    "ndc": replace(
        _book("NDC", r"\d{9}|\d{11}", lambda: ndc().rows), entry=_package, mended=eleven_digits
    ),
    "hcpcs": _book("HCPCS Level II", r"[A-V]\d{4}", lambda: books.hcpcs().rows),
    "icd10pcs": CodeSystem(
        "ICD-10-PCS",
        re.compile(r"[0-9BCDFGHX][0-9A-HJ-NP-Z]{6}", re.ASCII),
        lambda code: icd10pcs().rows.get(code),
        lambda _: icd10pcs().space,
        lambda said: icd10pcs().space.bare(said),
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
"""The code systems by their names here; what stands in several is found in the first.

Without an imported list a CPT number is known by its form alone."""

_SHORT = ("drg", "cvx", "pos", "revenue", "bill_type", "carc", "discharge")
_UNLIKE_CPT = ("icd10cm", "loinc", "drug", "taxonomy")  # whose codes are no bare digits
