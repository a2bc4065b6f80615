"""Who smokes on which day: as codes say, as the profile states, or as is usual."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from healthsim.dates import NO_DAY, Days, whole_years
from healthsim.execution.people.draws import Rows
from healthsim.execution.sync.chart.places import Mask, codes_where, numbers, rows_of, texts
from healthsim.execution.sync.context import SyncContext
from healthsim.medicine.social import (
    DAILY,
    FORMER,
    NEVER,
    SOMETIMES,
    says_of_smoking,
    smoking_codes,
    smoking_shares,
)
from healthsim.tables import Coded, Columns

_ADULT, _YOUNGEST = 18, 12
_EVERY_DAY = 0.78  # share of smokers who smoke every day (NHIS 2021: four in five)
_QUIT = 0.05  # share of smokers who stop in a year: assumption (7 % had, NHIS 2015)
_YEAR = 365.25
_NEVER_ENDS = 2**31 - 1
_ATTRIBUTES = ("smoking_status", "smoking", "smoker")
"""Attributes of a profile that say whether somebody smokes, in the words below."""
_WORDS: Mapping[str, str] = {
    "current": "current", "yes": "current", "smoker": "current", "daily": "daily",
    "some_days": "some_days", "former": "former", "ex": "former", "quit": "former",
    "never": "never", "no": "never", "non_smoker": "never",
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Smoking:
    """What is known of everyone's smoking; arrays of shape (people,).

    Attributes:
        usual: int64, position in `SMOKING` on `as_of` where no code says otherwise.
        habit: int64, `DAILY` or `SOMETIMES`, while somebody smokes.
        quits: int64, day on which a usual smoker stops.
        since, until: int64, days between which a code says that somebody smokes; `until` before
            `since` where none does.
        gave_up: int64, first day on which a code says that somebody has smoked and does not now.
    """

    usual: NDArray[np.int64]
    habit: NDArray[np.int64]
    quits: NDArray[np.int64]
    since: NDArray[np.int64]
    until: NDArray[np.int64]
    gave_up: NDArray[np.int64]

    @classmethod
    def of(cls, ctx: SyncContext, tables: Mapping[str, Columns]) -> Smoking:
        """Settle it for the people of a chunk."""
        habit = np.where(
            ctx.record.draws.uniform("chart/smoking/habit") < _EVERY_DAY, DAILY, SOMETIMES
        )
        usual = _usual(ctx, tables["conditions"], habit)
        years = np.log(ctx.record.draws.uniform("chart/smoking/quits")) / np.log(1 - _QUIT)
        since, until, gave_up = _coded(ctx, tables["conditions"])
        return cls(usual, habit, ctx.as_of + np.floor(years * _YEAR).astype(np.int64),
                   since, until, gave_up)  # fmt: skip

    def on(self, rows: Rows, days: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the status of people on a day each, positions in `SMOKING`; shape of `rows`."""
        usual, since, until = self.usual[rows], self.since[rows], self.until[rows]
        stopped = (usual <= SOMETIMES) & (days >= self.quits[rows])
        status = np.where(stopped, FORMER, usual)
        smokes = until >= since
        gave_up = days >= self.gave_up[rows]
        coded = np.where((days > until) | (gave_up & (days < since)), FORMER, self.habit[rows])
        status = np.where(smokes, coded, status)
        has_stopped = ~smokes & (self.gave_up[rows] < _NEVER_ENDS)
        return np.where(has_stopped, FORMER, status)


def _coded(ctx: SyncContext, conditions: Columns) -> tuple[NDArray[np.int64], ...]:
    """Return since and until when codes say that people smoke, and since when they do not."""
    code, person = texts(conditions, "code"), rows_of(ctx, numbers(conditions, "person_id"))
    onset, end = numbers(conditions, "onset_date"), numbers(conditions, "abatement_date")
    end = np.where(end == NO_DAY, _NEVER_ENDS, end)
    size = len(ctx.people)
    since, gave_up = (np.full(size, _NEVER_ENDS, dtype=np.int64) for _ in range(2))
    until = np.full(size, NO_DAY, dtype=np.int64)
    now = codes_where(code, lambda text: says_of_smoking(text) == "current")
    np.minimum.at(since, person[now], onset[now])
    np.maximum.at(until, person[now], end[now])
    past = codes_where(code, lambda text: says_of_smoking(text) == "former")
    np.minimum.at(gave_up, person[past], onset[past])
    return since, until, gave_up


def _usual(ctx: SyncContext, conditions: Columns, habit: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return everyone's status on `as_of` where no code says it."""
    current, former = _shares(ctx, conditions)
    u = ctx.record.draws.uniform("chart/smoking")
    status = np.where(u < current, habit, np.where(u < current + former, FORMER, NEVER))
    stated = ctx.profile.clinical.smoking
    if stated is not None:
        of_adults = np.searchsorted(np.cumsum(stated.shares)[:-1], u, "right")
        status = np.where(_ages(ctx) >= _ADULT, of_adults, status)
    for name in _ATTRIBUTES:
        labels = ctx.people.attributes.get(name)
        if isinstance(labels, Coded):
            status = _by_attribute(labels, habit, status)
    return status


def _by_attribute(
    labels: Coded, habit: NDArray[np.int64], status: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return statuses in which labels that say one have their say."""
    said = {"daily": DAILY, "some_days": SOMETIMES, "former": FORMER, "never": NEVER}
    for word in labels.vocabulary:
        meant = _WORDS.get(word.lower().replace(" ", "_").replace("-", "_"))
        if meant is not None:
            status = np.where(labels.equals(word), said.get(meant, habit), status)
    return status


def _ages(ctx: SyncContext) -> NDArray[np.int64]:
    """Return completed years on `as_of`, int64; 0 for those who are born later."""
    birth = np.where(ctx.people.birth == NO_DAY, ctx.as_of, ctx.people.birth).astype(np.int32)
    birth = np.minimum(birth, np.int32(ctx.as_of))
    days: Days = np.full(len(birth), ctx.as_of, dtype=np.int32)
    return whole_years(birth, days).astype(np.int64)


def _shares(
    ctx: SyncContext, conditions: Columns
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return everyone's chances to smoke and to have smoked, by sex, age and conditions."""
    age, women = np.maximum(_ages(ctx), _YOUNGEST), ctx.people.gender.equals("F")
    current, former = np.zeros(len(age)), np.zeros(len(age))
    for one in smoking_shares():
        mine: Mask = (age >= one.age_from) & (women == (one.sex == "F"))
        current[mine], former[mine] = one.current, one.former
    code, person = texts(conditions, "code"), rows_of(ctx, numbers(conditions, "person_id"))
    for ill in reversed([one for one in smoking_codes() if one.says == "shares"]):
        has = person[codes_where(code, lambda text, ill=ill: text.startswith(ill.code))]  # type: ignore[misc]
        current[has], former[has] = ill.current, ill.former
    return current, former
