"""What is written of a study: sentences by what the person has, as rows of a table.

A study's group has slots (lungs, heart, …). Of each slot of ``data/report_sentences.csv`` the
first row applies whose codes the person has; the row without codes is said where none does.
"""

from __future__ import annotations

from functools import cache, lru_cache
from typing import NamedTuple

from healthsim.codes.icd10cm import icd10cm
from healthsim.codes.loinc import loinc, observation
from healthsim.medicine.datafiles import rows

_FILE = "report_sentences.csv"
_SEVENTH = 7
_ACTIVE = "ABC"
SIDES = ("", "right ", "left ", "right and left ")
"""Words of a side of the body, as sentences use them."""


class Variant(NamedTuple):
    """A sentence, and when it is said.

    Attributes:
        codes: beginnings of ICD-10-CM codes; with ``/A`` only of injuries that are treated, with
            ``/D`` only of those that heal.
        visit: whether only the diagnoses of the study's visit count.
        operation: whether `codes` are beginnings of codes of operations, CPT or ICD-10-PCS, that
            were done from `low` to `high` days before; it is not told of the day itself.
        result: LOINC code of a result, or name of what a study shows, instead of codes; ``""`` for
            none.
        low: least value of the result, or days since the operation.
        high: greatest value of the result, or days since the operation.
        sentence: with ``{side}``, ``{name}`` (of the condition) and ``{value}``; ``""`` for none.
    """

    codes: tuple[str, ...]
    visit: bool
    operation: bool
    result: str
    low: float
    high: float
    sentence: str

    def is_of(self, code: str) -> bool:
        """Tell whether a person with a code has what the sentence says."""
        return not self.result and any(_begins(code, one) for one in self.codes)


class Slot(NamedTuple):
    """A part of a conclusion: its sentences in order of weight, and the one without a finding."""

    variants: tuple[Variant, ...]
    normal: str


def _begins(code: str, pattern: str) -> bool:
    beginning, _, seventh = pattern.partition("/")
    if not code.startswith(beginning):
        return False
    whole = code.replace(".", "")
    heals = len(whole) == _SEVENTH and whole[-1] not in _ACTIVE
    return not seventh or heals == (seventh == "D")


@cache
def _groups() -> dict[str, tuple[Slot, ...]]:
    found: dict[str, dict[str, list[Variant]]] = {}
    for row in rows(_FILE):
        result = row["scope"] == "result"
        variant = Variant(
            codes=() if result else tuple(row["codes"].split()),
            visit=row["scope"] == "visit",
            operation=row["scope"] == "operation",
            result=row["codes"] if result else "",
            low=float(row["low"] or "-inf"),
            high=float(row["high"] or "inf"),
            sentence=row["sentence"],
        )
        for group in row["group"].split():
            found.setdefault(group, {}).setdefault(row["slot"], []).append(variant)
    return {
        group: tuple(Slot(tuple(one[:-1]), one[-1].sentence) for one in slots.values())
        for group, slots in found.items()
    }


def slots_of(group: str) -> tuple[Slot, ...]:
    """Return the slots of a group, in order.

    >>> slots_of("carotid")[0].normal
    'No significant stenosis of the carotid arteries.'
    """
    return _groups()[group]


def all_variants() -> list[Variant]:
    """Return every sentence that tells of a condition, of all groups."""
    return [
        variant
        for slots in _groups().values() for slot in slots for variant in slot.variants
        if variant.codes and variant.sentence and not variant.operation
    ]  # fmt: skip


@cache
def told_operations() -> tuple[str, ...]:
    """Return the beginnings of codes of operations of which some study tells."""
    return tuple({
        code: None
        for slots in _groups().values() for slot in slots for variant in slot.variants
        if variant.operation for code in variant.codes
    })  # fmt: skip


@lru_cache(maxsize=100_000)
def matches(group: str, code: str, *, operation: bool = False) -> tuple[tuple[int, int], ...]:
    """Return (slot, variant) of every sentence of a group that a code can be the reason of.

    Args:
        group: of the study.
        code: of a diagnosis, or of an operation: codes of drugs begin like those of lungs.
        operation: which of the two.

    >>> matches("carotid", "I65.21")
    ((0, 0),)
    """
    return tuple(
        (place, number)
        for place, slot in enumerate(slots_of(group))
        for number, variant in enumerate(slot.variants)
        if variant.operation == operation and variant.is_of(code)
    )


@lru_cache(maxsize=100_000)
def side_of(code: str) -> int:
    """Return the side of the body that a diagnosis names, as a number of `SIDES`.

    >>> SIDES[side_of("M17.11")]
    'right '
    """
    book = icd10cm()
    words = book.display(code).lower().replace(",", " ").split() if code in book else []
    if "bilateral" in words or ("right" in words and "left" in words):
        return 3
    return 1 if "right" in words else 2 if "left" in words else 0


def filled(sentence: str, side: int, code: str, result: str, value: float) -> str:
    """Return a sentence with its places filled.

    Args:
        sentence: of a variant.
        side: number of `SIDES`.
        code: the diagnosis that it is said of, ICD-10-CM; ``""`` for none.
        result: LOINC code or name of `value`; ``""`` for none. What has a name is a whole number.
        value: that ``{value}`` stands for.

    >>> filled("Stenosis of the {side}carotid artery.", 2, "I65.22", "", 0.0)
    'Stenosis of the left carotid artery.'
    """
    name = icd10cm().display(code) if code in icd10cm() else code
    decimals = observation(result).decimals if result in loinc().rows else 0
    number = f"{value:.{decimals}f}" if result else ""
    whole = sentence.format(side=SIDES[side], name=name[:1].lower() + name[1:], value=number)
    return whole[:1].upper() + whole[1:]
