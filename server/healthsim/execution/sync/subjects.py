"""Who is a subject of a trial: when in it, in which arm, and how it ended, for one chunk."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from healthsim.dates import NO_DAY, Days
from healthsim.execution.people.draws import Rows
from healthsim.execution.people.logs import FOREVER
from healthsim.execution.sync.encounters import SyncContext
from healthsim.execution.timeline.facts import RandomizationFacts, ScreeningFacts, WithdrawalFacts
from healthsim.execution.timeline.work import OccurrenceRows
from healthsim.products.trialsim.generate import STATUSES
from healthsim.specification.journeys import events
from healthsim.specification.journeys.changes import End
from healthsim.specification.journeys.step import StepHead
from healthsim.specification.journeys.trial import TrialSpec
from healthsim.tables import Coded

_COMPLETED = "completed"


@dataclass(frozen=True)
class SubjectColumns:
    """The people of a chunk in one trial; every array but `rows` has one entry for each person.

    Attributes:
        rows: positions of those who are subjects, ascending.
        consented, screened, randomized: int32, `NO_DAY` where never.
        failed: name of the first criterion that was not satisfied; no value where all were.
        block: int32, null where not randomised.
        ended: int32, last day in the trial; `NO_DAY` while in it.
        last: int32, last day of the trial, of life and of the data.
        reason: why it ended; no value while in it.
    """

    trial: TrialSpec
    rows: Rows
    consented: Days
    screened: Days
    randomized: Days
    failed: Coded
    arm: Coded
    stratum: Coded
    block: NDArray[np.int32]
    ended: Days
    last: Days
    reason: Coded
    status: Coded

    def happened(self, made: SyncContext, *kinds: type[StepHead]) -> list[OccurrenceRows]:
        """Return what happened of these types in the trial, in document order."""
        return _happened(made, self.trial, *kinds)

    def arm_on(self, rows: Rows, days: Days) -> Coded:
        """Return the arm of people on their days; no value before randomisation."""
        since = self.randomized[rows]
        assigned = (since != NO_DAY) & (since <= days)
        return Coded(
            np.where(assigned, self.arm.codes[rows], -1).astype(np.int32), self.arm.vocabulary
        )


def _happened(made: SyncContext, trial: TrialSpec, *kinds: type[StepHead]) -> list[OccurrenceRows]:
    walked = made.timeline.record.layouts_walked
    return [
        one
        for one in made.of_type(*kinds)
        if (own := walked[one.journey].journey.trial) is not None and own.id == trial.id
    ]


def subject_columns(made: SyncContext, trial: TrialSpec) -> SubjectColumns:
    """Gather what befell the people of a chunk in a trial."""
    size = len(made.person_id)
    criteria = tuple(one.name for _, one in trial.criteria())
    screened, failed = _days(size), Coded(np.full(size, -1, dtype=np.int32), criteria)
    for one in _happened(made, trial, events.Screening):
        screened[one.rows] = one.days
        failed.codes[one.rows] = one.facts_as(ScreeningFacts).failed
    randomized, block = _days(size), _days(size)
    arm = stratum = Coded.constant(None, size)
    for one in _happened(made, trial, events.Randomization):
        randomized[one.rows] = one.days
        facts = one.facts_as(RandomizationFacts)
        block[one.rows] = facts.block
        arm, stratum = (_spread(text, one.rows, size) for text in (facts.arm, facts.stratum))
    ended, reason, how = _ends(made, trial, screened, failed)
    consented = _consented(made, trial)
    last = np.minimum(made.timeline.record.death, np.int32(made.through))
    last = np.where(ended == NO_DAY, last, np.minimum(last, ended)).astype(np.int32)
    status = _status(made, trial, how, (screened, randomized))
    return SubjectColumns(
        trial=trial,
        rows=np.flatnonzero(consented != NO_DAY),
        consented=consented,
        screened=screened,
        randomized=randomized,
        failed=failed,
        arm=arm,
        stratum=stratum,
        block=block,
        ended=ended,
        last=last,
        reason=reason,
        status=status,
    )


def _days(size: int) -> Days:
    return np.full(size, NO_DAY, dtype=np.int32)


def _spread(found: Coded, rows: Rows, size: int) -> Coded:
    """Return a text for everyone of the chunk, from one for some of them."""
    codes = np.full(size, -1, dtype=np.int32)
    codes[rows] = found.codes
    return Coded(codes, found.vocabulary)


def _consented(made: SyncContext, trial: TrialSpec) -> Days:
    """Return the day of the first thing that happened to everyone in a trial."""
    first = np.full(len(made.person_id), FOREVER, dtype=np.int32)
    for one in _happened(made, trial, *events.OF_TRIALS):
        first[one.rows] = np.minimum(first[one.rows], one.days)
    return np.where(first == FOREVER, NO_DAY, first).astype(np.int32)


def _ends(
    made: SyncContext, trial: TrialSpec, screened: Days, failed: Coded
) -> tuple[Days, Coded, NDArray[np.int32]]:
    """Return the last day in the trial, why, and which of `STATUSES`; the earliest end counts.

    On one day a failed screening comes before a withdrawal, that before another end, and death
    is the last.
    """
    size, death = len(made.person_id), made.timeline.record.death
    ended, how = np.full(size, FOREVER, dtype=np.int32), np.full(size, -1, dtype=np.int32)
    words: list[str] = []
    why = np.full(size, -1, dtype=np.int32)

    def end(rows: Rows, days: Days, status: str, reason: Coded) -> None:
        sooner = np.flatnonzero(days < ended[rows])
        mine = rows[sooner]
        ended[mine], how[mine] = days[sooner], STATUSES.index(status)
        why[mine] = reason.codes[sooner] + np.int32(len(words))
        words.extend(reason.vocabulary)

    out = np.flatnonzero(failed.codes >= 0)
    end(out, screened[out], "screen failure", Coded.constant("screen failure", len(out)))
    for one in _happened(made, trial, events.Withdrawal):
        end(one.rows, one.days, "withdrawn", one.facts_as(WithdrawalFacts).reason)
    for one in _happened(made, trial, End):
        said = one.occurrence.step
        if isinstance(said, End) and said.scope == "trial":
            told = said.reason or _COMPLETED
            status = _COMPLETED if told == _COMPLETED else "discontinued"
            end(one.rows, one.days, status, Coded.constant(told, len(one.rows)))
    dead = np.flatnonzero(death <= made.through)
    end(dead, death[dead], "died", Coded.constant("death", len(dead)))
    distinct = tuple(dict.fromkeys(words))
    table = np.array([*map(distinct.index, words), -1], dtype=np.int32)
    return (
        np.where(ended == FOREVER, NO_DAY, ended).astype(np.int32),
        Coded(table[why], distinct),
        how,
    )


def _status(
    made: SyncContext, trial: TrialSpec, how: NDArray[np.int32], days: tuple[Days, Days]
) -> Coded:
    """Return what subjects are at the end of the data: how they ended, or where they stand."""
    screened, randomized = (one != NO_DAY for one in days)
    randomises = any(
        isinstance(step, events.Randomization)
        for plan in made.timeline.record.layouts_walked
        if plan.journey.trial is not None and plan.journey.trial.id == trial.id
        for _, step in plan.journey.steps()
    )
    standing = np.where(screened, STATUSES.index("screened"), STATUSES.index("consented"))
    within = randomized if randomises else screened
    standing = np.where(within, STATUSES.index("ongoing"), standing)
    return Coded(np.where(how >= 0, how, standing).astype(np.int32), STATUSES)
