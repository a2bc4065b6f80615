"""A unit made again with its reasons written down is the unit of the run, row for row."""

from __future__ import annotations

import pytest

from execution.births import pregnancy, well_child, women
from healthsim.execution.job import Job
from healthsim.execution.passes.rehearsal import settle_population_steps
from healthsim.execution.prepare import prepare
from healthsim.execution.run import run_chunk
from healthsim.execution.trace.trace import trace_unit
from healthsim.tables import Coded, Columns, Texts
from template_runs import job_of


def _plain(columns: Columns) -> dict[str, list[object]]:
    return {name: array.texts() if isinstance(array, Coded | Texts) else array.astype(str).tolist()
            for name, array in columns.items()}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize(
    ("profile", "journey", "unit", "detail"),
    [("commercial-family", "annual-wellness", 1, "full"),
     ("commercial-family", "annual-wellness", 4, "core"),
     pytest.param("commercial-maternity", "pregnancy", 4, "full", marks=pytest.mark.proof),
     ("diabetes-trial-candidates", "phase-3-trial", 4, "core")],
)  # fmt: skip
def test_a_traced_unit_has_the_rows_that_it_has_in_the_run(
    profile: str, journey: str, unit: int, detail: str
) -> None:
    _is_the_unit_of_the_run(job_of(profile, (journey,), 4, detail=detail), unit)


@pytest.mark.slow
def test_a_traced_mother_has_the_newborn_that_she_has_in_the_run() -> None:
    _is_the_unit_of_the_run(prepare(women(count=4), [pregnancy(), well_child()]), 4)


def _is_the_unit_of_the_run(job: Job, unit: int) -> None:
    settled = settle_population_steps(job)
    chunk, _ = run_chunk(job, unit - 1, 1, settled)
    traced = trace_unit(job, unit, settled)

    assert traced.tables.keys() == chunk.tables.keys()
    for name, columns in chunk.tables.items():
        assert _plain(traced.tables[name]) == _plain(columns), name


@pytest.mark.slow
def test_a_draw_is_kept_with_its_number_its_distribution_and_what_it_gave() -> None:
    job = job_of("medicare-diabetic", ("diabetic-first-year",), 5)
    traced = trace_unit(job, 3, settle_population_steps(job))
    draw = traced.draws.find(301, "demographics.gender")
    sex = traced.tables["patients"]["gender"]

    assert draw is not None
    assert 0 < draw.uniform < 1
    assert draw.distribution is not None
    assert isinstance(sex, Coded)
    assert draw.value == sex.texts()[0]
    assert traced.draws.find(301, "no such decision") is None
