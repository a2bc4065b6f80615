"""Which conditions an operation removes, and what a chart says instead of them.

The rules are rows of ``data/removed_by_operations.csv``, by beginnings of CPT and ICD-10-PCS codes.
A rule with a side is for that modifier of a CPT code; codes of ICD-10-PCS say the side themselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

from healthsim.medicine.datafiles import rows

FILE = "removed_by_operations.csv"
_PCS = 7  # characters of a code of ICD-10-PCS


@dataclass(frozen=True)
class Removal:
    """One condition that an operation removes.

    Attributes:
        operations: beginnings of CPT or ICD-10-PCS codes.
        side: modifier of a CPT code: RT or LT; "" for every one.
        condition: beginning of the ICD-10-CM codes that it removes.
        then: code that is stated afterwards: the condition of the other side, or a status.
    """

    operations: tuple[str, ...]
    side: str
    condition: str
    then: str


@cache
def removals() -> tuple[Removal, ...]:
    """Return every row of the table."""
    return tuple(
        Removal(tuple(row["operations"].split("|")), row["side"], row["condition"], row["then"])
        for row in rows(FILE)
    )


@lru_cache(maxsize=4096)
def removed_by(operation: str, modifiers: Sequence[str] = ()) -> tuple[Removal, ...]:
    """Return what an operation removes.

    Args:
        operation: CPT, HCPCS or ICD-10-PCS code.
        modifiers: of a CPT code; a tuple.

    >>> [one.condition for one in removed_by("66984", ("RT",)) if one.condition == "H25.11"]
    ['H25.11']
    >>> removed_by("66984"), removed_by("99213")
    ((), ())
    """
    return tuple(
        one
        for one in removals()
        if operation.startswith(one.operations)
        and (not one.side or one.side in modifiers or len(operation) == _PCS)
    )


@lru_cache(maxsize=65_536)
def stated_after(condition: str) -> tuple[str, ...]:
    """Return what may be stated instead of a condition that an operation removed; () for none.

    >>> stated_after("H25.11"), stated_after("M17.0"), stated_after("I10")
    (('Z98.41',), ('M17.12', 'M17.11'), ())
    """
    return tuple(
        dict.fromkeys(one.then for one in removals() if condition.startswith(one.condition))
    )
