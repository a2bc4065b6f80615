"""Who is in a trial: screened, failed or out, over all journeys of the trial."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from healthsim.dates import NO_DAY, Days
from healthsim.execution.people.draws import Rows
from healthsim.execution.people.logs import FOREVER
from healthsim.specification.journeys.events import OF_TRIALS, Randomization, Screening, Withdrawal
from healthsim.specification.journeys.step import StepHead


@dataclass(frozen=True)
class Enrolment:
    """The people of a chunk in one trial; arrays have one entry for each of them.

    Attributes:
        asked: int32, day on which they were asked to take part; `NO_DAY` before.
        declined: int32, the day on which they refused; `NO_DAY` for everyone else.
        screened: int32, day on which the criteria were asked; `NO_DAY` before.
        out: int32, last day in the trial; `FOREVER` while in it.
        refused: bool, whether they failed screening or withdrew: on that day nothing more of the
            trial happens to them either.
    """

    asked: Days
    declined: Days
    screened: Days
    out: Days
    refused: NDArray[np.bool_]

    @classmethod
    def of(cls, people: int) -> Enrolment:
        """Return a trial that nobody has entered yet."""
        return cls(
            asked=np.full(people, NO_DAY, dtype=np.int32),
            declined=np.full(people, NO_DAY, dtype=np.int32),
            screened=np.full(people, NO_DAY, dtype=np.int32),
            out=np.full(people, FOREVER, dtype=np.int32),
            refused=np.zeros(people, dtype=np.bool_),
        )

    def admits(self, step: StepHead, rows: Rows, days: Days) -> NDArray[np.bool_]:
        """Return who may have a step of the trial's journeys on their days, bool, shape (n,).

        Nobody is randomised who was not screened, or is out already; nobody leaves twice.
        """
        out = self.out[rows]
        admitted: NDArray[np.bool_] = days <= out
        if isinstance(step, OF_TRIALS):
            admitted &= ~(self.refused[rows] & (days >= out))
        if isinstance(step, Screening | Randomization | Withdrawal):
            admitted &= days < out
        if isinstance(step, Randomization):
            screened = self.screened[rows]
            admitted &= (screened != NO_DAY) & (screened <= days)
        return admitted

    def last_days(self, step: StepHead) -> Days:
        """Return everyone's last day on which they may have a step, int32, shape (n,)."""
        if isinstance(step, Screening | Randomization | Withdrawal):
            return (self.out - np.int32(1)).astype(np.int32)
        if isinstance(step, OF_TRIALS):
            return (self.out - self.refused.astype(np.int32)).astype(np.int32)
        return self.out

    def ask(self, rows: Rows, days: Days, consented: NDArray[np.bool_]) -> None:
        """Record who was asked to take part; who refuses has nothing of the trial from then on.

        Not even what happens to them on that day: they are out since the day before.
        """
        self.asked[rows] = days
        refused, on = rows[~consented], days[~consented]
        self.declined[refused] = on
        self.leave(refused, (on - np.int32(1)).astype(np.int32), refused=True)

    def screen(self, rows: Rows, days: Days, passed: NDArray[np.bool_]) -> None:
        """Record who was screened; those who did not pass are out from the end of that day on."""
        self.screened[rows] = days
        self.leave(rows[~passed], days[~passed], refused=True)

    def leave(self, rows: Rows, days: Days, *, refused: bool) -> None:
        """Take people out of the trial on their day, unless they left it earlier."""
        self.refused[rows] |= refused & (days <= self.out[rows])
        self.out[rows] = np.minimum(self.out[rows], days)
