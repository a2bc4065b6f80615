"""Scenarios by name: save a run, list, describe, look at a few rows, delete."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from healthsim.errors import HealthSimError, NotFound, near
from healthsim.operations import runs
from healthsim.operations.home import Home
from healthsim.operations.making import stamp
from healthsim.persistence.files import DamagedFile, UnknownFormat, disk_errors
from healthsim.persistence.names import changed_at as changed_in
from healthsim.persistence.names import names_in

if TYPE_CHECKING:
    from healthsim.persistence.scenario import Manifest
    from healthsim.persistence.state import ScenarioDescription, StateManager
    from healthsim.tables import Table


@dataclass(frozen=True, slots=True)
class ScenarioSummary:
    """One scenario, as its manifest describes it.

    Attributes:
        count: people; `counts` are rows by table.
        profile: the profile as canonical JSON text; `journeys` likewise.
        expectations: how each came out, as the manifest keeps it.
        references: digest of each thing imported that its rows were drawn from, by name.
        unlisted_codes: codes that no book knew and that the specifications let pass.
        requests: what people asked for; `wishes` say what became of it, as the manifest does.
        broken: why the file cannot be read, empty where it can.
    """

    name: str
    description: str = ""
    tags: tuple[str, ...] = ()
    count: int = 0
    seed: int = 0
    counts: Mapping[str, int] = field(default_factory=dict)
    digest: str = ""
    engine_version: str = ""
    created_at: str = ""
    size_bytes: int = 0
    profile: str = ""
    journeys: tuple[str, ...] = ()
    expectations: tuple[Mapping[str, Any], ...] = ()
    references: Mapping[str, str] = field(default_factory=dict)
    unlisted_codes: tuple[str, ...] = ()
    requests: tuple[str, ...] = ()
    wishes: tuple[Mapping[str, Any], ...] = ()
    broken: str = ""


def save_run(
    home: Home,
    run_id: str,
    name: str,
    description: str = "",
    tags: Sequence[str] = (),
    *,
    replace: bool = False,
) -> ScenarioSummary:
    """Keep a finished run under a name.

    Raises:
        Refused: the name is taken and `replace` is not set, or it is not a valid name.
        NotFound: no such run, or it has not finished.
        StorageError: the disk is full or the folder may not be written.
    """
    from healthsim.persistence.state import describe_file  # noqa: PLC0415  duckdb is heavy

    states = _states(home)
    refuse_taken(home, name, replace=replace)
    path = runs.file(home, run_id)
    manifest = describe_file(path).manifest.named(name, description, tags, stamp())
    asked = runs.wishes(home, run_id)
    manifest = manifest.asked(asked.get("requests", ()), asked.get("wishes", ()))
    home.ensure(home.scenarios)
    states.save(path, manifest, replace=replace)
    return describe(home, name)


def refuse_taken(home: Home, name: str, *, replace: bool = False) -> None:
    """Refuse a name that may not be given, or that is taken, before any work is done.

    Raises:
        Refused: it is no name for a scenario, or there is one of this name.
    """
    states = _states(home)
    if states.exists(name) and not replace:
        raise states.taken(name)


def is_taken(home: Home, name: str) -> bool:
    """Say whether there is a scenario of this name.

    Raises:
        Refused: it is no name for a scenario.
    """
    return _states(home).exists(name)


def refuse_unfinished(home: Home, run_id: str) -> None:
    """Refuse a run that cannot be saved.

    Raises:
        NotFound: no such run, or it has not finished.
    """
    runs.file(home, run_id)


def free_name(home: Home, wanted: str) -> str:
    """Return a name for a scenario that is not taken: the wanted one where it is free."""
    return _states(home).free(wanted)


def list_all(home: Home) -> list[ScenarioSummary]:
    """Return all scenarios, newest first; one that cannot be read says so."""
    listed = [
        _broken(name, manifest)
        if isinstance(manifest, HealthSimError)
        else summary(name, manifest, size)
        for name, manifest, size in _states(home).manifests()
    ]
    return sorted(listed, key=lambda scenario: scenario.created_at, reverse=True)


def _broken(name: str, error: HealthSimError) -> ScenarioSummary:
    text = f"cannot be read: {error.problem.found}; {error.problem.mend}"
    return ScenarioSummary(name, description=text, broken=str(error))


def describe(home: Home, name: str) -> ScenarioSummary:
    """Return what a scenario is.

    Raises:
        NotFound: no such scenario; the error suggests near names.
        StorageError: its file is no scenario, or damaged.
    """
    file = _described(home, name)
    return summary(name, file.manifest, file.size_bytes)


def look(home: Home, name: str) -> ScenarioSummary:
    """Return what a scenario is, also where its file is damaged: `broken` then says so.

    For deleting: what cannot be read must still be got rid of.

    Raises:
        NotFound: no such scenario; the error suggests near names.
        StorageError: its file may be sound but cannot be read now, e.g. another process holds it.
    """
    try:
        return describe(home, name)
    except (DamagedFile, UnknownFormat) as error:
        return _broken(name, error)


def summary(name: str, manifest: Manifest, size_bytes: int) -> ScenarioSummary:
    """Return what a manifest says, under a name and with the bytes of its file or files."""
    return ScenarioSummary(
        name=name,
        description=manifest.description,
        tags=manifest.tags,
        count=_people(manifest),
        seed=manifest.seed,
        counts=manifest.rows,
        digest=manifest.digest,
        engine_version=manifest.engine_version,
        created_at=manifest.created_at,
        size_bytes=size_bytes,
        profile=manifest.profile,
        journeys=manifest.journeys,
        expectations=manifest.expectations,
        references=manifest.references,
        unlisted_codes=manifest.unlisted_codes,
        requests=manifest.requests,
        wishes=manifest.wishes,
    )


def _people(manifest: Manifest) -> int:
    """Return how many people a scenario holds: a unit may be a family, and some are born."""
    faces = ("patients", "members", "rx_members")
    return next((manifest.rows[face] for face in faces if face in manifest.rows), manifest.count)


def tables(home: Home, name: str) -> list[list[Any]]:
    """Return each table's name, rows and grain."""
    file = _described(home, name)
    rows = file.manifest.rows
    return [[table.name, rows.get(table.name, 0), table.grain] for table in file.tables]


