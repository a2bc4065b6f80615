"""What a run notes of stated figures: it does not depend on chunks, and a wrong draw is seen."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from execution.running import Document, diabetic, event, journey
from healthsim.audit.realized_figures import RealizedFigure
from healthsim.execution.prepare import prepare
from healthsim.execution.run import chunks
from healthsim.execution.timeline.hazards import DrawnHazard, days_until
from healthsim.execution.timeline.stated import (
    FigureKey,
    StatedFigures,
    Tallies,
    add_figures,
    plain_figures,
)
from healthsim.specification.journeys.timing import YEAR_DAYS, Hazard

PEOPLE, YEAR = 4_000, 365
ROWS = np.arange(PEOPLE)
DAY_0 = np.zeros(PEOPLE, dtype=np.int32)
EVENLY = (ROWS + 0.5) / PEOPLE
LAST = np.full(PEOPLE, YEAR, dtype=np.int32)


def tallied(figures: StatedFigures) -> RealizedFigure:
    (row,) = plain_figures(figures.tallies([LAST], lambda _: LAST))
    return RealizedFigure(*row)  # type: ignore[arg-type]


def followed(hazard: Document, stated: float, drawn: float) -> RealizedFigure:
    """A hazard that states one level and occurs as often as another one."""
    of, figures = Hazard.model_validate(hazard), StatedFigures()
    levels = [np.full(PEOPLE, level / (1 if of.share else YEAR_DAYS)) for level in (stated, drawn)]
    wait = days_until(of, levels[1], EVENLY, DAY_0)
    figures.follow(("way", "step", ""), (0, 1, -1), ROWS, DrawnHazard(
        of, levels[0], EVENLY, DAY_0, wait), None, np.ones(PEOPLE, np.int32))  # fmt: skip
    rows = ROWS[wait <= YEAR]
    figures.occurred((0, 1, -1), rows, wait[rows], np.ones(len(rows), np.int32))
    return tallied(figures)


HAZARDS: list[tuple[Document, float]] = [
    ({"share": 0.3, "within_days": 60}, 0.3),
    ({"per_year": 0.8}, 0.8),
    ({"per_year": 0.8, "shape": 1.7}, 0.8),
    ({"per_year": 0.8, "by_month": {"1": 3, "8": 0.5}}, 0.8),
    ({"per_year": 0.8, "bands": [{"until_day": 90, "factor": 2}, {"factor": 0.5}]}, 0.8),
]


@pytest.mark.parametrize(("hazard", "level"), HAZARDS, ids=str)
def test_a_hazard_that_occurs_as_stated_is_met_and_one_that_occurs_otherwise_is_off(
    hazard: Document, level: float
) -> None:
    met = followed(hazard, level, level).judged("met")
    more, fewer = (followed(hazard, level, level * factor) for factor in (1.25, 0.8))

    assert met.ok
    assert met.got == pytest.approx(level, rel=0.01)
    assert more.judged("more").ok is False
    assert fewer.judged("fewer").ok is False


@pytest.mark.parametrize(("drawn", "ok"), [(0.3, True), (0.33, False), (0.27, False)])
def test_a_chance_that_comes_true_as_stated_is_met_and_another_is_off(
    drawn: float, ok: bool
) -> None:
    figures = StatedFigures()
    key = FigureKey("way", "step", "chance", "share")
    figures.ask((0, key), ROWS, DAY_0, 0.3, drawn > EVENLY)

    assert tallied(figures).judged("chance").ok is ok


def test_what_is_dated_after_an_end_is_not_counted() -> None:
    figures = StatedFigures()
    key = FigureKey("way", "step", "chance", "share")
    days = np.where(ROWS < 100, YEAR + 1, YEAR).astype(np.int32)
    figures.ask((0, key), ROWS, days, 0.5, EVENLY < 0.5)

    assert tallied(figures).asked == PEOPLE - 100


@pytest.mark.slow
def test_figures_do_not_depend_on_the_size_of_chunks() -> None:
    chance: dict[str, Any] = {"type": "conditional", "otherwise": 0.4,
                              "cases": [{"when": "age >= 70", "then": 0.2}]}  # fmt: skip
    way = journey(
        event("seen", "encounter", 5, procedures=["99213"]) | {"chance": chance},
        event("dies", "death", 0) | {"hazard": {"per_year": 0.5}},
        event("ill", "encounter", 0, procedures=[]) | {"hazard": {"per_year": 1, "renew_days": 60}},
    )
    job = prepare(diabetic(count=60, detail="core"), [way])
    found = []
    for size in (60, 7):
        total: Tallies = {}
        for chunk in chunks(job, size=size, threads=1):
            total = add_figures(total, chunk.figures)
        found.append(plain_figures(total))

    assert found[0] == found[1]
    assert {tuple(row[1:3]) for row in found[0]} >= {
        ("seen", "chance"), ("dies", "events a year"), ("ill", "events a year"),
    }  # fmt: skip
