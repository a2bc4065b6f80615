"""What a run would make, seen on its first people: expected rows, size, time, and a few of them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from shutil import disk_usage
from typing import Any

import numpy as np
from numpy.typing import NDArray

from healthsim.billing.benefits.statutory import nearest_year
from healthsim.dates import NO_DAY
from healthsim.execution.job import Job
from healthsim.execution.passes.rehearsal import eligibility_problems, entrants
from healthsim.execution.prepare import prepare
from healthsim.execution.run import run_chunk
from healthsim.operations.home import Home
from healthsim.operations.pace import length_of
from healthsim.operations.reference import reference_for
from healthsim.operations.store import USUAL
from healthsim.operations.throughput import MOST_LOOKED_AT, Throughput, measure
from healthsim.products.reference_names import built_in_names
from healthsim.specification.checks.benefits import years_said
from healthsim.specification.checks.check import job_warnings
from healthsim.specification.profiles.roles import roles
from healthsim.tables import NO_NUMBER, Array, Coded, Columns, Table, Texts, Type

_MOST_WARNINGS = 12
_CORES = os.cpu_count() or 1
_WORKERS = (8, 100)  # elsewhere, for which the time of a large run is said
_SHOWN = ("person_id", "name", "birth_date", "gender", "city", "state")
_SAFE = 2**53
"""Whole numbers above it travel as text: JSON readers would round them."""


@dataclass(frozen=True, slots=True)
class RunEstimate:
    """What a run would make."""

    count: int
    columns: list[str]
    people: list[list[Any]]
    expected: dict[str, int]
    seconds: float
    megabytes: float
    warnings: list[str]


def preview(
    profile: Mapping[str, Any],
    journeys: Sequence[Mapping[str, Any]],
    *,
    sample: int = 3,
    seed: int | None = None,
    home: Home | None = None,
) -> RunEstimate:
    """Run the first people of a job and scale up; they are the very people of the whole run.

    Imported data are read from `home`; without one, everything is built in.
    """
    document = dict(profile) | ({} if seed is None else {"seed": seed})
    reference = reference_for(home, profile, journeys) if home else None
    job = prepare(document, journeys, reference)
    throughput = measure(job)
    tables = throughput.tables
    expected = {
        table.name: round(len(tables[table.name]["person_id"]) * job.count / throughput.looked_at)
        for table in job.tables
        if "person_id" in tables.get(table.name, {})
    }
    return RunEstimate(
        count=job.count,
        columns=[*_SHOWN, "plan", "conditions", *(["journeys"] if journeys else [])],
        people=_lines(job, _Seen(_tables(job), tables), sample),
        expected={name: number for name, number in expected.items() if number},
        **_size(throughput, job.count),
        warnings=[*size_warnings(throughput, job.count, home), *_warnings(job)],
    )


def said_first(
    home: Home,
    profile: Mapping[str, Any],
    journeys: Sequence[Mapping[str, Any]],
    *,
    stays: bool = True,
) -> list[str]:
    """Return what a run will take, where it is large or its disk too small, in sentences.

    Args:
        home: has the imports, and gets the rows.
        profile: a document.
        journeys: likewise.
        stays: the rows stay here; else the disk here needs no room for them.

    Raises:
        SpecError: the documents ask for something that cannot be generated.
    """
    job = prepare(profile, journeys, reference_for(home, profile, journeys))
    return list(size_warnings(measure(job), job.count, home if stays else None))


def _size(throughput: Throughput, count: int) -> dict[str, float]:
    """Return seconds and megabytes, as a file or a lake, whatever the run becomes by itself."""
    if USUAL.is_lake(count):
        seconds, megabytes = (
            throughput.lake_seconds(count, _CORES),
            throughput.lake_megabytes(count),
        )
    else:
        seconds, megabytes = throughput.seconds(count), throughput.megabytes(count)
    return {"seconds": round(seconds, 1), "megabytes": round(megabytes, 1)}


def size_warnings(throughput: Throughput, count: int, home: Home | None) -> Iterator[str]:
    """Yield what a large run takes, here and by workers, and that the disk has no room for it."""
    size = _size(throughput, count)
    if USUAL.is_lake(count):
        with_eight, with_many = (
            length_of(throughput.lake_seconds(count, number)) for number in _WORKERS
        )
        memory = throughput.worker_megabytes(count) * _CORES / 1000
        yield (
            f"{count:,} units become a lake: about {length_of(size['seconds'])} with the "
            f"{_CORES} cores here, {memory:.1f} GB of memory, {_gigabytes(size['megabytes'])} on "
            f"disk (as one file {_gigabytes(throughput.megabytes(count))}); "
            f"by {_WORKERS[0]} workers {with_eight}, by {_WORKERS[1]} {with_many}"
        )
    free = room(home) if home is not None else None
    if free is not None and size["megabytes"] > free:
        yield (
            f"the disk of the home folder has {_gigabytes(free)} free, and the run needs about "
            f"{_gigabytes(size['megabytes'])}; free some, lower count, or set HEALTHSIM_HOME"
        )


def room(home: Home) -> float | None:
    """Return how many megabytes are free where a home folder is or will be; None if unknown."""
    folder = next((one for one in (home.folder, *home.folder.parents) if one.exists()), None)
    try:
        return None if folder is None else disk_usage(folder).free / 1e6
    except OSError:
        return None


def _gigabytes(megabytes: float) -> str:
    return f"{megabytes:,.0f} MB" if megabytes < 1000 else f"{megabytes / 1000:,.1f} GB"


def _warnings(job: Job) -> list[str]:
    """Return what is in vain for these people, and who of the first ones may enter nothing."""
    warnings = [
        str(job_warning)
        for job_warning in job_warnings(job.profile, job.journeys, built_in_names())
    ]
    warnings = [*_left_out(job), *warnings, *_years_without_law(job)]
    if not job.journeys:
        warnings.insert(0, "no journey: nothing happens to these people, so no visits, claims or "
                        "fills; start_journey_builder adds one")  # fmt: skip
    if job.count > MOST_LOOKED_AT:
        warnings = [*map(str, eligibility_problems(job)), *warnings]
    more = len(warnings) - _MOST_WARNINGS
    return [*warnings[:_MOST_WARNINGS], *([f"and {more} more"] if more > 0 else [])]


def _years_without_law(job: Job) -> Iterator[str]:
    """Yield the years of the data for which a plan asks the law and its figures are not known."""
    unknown = [year for year in job.plan_table.years if nearest_year(year) != year]
    plans = [name for name, design in zip(
        job.plan_table.names, job.plan_table.designs, strict=True) if design.uses_law]  # fmt: skip
    if unknown and plans:
        yield (f"{', '.join(plans)}: the law's amounts are known for {years_said()}; "
               f"{unknown[0]} to {unknown[-1]} take those of the nearest of these "
               "years")  # fmt: skip


_DRAWN = 500  # units that are drawn to see how many may enter a journey
_NEARLY_ALL = 0.9  # of them: fewer are said


def _left_out(job: Job) -> Iterator[str]:
    """Yield the journeys that many people may not enter, and how many of the first may."""
    for place, inside in entrants(job, _DRAWN).items():
        number, count = int(inside.sum()), len(inside)
        if 0 < number < _NEARLY_ALL * count:
            journey = job.journeys[place]
            drawn = f"the first {count:,}" if job.count > _DRAWN else f"all {count:,}"
            yield (
                f"journeys[{journey.name}].eligible: {journey.eligible} is true for {number:,} of "
                f"{drawn} people, and nothing of the journey happens to the others; change it, or "
                "choose people for whom it is true (ages, conditions)"
            )


_MOST_SHOWN = 10  # people of a few families, who are more than the units asked for


def quick(
    profile: Mapping[str, Any], journeys: Sequence[Mapping[str, Any]], home: Home | None = None
) -> list[dict[str, Any]]:
    """Make a few people and everything that is linked to them, as one object a person.

    Imported data are read from `home`; without one, everything is built in.
    """
    reference = reference_for(home, profile, journeys) if home else None
    job = prepare(profile, journeys, reference)
    chunk, _ = run_chunk(job, 0, job.count)
    return _Seen(_tables(job), chunk.tables).people(max(job.count, _MOST_SHOWN))


def missing_parts(
    profile: Mapping[str, Any], journeys: Sequence[Mapping[str, Any]], people: Sequence[Any]
) -> list[str]:
    """Return why people that were made at once lack coverage, claims, fills, visits or company."""
    notes = []
    if not profile.get("coverage"):
        notes.append("No coverage, claims and fills: nothing says who pays; name a payer or a "
                     "template.")  # fmt: skip
    if "patientsim" not in profile.get("products", ("patientsim",)):
        return [*notes, "No chart: products leaves out patientsim."]
    without = [person for person in people if "encounters" not in person]
    if not journeys and len(without) == len(people):
        paid = " and claims" if profile.get("coverage") else ""
        notes.append(f"No visits, results{paid}: nothing happens without a journey; give journey=, "
                     "such as annual-wellness.")  # fmt: skip
    elif without:
        who = ", ".join(str(person.get("role") or person["person_id"]) for person in without)
        notes.append(f"No visits of {who}: no journey is for them.")
    return notes


def _tables(job: Job) -> dict[str, Table]:
    return {table.name: table for table in job.tables}


def _lines(job: Job, seen: _Seen, most: int) -> list[list[Any]]:
    """Return the first people in rows; where there are journeys, with those that happen to them."""
    lines = [_line(person) for person in seen.people(most)]
    for line in lines if job.journeys else ():
        walked = {name for (name,) in seen.rows("events", line[0], ("journey",), _MOST_ROWS)}
        line.append(", ".join(one.name for one in job.journeys if one.name in walked) or "none")
    return lines


def _line(person: Mapping[str, Any]) -> list[Any]:
    plans = [row[2] for row in person.get("coverage", ())]
    codes = [row[1] for row in person.get("conditions", ())]
    return [*(person.get(key) for key in _SHOWN), ", ".join(plans), " ".join(codes)]


_FACES = ("patients", "members", "rx_members")
_FACE = ("birth_date", "gender", "race", "city", "state", "zip")
_VIEWS: tuple[tuple[str, str, tuple[str, ...], int], ...] = (
    # key, table, columns, most rows
    ("coverage", "enrollments", ("effective_date", "term_date", "plan_id"), 4),
    ("conditions", "conditions", ("onset_date", "code", "display"), 12),
    ("encounters", "encounters", ("start_at", "encounter_class", "reason"), 8),
    ("labs", "lab_results", ("collected_at", "display", "value", "unit", "flag"), 10),
    ("prescriptions", "prescriptions", ("written_date", "drug", "refills"), 8),
    ("claims", "claims", ("from_date", "form", "allowed_usd", "plan_paid_usd", "copay_usd",
                          "coinsurance_usd", "deductible_usd"), 8),
    ("fills", "fills", ("fill_date", "status", "days_supply", "copay_usd", "plan_paid_usd"), 8),
    ("subject", "subjects", ("asked_date", "consent_date", "usubjid", "arm", "status",
                              "end_reason"), 3),
    ("trial_visits", "trial_visits", ("actual_date", "name", "status", "deviation"), 10),
    ("adverse_events", "adverse_events", ("start_date", "term", "grade", "outcome"), 6),
    ("events", "events", ("event_date", "journey", "step", "occurrence", "type"), 12),
)  # fmt: skip


_MOST_ROWS = 1000  # of one person and table, before they are sorted by day

VIEWS = {key: list(columns) for key, _, columns, _ in _VIEWS}
"""What stands in each row of a person's records."""


