"""The scorecard: published figures that specifications say they reproduce, against the tables.

A figure is met within its tolerance and three standard errors. One person's records are correlated,
so standard errors count people, however many stays or fills they have. Integrity and fidelity check
that rows are sound and as specified; the scorecard checks whether the specification is like the
world, so it never makes an audit fail.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from math import ceil, sqrt
from pathlib import Path
from typing import Any

import duckdb

from healthsim.audit.statistics import OF_PLAN, PEOPLE, STATISTICS, Statistic
from healthsim.codes.published import PublishedStatistic, published
from healthsim.persistence.database import open_read
from healthsim.persistence.scenario import read_tables
from healthsim.watching import step

MET, OFF, UNVERIFIED = "met", "off", "unverified"
TOO_FEW, UNMEASURED = "too few", "not measured"
_VAGUE = 0.5  # assumption: where chance alone moves a share by half, it is not judged
_LEAST = 30  # assumption: people from which an error may be taken as normal
_OLD_YEARS = 10
_WIDER = 1.5  # assumption: an old figure describes other people; half as much again
_SCALES = {"per 100 a year": 100.0, "per 1,000 a year": 1000.0}
_YEAR_DAYS = 365.25
_DECIMALS = 4


@dataclass(frozen=True, slots=True)
class ScoredFigure:
    """One published figure, compared with the tables of a scenario.

    Attributes:
        figure: the published figure.
        observed: what the tables hold; None where the tables hold no such people.
        count: people that it rests on.
        allowed: how far it may be off: tolerance, by vintage, and three standard errors.
        needed: least number of people by which it can be judged.
        status: met, off, unverified (nobody has read the figure in a source), too few (people, or
            chance alone may move it too far), not measured.
    """

    figure: PublishedStatistic
    observed: float | None
    count: int
    allowed: float
    needed: int
    status: str

    @property
    def difference(self) -> float | None:
        """Observed less published."""
        if self.observed is None:
            return None
        return round(self.observed - self.figure.value, _DECIMALS)


def score(path: Path, declared: Iterable[str], first: date, last: date) -> list[ScoredFigure]:
    """Compare a scenario's or run's file with published figures.

    Args:
        path: the DuckDB file.
        declared: names of figures, in the order of the result.
        first: first day of the data.
        last: last day of the data.

    Raises:
        NotFound: there is no such file or figure.
        StorageError: the file cannot be read.
    """
    figures = [published().find(name, "reproduces") for name in dict.fromkeys(declared)]
    if not figures:
        return []
    with open_read(path) as connection:
        stored = {table.name for table in read_tables(connection, path)}
        return list(_each_scored(connection, stored, figures, (first, last)))


def _each_scored(
    connection: duckdb.DuckDBPyConnection,
    stored: set[str],
    figures: list[PublishedStatistic],
    days: tuple[date, date],
) -> Iterator[ScoredFigure]:
    for done, figure in enumerate(figures):
        step(f"published figure {done + 1} of {len(figures)}", done, len(figures))
        yield _scored(connection, stored, figure, days)


def _scored(
    connection: duckdb.DuckDBPyConnection,
    stored: set[str],
    figure: PublishedStatistic,
    days: tuple[date, date],
) -> ScoredFigure:
    statistic = STATISTICS[figure.statistic]
    needs = {"patients", "conditions", *statistic.needs, *(_PLANS if figure.plan else ())}
    mean, spread, people = None, None, 0
    if needs <= stored:
        mean, spread, _, people = observed_statistics(connection, figure, days)
    figure_of = spread if statistic.spread else mean
    if figure_of is None:
        return ScoredFigure(figure, None, people, figure.tolerance, _LEAST, UNMEASURED)
    observed = float(figure_of)
    chance = 3 * _error(figure, statistic, spread or 0.0, people)
    allowed = tolerance(figure, days[0].year) + chance
    near = abs(observed - figure.value) <= allowed
    status = (MET if near else OFF) if figure.verified else UNVERIFIED
    needed = _needed(figure, chance, people)
    status = TOO_FEW if figure.verified and people < needed else status
    return ScoredFigure(
        figure, round(observed, _DECIMALS), people, round(allowed, _DECIMALS), needed, status
    )


def _needed(figure: PublishedStatistic, chance: float, people: int) -> int:
    """Return by how many people a figure can be judged: with fewer, chance moves it too far.

    A share is judged by the rarer of having and not having, another figure by its tolerance.
    Chance goes with one over the root of the number of people.
    """
    rarer = _VAGUE * min(figure.value, 1 - figure.value)
    most = rarer if figure.unit == "share" else figure.tolerance
    return max(_LEAST, ceil(round(people * (chance / most) ** 2, _DECIMALS)))


_PLANS = ("enrollments", "plans")


def tolerance(figure: PublishedStatistic, year: int) -> float:
    """Return how far off a figure may be besides chance; half as much again after ten years."""
    return figure.tolerance * (_WIDER if year - figure.year > _OLD_YEARS else 1.0)


def _error(figure: PublishedStatistic, statistic: Statistic, spread: float, count: int) -> float:
    """Return the standard error of what was observed in a number of people."""
    if figure.unit == "share":
        return sqrt(figure.value * (1 - figure.value) / count)
    return spread / sqrt(2 * count if statistic.spread else count)


def observed_statistics(
    connection: duckdb.DuckDBPyConnection, figure: PublishedStatistic, days: tuple[date, date]
) -> tuple[Any, Any, int, int]:
    """Return mean, standard deviation and number of a figure's values, and number of people.

    Mean and standard deviation are None where there are too few values for them; the last is the
    number of people who have a value.

    Args:
        connection: shows the tables that the figure's statistic needs, patients and conditions.
        figure: what is read.
        days: first and last day of the data.
    """
    people = PEOPLE.format(of_plan=OF_PLAN if figure.plan else "")
    sql = (
        "SELECT avg(value), stddev_samp(value), count(value), "  # noqa: S608
        "count(DISTINCT person_id) FILTER (value IS NOT NULL) FROM "
        f"(WITH {people} {STATISTICS[figure.statistic].sql})"
    )
    parameters = set(re.findall(r"\$(\w+)", sql))
    values = {name: value for name, value in _parameters(figure, days) if name in parameters}
    mean, spread, count, whose = connection.execute(sql, values).fetchall()[0]
    return mean, spread, int(count), int(whose)


def _parameters(
    figure: PublishedStatistic, days: tuple[date, date]
) -> Iterator[tuple[str, object]]:
    first, last = days
    yield from (("first", first), ("middle", first + (last - first) // 2), ("last", last))
    yield "years", max((last - first).days + 1, 1) / _YEAR_DAYS
    yield "scale", _SCALES.get(figure.unit, 1.0)
    yield from (("youngest", figure.ages[0]), ("oldest", figure.ages[1]), ("sex", figure.sex))
    yield from (("whose", list(figure.whose)), ("plan", figure.plan))
    yield "groups", [list(group) for group in figure.groups]
    yield from (("least", figure.least), ("low", figure.low), ("high", figure.high))
