"""Who looks after people: primary care, the specialists whom they see, who attends in stays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from healthsim.dates import NO_DAY
from healthsim.execution.sync.context import SyncContext
from healthsim.execution.sync.visits.visits import DAY
from healthsim.tables import NO_NUMBER, Array, Coded, Columns

_ROLES = ("primary_care", "specialist", "hospital")
_SEEN = ("office", "telehealth", "outpatient_hospital", "dialysis", "home_health")
_STAYS = ("inpatient", "observation", "snf")


def care_team_members(ctx: SyncContext, tables: Mapping[str, Columns]) -> Columns:
    """Fill `care_team_members`: one row for each person, clinician and role."""
    patients, encounters = tables["patients"], tables["encounters"]
    person, npi, role, start, end = (np.concatenate(pair) for pair in zip(
        _primary_care(ctx, patients), _seen(patients, encounters), strict=True))  # fmt: skip
    order = np.lexsort((end, start, role, npi, person))
    person, npi, role, start, end = (one[order] for one in (person, npi, role, start, end))
    first = np.ones(len(person), dtype=np.bool_)
    first[1:] = (person[1:] != person[:-1]) | (npi[1:] != npi[:-1]) | (role[1:] != role[:-1])
    at = np.flatnonzero(first)
    last = np.maximum.reduceat(end, at) if len(at) else end
    died = _of(patients, "death_date", person[at])
    last = np.where(role[at] == _ROLES.index("hospital"), last, died)
    return {
        "person_id": person[at],
        "member_npi": npi[at],
        "role": Coded(role[at].astype(np.int32), _ROLES),
        "start_date": start[at].astype(np.int32),
        "end_date": last.astype(np.int32),
    }


_Parts: TypeAlias = tuple[
    NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]
]


def _primary_care(ctx: SyncContext, patients: Columns) -> _Parts:
    """Return people, their primary care providers, the role, first and last days."""
    npi = np.asarray(patients["pcp_npi"], dtype=np.int64)
    has = npi != NO_NUMBER
    person = np.asarray(patients["person_id"], dtype=np.int64)[has]
    birth = np.asarray(patients["birth_date"], dtype=np.int64)[has]
    none = np.full(len(person), NO_DAY, dtype=np.int64)
    role = np.zeros(len(person), dtype=np.int64)
    return person, npi[has], role, np.maximum(birth, ctx.as_of), none


def _seen(patients: Columns, encounters: Columns) -> _Parts:
    """Return people, who treated them, the role, first and last day of each encounter.

    Visits to primary care are left out.
    """
    kind = encounters["encounter_class"]
    assert isinstance(kind, Coded)
    stays = np.isin(kind.codes, _codes(kind, _STAYS))
    own = _of(patients, "pcp_npi", encounters["person_id"]) == encounters["attending_npi"]
    kept = stays | (np.isin(kind.codes, _codes(kind, _SEEN)) & ~own)
    role = np.where(stays, _ROLES.index("hospital"), _ROLES.index("specialist"))
    days = [
        np.asarray(encounters[name], dtype=np.int64)[kept] // DAY for name in ("start_at", "end_at")
    ]
    person, npi = (
        np.asarray(encounters[name], dtype=np.int64)[kept]
        for name in ("person_id", "attending_npi")
    )
    return person, npi, role[kept], days[0], days[1]


def _codes(kind: Coded, words: tuple[str, ...]) -> list[int]:
    return [code for code, word in enumerate(kind.vocabulary) if word in words]


def _of(patients: Columns, column: str, person: Array) -> NDArray[np.int64]:
    """Return a column of numbers or days of the patients, for people; int64, shape (n,)."""
    place = np.searchsorted(np.asarray(patients["person_id"]), np.asarray(person))
    values: NDArray[np.int64] = np.asarray(patients[column], dtype=np.int64)[place]
    return values
