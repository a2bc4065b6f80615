"""The subjects of a trial: when they were in it, in which arm, and how it ended."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from healthsim.dates import NO_DAY, Days
from healthsim.execution.people.draws import Rows
from healthsim.execution.people.logs import FOREVER
from healthsim.execution.sync.context import SyncContext
from healthsim.execution.sync.numbering import subject_address
from healthsim.execution.timeline.facts import RandomizationFacts, ScreeningFacts, WithdrawalFacts
from healthsim.execution.timeline.step_call import OccurrenceRows
from healthsim.products.trialsim.generate import REFUSED, STATUSES
from healthsim.specification.journeys import events
from healthsim.specification.journeys.changes import End
from healthsim.specification.journeys.step import StepHead
from healthsim.specification.journeys.trial import TrialSpec
from healthsim.tables import Coded

_COMPLETED = "completed"


@dataclass(frozen=True, eq=False)
class SubjectColumns:
    """The people of a chunk in one trial; every array but `rows` has one entry for each person.

    Attributes:
        number: number of the trial's address among the subjects.
        rows: positions of those who are subjects, ascending.
        asked: int32, the day on which they were asked to take part.
        consented, screened, randomized: int32, `NO_DAY` where never.
        failed: name of the first criterion that was not satisfied; no value where all were.
        block: int32, null where not randomised.
        ended: int32, last day in the trial; `NO_DAY` while in it.
        last: int32, last day of the trial, of life and of the data.
        reason: why it ended; no value while in it.
    """

    trial: TrialSpec
    number: int
    rows: Rows
    asked: Days
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

    def happened(self, ctx: SyncContext, *kinds: type[StepHead]) -> list[OccurrenceRows]:
        """Return what happened of these types in the trial, in document order."""
        return _happened(ctx, self.trial, *kinds)

    def arm_on(self, rows: Rows, days: Days) -> Coded:
        """Return the arm of `rows` on `days`; no value before randomisation."""
        since = self.randomized[rows]
        assigned = (since != NO_DAY) & (since <= days)
        return Coded(
            np.where(assigned, self.arm.codes[rows], -1).astype(np.int32), self.arm.vocabulary
        )


def _happened(ctx: SyncContext, trial: TrialSpec, *kinds: type[StepHead]) -> list[OccurrenceRows]:
    walked = ctx.record.layouts_walked
    return [
        source
        for source in ctx.of_type(*kinds)
        if (own := walked[source.journey].journey.trial) is not None and own.id == trial.id
    ]


def subject_columns(ctx: SyncContext, trial: TrialSpec) -> SubjectColumns:
    """Return what happened to the people of a chunk in a trial."""
    size = len(ctx.person_id)
    criteria = tuple(criterion.name for _, criterion in trial.criteria())
    screened, failed = _days(size), Coded(np.full(size, -1, dtype=np.int32), criteria)
    for source in _happened(ctx, trial, events.Screening):
        screened[source.rows] = source.days
        failed.codes[source.rows] = source.facts_as(ScreeningFacts).failed
    randomized, block = _days(size), _days(size)
    arm = stratum = Coded.constant(None, size)
    for source in _happened(ctx, trial, events.Randomization):
        randomized[source.rows] = source.days
        facts = source.facts_as(RandomizationFacts)
        block[source.rows] = facts.block
        arm, stratum = (_spread(text, source.rows, size) for text in (facts.arm, facts.stratum))
    declined = _declined(ctx, trial)
    ended, reason, end_status = _ends(ctx, trial, (declined, screened), failed)
    consented = _consented(ctx, trial)
    asked = np.where(declined == NO_DAY, consented, declined).astype(np.int32)
    last = np.minimum(ctx.record.death, np.int32(ctx.through))
    last = np.where(ended == NO_DAY, last, np.minimum(last, ended)).astype(np.int32)
    status = _status(ctx, trial, end_status, screened, randomized)
    return SubjectColumns(
        trial=trial,
        number=ctx.numbering.number("subjects", subject_address(trial.id)),
        rows=np.flatnonzero(asked != NO_DAY),
        asked=asked,
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


def _spread(text: Coded, rows: Rows, size: int) -> Coded:
    """Return a text for everyone of the chunk, from one for some of them."""
    codes = np.full(size, -1, dtype=np.int32)
    codes[rows] = text.codes
    return Coded(codes, text.vocabulary)


def _consented(ctx: SyncContext, trial: TrialSpec) -> Days:
    """Return the day of the first thing that happened to everyone in a trial."""
    first = np.full(len(ctx.person_id), FOREVER, dtype=np.int32)
    for source in _happened(ctx, trial, *events.OF_TRIALS):
        first[source.rows] = np.minimum(first[source.rows], source.days)
    return np.where(first == FOREVER, NO_DAY, first).astype(np.int32)


def _declined(ctx: SyncContext, trial: TrialSpec) -> Days:
    """Return the day on which everyone refused to take part, within life and the data."""
    declined = ctx.record.enrolment(trial.id).declined
    last = np.minimum(ctx.record.death, np.int32(ctx.through))
    return np.where(declined <= last, declined, NO_DAY).astype(np.int32)


def _ends(
    ctx: SyncContext, trial: TrialSpec, first_days: tuple[Days, Days], failed: Coded
) -> tuple[Days, Coded, NDArray[np.int32]]:
    """Return the last day in the trial, the reason, and the position in `STATUSES`.

    `first_days` are those on which everyone refused and was screened. The earliest end counts. On
    one day a refusal comes before a failed screening, that comes before a withdrawal, that before
    another end, and death is the last.
    """
    (declined, screened), size, death = first_days, len(ctx.person_id), ctx.record.death
    ended, status_of = np.full(size, FOREVER, dtype=np.int32), np.full(size, -1, dtype=np.int32)
    reason_of = np.full(size, -1, dtype=np.int32)
    reasons: list[str] = []

    def end(rows: Rows, days: Days, status: str, reason: Coded) -> None:
        sooner = np.flatnonzero(days < ended[rows])
        at = rows[sooner]
        ended[at], status_of[at] = days[sooner], STATUSES.index(status)
        reason_of[at] = reason.codes[sooner] + np.int32(len(reasons))
        reasons.extend(reason.vocabulary)

    refused = np.flatnonzero(declined != NO_DAY)
    end(refused, declined[refused], REFUSED, Coded.constant(REFUSED, len(refused)))
    out = np.flatnonzero(failed.codes >= 0)
    end(out, screened[out], "screen failure", Coded.constant("screen failure", len(out)))
    for source in _happened(ctx, trial, events.Withdrawal):
        end(source.rows, source.days, "withdrawn", source.facts_as(WithdrawalFacts).reason)
    for source in _happened(ctx, trial, End):
        step = source.step_as(End)
        if step.scope == "trial":
            reason = step.reason or _COMPLETED
            status = _COMPLETED if reason == _COMPLETED else "discontinued"
            end(source.rows, source.days, status, Coded.constant(reason, len(source.rows)))
    dead = np.flatnonzero(death <= ctx.through)
    end(dead, death[dead], "died", Coded.constant("death", len(dead)))
    distinct = tuple(dict.fromkeys(reasons))
    table = np.array([*map(distinct.index, reasons), -1], dtype=np.int32)
    return (
        np.where(ended == FOREVER, NO_DAY, ended).astype(np.int32),
        Coded(table[reason_of], distinct),
        status_of,
    )


def _status(
    ctx: SyncContext,
    trial: TrialSpec,
    end_status: NDArray[np.int32],
    screened: Days,
    randomized: Days,
) -> Coded:
    """Return the status of subjects at the end of the data: of their end, or the stage reached."""
    randomises = any(
        isinstance(step, events.Randomization)
        for walked in ctx.record.layouts_walked
        if walked.journey.trial is not None and walked.journey.trial.id == trial.id
        for _, step in walked.journey.steps()
    )
    entered = (randomized if randomises else screened) != NO_DAY
    reached = np.where(screened != NO_DAY, STATUSES.index("screened"), STATUSES.index("consented"))
    reached = np.where(entered, STATUSES.index("ongoing"), reached)
    return Coded(np.where(end_status >= 0, end_status, reached).astype(np.int32), STATUSES)
