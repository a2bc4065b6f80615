"""Vaccines that are due at a visit and not given: refused, put off, not needed or out of stock."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from healthsim.addresses import hash_of, ids
from healthsim.codes.books import cvx
from healthsim.dates import whole_months
from healthsim.execution.sync.chart.places import (
    Mask,
    Numbers,
    apart,
    codes_like,
    codes_where,
    first_of_each,
    numbers,
    rows_of,
    texts,
)
from healthsim.execution.sync.context import SyncContext
from healthsim.execution.sync.visits.visits import DAY
from healthsim.medicine.vaccines_not_given import REASONS, NotGiven, not_given
from healthsim.products.patientsim.wards import IMMUNIZATIONS_NOT_GIVEN
from healthsim.tables import Coded, Columns, take

_SEASON_BEGINS = 181  # days from New Year to the middle of the year, in which no season begins
_YEAR = 365.25
_DAY_BITS = 20
_LONG = 10**5  # days: longer than a life


def not_given_rows(ctx: SyncContext, tables: Mapping[str, Columns]) -> Columns:
    """Fill `immunizations_not_given`: one row for a person, series and season at most."""
    visits = _Visits.of(ctx, tables)
    parts = [_of_reason(ctx, one, visits, tables) for one in not_given()]
    which = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
    visit = np.concatenate(parts)
    series = list(dict.fromkeys(one.series for one in not_given()))
    kind = np.array([series.index(one.series) for one in not_given()])[which]
    rank = np.array([list(REASONS).index(one.reason) for one in not_given()])[which]
    yearly = np.array([one.again_days > 0 for one in not_given()])[which]
    season = np.where(yearly, np.floor((visits.day[visit] - _SEASON_BEGINS) / _YEAR), 0)
    season = season.astype(np.int64)
    order = np.lexsort((which, rank, visits.day[visit], season, kind, visits.person[visit]))
    which, visit, kind, season = (one[order] for one in (which, visit, kind, season))
    first = first_of_each(visits.person[visit], kind, season)
    which, visit, kind, season = (one[first] for one in (which, visit, kind, season))
    key = kind * 1000 + season
    known, place = np.unique(key, return_inverse=True)
    addresses = [f"chart/vaccine/{series[one // 1000]}/{one % 1000}" for one in known.tolist()]
    number = np.array([hash_of(address) for address in addresses], dtype=np.int64)
    row_id = apart(ids(visits.person[visit], number[place] if len(number) else place))
    columns = _columns(visits, which, visit)
    return take(
        IMMUNIZATIONS_NOT_GIVEN.complete({"not_given_id": row_id, **columns}), np.argsort(row_id)
    )


@dataclass(frozen=True, eq=False)
class _Visits:
    """Visits at which vaccines are given; arrays of shape (n,).

    Attributes:
        usual: it is with the person's own primary care.
    """

    person: Numbers
    day: Numbers
    encounter: Numbers
    npi: Numbers
    usual: Mask

    @classmethod
    def of(cls, ctx: SyncContext, tables: Mapping[str, Columns]) -> _Visits:
        encounters, patients = tables["encounters"], tables["patients"]
        chosen = np.flatnonzero(
            codes_where(texts(encounters, "encounter_class"), lambda text: text == "office")
        )
        person = numbers(encounters, "person_id")[chosen]
        npi = numbers(encounters, "attending_npi")[chosen]
        place = np.searchsorted(numbers(patients, "person_id"), person)
        return cls(
            person,
            numbers(encounters, "start_at")[chosen] // DAY,
            numbers(encounters, "encounter_id")[chosen],
            npi,
            numbers(patients, "pcp_npi")[place] == npi,
        )

    @property
    def month(self) -> Numbers:
        """Month of the year, 1 to 12."""
        months: Numbers = self.day.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
        return months % 12 + 1


def _of_reason(
    ctx: SyncContext, one: NotGiven, visits: _Visits, tables: Mapping[str, Columns]
) -> Numbers:
    """Return the positions of visits at which a vaccine is not given for a reason."""
    holds = np.isin(visits.month, list(one.months))
    holds &= (visits.day >= one.since) & (visits.day < one.until)
    if one.codes:
        diagnoses = tables["encounter_diagnoses"]
        coded = codes_like(texts(diagnoses, "code"), one.codes)
        holds &= np.isin(visits.encounter, numbers(diagnoses, "encounter_id")[coded])
    else:
        holds &= visits.usual
    at = np.flatnonzero(holds)
    rows = rows_of(ctx, visits.person[at])
    months = whole_months(ctx.people.birth[rows], visits.day[at].astype(np.int32))
    suits = (months >= one.least_months) & (months < one.below_months)
    if one.sex:
        suits &= ctx.people.gender.take(rows).equals(one.sex)
    decision = f"chart/vaccine/{one.series}/{one.reason}/{one.codes}"
    suits &= ctx.record.draws.uniform(decision, rows) < one.share
    at = at[suits]
    return at[~_given(one, visits.person[at], visits.day[at], tables["immunizations"])]


def _given(one: NotGiven, person: Numbers, day: Numbers, doses: Columns) -> Mask:
    """Return who has had or will have a dose, so near that none is due."""
    same = codes_where(texts(doses, "cvx"), one.of_series.__contains__)
    theirs = numbers(doses, "person_id")[same] << _DAY_BITS
    key = np.sort(theirs + numbers(doses, "given_date")[same])
    apart_by = one.again_days or _LONG
    begin = (person << _DAY_BITS) + np.maximum(day - apart_by, 0)
    end = (person << _DAY_BITS) + day + apart_by
    found: Mask = np.searchsorted(key, begin) < np.searchsorted(key, end, side="right")
    return found


def _columns(visits: _Visits, which: Numbers, visit: Numbers) -> Columns:
    codes = tuple(one.cvx for one in not_given())
    book = cvx().rows
    reason = np.array([list(REASONS).index(one.reason) for one in not_given()])[which]
    return {
        "person_id": visits.person[visit],
        "cvx": Coded(which.astype(np.int32), codes),
        "display": Coded(which.astype(np.int32), tuple(book[code].display for code in codes)),
        "reason_code": Coded(reason.astype(np.int32), tuple(REASONS)),
        "reason": Coded(reason.astype(np.int32), tuple(REASONS.values())),
        "occurrence_date": visits.day[visit].astype(np.int32),
        "performer_npi": visits.npi[visit],
        "encounter_id": visits.encounter[visit],
    }
