"""Figures that specifications state and chance decides: whom they were asked of, and what came out.

Rows show what happened, not who could have had it. So each draw of a stated figure is noted here:
a chance, a weight, a hazard. When all journeys are walked, draws after an end of the data are left
out, and the rest is added up in whole numbers, so that chunks can be added in any order.

A hazard is followed until it occurs or can no longer occur. What is expected is the hazard that
people accrued by then, which is right however their days ended (Andersen and Gill, 1982).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Literal, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from healthsim.dates import NO_DAY, Days
from healthsim.execution.people.draws import Rows, Values
from healthsim.execution.timeline.hazards import DrawnHazard
from healthsim.specification.distributions.kinds import (
    Categorical,
    Conditional,
    Constant,
    Distribution,
    DrawInput,
)
from healthsim.specification.journeys.timing import YEAR_DAYS
from healthsim.specification.language.nodes import Scope
from healthsim.tables import Coded

UNIT = 1_000_000
"""Chances, rates and days are added in millionths."""

_GRID = 4096  # evenly spread uniforms from which a mean and a variance are computed
_ROW_BITS = 32  # of a pair; the occurrence is above them
_MOST_LEVELS = 20  # different constants of one conditional figure that are told apart
Kind: TypeAlias = Literal["share", "rate", "mean"]
Mark: TypeAlias = tuple[int, int, int]
"""Journey, first occurrence of a family, and move of a stage (else -1): what a hazard leads to."""


class FigureKey(NamedTuple):
    """One stated figure.

    Attributes:
        figure: what of the step it is, in words, such as ``chance``.
        kind: a share, a rate a year, or a mean.
        level: the constant, of a figure that has several by condition; None else.
    """

    journey: str
    step: str
    figure: str
    kind: Kind
    level: float | None = None


class FigureTally(NamedTuple):
    """What some people add to a figure; all but the counts in millionths.

    Attributes:
        asked: how often it was asked.
        level: sum of the shares, rates a year or means that it was asked with.
        variance: sum of the variances of the answers.
        cut: how many were followed for less than the figure's time, without the event.
        due: of a hazard, the sum of what people accrued; 0 else.
        got: how often it happened; of a mean, the sum of the values.
    """

    asked: int
    level: int
    variance: int
    cut: int
    due: int
    got: int

    def plus(self, more: FigureTally) -> FigureTally:
        """Return both together."""
        return FigureTally(*(one + other for one, other in zip(self, more, strict=True)))


Tallies: TypeAlias = dict[FigureKey, FigureTally]


def add_figures(totals: Tallies, more: Mapping[FigureKey, FigureTally]) -> Tallies:
    """Return the figures of one more chunk added."""
    added = dict(totals)
    for key, tally in more.items():
        added[key] = added[key].plus(tally) if key in added else tally
    return added


@dataclass(frozen=True)
class _Asked:
    """A chance that was drawn: for whom, on which day, how large, and what came out."""

    key: FigureKey
    levels: tuple[float, ...] | None
    journey: int
    rows: Rows
    days: Days
    chance: NDArray[np.float64] | float
    variance: float | None
    got: NDArray[np.bool_] | NDArray[np.float64]


@dataclass(frozen=True)
class _Followed:
    """A hazard that was drawn, of each person for the occurrence `numbers` of a family.

    `most` is for how many days at most it is followed; both are int32.
    """

    key: FigureKey
    levels: tuple[float, ...] | None
    mark: Mark
    numbers: NDArray[np.int32]
    rows: Rows
    drawn: DrawnHazard
    most: NDArray[np.int32]

    @classmethod
    def join(cls, alike: Sequence[_Followed]) -> _Followed:
        """Return hazards of one figure that lead to the same as one."""
        if len(alike) == 1:
            return alike[0]
        return replace(
            alike[0],
            numbers=np.concatenate([one.numbers for one in alike]),
            rows=np.concatenate([one.rows for one in alike]),
            drawn=DrawnHazard.join([one.drawn for one in alike]),
            most=np.concatenate([one.most for one in alike]),
        )


@dataclass(frozen=True)
class _Occurred:
    """What hazards led to; arrays have one entry for each time.

    Attributes:
        pairs: int64, occurrence and person as one integer, from `_pairs`.
        days: int32.
    """

    pairs: NDArray[np.int64]
    days: Days

    @classmethod
    def nothing(cls) -> _Occurred:
        """Return what never occurred."""
        return cls(np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int32))

    @classmethod
    def first(cls, parts: Sequence[_Occurred]) -> _Occurred:
        """Return the first of each pair, as they were noted; pairs ascending."""
        pairs, at = np.unique(np.concatenate([one.pairs for one in parts]), return_index=True)
        return cls(pairs, np.concatenate([one.days for one in parts])[at])

    def days_of(self, pairs: NDArray[np.int64]) -> Days:
        """Return the day of each pair, int32; `NO_DAY` where it did not occur."""
        if not len(self.pairs):
            return np.full(len(pairs), NO_DAY, dtype=np.int32)
        place = np.minimum(np.searchsorted(self.pairs, pairs), len(self.pairs) - 1)
        days = np.where(self.pairs[place] == pairs, self.days[place], NO_DAY)
        return days.astype(np.int32)


def _pairs(numbers: NDArray[np.int32], rows: Rows) -> NDArray[np.int64]:
    """Return an occurrence and a person as one integer, int64, shape of `rows`."""
    return (numbers.astype(np.int64) << _ROW_BITS) + rows


ExposureEnds: TypeAlias = Callable[[Mark], Days]
"""Returns the last day on which what a hazard leads to could have occurred, for everyone."""


@dataclass
class StatedFigures:
    """The stated figures that were drawn for the people of one chunk."""

    _asked: list[_Asked] = field(default_factory=list)
    _followed: list[_Followed] = field(default_factory=list)
    _occurred: dict[Mark, list[_Occurred]] = field(default_factory=dict)

    def ask(
        self,
        where: tuple[int, FigureKey],
        rows: Rows,
        days: Days,
        chance: NDArray[np.float64] | float,
        got: NDArray[np.bool_],
        stated: Distribution | None = None,
    ) -> None:
        """Note a chance.

        Args:
            where: position of the journey, and the figure.
            rows: whom it was asked of.
            days: int32, when.
            chance: of each of them, or of all.
            got: for whom it came true.
            stated: the distribution that gave the chances, if one did.
        """
        journey, key = where
        levels = None if stated is None else constants(stated)
        if levels is not None and len(levels) == 1:
            chance, levels = min(max(levels[0], 0.0), 1.0), None
        self._asked.append(_Asked(key, levels, journey, rows, days, chance, None, got))

    def measure(
        self,
        where: tuple[int, FigureKey],
        rows: Rows,
        days: Days,
        values: NDArray[np.float64],
        expected: tuple[float, float],
    ) -> None:
        """Note values of which the mean and the variance that they should have are known."""
        (journey, key), (mean, variance) = where, expected
        self._asked.append(_Asked(key, None, journey, rows, days, mean, variance, values))

    def draw(
        self,
        where: tuple[int, FigureKey],
        rows: Rows,
        days: Days,
        drawn: tuple[Distribution, Values, Scope],
        *,
        whole: bool = False,
    ) -> None:
        """Note values that were drawn, where the same is to be expected of everybody in a case.

        Args:
            where: position of the journey, and the figure.
            rows: whose values they are.
            days: int32, when they were drawn.
            drawn: what they were drawn from, the values, and what its conditions saw.
            whole: whether they are rounded to whole numbers.
        """
        (journey, key), (stated, values, scope) = where, drawn
        cases = stated.cases_apart() if isinstance(stated, Conditional) else None
        if cases is None:
            alike = stated.unconditional and not isinstance(stated, Constant)
            if alike and not isinstance(values, Coded):  # texts are read off the rows
                self._part(where, rows, days, (stated, values), whole=whole)
            return
        left = np.ones(len(rows), dtype=np.bool_)
        for whom, when, part in cases:
            inside = np.flatnonzero(left if when is None else left & when.holds(scope))
            left[inside] = False
            named = journey, key._replace(figure=f"{key.figure}, {whom}")
            theirs = values.take(inside) if isinstance(values, Coded) else values[inside]
            self._part(named, rows[inside], days[inside], (part, theirs), whole=whole)

    def _part(
        self,
        where: tuple[int, FigureKey],
        rows: Rows,
        days: Days,
        drawn: tuple[Distribution, Values],
        *,
        whole: bool,
    ) -> None:
        """Note values that were drawn from a distribution without conditions."""
        (journey, key), (part, values) = where, drawn
        if isinstance(values, Coded):
            for label, share in shares_of_labels(part).items():
                of_label = key._replace(kind="share", figure=f"{key.figure}: {label}")
                self.ask((journey, of_label), rows, days, share, values.equals(label))
        else:
            numbers = np.nan_to_num(np.rint(values) if whole else values)
            self.measure(where, rows, days, numbers, moments(_Same(part), whole=whole))

    def follow(
        self,
        key: tuple[str, str, str],
        mark: Mark,
        rows: Rows,
        drawn: DrawnHazard,
        most: NDArray[np.int32] | int | None,
        numbers: NDArray[np.int32],
    ) -> None:
        """Note a hazard.

        Args:
            key: journey, step, and what the hazard leads to; empty for the step itself.
            mark: what is reported when it occurs.
            rows: whose hazard it is.
            drawn: the hazard.
            most: days after which it is drawn anew, or after which something else comes first.
            numbers: int32, shape of `rows`, the occurrence of the family that it leads to.
        """
        (journey, step, what), hazard = key, drawn.hazard
        kind: Kind = "rate" if hazard.share is None else "share"
        label = f"{what}: " * bool(what) + hazard.figure
        limits = [np.iinfo(np.int32).max if most is None else most, hazard.within_days]
        limit = np.full(len(rows), np.iinfo(np.int32).max, dtype=np.int32)
        for one in limits:
            limit = limit if one is None else np.minimum(limit, one).astype(np.int32)
        levels = constants(hazard.stated)
        levels = levels if levels is not None and len(levels) > 1 else None
        named = FigureKey(journey, step, label, kind)
        self._followed.append(_Followed(named, levels, mark, numbers, rows, drawn, limit))

    def occurred(self, mark: Mark, rows: Rows, days: Days, numbers: NDArray[np.int32]) -> None:
        """Note that what a hazard leads to has occurred; arguments as of `follow`."""
        if len(rows):
            self._occurred.setdefault(mark, []).append(_Occurred(_pairs(numbers, rows), days))

    def tallies(self, ends: Sequence[Days], exposed: ExposureEnds) -> Tallies:
        """Add up what was noted.

        Args:
            ends: for each journey, int32, everyone's last day in it.
            exposed: until when each hazard could have occurred, `ends` included.
        """
        totals: Tallies = {}
        for asked in _alike_together(self._asked):
            totals = _added(totals, _tally_asked(asked, ends[asked.journey]))
        happened = {mark: _Occurred.first(parts) for mark, parts in self._occurred.items()}
        alike: dict[tuple[object, ...], list[_Followed]] = {}
        for one in self._followed:
            same = (one.key, one.levels, one.mark, id(one.drawn.hazard))
            alike.setdefault(same, []).append(one)
        for parts in alike.values():
            followed = _Followed.join(parts)
            mark = followed.mark
            occurred = happened.get(mark, _Occurred.nothing())
            day = occurred.days_of(_pairs(followed.numbers, followed.rows))
            day[day > ends[mark[0]][followed.rows]] = NO_DAY
            totals = _added(totals, _tally_followed(followed, day, exposed(mark)))
        return totals


def constants(distribution: Distribution) -> tuple[float, ...] | None:
    """Return the numbers that a distribution can give where it has no chance in it, else None."""
    if isinstance(distribution, Constant):
        return None if isinstance(distribution.value, str) else (float(distribution.value),)
    if not isinstance(distribution, Conditional):
        return None
    values: dict[float, None] = {}
    for _, part in distribution.inner():
        inside = constants(part)
        if inside is None or len(values) > _MOST_LEVELS:
            return None
        values |= dict.fromkeys(inside)
    return tuple(values)


def shares_of_labels(stated: Distribution) -> dict[str, float]:
    """Return the share of each label; none where they are not weights."""
    weights = stated.weights if isinstance(stated, Categorical) else None
    total = sum(weights.values()) if weights else 0.0
    return {label: weight / total for label, weight in (weights or {}).items()} if total else {}


class _Same(NamedTuple):
    """A distribution that is equal to itself only, so that what it leads to can be kept."""

    of: Distribution

    def __hash__(self) -> int:
        return id(self.of)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other.of is self.of


@lru_cache(maxsize=2048)
def moments(stated: _Same, *, whole: bool) -> tuple[float, float]:
    """Return the mean and the variance of a distribution without conditions."""
    u = (np.arange(_GRID) + 0.5) / _GRID
    values = stated.of.values(DrawInput(u, np.arange(_GRID)))
    if isinstance(values, Coded):
        raise TypeError("a distribution of texts has no mean")
    values = np.rint(values) if whole else values
    return float(values.mean()), float(values.var())


def _added(totals: Tallies, more: Iterator[tuple[FigureKey, FigureTally]]) -> Tallies:
    for key, tally in more:
        totals[key] = totals[key].plus(tally) if key in totals else tally
    return totals


def _alike_together(noted: Sequence[_Asked]) -> Iterator[_Asked]:
    """Yield what was noted of one figure with one chance as one: a repeat asks at each beat."""
    groups: dict[tuple[object, ...], list[_Asked]] = {}
    for one in noted:
        same = one.chance if isinstance(one.chance, float | int) else None
        groups.setdefault((one.key, one.journey, same, one.variance, one.levels), []).append(one)
    for alike in groups.values():
        yield (
            alike[0]
            if len(alike) == 1
            else replace(
                alike[0],
                rows=np.concatenate([one.rows for one in alike]),
                days=np.concatenate([one.days for one in alike]),
                chance=_chances(alike),
                got=np.concatenate([one.got for one in alike]),
            )
        )


def _chances(alike: Sequence[_Asked]) -> NDArray[np.float64] | float:
    """Return the chance of all, or that of each."""
    each = [one.chance for one in alike if not isinstance(one.chance, float | int)]
    return np.concatenate(each) if each else alike[0].chance


def _tally_asked(asked: _Asked, ends: Days) -> Iterator[tuple[FigureKey, FigureTally]]:
    kept = np.flatnonzero(asked.days <= ends[asked.rows])
    got, chance = asked.got[kept], asked.chance
    if isinstance(chance, float | int):
        yield asked.key, _alike(float(chance), asked.variance, got)
        return
    each = np.clip(chance[kept], 0.0, 1.0)
    for level, inside in _by_level(each, asked.levels):
        p = each[inside]
        yield (
            asked.key._replace(level=level),
            FigureTally(len(p), _units(p), _units(p * (1 - p)), 0, 0, int(got[inside].sum())),
        )


def _alike(
    chance: float, variance: float | None, got: NDArray[np.bool_] | NDArray[np.float64]
) -> FigureTally:
    """Tally answers that all have the same chance, or the same mean and variance."""
    size = len(got)
    total = int(got.sum()) if variance is None else _units(got.astype(np.float64))
    spread = chance * (1 - chance) if variance is None else variance
    return FigureTally(size, size * round(chance * UNIT), size * round(spread * UNIT), 0, 0, total)


def _tally_followed(
    followed: _Followed, happened: Days, until: Days
) -> Iterator[tuple[FigureKey, FigureTally]]:
    """Tally hazards; `happened` is the day on which each occurred, `until` is for the chunk."""
    rows, drawn = followed.rows, followed.drawn
    occurs = (happened != NO_DAY) & (drawn.wait <= followed.most)
    days = np.minimum(until[rows].astype(np.int64) - drawn.since, followed.most)
    days = np.where(occurs, drawn.wait, np.maximum(days, 0)).astype(np.int32)
    due, share = drawn.accrued(days), followed.key.kind == "share"
    level = np.clip(drawn.level, 0.0, 1.0) if share else drawn.level * YEAR_DAYS
    spread = level * (1 - level) if share else np.zeros(len(level))
    cut = ~occurs & (days < (drawn.hazard.within_days or 0))
    risk = occurs | (days > 0)
    for name, inside in _by_level(level, followed.levels):
        chosen = inside & risk
        yield followed.key._replace(level=name), FigureTally(
            int(chosen.sum()), _units(level[chosen]), _units(spread[chosen]),
            int(cut[chosen].sum()), _units(due[chosen]), int(occurs[chosen].sum()),
        )  # fmt: skip


def _by_level(
    each: NDArray[np.float64], levels: tuple[float, ...] | None
) -> Iterator[tuple[float | None, NDArray[np.bool_]]]:
    """Yield the constants that a figure states, and who has each of them."""
    if levels is None:
        yield None, np.ones(len(each), dtype=np.bool_)
        return
    for level in levels:
        inside = np.isclose(each, level, rtol=1e-9, atol=1e-12)
        if inside.any():
            yield level, inside


def _units(values: NDArray[np.float64]) -> int:
    """Add up in millionths, exactly whatever the order."""
    return int(np.rint(values * UNIT).astype(np.int64).sum())


def plain_figures(totals: Mapping[FigureKey, FigureTally]) -> list[list[str | int | float | None]]:
    """Return figures as a manifest stores them, in the order of their names."""
    ordered = sorted(totals, key=lambda key: (*key[:4], key.level is not None, key.level or 0.0))
    return [[*key, *_plain(key, totals[key])] for key in ordered]


def _plain(key: FigureKey, tally: FigureTally) -> list[int | float]:
    """Return a tally with its sums in their own units."""
    got = tally.got / UNIT if key.kind == "mean" else tally.got
    sums = [each / UNIT for each in (tally.level, tally.variance, tally.due)]
    return [tally.asked, *sums, tally.cut, got]
