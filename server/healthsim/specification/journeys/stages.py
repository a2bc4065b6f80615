"""Stages over decades, and waiting for a condition."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from healthsim.specification.distributions.base import adds_up, in_per_cent
from healthsim.specification.distributions.kinds import Distribution
from healthsim.specification.document import Strict
from healthsim.specification.journeys.step import StepHead
from healthsim.specification.journeys.timing import YEAR_DAYS, Hazard, Length, Share
from healthsim.specification.language.expressions import Condition, Expression

if TYPE_CHECKING:
    from healthsim.specification.journeys.step import Step

StageName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9 _.-]{0,39}$")]


class MoveTo(Strict):
    """A way out of a stage.

    Attributes:
        to: name of the next stage.
        weight, when: for people who leave at the end of their stay, as in a branch.
        weight: share of those who leave at the end of their stay.
        when: for whom, of those who leave at the end of their stay.
        hazard: competes with the stay and with the other moves; the earliest is taken.
        until: is taken at the first check at which the condition is true; competes as well.
    """

    to: StageName
    weight: Share | None = None
    when: Condition | None = None
    hazard: Hazard | None = None
    until: Condition | None = None

    @model_validator(mode="after")
    def _one_kind(self) -> MoveTo:
        kinds = [self.hazard is not None, self.until is not None,
                 self.weight is not None or self.when is not None]  # fmt: skip
        if sum(kinds) > 1:
            raise ValueError("give a move weight and when, or hazard, or until; keep one kind")
        return self

    @property
    def ends_the_stay(self) -> bool:
        """Whether it is taken at the end of the stay, rather than at its own time."""
        return self.hazard is None and self.until is None


class Stay(Strict):
    """How long people stay in a stage: days, months or years, as a distribution.

    Attributes:
        days: in days.
        months: in months.
        years: in years.
    """

    days: Distribution | None = None
    months: Distribution | None = None
    years: Distribution | None = None

    @model_validator(mode="after")
    def _one_of(self) -> Stay:
        if sum(part is not None for part in (self.days, self.months, self.years)) != 1:
            raise ValueError("give one of days, months and years; remove or add one")
        return self

    @property
    def distribution(self) -> Distribution:
        """The distribution, in `unit_days`."""
        distribution = self.days or self.months or self.years
        if distribution is None:
            raise TypeError("a stay has one distribution")
        return distribution

    @property
    def unit_days(self) -> float:
        """Days of one unit of the distribution."""
        if self.days is not None:
            return 1.0
        return YEAR_DAYS / 12 if self.months is not None else YEAR_DAYS


class Stage(Strict):
    """One stage of a lifecycle: what happens in it, how long it lasts, and where it leads.

    Attributes:
        name: stands in `events.option`; conditions compare the step's id with it.
        steps: dated from entry; they end with the stage.
        stays: how long, where moves have weights.
        moves: ways out.
        final: nobody leaves it.
    """

    name: StageName
    steps: tuple[Step, ...] = ()
    stays: Stay | None = None
    moves: tuple[MoveTo, ...] = ()
    final: bool = False

    @model_validator(mode="after")
    def _has_a_way_out(self) -> Stage:
        ending = [move for move in self.moves if move.ends_the_stay]
        if self.final and (self.moves or self.stays is not None):
            raise ValueError(f"stage {self.name!r} is final and has moves or stays; keep one")
        if not self.final and not self.moves:
            raise ValueError(f'stage {self.name!r} has no moves; add one, or "final": true')
        if bool(ending) != (self.stays is not None):
            raise ValueError(f"stage {self.name!r}: stays, and moves by weight or when, belong "
                             "together; add the other")  # fmt: skip
        if ending:
            _moves_add_up(self.name, ending)
        return self


def _moves_add_up(name: str, moves: list[MoveTo]) -> None:
    groups: dict[Expression | None, list[MoveTo]] = {}
    for move in moves:
        groups.setdefault(move.when, []).append(move)
    if None not in groups:
        raise ValueError(f"stage {name!r} has no move when every condition is false; add "
                         "one without a when")  # fmt: skip
    for group in groups.values():
        weights = [1.0 if len(group) == 1 and one.weight is None else one.weight or 0.0
                   for one in group]  # fmt: skip
        if not adds_up(weights):
            mend = in_per_cent(weights) or f"change them by {1 - sum(weights):+g} in all"
            raise ValueError(f"the moves of stage {name!r} have weights that add up to "
                             f"{sum(weights):g}, not 1; {mend}")  # fmt: skip


def _one_name(value: object) -> object:
    return {"type": "constant", "value": value} if isinstance(value, str) else value


class Stages(StepHead):
    """A lifecycle: people are in one stage at a time, and its steps end with it.

    Attributes:
        start: the first stage: a name, or names with weights.
        stages: each with its ways out.
        lasts: how long it lasts; then everybody leaves.
        visits: how often one person may enter one stage at most; default: once where no stage
            can be entered again, else 10.
        check_every: days between two checks of a move's `until`.
    """

    do: Literal["stages"]
    start: Annotated[Distribution, BeforeValidator(_one_name)]
    stages: Annotated[tuple[Stage, ...], Field(min_length=1, max_length=60)]
    lasts: Length | None = None
    visits: Annotated[int, Field(strict=True, ge=1, le=200)] | None = None
    check_every: Annotated[int, Field(strict=True, ge=1, le=3660)] = 30

    def inner(self) -> Iterator[tuple[str, tuple[StepHead, ...]]]:
        """Yield the steps of each stage."""
        for place, stage in enumerate(self.stages):
            yield f"stages[{place}].steps", stage.steps

    def conditions(self) -> Iterator[tuple[str, Expression]]:
        """Yield its own condition and those of its moves."""
        yield from super().conditions()
        for path, move in self.moves():
            if move.when is not None:
                yield f"{path}.when", move.when
            if move.until is not None:
                yield f"{path}.until", move.until

    def hazards(self) -> Iterator[tuple[str, Hazard]]:
        """Yield its own hazard and those of its moves."""
        yield from super().hazards()
        for path, move in self.moves():
            if move.hazard is not None:
                yield f"{path}.hazard", move.hazard

    def moves(self) -> Iterator[tuple[str, MoveTo]]:
        """Yield (path, move) of every move."""
        for place, stage in enumerate(self.stages):
            for number, move in enumerate(stage.moves):
                yield f"stages[{place}].moves[{number}]", move

    @model_validator(mode="after")
    def _hangs_together(self) -> Stages:
        names = [stage.name for stage in self.stages]
        if len(set(names)) < len(names):
            raise ValueError("two stages have the same name; rename one")
        for stage in self.stages:
            for move in stage.moves:
                if move.to not in names:
                    raise ValueError(f"stage {stage.name!r} moves to {move.to!r}, which is not a "
                                     f"stage; use one of {', '.join(names)}")  # fmt: skip
        self._ends()
        return self

    def _ends(self) -> None:
        ends = {stage.name for stage in self.stages if stage.final}
        while True:
            more = {stage.name for stage in self.stages
                    if any(move.to in ends for move in stage.moves)} - ends  # fmt: skip
            if not more:
                break
            ends |= more
        stuck = [stage.name for stage in self.stages if stage.name not in ends]
        if stuck and self.lasts is None:
            raise ValueError(f"no moves lead from stage {stuck[0]!r} to a final stage; give one "
                             "\"final\": true, or give lasts")  # fmt: skip

    @cached_property
    def most_visits(self) -> int:
        """How often one stage can be entered."""
        if self.visits is not None:
            return self.visits
        reachable: dict[str, set[str]] = {
            stage.name: {move.to for move in stage.moves} for stage in self.stages
        }
        for _ in self.stages:
            for name, others in reachable.items():
                reachable[name] = others.union(*(reachable[other] for other in others))
        return 10 if any(name in others for name, others in reachable.items()) else 1


class Wait(StepHead):
    """Wait until a condition is true, or the limit is over.

    Attributes:
        until: what it waits for.
        limit: the longest wait.
        check_every: days between two checks.
        steps: steps when it is true; otherwise: steps when the limit is over.
        otherwise: steps of those who reach the limit.
    """

    do: Literal["wait"]
    until: Condition
    limit: Length
    check_every: Annotated[int, Field(strict=True, ge=1, le=3660)] = 7
    steps: tuple[Step, ...] = ()
    otherwise: tuple[Step, ...] = ()

    def inner(self) -> Iterator[tuple[str, tuple[StepHead, ...]]]:
        """Yield the steps of both outcomes."""
        yield "steps", self.steps
        yield "otherwise", self.otherwise

    def conditions(self) -> Iterator[tuple[str, Expression]]:
        """Yield its own condition and the one that it waits for."""
        yield from super().conditions()
        yield "until", self.until
