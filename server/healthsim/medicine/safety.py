"""Rules of safe drugs, as data: a drug and a result, condition, age, pregnancy, drug or allergy."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from healthsim.codes.drugs import drugs
from healthsim.medicine.datafiles import rows
from healthsim.medicine.dosing import doses

KINDS = ("lab", "condition", "age", "weight", "pregnancy", "drug", "allergy")
ACTIONS = ("stop", "refuse", "reduce", "hold")
LOCAL = ("topical", "ophthalmic", "otic", "nasal", "vaginal", "device")
"""Routes of which little reaches the blood: no rule is about them."""


class SafetyRule(NamedTuple):
    """One rule: when it holds for a person, a medicine is not given as it usually is.

    Attributes:
        name: in words joined by hyphens; unique.
        drugs: names in the book of the medicines that it is about.
        procedures: HCPCS codes of the treatments that it is about.
        kind: one of `KINDS`.
        keys: of a lab, LOINC codes; of a condition, beginnings of ICD-10-CM codes; of an allergy,
            substances of `allergies.csv`.
        others: of a drug, the names of the medicines that must not be taken beside it.
        below, above: bounds of a result, of the age in years, of the weight in kg; it holds beyond
            them. NaN where there is none.
        days: how many days a result counts.
        action: stop: not begun, and ended when the rule comes to hold; refuse: not begun; reduce:
            given as `times` the usual dose; hold: a treatment is not given that day.
        times: share of the usual dose; 1 where the rule does not reduce it.
        words: what is found, in words.
        source: where the rule is from.
    """

    name: str
    drugs: frozenset[str]
    procedures: frozenset[str]
    kind: str
    keys: tuple[str, ...]
    others: frozenset[str]
    below: float
    above: float
    days: int
    action: str
    times: float
    words: str
    source: str

    def beyond(self, values: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Return which values lie beyond the bounds, bool, same shape; False for NaN."""
        beyond: NDArray[np.bool_] = np.less(values, self.below) | np.greater(values, self.above)
        return beyond


@dataclass(frozen=True)
class SafetyBook:
    """The rules that a run keeps, and where to look for those about something.

    Attributes:
        rules: in the order of the table.
    """

    rules: tuple[SafetyRule, ...] = ()
    _of_drug: dict[str, tuple[SafetyRule, ...]] = field(default_factory=dict, compare=False)

    def of_drug(self, name: str) -> tuple[SafetyRule, ...]:
        """Return the rules about a medicine, by its name in the book."""
        if name not in self._of_drug:
            self._of_drug[name] = tuple(rule for rule in self.rules if name in rule.drugs)
        return self._of_drug[name]

    def of_procedure(self, code: str) -> tuple[SafetyRule, ...]:
        """Return the rules that hold a treatment, by its HCPCS code."""
        return self._of_procedures.get(code, ())

    def at_result(self, loinc: str) -> tuple[SafetyRule, ...]:
        """Return the rules by which a result stops a medicine."""
        return self._at_results.get(loinc, ())

    @cached_property
    def stopping(self) -> tuple[SafetyRule, ...]:
        """The rules that stop what is taken already."""
        return tuple(rule for rule in self.rules if rule.action == "stop" and rule.drugs)

    @cached_property
    def _of_procedures(self) -> Mapping[str, tuple[SafetyRule, ...]]:
        codes = {code for rule in self.rules for code in rule.procedures}
        return {code: tuple(one for one in self.rules if code in one.procedures) for code in codes}

    @cached_property
    def _at_results(self) -> Mapping[str, tuple[SafetyRule, ...]]:
        labs = [rule for rule in self.stopping if rule.kind == "lab"]
        codes = {code for rule in labs for code in rule.keys}
        return {code: tuple(one for one in labs if code in one.keys) for code in codes}

    def without(self, names: tuple[str, ...]) -> SafetyBook:
        """Return the book without some of its rules, by name."""
        return SafetyBook(tuple(rule for rule in self.rules if rule.name not in names))


@cache
def safety_rules() -> SafetyBook:
    """Return every rule.

    >>> [rule.action for rule in safety_rules().of_drug("metformin 500 mg tablet")][:2]
    ['stop', 'refuse']
    """
    return SafetyBook(tuple(_rule(row) for row in rows("safety.csv")))


def _rule(row: dict[str, str]) -> SafetyRule:
    about = row["drugs"].split(";")
    keys = tuple(key for key in row["key"].split(";") if key)
    of_drugs = row["kind"] == "drug"
    return SafetyRule(
        name=row["name"],
        drugs=_named(one for one in about if not one.startswith("hcpcs:")),
        procedures=frozenset(one[6:] for one in about if one.startswith("hcpcs:")),
        kind=row["kind"],
        keys=() if of_drugs else keys,
        others=_named(keys) if of_drugs else frozenset(),
        below=float(row["below"] or math.nan),
        above=float(row["above"] or math.nan),
        days=int(row["days"] or 0),
        action=row["action"],
        times=float(row["times"] or 1),
        words=row["words"],
        source=row["source"],
    )


def _named(groups: Iterable[str]) -> frozenset[str]:
    """Return the medicines that reach the blood of ingredients and of ``class:`` groups."""
    wanted = set(groups)
    return frozenset(
        drug.display
        for drug in drugs().rows.values()
        if {drug.ingredient, f"class:{drug.drug_class}"} & wanted
        and doses()[drug.display].route not in LOCAL
    )


def faults(rule: SafetyRule, loincs: frozenset[str]) -> list[str]:
    """Return what is wrong with a rule, in words; nothing where it can be kept.

    Args:
        rule: the rule.
        loincs: the LOINC codes of the book.
    """
    found = []
    if rule.kind not in KINDS:
        found.append(f"kind {rule.kind!r} is none of {', '.join(KINDS)}")
    if rule.action not in ACTIONS:
        found.append(f"action {rule.action!r} is none of {', '.join(ACTIONS)}")
    if not rule.drugs and not rule.procedures:
        found.append("drugs names no medicine of the book and no HCPCS code")
    if rule.kind == "lab" and not (rule.keys and loincs.issuperset(rule.keys) and rule.days > 0):
        found.append(f"a lab needs LOINC codes of the book and days: {', '.join(rule.keys)}")
    if rule.kind in ("lab", "age", "weight") and math.isnan(rule.below) and math.isnan(rule.above):
        found.append("it has neither below nor above")
    if rule.kind in ("condition", "allergy") and not rule.keys:
        found.append(
            "a condition needs beginnings of ICD-10-CM codes as key, an allergy substances"
        )
    if rule.kind == "drug" and not rule.others:
        found.append("a drug needs other medicines of the book as key")
    if (rule.action == "reduce") != (rule.times < 1) or rule.times <= 0:
        found.append(f"times is {rule.times:g}; only reduce has it, between 0 and 1")
    if (rule.action == "hold") != bool(rule.procedures):
        found.append("hold is for HCPCS codes, and HCPCS codes have no other action")
    return [f"{rule.name}: {one}" for one in found]
