"""How the figures came out that chance decided while people walked their journeys.

What was to be expected of them was counted while the run was made, since rows do not show who
could have had something. What came out is read off the rows again where rows show it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import duckdb

from healthsim.audit import chance
from healthsim.audit.comparison import Comparison, compare_exact, not_judged
from healthsim.audit.stated_figures import StatedFigure, people_with, stated_figures
from healthsim.specification.journeys.journey import JourneySpec

_ROWS = "SELECT count(*) FROM events WHERE journey = ? AND step = ?"
_NOBODY = "nobody came to it"
_NOT_COUNTED = "the file was made before runs counted who could have it"


@dataclass(frozen=True, slots=True)
class RealizedFigure:
    """A figure as a run counted it; see `Manifest.figures`.

    Attributes:
        asked: how often it was asked.
        level: sum of the shares, rates or means that it was asked with.
        variance: sum of their variances.
        due: the hazard that people accrued, so what one expects of occurrences.
        cut: how many were followed for less than the whole time.
        got: how often it came true; of a mean, the sum of the values.
    """

    journey: str
    step: str
    figure: str
    kind: str
    constant: float | None
    asked: int
    level: float
    variance: float
    due: float
    cut: int
    got: float

    def judged(self, what: str) -> Comparison:
        """Compare what came out with what was stated."""
        if not self.asked:
            return not_judged(what, _NOBODY)
        stated = self.level / self.asked
        if self.kind == "mean":
            return self._mean(what, stated)
        if self.kind == "share" and (not self.due or not self.cut):
            bounds = chance.of_share(self.asked, stated, self.variance)
            return _compared(what, stated, self.got / self.asked, bounds)
        if not self.due:
            return not_judged(what, "nobody was at risk of it", self.got)
        bounds = chance.of_count(self.due)
        scale = stated / self.due
        scaled = chance.Bounds(bounds.low * scale, bounds.high * scale)
        return _compared(what, stated, self.got * scale, scaled)

    def _mean(self, what: str, stated: float) -> Comparison:
        error = 3 * self.variance**0.5 / self.asked
        bounds = chance.Bounds(stated - error, stated + error)
        return _compared(what, stated, self.got / self.asked, bounds)


def _compared(what: str, asked: float, got: float, bounds: chance.Bounds) -> Comparison:
    asked, low, high = (_short(each) for each in (asked, bounds.low, bounds.high))
    return Comparison(what, asked, _short(got), low, high, bounds.hold(got))


def _short(value: float) -> float:
    """Round to four decimals, or four digits where it is below 0.1."""
    return round(value, 4) if abs(value) >= 0.1 else float(f"{value:.4g}")


def compare_figures(
    connection: duckdb.DuckDBPyConnection,
    journeys: Sequence[JourneySpec],
    counted: Sequence[Sequence[Any]] | None,
) -> Iterator[Comparison]:
    """Yield each figure that journeys state for their steps, besides weights of branches.

    Args:
        connection: of the file.
        journeys: its journeys.
        counted: how the run counted them; None where it did not.
    """
    realized = [RealizedFigure(*row) for row in counted or ()]
    for journey in journeys:
        for stated in stated_figures(journey):
            step = f"/{stated.step}" * bool(stated.step)
            what = f"{journey.name}{step}: {stated.figure}"
            found = [one for one in realized if _is_of(one, journey.name, stated)]
            if not found:
                yield not_judged(what, _reason(stated, counted))
            yield from _of_rows(connection, what, stated, found)


def _reason(stated: StatedFigure, counted: Sequence[Sequence[Any]] | None) -> str:
    """Return why a run counted nothing of a figure."""
    if counted is None:
        return _NOT_COUNTED
    if stated.stated is not None and not stated.stated.unconditional and stated.drawn:
        return "it depends on the person's state on that day"
    return _NOBODY


def compare_options(
    journey: str, step: str, option: str, counted: Sequence[Sequence[Any]] | None
) -> list[Comparison]:
    """Return the weights of a branch's option as the run counted them; of each row of a table."""
    return [
        one.judged(f"{journey}/{step}: {one.figure}")
        for one in (RealizedFigure(*row) for row in counted or ())
        if (one.journey, one.step) == (journey, step) and one.kind == "share"
        and (one.figure == option or one.figure.startswith(f"{option}, of "))
    ]  # fmt: skip


def _is_of(one: RealizedFigure, journey: str, stated: StatedFigure) -> bool:
    same = (one.journey, one.step) == (journey, stated.step)
    return same and (one.figure == stated.figure or one.figure.startswith(f"{stated.figure}, "))


def _of_rows(
    connection: duckdb.DuckDBPyConnection,
    what: str,
    stated: StatedFigure,
    found: Sequence[RealizedFigure],
) -> Iterator[Comparison]:
    """Yield a figure, and what its rows show where that is not what the run counted."""
    if stated.shown_by and found:
        ((rows,),) = connection.execute(_ROWS, [found[0].journey, stated.shown_by]).fetchall()
        kept = round(sum(one.got for one in found))
        if len(found) == 1:
            found = [replace(found[0], got=rows)]
        elif rows != kept:
            yield compare_exact(f"{what}, rows of events", kept, rows)
    for one in found:
        extra = one.figure.removeprefix(stated.figure)
        yield one.judged(what + extra + people_with(stated.stated, one.constant))
