"""Values that steps draw for their rows: results, nights of a stay, grades, doses, and so on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import duckdb
import numpy as np
from numpy.typing import NDArray

from healthsim.audit.comparison import Comparison, compare_within, not_judged, share
from healthsim.audit.expected import spread_of_alike
from healthsim.specification.distributions.kinds import (
    Categorical,
    Conditional,
    Constant,
    Distribution,
)
from healthsim.specification.journeys import events
from healthsim.specification.journeys.details import StateResult
from healthsim.specification.journeys.journey import JourneySpec
from healthsim.specification.journeys.step import StepHead

_READ = (
    "SELECT {column} AS value FROM {table} AS t JOIN events AS e USING (event_id) "
    "WHERE e.journey = ? AND e.step = ? AND {among} AND {column} IS NOT NULL"
)
_REPLACED = ("09", "20")  # discharge status of those who are admitted here, or who die
_DEPENDS = "it depends on the person's state on that day"


@dataclass(frozen=True, slots=True)
class DrawnValue:
    """A value that a step draws for each of its rows.

    Attributes:
        name: what it is, as in the step's details.
        stated: the distribution it is drawn from.
        table, column: where it is stored.
        among: SQL condition on the table's rows (as t) that hold it as it was drawn.
        whole: whether it is rounded to whole numbers.
        replaced: texts that the engine also writes in place of what was drawn; they are left out.
    """

    name: str
    stated: Distribution
    table: str
    column: str
    among: str = "true"
    whole: bool = False
    replaced: tuple[str, ...] = ()


def compare_drawn(
    connection: duckdb.DuckDBPyConnection, stored: set[str], journeys: Sequence[JourneySpec]
) -> Iterator[Comparison]:
    """Yield the shares, or the mean and the spread, of each value that journeys state."""
    for journey in journeys:
        ids = [step.id for _, step in journey.steps()]
        for _, step in journey.steps():
            for value in _values_of(step):
                what = f"{journey.name}/{step.id}: {value.name}"
                if isinstance(value.stated, Conditional) and value.stated.cases_apart():
                    continue  # the run counted each case
                if value.table not in stored:
                    yield not_judged(what, f"the run has no table {value.table}")
                elif ids.count(step.id) > 1:
                    yield not_judged(what, f"two steps are called {step.id}")
                else:
                    statement = _READ.format(
                        column=value.column, table=value.table, among=value.among
                    )
                    rows = connection.execute(statement, [journey.name, step.id]).fetchnumpy()
                    yield from _compared(what, value, np.ma.filled(rows["value"]))


def _values_of(step: StepHead) -> Iterator[DrawnValue]:
    if isinstance(step, events.Lab | events.Vital):
        yield from _results(step)
    elif isinstance(step, events.Encounter):
        details, table = step.details, "encounters"
        if details.los_days is not None:
            yield DrawnValue("los_days", details.los_days, table, "los_days", whole=True)
        if details.disposition is not None:
            yield DrawnValue("disposition", details.disposition, table, "disposition",
                             replaced=_REPLACED)  # fmt: skip
    elif isinstance(step, events.AdverseEvent):
        yield from _of_adverse_event(step)
    elif isinstance(step, events.Exposure) and not isinstance(step.details.dose, StateResult):
        yield DrawnValue("dose", step.details.dose, "exposures", "dose")


def _results(step: events.Lab | events.Vital) -> Iterator[DrawnValue]:
    table = "lab_results" if isinstance(step, events.Lab) else "vital_signs"
    stated = {step.details.loinc or "": step.details.result}
    if isinstance(step, events.Lab) and step.details.panel is not None:
        stated = dict(step.details.results.items())
    for loinc, result in stated.items():
        if result is None or isinstance(result, StateResult):
            continue
        name = "result" if len(stated) == 1 and step.details.loinc else f"result of {loinc}"
        column = "value_text" if result.kind == "text" else "value"
        yield DrawnValue(name, result, table, column, f"t.loinc = '{loinc}'")


def _of_adverse_event(step: events.AdverseEvent) -> Iterator[DrawnValue]:
    details, table = step.details, "adverse_events"
    if details.grade is not None:
        yield DrawnValue("grade", details.grade, table, "t.grade::VARCHAR")
    for name in ("related", "action"):
        stated = getattr(details, name)
        if stated is not None:
            yield DrawnValue(name, stated, table, name)
    if details.serious is not None:
        yield DrawnValue("serious", details.serious, table,
                         "CASE WHEN serious THEN 'Y' ELSE 'N' END", "t.grade < 4")  # fmt: skip


def _compared(what: str, value: DrawnValue, got: NDArray[np.generic]) -> Iterator[Comparison]:
    stated = value.stated
    if not len(got):
        yield not_judged(what, "nobody came to it")
    elif value.name == "serious" and stated.kind == "number":
        yield _serious(what, stated, got == "Y")
    elif stated.kind == "text":
        texts = got.astype(str)
        yield from _labels(what, value, texts[~np.isin(texts, value.replaced)])
    else:
        yield from _numbers(what, value, got.astype(np.float64))


def _serious(what: str, stated: Distribution, got: NDArray[np.bool_]) -> Comparison:
    if not isinstance(stated, Constant) or isinstance(stated.value, str):
        return not_judged(what, _DEPENDS, round(float(got.mean()), 4))
    return share(f"{what}, of grades 1 to 3", np.full(len(got), stated.value), got)


def _labels(what: str, value: DrawnValue, got: NDArray[np.str_]) -> Iterator[Comparison]:
    stated, size = value.stated, max(len(got), 1)
    labels = [label for label in stated.labels if label not in value.replaced]
    weights: Mapping[str, float] | None = None
    if isinstance(stated, Constant):
        weights = dict.fromkeys(labels, 1.0)
    elif isinstance(stated, Categorical):
        weights = stated.weights
    for label in labels:
        has = got == label
        if weights is None or not len(got):
            yield not_judged(f"{what} {label}", _DEPENDS, round(float(has.sum()) / size, 4))
        else:
            total = sum(weights[each] for each in labels)
            each = np.full(len(has), weights[label] / total if total else 0.0)
            yield share(f"{what} {label}", each, has)


def _numbers(what: str, value: DrawnValue, got: NDArray[np.float64]) -> Iterator[Comparison]:
    mean, sd = float(got.mean()), float(got.std())
    if not value.stated.unconditional:
        yield not_judged(f"{what}, mean", _DEPENDS, round(mean, 4))
        return
    expected = spread_of_alike(value.stated, len(got), whole=value.whole)
    yield compare_within(f"{what}, mean", expected.mean, mean, expected.mean_error)
    if not isinstance(value.stated, Constant):
        yield compare_within(f"{what}, standard deviation", expected.sd, sd, expected.sd_error)
