"""The names that conditions may use, and the checks that several kinds of fields share."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from math import isinf

import numpy as np
from numpy.typing import NDArray

from healthsim.codes.classify import suggest
from healthsim.codes.drugs import drugs
from healthsim.codes.icd10cm import icd10cm
from healthsim.codes.loinc import loinc
from healthsim.errors import NotFound, Problem, near
from healthsim.specification.distributions.kinds import Distribution
from healthsim.specification.language.expressions import (
    FUNCTIONS,
    NUMBER,
    TEXT,
    Expression,
    Kind,
    parse,
)
from healthsim.specification.language.typecheck import type_problems
from healthsim.specification.profiles.genders import GENDERS
from healthsim.specification.profiles.roles import ROLES
from healthsim.tables import Coded, Table

TEXT_MEASURES = ("gender", "race", "ethnicity")
"""Population measures that give texts; the others give numbers."""

ArgumentCheck = Callable[[str], str | None]
"""Takes a function's argument and returns "found; mend", or None where it is accepted."""


@dataclass(frozen=True)
class ReferenceNames:
    """The names that a reference defines: the built-in one, or an imported one.

    Attributes:
        state_names: English name of each of `states`.
        county_titles: name and state of each of `counties`, such as ``"Harris County, TX"``.
        metro_titles: title of each of `metros`.
        urban: codes of the counties that lie in a metropolitan area.
        regions: codes and titles, in small letters, of what equals counties and may stand for
            them, such as planning regions.
        other_counties: code or title, in small letters, of a region or a former county -> what
            it is, and which counties it stands for.
    """

    plans: tuple[str, ...]
    states: tuple[str, ...]
    counties: tuple[str, ...]
    specialties: tuple[str, ...]
    measures: tuple[str, ...]
    races: tuple[str, ...]
    languages: tuple[str, ...]
    uninsured: str = "Uninsured"
    tables: tuple[Table, ...] = ()
    county_titles: tuple[str, ...] = ()
    metros: tuple[str, ...] = ()
    metro_titles: tuple[str, ...] = ()
    state_names: tuple[str, ...] = ()
    urban: frozenset[str] = frozenset()
    regions: frozenset[str] = frozenset()
    other_counties: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Names:
    """The names and functions that an expression may use at one place.

    Attributes:
        kinds: name -> what it gives.
        functions: function -> the check of its argument.
    """

    kinds: Mapping[str, Kind]
    functions: Mapping[str, ArgumentCheck]

    def problems(
        self, where: str, expression: Expression | None, want: str = "truth"
    ) -> Iterator[Problem]:
        """Yield the problems of one expression; none where there is no expression."""
        if expression is None:
            return
        for found, mend in type_problems(
            expression,
            kinds=self.kinds,
            functions=self.functions,
            want="truth" if want == "truth" else "number",
        ):
            yield Problem(where, found, mend)

    def inside(self, where: str, distribution: Distribution) -> Iterator[Problem]:
        """Yield the problems of the expressions inside a distribution."""
        for path, expression, want in distribution.expressions():
            yield from self.problems(f"{where}.{path}", expression, want)


def unknown_problems(
    where: str, noun: str, name: str | None, known: Iterable[str]
) -> Iterator[Problem]:
    """Yield that a name is not among the known ones; nothing where there is no name."""
    names = tuple(known)
    if name is not None and name not in names:
        yield Problem(where, f"unknown {noun} {name!r}", near(name, names))


def number_problems(
    where: str,
    distribution: Distribution | None,
    low: float | None = None,
    high: float | None = None,
) -> Iterator[Problem]:
    """Yield that a distribution gives text, or numbers outside of [low, high]."""
    if distribution is None:
        return
    measures = [measure for _, measure in distribution.measures()]
    if measures:
        wants_age = where.endswith(".age")
        for measure in measures:
            if measure in TEXT_MEASURES or (measure == "age") != wants_age:
                mend = 'use "age"' if wants_age else "name a condition's measure, or give a number"
                yield Problem(where, f"measure {measure!r} does not fit here", mend)
        return
    if distribution.kind != "number":
        yield Problem(where, "gives text", "give a number or a distribution of numbers")
        return
    if any(want == "number" for _, _, want in distribution.expressions()):
        return  # the range of a formula is not known before the run
    least, most = distribution.range()
    if low is not None and least < low:
        found = f"can be {_bound_text(least)}, below {low:g}"
        yield Problem(where, found, f"add low {low:g} or raise it")
    if high is not None and most > high:
        found = f"can be {_bound_text(most)}, above {high:g}"
        yield Problem(where, found, f"add high {high:g} or lower it")


def share_problems(where: str, distribution: Distribution | None) -> Iterator[Problem]:
    """Yield that a distribution gives text, or numbers that are not shares.

    Numbers that are shares if they are read as per cents are answered so.
    """
    for problem in number_problems(where, distribution, 0, 1):
        most = distribution.range()[1] if distribution and distribution.kind == "number" else 0
        per_cent = _LEAST_PER_CENT <= most <= _MOST_PER_CENT and ", above 1" in problem.found
        mend = f"write {most / 100:g} for {most:g} %"
        yield replace(problem, mend=mend) if per_cent else problem


