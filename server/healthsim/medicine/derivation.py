"""Analytes that are computed from others and never drawn: `data/derived.csv`.

They are computed from their inputs as reported, i.e. rounded, so that whoever recomputes them
from the stored rows finds the stored value.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from healthsim.codes import imported_books
from healthsim.codes.loinc import Observation, loinc
from healthsim.errors import Problem, SpecError, near
from healthsim.medicine.analytes import LATENT_DECIMALS, analytes, key_of, tabled
from healthsim.medicine.datafiles import rows
from healthsim.medicine.expressions import Expression, FormulaError, parse
from healthsim.medicine.setpoints import Floats, Subjects, rounded

_FILE = "derived.csv"
_SUBJECT = ("female", "age")  # what formulas know of the person


class Derived(NamedTuple):
    """One analyte that is computed.

    Attributes:
        key: name in the tables here.
        loinc: code under which it is reported; ``""`` where nobody reports it.
        unit: UCUM; ``""`` where nobody reports it.
        decimals: places that it is rounded to.
        low: least value that the book holds possible.
        high: greatest one.
        formula: of its inputs as reported.
        solves: ways to find drawn analytes from a stated value, the preferred one first; each
            maps a drawn key to a formula of the stated value, other analytes and its old value.
        source: of the formula.
        confidence: ``V``, ``M`` or ``A``: `data/README.md`.
    """

    key: str
    loinc: str
    unit: str
    decimals: int
    low: float
    high: float
    formula: Expression
    solves: tuple[Mapping[str, Expression], ...]
    source: str
    confidence: str

    @property
    def inputs(self) -> tuple[str, ...]:
        """Keys that it is computed from."""
        return tuple(name for name in self.formula.names if name not in _SUBJECT)


@cache
def derived() -> Mapping[str, Derived]:
    """Return what is computed, by key, each after its inputs.

    Raises:
        SpecError: a formula that cannot be read, needs what does not exist, or needs itself.
    """
    return read_derived(rows(_FILE))


def read_derived(lines: Sequence[Mapping[str, str]]) -> dict[str, Derived]:
    """Read, check and order rows of the table of computed analytes.

    Args:
        lines: header -> text.

    Raises:
        SpecError: as `derived`.
    """
    found, problems = dict[str, Derived](), list[Problem]()
    known = {*tabled(), *(line["key"] for line in lines), *_SUBJECT}
    for number, line in enumerate(lines, start=2):
        where = f"{_FILE} row {number} ({line['key']})"
        try:
            row = _derived(line, loinc().rows.get(line["loinc"]))
        except (FormulaError, ValueError) as error:
            mend = "write it with the functions of medicine/expressions.py"
            problems.append(Problem(where, str(error), mend))
            continue
        problems += _unknown(row, known, where)
        found[row.key] = row
    if problems:
        raise SpecError(problems)
    return _ordered(found)


def _derived(line: Mapping[str, str], known: Observation | None) -> Derived:
    if line["loinc"] and known is None:
        raise ValueError(f"LOINC {line['loinc']} is not in the book")
    ways = [way for way in line["solve"].split("|") if way.strip()]
    return Derived(
        key=line["key"],
        loinc=line["loinc"],
        unit=known.unit if known else "",
        decimals=known.decimals if known else LATENT_DECIMALS,
        low=known.low if known else -np.inf,
        high=known.high if known else np.inf,
        formula=parse(line["formula"]),
        solves=tuple(_way(way) for way in ways),
        source=line["source"],
        confidence=line["confidence"],
    )


def _way(text: str) -> dict[str, Expression]:
    parts = (part.split("=", maxsplit=1) for part in text.split(";"))
    return {name.strip(): parse(formula) for name, formula in parts}


def _unknown(row: Derived, known: set[str], where: str) -> list[Problem]:
    """Return the names that do not exist, and ways to solve that end at no drawn analyte."""
    ways = [expression for way in row.solves for expression in way.values()]
    names = {name for expression in (row.formula, *ways) for name in expression.names}
    problems = [
        Problem(where, f"there is no analyte {name!r}", near(name, known))
        for name in sorted(names - known)
    ]
    wrong = sorted({name for way in row.solves for name in way} - tabled().keys())
    return problems + [
        Problem(where, f"{name!r} is not drawn", "solve for a row of analytes.csv")
        for name in wrong
    ]


def _ordered(found: Mapping[str, Derived]) -> dict[str, Derived]:
    """Return the rows, each after its inputs."""
    order: dict[str, Derived] = {}
    left = dict(found)
    while left:
        ready = [key for key, row in left.items() if not set(row.inputs) & left.keys()]
        if not ready:
            circle = ", ".join(sorted(left))
            raise SpecError(
                [Problem(_FILE, f"these need each other: {circle}", "compute one from drawn ones")]
            )
        order |= {key: left.pop(key) for key in ready}
    return order


class Plan(NamedTuple):
    """What a set of tests needs.

    Attributes:
        drawn: keys of analytes to draw, in order of the tables.
        derived: keys of those to compute, each after its inputs.
    """

    drawn: tuple[str, ...]
    derived: tuple[str, ...]


def plan(names: Iterable[str]) -> Plan:
    """Return what must be drawn and computed for these LOINC codes or keys.

    Raises:
        NotFound: one of them has no usual values.

    >>> plan(["4544-3", "2160-0"])
    Plan(drawn=('hemoglobin', 'cell_hemoglobin', 'creatinine'), derived=('hematocrit',))
    """
    return _plan(tuple(names))


@imported_books.cached_per_shelf
def _plan(names: tuple[str, ...]) -> Plan:
    needed, left = set[str](), [key_of(name) for name in names]
    while left:
        key = left.pop()
        if key not in needed:
            needed.add(key)
            left += derived()[key].inputs if key in derived() else ()
    drawn = tuple(key for key in analytes() if key in needed)
    return Plan(drawn, tuple(key for key in derived() if key in needed))


def derive(
    keys: Sequence[str], values: Mapping[str, Floats], subjects: Subjects
) -> dict[str, Floats]:
    """Compute analytes from others.

    Args:
        keys: of computed analytes, each after its inputs: `Plan.derived`.
        values: of their inputs as reported, by key, n rows; a computed one that is given, as a
            stated result is, stays as it is, and what is computed from it follows.
        subjects: whose values they are, n rows.

    Returns:
        The computed ones, by key, rounded, within what the book holds possible.
    """
    columns: dict[str, NDArray[np.float64]] = {**values, **subjects.columns()}
    found = {}
    for key in keys:
        if key not in columns:
            row = derived()[key]
            exact = np.clip(row.formula.value(columns), row.low, row.high)
            columns[key] = rounded(exact, row.decimals)
        found[key] = columns[key]
    return found


def solve(
    key: str,
    stated: Floats,
    values: Mapping[str, Floats],
    subjects: Subjects,
    given: frozenset[str] = frozenset(),
) -> dict[str, Floats]:
    """Return the drawn analytes that make a computed one what was stated.

    Args:
        key: of the computed analyte.
        stated: its values, n rows.
        values: of analytes as they would be, by key; at least what `needs` says.
        subjects: whose values they are, n rows.
        given: keys that are stated too and must stay.

    Returns:
        New values of drawn analytes, by key, not rounded and within what is possible; empty where
        nothing can follow the stated value, so that it contradicts the others.
    """
    way = next((way for way in derived()[key].solves if not given & way.keys()), None)
    columns = {**values, **subjects.columns(), key: stated}
    found = {}
    for name, formula in (way or {}).items():
        analyte = tabled()[name]
        exact = np.broadcast_to(formula.value(columns), stated.shape)
        found[name] = np.clip(
            np.where(np.isfinite(exact), exact, columns.get(name, stated)),
            analyte.low,
            analyte.high,
        )
    return found


@cache
def needs(key: str) -> tuple[str, ...]:
    """Return the keys that `solve` of a computed analyte looks at, without the analyte itself."""
    names = {
        name for way in derived()[key].solves for formula in way.values() for name in formula.names
    } | {name for way in derived()[key].solves for name in way}
    return tuple(sorted(names - {key, *_SUBJECT}))


def dependents(names: Iterable[str]) -> frozenset[str]:
    """Return the keys of everything that moves when these analytes move, themselves included.

    >>> sorted(dependents(["creatinine"]))[:4]
    ['creatinine', 'creatinine_clearance', 'egfr', 'egfr_mdrd']
    """
    moved = {key_of(name) for name in names}
    for key, row in derived().items():  # in order: inputs come first
        if moved.intersection(row.inputs):
            moved.add(key)
    return frozenset(moved)