def columns(home: Home, name: str, table: str) -> list[list[Any]]:
    """Return each column's name, type and meaning.

    Raises:
        NotFound: no such table; the error suggests near names.
    """
    chosen = _table(_described(home, name).tables, table)
    return [[column.name, column.type, column.meaning] for column in chosen.columns]


def sample_of(home: Home, name: str, table: str, rows: int) -> tuple[list[str], list[list[Any]]]:
    """Return column names and the first rows of a scenario's table, as JSON carries them."""
    return sample(path(home, name), table, rows)


def sample(file: Path, table: str, rows: int) -> tuple[list[str], list[list[Any]]]:
    """Return column names and the first rows of a table in a run's or scenario's file."""
    from healthsim.persistence import state  # noqa: PLC0415  duckdb is heavy
    from healthsim.persistence.sandbox import plain  # noqa: PLC0415  duckdb is heavy

    names, values = state.sample(file, table, rows)
    return list(names), [[plain(value) for value in row] for row in values]


FACE = ["person_id", "name", "birth_year", "gender", "place", "plan"]
"""What `faces` says of a person: no number or address that is somebody's own."""

_FACES = ("patients", "members", "rx_members")
_OF_FACE = ("person_id", "given_name", "family_name", "birth_date", "gender", "city", "state")


def faces(file: Path, counts: Mapping[str, int], most: int) -> list[list[Any]]:
    """Return the first people of a run's file in the columns of `FACE`.

    Args:
        file: of a run or a scenario.
        counts: its tables with their rows.
        most: how many people.
    """
    from healthsim.persistence import state  # noqa: PLC0415  duckdb is heavy

    table = next(face for face in _FACES if face in counts)
    beside = "enrollments" if "enrollments" in counts else ""
    columns = ("person_id", "plan_id", "effective_date")
    names, values, rows = state.first_people(file, table, most, beside, columns)
    plans: dict[Any, list[str]] = {}
    for person, plan, _ in sorted(rows, key=lambda row: str(row[2])):
        plans.setdefault(person, []).append(str(plan))
    people = [dict(zip(names, row, strict=True)) for row in values]
    return [_face(person, plans.get(person["person_id"], [])) for person in people]


def _face(person: Mapping[str, Any], plans: Sequence[str]) -> list[Any]:
    number, given, family, birth, gender, city, state = (person.get(key) for key in _OF_FACE)
    place = ", ".join(str(part) for part in (city, state) if part)
    name = f"{given or ''} {family or ''}".strip()
    return [number, name, birth and birth.year, gender, place, ", then ".join(dict.fromkeys(plans))]


def delete(home: Home, name: str) -> None:
    """Delete a scenario for good, whether or not its file can be read.

    Raises:
        NotFound: no such scenario; the error suggests near names.
        StorageError: the folder may not be written.
    """
    _states(home).delete(name)


def path(home: Home, name: str) -> Path:
    """Return the file of a scenario.

    Raises:
        NotFound: no such scenario; the error suggests near names.
    """
    with _run_is_said(home, name):
        return _states(home).find(name)


def names(home: Home) -> list[str]:
    """Return the names of all scenarios, sorted; no file is opened, and DuckDB is not loaded."""
    with disk_errors("scenarios"):
        return names_in(home.scenarios)


def changed_at(home: Home, name: str) -> float:
    """Return when a scenario was saved, in seconds since 1970; no file is opened."""
    return changed_in(home.scenarios, name)


def rows_of(home: Home, name: str) -> tuple[str, Path]:
    """Return what a name means, a scenario or a finished run, and the file that holds its rows.

    Raises:
        Refused: neither may be called so.
        NotFound: it is neither, or the run has made no rows.
    """
    states = _states(home)
    file = states.path(name)
    if states.exists(name):
        return f"scenario {name!r}", file
    known = [record.run_id for record in runs.list_runs(home)]
    if name in known:
        return f"run {name!r}", runs.file(home, name)
    every = [*names(home), *known]
    raise NotFound(f"{name!r}", "no scenario and no run of this name", near(name, every))


def rows_file(home: Home, name: str) -> Path:
    """Return the file that holds the rows of a scenario or a finished run; raises as `rows_of`."""
    return rows_of(home, name)[1]


def _states(home: Home) -> StateManager:
    from healthsim.persistence.state import StateManager  # noqa: PLC0415  duckdb is heavy

    return StateManager(home.scenarios)


def _described(home: Home, name: str) -> ScenarioDescription:
    with _run_is_said(home, name):
        return _states(home).describe(name)


@contextmanager
def _run_is_said(home: Home, name: str) -> Iterator[None]:
    """Where there is no scenario of a name, and a run is called so, say how it becomes one."""
    try:
        yield
    except NotFound as error:
        if name not in [record.run_id for record in runs.list_runs(home)]:
            raise
        raise NotFound(
            error.problem.where,
            "is a run, and not a saved scenario",
            f"save_scenario(run_id={name!r}, name=...) makes one of it",
        ) from error


def _table(known: Sequence[Table], name: str) -> Table:
    by_name = {table.name: table for table in known}
    if name not in by_name:
        raise NotFound(f"table {name!r}", "no such table", near(name, by_name))
    return by_name[name]