_LEAST_PER_CENT, _MOST_PER_CENT = 2, 100  # below, "1.2" is rather a share that is too high


def _bound_text(bound: float) -> str:
    return "any number" if isinf(bound) else f"{bound:g}"


def text_problems(
    where: str, distribution: Distribution | None, allowed: Iterable[str] = ()
) -> Iterator[Problem]:
    """Yield that a distribution gives numbers, or texts that are not allowed."""
    if distribution is None:
        return
    name = where.rsplit(".", 1)[-1]
    measures = [measure for _, measure in distribution.measures()]
    if measures:
        for measure in measures:
            if measure != name or name not in TEXT_MEASURES:
                mend = f"use {name!r}" if name in TEXT_MEASURES else "give texts with weights"
                yield Problem(where, f"measure {measure!r} does not fit here", mend)
        return
    if distribution.kind != "text":
        mend = 'give texts with weights, such as {"A": 0.5, "B": 0.5}'
        yield Problem(where, "gives numbers", mend)
        return
    texts = tuple(allowed)
    for label in distribution.labels if texts else ():
        yield from unknown_problems(where, "value", label, texts)


def whole_number_problems(
    where: str, distribution: Distribution, low: int, high: int
) -> Iterator[Problem]:
    """Yield that a distribution gives something else than whole numbers from `low` to `high`.

    They are given as numbers, or as weights of texts such as ``{"1": 0.97, "2": 0.03}``.
    """
    if distribution.kind == "number":
        yield from number_problems(where, distribution, low, high)
        return
    for label in distribution.labels:
        if not (label.isdecimal() and low <= int(label) <= high):
            yield Problem(
                where,
                f"{label!r} is not a whole number from {low} to {high}",
                f'give weights of "{low}" to "{high}"',
            )


def code_problem(where: str, find: Callable[[str, str], object], code: str) -> Iterator[Problem]:
    """Yield that a code book does not hold a code."""
    try:
        find(code, where)
    except NotFound as error:
        yield error.problem


def accept_any(_: str) -> str | None:
    """Accept any argument."""
    return None


def has_argument_fault(argument: str) -> str | None:
    """Return that no diagnosis code begins with the argument of `has`."""
    if icd10cm().begins(argument):
        return None
    codes = suggest("icd10cm", argument)
    mend = f"did you mean {' or '.join(map(repr, codes))}?" if codes else "give the start of a code"
    return f"has({argument!r}) is not the start of a known ICD-10-CM code; {mend}"


def takes_argument_fault(argument: str) -> str | None:
    """Return that the argument of `takes` is not an ingredient."""
    ingredients = drugs().ingredients
    if argument in ingredients:
        return None
    return f"takes({argument!r}) is not a known ingredient; {near(argument, ingredients)}"


def last_argument_fault(argument: str) -> str | None:
    """Return that the argument of `last` is not a LOINC code."""
    if argument in loinc():
        return None
    return f"last({argument!r}) is not a known LOINC code; {near(argument, loinc().codes)}"


def unmeasured_fault(argument: str, measured: Collection[str]) -> str | None:
    """Return that no step measures what `last` asks for."""
    if argument in measured:
        return None
    return f"last({argument!r}) is never measured; add a lab or vital that does"


def excludes_sex(expression: Expression, sex: str) -> bool:
    """Tell whether a condition is false for everybody of a sex, whatever their other values."""
    never = parse(f"not ({expression.text})")
    return all(bool(never.holds(_OfSex(sex, answer))[0]) for answer in (False, True))


@dataclass(frozen=True)
class _OfSex:
    """A scope of one person of whom only the sex is known; numbers and texts are missing."""

    sex: str
    answer: bool
    size: int = 1

    def name(self, name: str) -> NDArray[np.float64] | Coded:
        if name == "gender":
            return Coded.constant(self.sex, 1)
        return Coded.constant(None, 1) if name in _TEXT_NAMES else np.full(1, np.nan)

    def call(self, function: str, argument: str) -> NDArray[np.float64] | NDArray[np.bool_]:
        if FUNCTIONS[function] == "truth":
            return np.full(1, self.answer)
        return np.full(1, np.nan)


_TEXT_NAMES = frozenset({"race", "ethnicity", "us_state", "plan", "language", "marital_status",
                         "role"})  # fmt: skip


def no_history(argument: str) -> str | None:
    """Return that a function needs a history, which a profile does not have."""
    return f"{argument!r} needs a history, and a profile has none; use it in a journey"


GESTATION = "gestation"
"""Days since the last period of a pregnancy that the profile states; in journeys alone."""

BUILT_IN_KINDS: Mapping[str, Kind] = {
    "age": NUMBER,
    "day": NUMBER,
    "month": NUMBER,
    "gender": GENDERS,
    "ethnicity": ("non_hispanic", "hispanic"),
    "race": TEXT,
    "us_state": TEXT,
    "plan": TEXT,
    "role": ROLES,
    GESTATION: NUMBER,
}
"""The built-in names, and what each gives where no profile narrows it."""
