"""Shares that journeys realised: options taken, first fills, arms of trials."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import duckdb

from healthsim.products.rxmembersim.fills import LAST_LAG_DAYS
from healthsim.specification.distributions.kinds import Constant
from healthsim.specification.journeys.branches import Branch
from healthsim.specification.journeys.events import Prescription
from healthsim.specification.journeys.journey import JourneySpec
from healthsim.specification.journeys.plan import lay_out

_OPTIONS = (
    "SELECT option, count(*) FROM events WHERE type = 'branch' AND journey = ? AND step = ? "
    "GROUP BY option"
)
_OCCURRENCES = (
    "SELECT count(DISTINCT occurrence) FROM events "
    "WHERE type = 'branch' AND journey = ? AND step = ?"
)
_COVERED = (
    "SEMI JOIN enrollments AS n ON p.person_id = n.person_id "
    "AND n.effective_date <= p.written_date "
    f"AND coalesce(n.term_date, DATE '9999-12-31') >= p.written_date + {LAST_LAG_DAYS}"
)
_FILLED = (
    "WITH seen AS (SELECT p.prescription_id FROM prescriptions AS p "  # noqa: S608
    "JOIN events AS v USING (event_id) JOIN patients AS w ON w.person_id = p.person_id {covered} "
    "WHERE v.journey = ? AND v.step = ? "
    f"AND p.written_date + {LAST_LAG_DAYS} <= (SELECT max(fill_date) FROM fills) "
    f"AND p.written_date + {LAST_LAG_DAYS} < coalesce(p.end_date, DATE '9999-12-31') "
    f"AND p.written_date + {LAST_LAG_DAYS} <= coalesce(w.death_date, DATE '9999-12-31')) "
    "SELECT count(*), count(f.prescription_id) FROM seen LEFT JOIN "
    "(SELECT prescription_id FROM fills WHERE fill_number = 0 AND status = 'paid') AS f "
    "USING (prescription_id)"
)


@dataclass(frozen=True, slots=True)
class OptionShare:
    """One option of a branch: how many came to the branch, and how many took it.

    Attributes:
        weight: the weight that is stated, where it alone decides; None otherwise.
        reached: who came; of an option with a weight, those whom no exact count took.
        exactly: the count that is stated, over all times that people came to the branch.
    """

    step: str
    option: str
    weight: float | None
    reached: int
    taken: int
    exactly: int | None = None

    @property
    def share(self) -> float:
        """Share of those who came that took it."""
        return self.taken / self.reached if self.reached else 0.0


@dataclass(frozen=True, slots=True)
class FirstFillShare:
    """One prescription step: how many could be seen for 30 days, and how many filled."""

    step: str
    share: float
    reached: int
    taken: int


def option_shares(
    connection: duckdb.DuckDBPyConnection, journey: JourneySpec
) -> Iterator[OptionShare]:
    """Yield every option of every branch that somebody came to, in document order."""
    for _, step in journey.steps():
        if not isinstance(step, Branch) or step.races:  # the hazards of a race are figures
            continue
        taken = dict(connection.execute(_OPTIONS, [journey.name, step.id]).fetchall())
        reached = sum(taken.values())
        by_weight = len(step.groups()) == 1 and step.table is None and not step.races
        exact = {
            option.name: option.exactly for option in step.options if option.exactly is not None
        }
        times = _times(connection, journey, step.id) if exact else 1
        counts = {name: count * times for name, count in exact.items()}
        left = reached - sum(counts.values()) if by_weight else reached
        for option in step.options if reached else ():
            count, got = counts.get(option.name), taken.get(option.name, 0)
            weight = (1.0 if option.weight is None else option.weight) if by_weight else None
            if count is not None:
                yield OptionShare(step.id, option.name, None, reached, got, count)
            else:
                yield OptionShare(step.id, option.name, weight, left, got)


def _times(connection: duckdb.DuckDBPyConnection, journey: JourneySpec, step: str) -> int:
    """Return how many of a branch's occurrences people came to.

    Where two occurrences carry one number (a repeat in a repeat), those that are laid out count.
    """
    beats = [
        occurrence.beat for occurrence in lay_out(journey).occurrences if occurrence.step.id == step
    ]
    if len(set(beats)) < len(beats):
        return len(beats)
    ((times,),) = connection.execute(_OCCURRENCES, [journey.name, step]).fetchall()
    return int(times)


def first_fills(
    connection: duckdb.DuckDBPyConnection, stored: set[str], journey: JourneySpec
) -> Iterator[FirstFillShare]:
    """Yield every prescription step that states its share of first fills as a number.

    Only those count who lived, were covered and took the drug for the 30 days after writing.
    """
    if not {"prescriptions", "patients", "fills"} <= stored:
        return
    covered = _COVERED if "enrollments" in stored else ""
    for _, step in journey.steps():
        if not isinstance(step, Prescription):
            continue
        share = step.details.first_fill_share
        if not isinstance(share, Constant) or isinstance(share.value, str):
            continue
        statement = _FILLED.format(covered=covered)
        reached, taken = connection.execute(statement, [journey.name, step.id]).fetchall()[0]
        if reached:
            yield FirstFillShare(step.id, share.value, reached, taken)


_ARMS = (
    "SELECT arm, count(*), count(DISTINCT stratum) FROM subjects "
    "WHERE trial = ? AND arm IS NOT NULL GROUP BY ROLLUP (arm)"
)


@dataclass(frozen=True, slots=True)
class ArmShare:
    """One arm of a trial: its share of the ratio, and of those who were randomised.

    Attributes:
        error: how far the share can be off when every stratum ends in an unfinished block.
    """

    trial: str
    arm: str
    share: float
    error: float
    randomized: int
    taken: int


def arm_shares(
    connection: duckdb.DuckDBPyConnection, stored: set[str], journeys: Sequence[JourneySpec]
) -> Iterator[ArmShare]:
    """Yield every arm of every trial in which somebody was randomised, in document order."""
    if "subjects" not in stored:
        return
    trials = {journey.trial.id: journey.trial for journey in journeys if journey.trial is not None}
    for trial in trials.values():
        counts = {arm: rest for arm, *rest in connection.execute(_ARMS, [trial.id]).fetchall()}
        total, strata = counts.get(None, (0, 0))
        for arm, ratio in trial.arms.items() if total else ():
            share = ratio / sum(trial.arms.values())
            error = strata * trial.block_size * share * (1 - share) / total
            yield ArmShare(trial.id, arm, share, error, total, counts.get(arm, (0, 0))[0])


_SCREENED = (
    "SELECT count(*), count(*) FILTER (status = 'screen failure') FROM subjects "
    "WHERE trial = ? AND screen_date IS NOT NULL"
)


@dataclass(frozen=True, slots=True)
class Screening:
    """How many were screened for a trial, and how many failed."""

    trial: str
    screened: int
    failed: int


def screenings(
    connection: duckdb.DuckDBPyConnection, stored: set[str], journeys: Sequence[JourneySpec]
) -> Iterator[Screening]:
    """Yield every trial with criteria for which somebody was screened, in document order."""
    if "subjects" not in stored:
        return
    trials = {journey.trial.id: journey.trial for journey in journeys if journey.trial is not None}
    for trial in trials.values():
        screened, failed = connection.execute(_SCREENED, [trial.id]).fetchall()[0]
        if screened and any(trial.criteria()):
            yield Screening(trial.id, screened, failed)
