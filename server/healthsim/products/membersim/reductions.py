"""Several procedures of a day on one 837P: the dearest is paid in full, others in part."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from healthsim.billing.professional.fee_schedule import COMPONENTS
from healthsim.billing.professional.multiple_procedures import (
    above_base,
    endoscopy_base,
    reduction,
)
from healthsim.dates import Days
from healthsim.limits import Cents, packed
from healthsim.tables import Coded


@dataclass(frozen=True, eq=False)
class DaysWork:
    """Lines of 837P claims; arrays of shape (m,).

    Attributes:
        claim: int32, equal for the lines of one claim.
        component: intp, place in `COMPONENTS`.
        inside: bool, in a facility.
        unit: int64 cents, price of one unit.
    """

    claim: NDArray[np.int32]
    days: Days
    procedure: Coded
    component: NDArray[np.intp]
    inside: NDArray[np.bool_]
    unit: Cents
    units: NDArray[np.int32]


def paid_shares(lines: DaysWork) -> NDArray[np.float64]:
    """Return the share of each line's price that is paid, float64, (m,); 1 of a day's first.

    Units of one line are ranked as lines are: the first in full. Of two endoscopies of a family
    the dearer is paid in full, of the other what is above the family's base.
    """
    share = np.ones(len(lines.claim))
    group, rest = _tables(lines)
    ranked = group >= 0
    if not ranked.any():
        return share
    family, above = _families(lines)
    at = np.flatnonzero(family >= 0)
    least = at[~_first(lines, at, family)]
    share[least], ranked[least] = above[least], False
    at = np.flatnonzero(ranked)
    units = lines.units[at]
    first = (1 + (units - 1) * rest[at]) / units
    share[at] = np.where(_first(lines, at, group), first, rest[at])
    return share


def _first(lines: DaysWork, at: NDArray[np.intp], key: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return which of some lines is the dearest of its claim, day and key; the first of equals."""
    own = packed([lines.claim[at], lines.days[at] - lines.days.min(initial=0), key[at]])
    order = np.lexsort((at, -lines.unit[at], own))
    first = np.zeros(len(at), dtype=np.bool_)
    if len(at):
        first[order] = np.append(True, own[order][1:] != own[order][:-1])
    return first


def _tables(lines: DaysWork) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the group of each line, -1 for none, and what is left of one that is not first."""
    words = lines.procedure.vocabulary
    groups: list[str] = []
    group = np.full((len(words) + 1, len(COMPONENTS), 2), -1, dtype=np.int64)
    rest = np.ones(group.shape)
    for number, word in enumerate(words):
        for kind, component in enumerate(COMPONENTS):
            for inside in (0, 1):
                found = reduction(word, component, facility=bool(inside))
                if found is not None:
                    if found.group not in groups:
                        groups.append(found.group)
                    group[number, kind, inside] = groups.index(found.group)
                    rest[number, kind, inside] = found.rest
    place = (lines.procedure.codes, lines.component, lines.inside.astype(np.intp))
    return group[place], rest[place]


def _families(lines: DaysWork) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the family of endoscopies of each line, -1 for none, and the share above its base."""
    words = lines.procedure.vocabulary
    bases = [endoscopy_base(word) for word in words]
    names = sorted({base for base in bases if base is not None})
    family = np.array([*(-1 if base is None else names.index(base) for base in bases), -1])
    above = np.array([*([above_base(word, facility=bool(inside)) for inside in (0, 1)]
                        for word in words), [1.0, 1.0]])  # fmt: skip
    codes = lines.procedure.codes
    return family.astype(np.int64)[codes], above[codes, lines.inside.astype(np.intp)]
