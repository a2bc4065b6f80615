"""Branches: options by condition, weight, count, table or hazard."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from healthsim.specification.distributions.base import adds_up, in_per_cent
from healthsim.specification.document import Identifier, Strict, fault_at
from healthsim.specification.journeys.step import StepHead
from healthsim.specification.journeys.timing import LONGEST_DAYS, Hazard, Share
from healthsim.specification.language.expressions import Condition, Expression

if TYPE_CHECKING:
    from healthsim.specification.journeys.step import Step


class Option(Strict):
    """One option of a branch: by condition, weight, count, hazard, or otherwise.

    Attributes:
        name: stands in `events.option`.
        when: for whom; options are tried in order.
        weight: share of the people whom the option's group reaches.
        exactly: count of the people whom the group reaches, over the whole population.
        hazard: competes with the other options' hazards; the earliest is taken on its day.
        otherwise: for those whom no other option takes.
        steps: dated from the day of the branch.
    """

    name: Annotated[str, Field(min_length=1, max_length=80)]
    when: Condition | None = None
    weight: Share | None = None
    exactly: Annotated[int, Field(strict=True, ge=0)] | None = None
    hazard: Hazard | None = None
    otherwise: bool = False
    steps: tuple[Step, ...] = ()

    @model_validator(mode="after")
    def _one_reason(self) -> Option:
        if self.otherwise and self.when is not None:
            raise ValueError(f"option {self.name!r} has both when and otherwise; keep one")
        given = [self.weight is not None, self.exactly is not None, self.hazard is not None]
        if sum(given) > 1 or (self.hazard is not None and (self.when or self.otherwise)):
            raise ValueError(f"option {self.name!r} has two of weight, exactly and hazard, or "
                             "hazard beside when or otherwise; keep one")  # fmt: skip
        return self

    @property
    def bare(self) -> bool:
        """Whether nothing is given on who takes it, as in a branch with a table."""
        given = (self.when, self.weight, self.exactly, self.hazard)
        return not self.otherwise and all(value is None for value in given)


class TableRow(Strict):
    """The weights of a branch's options for the people who fit `when`.

    Attributes:
        when: name -> [low, high] inclusive, one text, or a list of texts; empty fits everyone.
        weights: by name of the option; they add up to 1.
    """

    when: dict[Identifier, Annotated[tuple[float, float], Field()] | str | tuple[str, ...]] = {}
    weights: dict[str, Share]

    @field_validator("weights")
    @classmethod
    def _add_up(cls, weights: dict[str, float]) -> dict[str, float]:
        total = sum(weights.values())
        if not adds_up(weights.values()):
            mend = in_per_cent(weights.values()) or f"change them by {1 - total:+g} in all"
            raise ValueError(f"weights add up to {total:g}, not 1; {mend}")
        return weights

    @field_validator("when")
    @classmethod
    def _ordered(cls, when: dict[str, Any]) -> dict[str, Any]:
        for name, fits in when.items():
            if isinstance(fits, tuple) and not isinstance(fits[0], str) and fits[0] > fits[1]:
                raise ValueError(f"{name} goes from {fits[0]:g} to {fits[1]:g}; swap them")
        return when


class WeightTable(Strict):
    """Weights looked up by age, sex or any attribute; the first row that fits is taken.

    Attributes:
        rows: the first row that fits is taken; the last has no `when`.
    """

    rows: Annotated[tuple[TableRow, ...], Field(min_length=1, max_length=200)]

    @field_validator("rows")
    @classmethod
    def _last_fits_everybody(cls, rows: tuple[TableRow, ...]) -> tuple[TableRow, ...]:
        without_when = [place for place, row in enumerate(rows) if not row.when]
        if without_when != [len(rows) - 1]:
            raise ValueError("only the last row must be without when; move or add it, so that "
                             "every person fits a row")  # fmt: skip
        return rows


class Branch(StepHead):
    """One of several options is taken; it opens a scope that begins on the branch's day.

    Options with the same `when` (or none, or otherwise) form a group whose weights add up to 1.

    Attributes:
        options: one of them is taken.
        table: the weights by row, for options that have only a name and steps.
        within_days: how long hazards compete before `otherwise` is taken.
    """

    do: Literal["branch"]
    options: Annotated[tuple[Option, ...], Field(min_length=1, max_length=50)]
    table: WeightTable | None = None
    within_days: Annotated[int, Field(strict=True, ge=1, le=LONGEST_DAYS)] | None = None

    @model_validator(mode="after")
    def _options_fit(self) -> Branch:
        names = [option.name for option in self.options]
        if len(set(names)) < len(names):
            raise ValueError("two options have the same name; rename one")
        if self.within_days is not None and not self.races:
            raise ValueError("within_days goes with options that have a hazard; remove it")
        if self.table is not None:
            self._fits_its_table(self.table, names)
        elif self.races:
            self._is_a_race()
        else:
            _groups_add_up(self.options)
        return self

    def inner(self) -> Iterator[tuple[str, tuple[StepHead, ...]]]:
        """Yield the steps of each option."""
        for place, option in enumerate(self.options):
            yield f"options[{place}].steps", option.steps

    def conditions(self) -> Iterator[tuple[str, Expression]]:
        """Yield its own condition and those of its options."""
        yield from super().conditions()
        for place, option in enumerate(self.options):
            if option.when is not None:
                yield f"options[{place}].when", option.when

    def hazards(self) -> Iterator[tuple[str, Hazard]]:
        """Yield its own hazard and those of its options."""
        yield from super().hazards()
        for place, option in enumerate(self.options):
            if option.hazard is not None:
                yield f"options[{place}].hazard", option.hazard

    @property
    def races(self) -> bool:
        """Whether its options compete by hazards."""
        return any(option.hazard is not None for option in self.options)

    def _fits_its_table(self, table: WeightTable, names: list[str]) -> None:
        for option in self.options:
            if not option.bare:
                raise ValueError(f"option {option.name!r} is in a branch with a table and has more "
                                 "than name and steps; remove the rest")  # fmt: skip
        named = {name for row in table.rows for name in row.weights}
        unknown, unused = sorted(named - set(names)), sorted(set(names) - named)
        if unknown:
            raise ValueError(f"the table names {unknown[0]!r}, which is not an option; use {names}")
        if unused:
            raise ValueError(f"option {unused[0]!r} is in no row of the table; add or remove it")

    def _is_a_race(self) -> None:
        others = [one for one in self.options if one.hazard is None]
        if len(others) > 1 or any(not one.otherwise or one.weight is not None for one in others):
            raise ValueError("beside options with a hazard there may be one with otherwise; "
                             "give the others a hazard, or remove them")  # fmt: skip
        if any(one.hazard is not None and one.hazard.renew_days for one in self.options):
            raise ValueError("renew_days does not fit competing options; use stages, whose moves "
                             "may have it")  # fmt: skip
        if self.hazard is not None:
            raise ValueError("a branch whose options have hazards has one itself; remove it")
        if bool(others) != (self.within_days is not None):
            raise ValueError("otherwise and within_days belong together where hazards compete; "
                             "add the other")  # fmt: skip

    def groups(self) -> list[list[Option]]:
        """Return the options in groups of one condition each, those without a condition last."""
        return grouped(self.options)


def _groups_add_up(options: Sequence[Option]) -> None:
    for group in grouped(options):
        _adds_up(group, ("options", options.index(group[0])))
    always = [group for group in grouped(options) if group[0].otherwise or not group[0].when]
    if len(always) > 1:
        raise fault_at(
            ("options",),
            f"option {always[1][0].name!r} is never taken: {always[0][0].name!r} needs no "
            "condition either; give one of them a when, or put them into one group of weights",
        )
    if not always:
        raise fault_at(
            ("options",),
            "no option applies when every condition is false; add an option "
            '{"name": "otherwise", "otherwise": true, "steps": []}',
        )


def _adds_up(group: list[Option], place: tuple[str, int]) -> None:
    first, rest = group[0], [one for one in group if one.exactly is None]
    if first.bare and len(group) == 1:
        raise fault_at(
            place, f"option {first.name!r} has no when, weight or otherwise; add one of them"
        )
    if not rest:
        raise fault_at(
            place,
            f"option {first.name!r} has exactly and no other option takes the rest; give one of "
            "the group a weight in its place",
        )
    weights = [one.weight for one in rest]
    if len(rest) == 1 and weights[0] is None:
        return
    if None in weights:
        raise fault_at(
            place[:1],
            f"option {rest[weights.index(None)].name!r} shares its condition with another and has "
            "no weight; give each of them a weight",
        )
    given = [weight for weight in weights if weight is not None]
    if not adds_up(given):
        total = sum(given)
        mend = in_per_cent(given) or f"change them by {1 - total:+g} in all"
        raise fault_at(place[:1], f"weights add up to {total:g}, not 1; {mend}")


def grouped(options: Sequence[Option]) -> list[list[Option]]:
    """Return options in groups of one condition each, in document order, 'otherwise' last."""
    groups: dict[tuple[Expression | None, bool], list[Option]] = {}
    for option in options:
        groups.setdefault((option.when, option.otherwise), []).append(option)
    return sorted(groups.values(), key=lambda group: group[0].otherwise or group[0].when is None)
