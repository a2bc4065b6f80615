"""How conditions go on once they are diagnosed: which last, which end, and what they become.

The rules are rows of ``data/problem_list.csv``, by the beginning of a code; the longest applies.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from healthsim.codes.icd10cm import DiagnosisCode, icd10cm
from healthsim.errors import Problem, SpecError
from healthsim.medicine.datafiles import rows

FILE = "problem_list.csv"
Kind = Literal["lasting", "acute", "pregnancy", "none"]
_KINDS: tuple[Kind, ...] = ("lasting", "acute", "pregnancy", "none")
_USUAL_ACUTE_DAYS = 30
"""Of a code without a row that the code book does not call chronic: assumption, a month."""
_LONGEST_PREFIX = 8
_CATEGORY = 3  # characters of a category of ICD-10-CM
_ACTIVE, _HEALING = "ABC", "DEF"
"""Seventh characters of injuries."""
_STAY = "stay"  # what an illness may end with
_TAKEN_FOR_LONG = "Z79"
_AFTER_TREATMENT = "Z09"
"""Of a visit after completed treatment: the illness is there no more (ICD-10-CM I.C.21.c.8)."""
_SEVENTH = 7  # characters of a code with a seventh one, without its dot


@dataclass(frozen=True)
class UsualCourse:
    """What becomes of a condition.

    Attributes:
        prefix: the row that applies; "" where none does, and the code book decides.
        kind: lasting: stays; acute: ends after `days`; pregnancy: ends `days` after the birth;
            none: a visit that states it begins no condition.
        days: from the first day on, or from the birth on; 0 where it stays.
        spread: share of `days` by which people differ, evenly to both sides.
        becomes: code that begins when it ends; "" for none.
        status: of the condition once it has ended, as FHIR's clinicalStatus.
        with_stay: whether a stay ends it, from which the person goes home or to be nursed.
        treated_days: from its first day on, after which its treatment is complete, as a visit after
            it finds; 0 where that is not known.
        source: of the figures.
    """

    prefix: str
    kind: Kind
    days: int = 0
    spread: float = 0.0
    becomes: str = ""
    status: Literal["resolved", "remission"] = "resolved"
    with_stay: bool = False
    treated_days: int = 0
    source: str = ""

    @property
    def ends(self) -> bool:
        """Whether it ends by itself, some days after it began."""
        return self.kind in ("acute", "none") and self.days > 0

    def lengths(self, u: NDArray[np.float64]) -> NDArray[np.int32]:
        """Return how many days it lasts, at least 1; int32, shape (n,).

        Args:
            u: one uniform in (0, 1) for each person, shape (n,).
        """
        days = np.round(self.days * (1 - self.spread + 2 * self.spread * u), 6)
        return np.maximum(np.rint(days), 1).astype(np.int32)


@cache
def usual_courses() -> dict[str, UsualCourse]:
    """Return every row of the table, by prefix.

    Raises:
        SpecError: a row has an unknown kind, a code that is in no book, or days that do not fit.
    """
    found: dict[str, UsualCourse] = {}
    for number, row in enumerate(rows(FILE), 2):
        course = _course(row, f"{FILE}, line {number}")
        if course.prefix in found:
            raise _fault(f"{FILE}, line {number}", f"{course.prefix} is there twice", "keep one")
        found[course.prefix] = course
    for course in found.values():
        after = _longest(course.becomes, found) if course.becomes else None
        if after is not None and after.ends:
            mend = "let it become what lasts"
            raise _fault(f"{FILE}: {course.prefix}", f"becomes {course.becomes}, which ends", mend)
    return found


def _longest(code: str, known: dict[str, UsualCourse]) -> UsualCourse | None:
    """Return the row with the longest prefix of a code."""
    lengths = range(min(len(code), _LONGEST_PREFIX), 0, -1)
    return next((known[code[:length]] for length in lengths if code[:length] in known), None)


def _course(row: dict[str, str], where: str) -> UsualCourse:
    kind = next((kind for kind in _KINDS if kind == row["kind"]), None)
    if kind is None:
        raise _fault(f"{where}: kind", f"is {row['kind']!r}", f"write one of {', '.join(_KINDS)}")
    days, becomes = int(row["days"] or 0), row["becomes"]
    if kind == "acute" and days < 1:
        raise _fault(f"{where}: days", f"is {days}", "an acute condition ends after 1 day or more")
    if becomes and becomes not in icd10cm():
        raise _fault(f"{where}: becomes", f"{becomes} is no ICD-10-CM code", "correct the code")
    if (ends_with := row["ends_with"]) not in ("", _STAY):
        raise _fault(f"{where}: ends_with", f"is {ends_with!r}", f"write {_STAY} or nothing")
    return UsualCourse(
        prefix=row["prefix"],
        kind=kind,
        days=days,
        spread=float(row["spread"] or 0),
        becomes=becomes,
        status="remission" if row["status"] == "remission" else "resolved",
        with_stay=ends_with == _STAY,
        treated_days=int(row["treated_days"] or 0),
        source=row["source"],
    )


def _fault(where: str, found: str, mend: str) -> SpecError:
    return SpecError([Problem(where, found, mend)])


@lru_cache(maxsize=65_536)
def usual_course(code: str) -> UsualCourse:
    """Return what becomes of a condition: the row with the longest prefix of its code.

    Chapters whose rows would be too coarse have none; there the code book says whether the code is
    chronic.

    >>> usual_course("J18.9").days, usual_course("I21.4").becomes, usual_course("R07.9").kind
    (30, 'I25.2', 'none')
    """
    row = _longest(code, usual_courses())
    if row is not None:
        return row
    entry = icd10cm().entry(code)
    if entry is None or entry.chronic:
        return UsualCourse("", "lasting", source="chronic, by the code book")
    return UsualCourse("", "acute", _USUAL_ACUTE_DAYS, 0.25, source="assumption: a month")


def begins_condition(code: str) -> bool:
    """Tell whether a visit that states a code begins a condition.

    >>> begins_condition("J18.9"), begins_condition("Z00.00"), begins_condition("R07.9")
    (True, False, False)
    """
    return usual_course(code).kind != "none"


def outlasts_visit(code: str) -> bool:
    """Tell whether what a visit states goes on after it, where it is on no list of problems.

    What lasts does, and what is taken for long; a week of gestation, a symptom or a reason to come
    is over with the visit.

    >>> outlasts_visit("Z3A.28"), outlasts_visit("R07.9"), outlasts_visit("Z79.4")
    (False, False, True)
    """
    return code.startswith(_TAKEN_FOR_LONG) or usual_course(code).kind == "lasting"


def is_after_treatment(code: str) -> bool:
    """Tell whether a code says that an illness was treated and is over.

    >>> is_after_treatment("Z09"), is_after_treatment("Z00.00")
    (True, False)
    """
    return code.startswith(_AFTER_TREATMENT)


def is_illness(code: str) -> bool:
    """Tell whether a code is of an illness that ends, and not of an injury, which heals for long.

    >>> is_illness("J18.9"), is_illness("S82.841A"), is_illness("I10")
    (True, False, False)
    """
    return usual_course(code).kind == "acute" and stem(code) == code


def after_treatment(stated: Sequence[str], held: Sequence[str]) -> tuple[str, ...]:
    """Return what a visit after treatment states: the illness while it lasts, else that it is over.

    Args:
        stated: the codes of the visit.
        held: what the person has on its day.

    >>> after_treatment(("Z09", "J18.9"), ()), after_treatment(("Z09", "J18.9"), ("J18.9",))
    (('Z09',), ('J18.9',))
    """
    if not any(map(is_after_treatment, stated)):
        return tuple(stated)
    treated = [code for code in held if usual_course(code).treated_days]
    ill = [code for code in stated if is_illness(code) and code in held]
    ill += [code for code in treated if code not in ill]
    rest = [code for code in stated if not is_illness(code)]
    return (*ill, *(code for code in rest if not (ill and is_after_treatment(code))))


def stem(code: str) -> str:
    """Return what an injury's codes have in common: all but the seventh character.

    >>> stem("S82.841A") == stem("S82.841D"), stem("J18.9")
    (True, 'J18.9')
    """
    injury = code.startswith(("S", "T", "M80", "M84"))
    return code[:-1] if injury and len(code.replace(".", "")) == _SEVENTH else code


@lru_cache(maxsize=65_536)
def subsequent(code: str) -> str:
    """Return the code of an injury once its active treatment is over; "" for other codes.

    Guidelines I.C.19.a: A, or B and C of open fractures, while it is treated actively; D, E and F
    in visits while it heals.

    >>> subsequent("S82.841A"), subsequent("S82.201B"), subsequent("S82.841D"), subsequent("J18.9")
    ('S82.841D', 'S82.201E', '', '')
    """
    if stem(code) == code or code[-1] not in _ACTIVE:
        return ""
    later = stem(code) + _HEALING[_ACTIVE.index(code[-1])]
    return later if later in icd10cm() else ""


@lru_cache(maxsize=65_536)
def is_unspecified(code: str) -> bool:
    """Tell whether a code says no more than its category, by its text or its last character.

    >>> is_unspecified("E11.9"), is_unspecified("E11.22"), is_unspecified("I10")
    (True, False, True)
    """
    entry: DiagnosisCode | None = icd10cm().entry(code)
    text = entry.display.lower() if entry is not None else ""
    return code.endswith(".9") or "." not in code or "unspecified" in text


def family(code: str) -> str:
    """Return the category of a code; the codes of hypertension are one.

    >>> family("I11.0") == family("I10"), family("E11.9")
    (True, 'E11')
    """
    category = code[:_CATEGORY]
    return "I10" if category in ("I11", "I12", "I13") else category


def is_history(code: str) -> bool:
    """Tell whether a code is one of a personal history.

    >>> is_history("Z86.73"), is_history("I69.30")
    (True, False)
    """
    return code.startswith(("Z85", "Z86", "Z87"))


@lru_cache(maxsize=65_536)
def is_flare_of(code: str, other: str) -> bool:
    """Tell whether a code is an acute turn of a condition that lasts.

    >>> is_flare_of("J44.1", "J44.9"), is_flare_of("I21.4", "I25.2")
    (True, False)
    """
    course = usual_course(code)
    own = course.becomes and family(course.becomes) == family(code) == family(other)
    return bool(own) and not usual_course(other).ends
