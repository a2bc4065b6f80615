"""The tables by which stays are grouped into DRGs, read when a stay is grouped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from healthsim.billing.datafiles import FOLDER, rows
from healthsim.codes.sorted_text import SortedText
from healthsim.dates import Days, day_of

_NO_PARTS = ["", "", ""]
_EITHER, _PRINCIPAL, _SECONDARY = "", "-", "+"
MEDICAL = 1000  # from this rank on, groups are medical


@dataclass(frozen=True)
class Diagnosis:
    """What a diagnosis says of the group of a stay.

    Attributes:
        mdc: major diagnostic category that it opens as principal diagnosis; "" if none.
        principal, secondary: its roles, each with how often it counts, by its place.
    """

    mdc: str
    principal: Mapping[str, int]
    secondary: Mapping[str, int]


@dataclass(frozen=True)
class Complication:
    """What makes a secondary diagnosis a complication or comorbidity.

    Attributes:
        level: M for a major one (MCC), C for another (CC).
        collection: of the principal diagnoses beside which it is none; "" without any.
        alive_only: whether it is one only for patients who leave alive.
        hospital_acquired: whether it is none where it was not present on admission.
        suppressed: groups in which it is none, as it is a part of what they mean.
    """

    level: str
    collection: str
    alive_only: bool
    hospital_acquired: bool
    suppressed: frozenset[str]


@dataclass(frozen=True)
class Term:
    """One part of a rule: a role or fact, and how often it must be there."""

    name: str
    least: int
    most: float


@dataclass(frozen=True)
class Family:
    """One rule: when stays are in a family of groups, and which group has each severity.

    Attributes:
        mdc: major diagnostic category; PRE before all of them.
        when: alternatives, each of them terms that must all hold.
        groups: DRG with an MCC, with a CC, without both.
        ranks: of each version; the lowest wins, and from `MEDICAL` on groups are medical.
    """

    mdc: str
    when: tuple[tuple[Term, ...], ...]
    groups: tuple[str, str, str]
    ranks: tuple[int, ...]


@cache
def version_days() -> tuple[int, ...]:
    """Return the first day of each version, days since 1970, ascending."""
    return tuple(map(day_of, first_days()))


def first_days() -> tuple[str, ...]:
    """Return the first day of each version, ISO, ascending."""
    return tuple(row["since"] for row in rows("drg_versions.csv"))


def versions_of(discharged: Days) -> NDArray[np.int64]:
    """Return the version that groups stays by the day of discharge, int64, shape (n,).

    Days before the first version have the first, days after the last have the last.
    """
    return np.maximum(np.searchsorted(version_days(), discharged, side="right") - 1, 0)


@cache
def diagnosis(code: str, version: int) -> Diagnosis | None:
    """Return what a diagnosis, with or without its dot, says of a group; None if unknown."""
    kind = _kind("drg_diagnoses", "drg_diagnosis_kinds", code.replace(".", ""), version)
    if not kind:
        return None
    mdc, *marked = kind.split(" ")
    roles = [(role[0], role[1:]) if role[0] in "+-" else (_EITHER, role) for role in marked]
    return Diagnosis(
        mdc=mdc,
        principal=_counts([role for mark, role in roles if mark != _SECONDARY]),
        secondary=_counts([role for mark, role in roles if mark != _PRINCIPAL]),
    )


@cache
def procedure(code: str, version: int) -> Mapping[str, int]:
    """Return the roles of a procedure by itself, with how often each counts."""
    kind = _kind("drg_procedures", "drg_procedure_kinds", code, version)
    return _counts(kind.split(" ") if kind else [])


@cache
def complication(code: str, version: int) -> Complication | None:
    """Return what makes a secondary diagnosis a CC or MCC; None if it is none."""
    line = _text("drg_severity").find(code.replace(".", ""))
    value = _at(line[1], version) if line else ""
    if not value:
        return None
    level, collection, marks, suppressed = [*value.split("/"), *_NO_PARTS][:4]
    return Complication(level, collection, "a" in marks, "h" in marks,
                        frozenset(suppressed.split(",")))  # fmt: skip


@cache
def excluding(principal: str, version: int) -> frozenset[str]:
    """Return the collections that a principal diagnosis is in."""
    kind = _kind("drg_exclusions", "drg_exclusion_kinds", principal.replace(".", ""), version)
    return frozenset(kind.split(",")) if kind else frozenset()


@cache
def clusters_with(code: str) -> tuple[tuple[frozenset[str], str, str], ...]:
    """Return the clusters of procedures with a code: all codes, the role, the versions."""
    return _clusters().get(code, ())


@cache
def _clusters() -> dict[str, tuple[tuple[frozenset[str], str, str], ...]]:
    found: dict[str, list[tuple[frozenset[str], str, str]]] = {}
    for codes, role, versions in _text("drg_clusters").since():
        cluster = frozenset(codes.split("+"))
        for code in cluster:
            found.setdefault(code, []).append((cluster, role, versions))
    return {code: tuple(each) for code, each in found.items()}


def holds_in(versions: str, version: int) -> bool:
    """Return whether a cluster is one in a version."""
    return _at(versions, version) == "1"


@cache
def families(mdc: str) -> tuple[Family, ...]:
    """Return the rules of a major diagnostic category, in the order of the definitions."""
    return _families().get(mdc, ())


@cache
def _families() -> dict[str, tuple[Family, ...]]:
    found: dict[str, list[Family]] = {}
    for row in rows("drg_families.csv"):
        ranks = [int(_at(row["rank"], version)) for version in range(len(version_days()))]
        family = Family(row["mdc"], _alternatives(row["when"], row["family"]),
                        (row["mcc"], row["cc"], row["none"]), tuple(ranks))  # fmt: skip
        found.setdefault(row["mdc"], []).append(family)
    return {mdc: tuple(each) for mdc, each in found.items()}


@cache
def statuses() -> Mapping[str, str]:
    """Return what a discharge status says: died, transferred or left."""
    return {row["status"]: row["fact"] for row in rows("drg_statuses.csv")}


FACTS = frozenset({
    "mcc", "alive", "left", "died_or_transferred", "or", "extensive", "major", "unusual",
    "other_operation",
})  # fmt: skip
"""What rules may ask for besides roles of a family; `drg.py` says what each means."""


def _alternatives(when: str, family: str) -> tuple[tuple[Term, ...], ...]:
    """Return a rule as alternatives of terms; "1" always holds."""
    if when == "1":
        return ((),)
    return tuple(tuple(_term(term, family) for term in one.split("*")) for one in when.split(" + "))


def _term(text: str, family: str) -> Term:
    least, most = 1, float("inf")
    if text.startswith("!"):
        text, least, most = text[1:], 0, 0
    elif ">=" in text:
        text, _, number = text.partition(">=")
        least = int(number)
    elif "=" in text:
        text, _, number = text.partition("=")
        least = int(number)
        most = least
    return Term(text if text in FACTS or "." in text else f"{family}.{text}", least, most)


def _counts(roles: Sequence[str]) -> Mapping[str, int]:
    counts: dict[str, int] = {}
    for role in roles:
        name, _, number = role.partition("=")
        counts[name] = counts.get(name, 0) + int(number or 1)
    return counts


@cache
def _text(name: str) -> SortedText:
    return SortedText(FOLDER / f"{name}.txt.gz")


@cache
def _kind_texts(name: str) -> Mapping[str, str]:
    return {line[0]: line[1] for line in _text(name).since()}


def _kind(name: str, kinds: str, code: str, version: int) -> str:
    line = _text(name).find(code)
    return _kind_texts(kinds).get(_at(line[1], version), "") if line else ""


def _at(history: str, version: int) -> str:
    """Return the value of a version in a text such as "0:12 5:14": what holds since the last."""
    value = ""
    for entry in history.split(" "):
        since, _, one = entry.partition(":")
        if int(since) > version:
            break
        value = one
    return value