def _first_day(row: list[Any]) -> str:
    return str(row[0])


@dataclass(frozen=True, slots=True)
class _Seen:
    """The tables of the first people, and what their columns are."""

    tables: Mapping[str, Table]
    columns: Mapping[str, Columns]

    def people(self, most: int) -> list[dict[str, Any]]:
        """Return the first people, each with what is linked to it: a handful, for reading."""
        face = next(name for name in _FACES if name in self.columns)
        ids = self.columns[face]["person_id"]
        assert isinstance(ids, np.ndarray)
        alone = bool((ids % 100 == 1).all())
        shown = [self._person(face, int(person), alone=alone) for person in ids[:most]]
        if len(ids) > most:
            shown[0]["people_shown"] = f"{most} of {len(ids)}"
        return shown

    def _person(self, face: str, person_id: int, *, alone: bool) -> dict[str, Any]:
        names = ("given_name", "family_name")
        given, family, *rest = (self.rows(face, person_id, (*names, *_FACE), 1) or [[""] * 8])[0]
        person: dict[str, Any] = {"person_id": person_id, "name": f"{given} {family}".strip()}
        if not alone:
            (person["role"],) = roles(np.array([person_id % 100])).texts()
        person |= {key: value for key, value in zip(_FACE, rest, strict=True) if value is not None}
        cut: dict[str, str] = {}
        for key, table, columns, most in _VIEWS:
            rows = self.rows(table, person_id, columns, _MOST_ROWS)
            if rows:
                person[key] = sorted(rows, key=_first_day)[:most]
                if (all_ := self._count(table, person_id)) > most:
                    cut[key] = f"{most} of {all_}"
        return person | ({"cut": cut} if cut else {})

    def _count(self, table: str, person_id: int) -> int:
        return int((np.asarray(self.columns[table]["person_id"]) == person_id).sum())

    def rows(self, table: str, person_id: int, names: Sequence[str], most: int) -> list[list[Any]]:
        """Return a person's rows of a table; a column that the table lacks is null."""
        columns = self.columns.get(table)
        if columns is None:
            return []
        ids = columns["person_id"]
        assert isinstance(ids, np.ndarray)
        rows = np.flatnonzero(ids == person_id)[:most]
        types = self.tables[table].by_name
        arrays = [
            cells(columns[name], types[name].type, rows) if name in types else [None] * len(rows)
            for name in names
        ]
        return [list(row) for row in zip(*arrays, strict=True)]


