"""What illnesses, drugs, procedures and pregnancy do to analytes: `data/effects.csv`.

Shapes of one effect in time: `courses`. How effects of one person add up is a matter of
`execution.body`; the rules are

- of the effects of one `group` on one analyte, only the strongest acts, so that two codes of one
  illness, or two drugs of one kind, do not count twice; a ``=`` of a condition is in its group;
- of several ``=`` on one analyte, the one with the highest `order` holds.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import NamedTuple

import numpy as np

from healthsim.codes import imported_books
from healthsim.codes.diagnoses import icd10cm
from healthsim.codes.drugs import Drug, drugs
from healthsim.errors import NotFound, Problem, SpecError, near
from healthsim.medicine.analytes import analytes, key_of
from healthsim.medicine.datafiles import rows
from healthsim.medicine.derivation import derived, plan
from healthsim.medicine.setpoints import Floats

_FILE = "effects.csv"
KINDS = ("condition", "drug", "procedure", "adverse_event")
OPERATIONS = ("*", "+", "=", "e")
SHAPES = ("ramp", "bell")


class Effect(NamedTuple):
    """One effect of a cause on an analyte.

    Attributes:
        kind: of the cause, one of `KINDS`.
        causes: beginnings of ICD-10-CM or procedure codes; names, ingredients or classes of
            drugs; terms of adverse events.
        analyte: key of a drawn analyte; with ``=``, also of a computed one that can be solved.
        op: ``*``: times `size`; ``+``: `size` more, in the analyte's unit; ``=``: the person's
            set point becomes one of a normal distribution; ``e``: what the illnesses add is
            multiplied by `size`.
        size: number of the operation; with ``=``, the mean.
        sd: with ``=``, the standard deviation; else NaN.
        low: with ``=``, least set point; with ``+``, least amount in anybody; else NaN.
        high: with ``=``, greatest set point; with ``+``, greatest amount in anybody; with ``*``,
            greatest factor in anybody, of an analyte on a logarithmic scale; else NaN.
        lead: days that it begins before its cause is recorded; negative, above -1: after it.
        onset: days until it is whole; of a bell, the day of its peak.
        hold: days that it then lasts; NaN: as long as its cause does.
        off: days in which it fades to a third after that; NaN: a condition's ends with it,
            others stay. Of a bell, the standard deviation of its shape.
        shape: one of `SHAPES`.
        share: of people who show it, 0 to 1.
        group: of effects that do not add up.
        order: row of the table.
        source: of the figures.
        confidence: ``V``, ``M`` or ``A``: `data/README.md`.
    """

    kind: str
    causes: tuple[str, ...]
    analyte: str
    op: str
    size: float
    sd: float
    low: float
    high: float
    lead: float
    onset: float
    hold: float
    off: float
    shape: str
    share: float
    group: str
    order: int
    source: str
    confidence: str

    @property
    def response(self) -> str:
        """Address part of a person's response: one for all that a cause does."""
        return f"{self.kind}/{self.causes[0]}"


@imported_books.cached_per_shelf
def effects() -> tuple[Effect, ...]:
    """Return every effect of the table, in its order.

    Raises:
        SpecError: a row names an analyte or a cause that does not exist, or contradicts itself.
    """
    return read_effects(rows(_FILE))


def read_effects(lines: Sequence[Mapping[str, str]]) -> tuple[Effect, ...]:
    """Read and check rows of the table of effects.

    Args:
        lines: header -> text.

    Raises:
        SpecError: as `effects`; with the row and the mend of every problem.
    """
    problems, found = list[Problem](), list[Effect]()
    for number, line in enumerate(lines, start=2):
        effect = _effect(line, number)
        where = f"{_FILE} row {number} ({effect.causes[0]} on {effect.analyte})"
        problems += check_effect(effect, where) + unknown_causes(effect, where)
        found.append(effect)
    if problems:
        raise SpecError(problems)
    return tuple(effect._replace(analyte=key_of(effect.analyte)) for effect in found)


def _effect(line: Mapping[str, str], number: int) -> Effect:
    size, sd, low, high, lead, onset, hold, off, share = (
        float(line[name] or "nan")
        for name in ("size", "sd", "low", "high", "lead", "onset", "hold", "off", "share")
    )
    return Effect(
        kind=line["kind"],
        causes=tuple(line["cause"].split("|")),
        analyte=line["analyte"],
        op=line["op"],
        size=size,
        sd=sd,
        low=low,
        high=high,
        lead=lead,
        onset=onset,
        hold=hold,
        off=off,
        shape=line["shape"],
        share=share,
        group=line["group"],
        order=number,
        source=line["source"],
        confidence=line["confidence"],
    )