def cells(array: Array, kind: Type, rows: NDArray[np.intp]) -> list[Any]:
    """Return a few rows of a column as plain values: ISO days, dollars, None for null.

    >>> cells(np.array([0, NO_DAY], dtype=np.int32), "DATE", np.array([0, 1]))
    ['1970-01-01', None]
    """
    if isinstance(array, Coded | Texts):
        return list(array.take(rows).texts())
    values = array[rows]
    if kind == "VARCHAR":
        return [text.decode() or None for text in values.tolist()]
    if kind == "DATE":
        days = values.astype("datetime64[D]")
        return [None if raw == NO_DAY else str(day) for raw, day in zip(values, days, strict=True)]
    if kind == "TIMESTAMP":
        minutes = values.astype("datetime64[m]")
        return [None if raw == NO_NUMBER else str(at)
                for raw, at in zip(values, minutes, strict=True)]  # fmt: skip
    if kind == "DECIMAL(12,2)":
        return [round(cents / 100, 2) for cents in values.tolist()]
    if kind == "DOUBLE":
        return [None if number != number else number for number in values.tolist()]
    if kind == "BOOLEAN":
        return list(values.tolist())
    return [_whole(number) for number in values.tolist()]


def _whole(number: int) -> int | str | None:
    if number in (int(NO_NUMBER), int(NO_DAY)):
        return None
    return number if abs(number) < _SAFE else str(number)