def check_effect(effect: Effect, where: str) -> list[Problem]:
    """Return what is wrong with an effect, of the table or of a specification.

    Args:
        effect: its analyte may be a LOINC code or a key.
        where: path of the effect, for the errors.
    """
    return _analyte_problems(effect, where) + [
        Problem(f"{where}.{part}", found, mend)
        for holds, part, found, mend in (
            (effect.kind not in KINDS, "kind", f"is {effect.kind!r}", f"use one of {KINDS}"),
            (effect.op not in OPERATIONS, "op", f"is {effect.op!r}", f"use one of {OPERATIONS}"),
            (effect.shape not in SHAPES, "shape", f"is {effect.shape!r}", f"use one of {SHAPES}"),
            (
                effect.op in "*e" and not effect.size > 0,
                "times",
                f"multiplies by {effect.size:g}",
                "use a factor above 0, e.g. 0.5 for half",
            ),
            (
                effect.op == "=" and not effect.sd > 0,
                "sd",
                "a set point has no spread",
                "give a standard deviation above 0",
            ),
            (
                effect.op == "=" and not _ordered(effect),
                "low",
                "the mean is outside low..high",
                "widen low..high around it",
            ),
            (not 0 < effect.share <= 1, "share", f"is {effect.share:g}", "use 0 to 1"),
            (
                not effect.onset >= 0 or not effect.lead > -1,
                "onset",
                "days are negative",
                "use 0 or more, and a lead of more than -1",
            ),
        )
        if holds
    ]


def _ordered(effect: Effect) -> bool:
    low = -math.inf if math.isnan(effect.low) else effect.low
    high = math.inf if math.isnan(effect.high) else effect.high
    return low < high and low <= effect.size <= high


def _analyte_problems(effect: Effect, where: str) -> list[Problem]:
    """Return why an analyte cannot be changed."""
    try:
        key = key_of(effect.analyte, f"{where}.analyte")
    except NotFound as error:
        return [error.problem]
    if key in analytes():
        return []
    row = derived()[key]
    drawn = sorted({name for way in row.solves[:1] for name in way})
    if effect.op == "=" and len(drawn) == 1:
        return []
    found = f"{key} is computed from {', '.join(row.inputs)}"
    mend = f"change {' and '.join(drawn) or ' or '.join(row.inputs)} instead"
    return [Problem(f"{where}.analyte", found, mend)]


def unknown_causes(effect: Effect, where: str) -> list[Problem]:
    """Return the conditions and drugs that are in no book."""
    if effect.kind == "condition":
        book, mend = icd10cm(), "use the beginning of an ICD-10-CM code, with its dot"
        return [
            Problem(f"{where}.cause", f"no ICD-10-CM code begins with {cause!r}", mend)
            for cause in effect.causes
            if not book.begins(cause)
        ]
    if effect.kind != "drug":
        return []
    known = _drugs_known()
    return [
        Problem(f"{where}.cause", f"no drug, ingredient or class is {cause!r}", near(cause, known))
        for cause in effect.causes
        if cause not in known
    ]


@imported_books.cached_per_shelf
def _drugs_known() -> frozenset[str]:
    """Return every name that an effect may call a drug by."""
    return frozenset(name for drug in drugs().rows.values() for name in drug_names(drug))


def drug_names(drug: Drug) -> tuple[str, str, str]:
    """Return the names that effects may call a drug by, the most specific first."""
    return drug.display, drug.ingredient, drug.drug_class


@imported_books.cached_per_shelf
def _by_cause(kind: str) -> Mapping[str, tuple[Effect, ...]]:
    found: dict[str, list[Effect]] = {}
    for effect in effects():
        for cause in effect.causes if effect.kind == kind else ():
            found.setdefault(cause, []).append(effect)
    return {cause: tuple(those) for cause, those in found.items()}


def _first_each(causes: Iterable[str], kind: str) -> tuple[Effect, ...]:
    """Return the effects of these causes; of several on one analyte, the first cause's.

    One that a share of people show stands beside the one that all do, and one that passes
    (it has a `hold`) beside one that lasts: a flare ends, and what lasts is still there.
    """
    found: dict[tuple[str, float, bool], Effect] = {}
    for cause in causes:
        for effect in _by_cause(kind).get(cause, ()):
            lasts = math.isnan(effect.hold)
            found.setdefault((effect.analyte, effect.share, lasts), effect)
    return tuple(sorted(found.values(), key=lambda effect: effect.order))


def _beginnings(code: str) -> list[str]:
    """Return a code and its beginnings, the longest first, without a dot at the end."""
    return [code[:length] for length in range(len(code), 1, -1) if code[length - 1] != "."]


@imported_books.cached_per_shelf
def condition_effects(code: str) -> tuple[Effect, ...]:
    """Return what a condition does: of each analyte, the row with the longest beginning of it.

    The longest of the rows that last, and the longest of those that pass: an acute code shows
    its flare, and before and after that what the illness does all the time.

    Args:
        code: ICD-10-CM, with its dot.

    >>> [effect.size for effect in condition_effects("E11.22") if effect.analyte == "uacr"]
    [8.0]
    """
    return _first_each(_beginnings(code), "condition")


@imported_books.cached_per_shelf
def procedure_effects(code: str) -> tuple[Effect, ...]:
    """Return what a procedure or an administered drug does.

    Args:
        code: CPT, HCPCS or ICD-10-PCS.
    """
    return _first_each(_beginnings(code), "procedure")


@imported_books.cached_per_shelf
def drug_effects(name: str) -> tuple[Effect, ...]:
    """Return what a drug does: of each analyte, the row of its name, else ingredient or class.

    Args:
        name: of the drug book; a name that is not there has no effects.

    >>> [effect.size for effect in drug_effects("atorvastatin 80 mg tablet")][:1]
    [0.5]
    """
    drug = drugs().rows.get(name)
    return _first_each(drug_names(drug) if drug else (), "drug")


def adverse_event_effects(term: str) -> tuple[Effect, ...]:
    """Return what an adverse event of a trial does.

    Args:
        term: as the adverse event is recorded.
    """
    return _first_each([term], "adverse_event")


def effects_on(names: Iterable[str]) -> tuple[Effect, ...]:
    """Return the effects that can move these analytes, drawn or computed, directly or not.

    Args:
        names: LOINC codes or keys.
    """
    wanted = set(plan(names).drawn)
    return tuple(effect for effect in effects() if wanted.intersection(moved_by(effect)))


def moved_by(effect: Effect) -> tuple[str, ...]:
    """Return the drawn analytes that an effect moves."""
    if effect.analyte in analytes():
        return (effect.analyte,)
    return tuple(derived()[effect.analyte].solves[0])


class PregnancyCurve(NamedTuple):
    """How one analyte runs through pregnancy, on straight lines between the weeks given.

    Attributes:
        analyte: key of a drawn analyte.
        op: ``*`` or ``+``.
        weeks: float64, of gestation, rising; before the first the effect grows from nothing.
        sizes: float64, factor or amount at each.
        off: days in which it fades to a third after the birth.
        at_birth: share of it that ends with the birth, and is gone on the next day.
    """

    analyte: str
    op: str
    weeks: Floats
    sizes: Floats
    off: float
    at_birth: float

    def left(self, after: Floats) -> Floats:
        """Return which share is left some days after the birth: 1 up to its day."""
        later: Floats = np.where(after > 0, 1 - self.at_birth, 1.0) * np.exp(-after / self.off)
        return later


@cache
def pregnancy_curves() -> tuple[PregnancyCurve, ...]:
    """Return the curves of `data/pregnancy.csv`, one for each analyte that pregnancy moves."""
    lines: dict[tuple[str, ...], list[tuple[float, float]]] = {}
    for row in rows("pregnancy.csv"):
        key = (row["analyte"], row["op"], row["off_days"], row["at_birth"])
        knots = lines.setdefault(key, [])
        knots.append((float(row["week"]), float(row["size"])))
    return tuple(
        PregnancyCurve(
            key_of(analyte),
            op,
            np.array([w for w, _ in knots]),
            np.array([s for _, s in knots]),
            float(off),
            float(at_birth or 0),
        )
        for (analyte, op, off, at_birth), knots in lines.items()
    )


class Cure(NamedTuple):
    """A drug that takes back what a condition does.

    Attributes:
        drug: its name, ingredient or class.
        condition: beginning of an ICD-10-CM code.
        cancel: share of the condition's effects that is taken back when the drug is taken.
        onset: days until that.
    """

    drug: str
    condition: str
    cancel: float
    onset: float


@cache
def all_cures() -> tuple[Cure, ...]:
    """Return the rows of `data/cures.csv`."""
    return tuple(
        Cure(row["drug"], row["condition"], float(row["cancel"]), float(row["onset_days"]))
        for row in rows("cures.csv")
    )


@imported_books.cached_per_shelf
def cure(drug: str, condition: str) -> Cure | None:
    """Return what a drug takes back of a condition's effects; `None`: nothing.

    Args:
        drug: a name of the drug book.
        condition: an ICD-10-CM code.
    """
    row = drugs().rows.get(drug)
    names = drug_names(row) if row else ()
    fitting = (
        one for one in all_cures() if one.drug in names and condition.startswith(one.condition)
    )
    return max(fitting, key=lambda one: len(one.condition), default=None)
