"""The command that runs specifications and saves what comes of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from healthsim.cli_documents import document_named, is_file
from healthsim.cli_screen import FAILED, Json, errors, print_json, say
from healthsim.cli_screen import home as home_folder
from healthsim.errors import (
    Cancelled,
    HealthSimError,
    Problem,
    Refused,
    SpecError,
    StorageError,
)

if TYPE_CHECKING:
    from healthsim.operations.destination import Destination
    from healthsim.operations.home import Home
    from healthsim.operations.runs import RunRecord
    from healthsim.operations.scenarios import ScenarioSummary
    from healthsim.operations.store import Store

# Every operation is imported inside its command: `--help` needs none of them.

_STOPPING = 5.0  # seconds in which a run that was stopped has time to end
_USUAL_COUNT = 100  # of a profile that gives none
_LEAST_EXPECTED = (
    1000  # people for whom the templates' expectations hold within three standard errors
)


def generate(
    profile: Annotated[str, typer.Option(help="A template's name, or a JSON file; required.")] = "",
    save: Annotated[str, typer.Option(help="Name of the scenario; required.")] = "",
    journey: Annotated[
        list[str] | None, typer.Option(help="A template's name or a JSON file; may repeat.")
    ] = None,
    count: Annotated[int | None, typer.Option(help="Number of people.")] = None,
    seed: Annotated[int | None, typer.Option(help="Another seed gives other people.")] = None,
    description: Annotated[str, typer.Option(help="What the scenario is for.")] = "",
    store: Annotated[
        str,
        typer.Option(
            help="file: one DuckDB file. lake: Parquet files beside a small one; the "
            "usual from 250,000 people on. s3://BUCKET/PREFIX: a lake in an object store."
        ),
    ] = "",
    resume: Annotated[
        bool, typer.Option("--resume", help="Of a lake, keep what a run that ended has made.")
    ] = False,
    on: Annotated[
        str,
        typer.Option(help="Who makes the rows: local[N], N processes, or dask://HOST:PORT."),
    ] = "",
    replace: Annotated[
        bool, typer.Option("--replace", help="Replace an existing scenario.")
    ] = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit with 1 where an expectation is not met.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Run a profile and its journeys, and save the result as a scenario."""
    from healthsim.operations.store import store_named  # noqa: PLC0415  see the top
    from healthsim.operations.workers.places import runner_at  # noqa: PLC0415  see the top

    home = home_folder()
    kept = store_named(store, resume=resume, name=save, description=description, replace=replace)
    document, journeys = _documents(
        home, profile, journey or (), save, replace or kept.destination is not None
    )
    if kept.destination is not None:
        _refuse_there(kept.destination)
    document |= {} if count is None else {"count": count}
    document |= {} if seed is None else {"seed": seed}
    if document.get("count", _USUAL_COUNT) < _LEAST_EXPECTED:
        _leave_out_expectations([(profile, document), *zip(journey or (), journeys, strict=True)])
    for note in _sizes(home, document, journeys, stays=kept.destination is None):
        say(note, err=True)
    with ExitStack() as stack:
        kept = kept.by(stack.enter_context(runner_at(on))) if on else kept
        record = _run(home, document, journeys, kept)
    saved, place = _saved(home, record, save, kept, description=description, replace=replace)
    _print_saved(saved, place, as_json)
    if strict and not all(expectation["met"] for expectation in saved.expectations):
        raise typer.Exit(FAILED)


def _saved(
    home: Home, record: RunRecord, name: str, kept: Store, *, description: str, replace: bool
) -> tuple[ScenarioSummary, str]:
    """Save a finished run; return what was saved, and where if not here."""
    from healthsim.operations import network, remote, scenarios  # noqa: PLC0415  see the top

    if kept.destination is not None:
        return remote.describe(kept.destination.address), kept.destination.address
    for note in network.directory_note(home.runs / f"{record.run_id}.duckdb"):
        say(note, err=True)
    run = record.run_id
    return scenarios.save_run(home, run, name, description=description, replace=replace), ""


def _sizes(
    home: Home, document: dict[str, Any], journeys: list[dict[str, Any]], *, stays: bool
) -> Sequence[str]:
    """Return what a large run will take; of a smaller one nothing, for to measure it takes time."""
    from healthsim.operations.store import LAKE_FROM  # noqa: PLC0415  see the top

    count = document.get("count")
    if not isinstance(count, int) or count < LAKE_FROM:
        return ()
    from healthsim.operations import estimate  # noqa: PLC0415  the engine is heavy

    return estimate.said_first(home, document, journeys, stays=stays)


def _leave_out_expectations(documents: Sequence[tuple[str, dict[str, Any]]]) -> None:
    """Drop a template's expectations in a run of few people: chance would decide them."""
    few = [
        name
        for name, document in documents
        if not is_file(name) and document.pop("expectations", None)
    ]
    if few:
        say(f"left out: what {', '.join(few)} expect{'s' * (len(few) == 1)}, which is meant "
                   f"for {_LEAST_EXPECTED:,} people or more", err=True)  # fmt: skip


def _refuse_there(destination: Destination) -> None:
    """Refuse an address that cannot be written, or has a scenario, before any work is done."""
    from healthsim.operations.remote import objects_there  # noqa: PLC0415  see the top
    from healthsim.persistence.object_store import ObjectStore  # noqa: PLC0415  see the top

    objects_there(ObjectStore.of(destination.address), replace=destination.replace)


def _print_saved(saved: ScenarioSummary, place: str, as_json: bool) -> None:
    """Say what was saved, where if not here, and how each expectation came out."""
    judged = [dict(expectation) for expectation in saved.expectations]
    if as_json:
        print_json({"name": saved.name, **({"address": place} if place else {}),
                    "tables": saved.counts, "digest": saved.digest, "expectations": judged,
                    "unlisted_codes": list(saved.unlisted_codes)})  # fmt: skip
        return
    for table, number in saved.counts.items():
        say(f"{table:24}{number:>14,}")
    for expectation in judged:
        got = "nothing" if expectation["got"] is None else f"{expectation['got']:.15g}"
        verdict = "met    " if expectation["met"] else "NOT MET"
        say(f"{verdict} {expectation['expectation']}: got {got}")
    for code in saved.unlisted_codes:
        say(f"unlisted code {code}: no book knows it")
    where = f" at {place}" if place else ""
    say(f"saved as {saved.name}{where}, digest {saved.digest}")


def _documents(
    home: Home, profile: str, journeys: Sequence[str], save: str, replace: bool
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return profile and journeys.

    Raises:
        SpecError: what is missing or wrong of these and of the name, all at once.
    """
    problems: list[Problem] = []
    documents: list[dict[str, Any]] = []
    if not save:
        problems.append(Problem("--save", "is missing", "name the scenario: --save NAME"))
    elif not replace:
        with _noted(problems):
            _refuse_taken(home, save)
    if not profile:
        mend = "give a template's name ('healthsim templates' lists them) or a JSON file"
        problems.append(Problem("--profile", "is missing", mend))
    else:
        with _noted(problems):
            documents.append(document_named(profile, "profile"))
    for name in journeys:
        with _noted(problems):
            documents.append(document_named(name, "journey"))
    if problems:
        raise SpecError(problems)
    return documents[0], documents[1:]


@contextmanager
def _noted(problems: list[Problem]) -> Iterator[None]:
    """Go on after an error, whose problems are kept."""
    try:
        yield
    except SpecError as error:
        problems.extend(error.problems)
    except HealthSimError as error:
        problems.append(error.problem)


def _refuse_taken(home: Home, name: str) -> None:
    """Refuse a name that is taken, with the option that would replace it."""
    from healthsim.operations import scenarios  # noqa: PLC0415  see the top

    scenarios.refuse_taken(home, name, replace=True)  # is it a name at all?
    try:
        scenarios.refuse_taken(home, name)
    except Refused as error:
        problem = error.problem
        raise Refused(
            problem.where, problem.found, "choose another name, or add --replace to the command"
        ) from None


def _run(
    home: Home, profile: Mapping[str, Any], journeys: list[dict[str, Any]], store: Store
) -> RunRecord:
    """Run to the end, showing progress; stop the run when the person stops the command."""
    from healthsim.operations import ending, runs  # noqa: PLC0415  see the top
    from healthsim.operations import generate as runner  # noqa: PLC0415  see the top

    record, ours = runner.begin(home, profile, journeys, store=store)
    try:
        with _progress(record.total) as show:
            while record.status == runs.RUNNING:
                record = runner.join(home, record.run_id, 0.2)
                if record.status == runs.INTERRUPTED:  # its process has ended
                    record, ours = runner.begin(home, profile, journeys, store=store)
                show(record)
    except KeyboardInterrupt:
        if not ours:
            mend = "run this again to join it"
            raise Cancelled("run", "goes on in the process that began it", mend) from None
        if not runs.abandon(home, record.run_id):
            ending.end()  # whoever else waits for it makes it anew
        runner.join(home, record.run_id, _STOPPING)  # workers have ended then
        again = "; --resume keeps what is made" * store.is_lake(record.total)
        mend = f"nothing was saved; run it again{again}"
        raise Cancelled("run", "was stopped", mend) from None
    if record.status != runs.DONE:
        raise StorageError("run", record.error or f"is {record.status}", "run it again")
    return record


@contextmanager
def _progress(total: int) -> Iterator[Callable[[RunRecord], None]]:
    """Show a bar on a terminal, a line for each phase and each tenth elsewhere."""
    from healthsim.operations.pace import Pace  # noqa: PLC0415  see the top

    if not errors.is_terminal:
        shown, pace = [("", 0)], Pace(total)

        def show(record: RunRecord) -> None:
            now = (record.phase, 10 * record.done // max(total, 1))
            speed = pace.said(record.done)
            if now != shown[0] and record.phase:
                shown[0] = now
                errors.print(f"{record.phase}: {record.done:,} of {total:,} people, "
                             f"{record.rows:,} rows{speed}", highlight=False)  # fmt: skip

        yield show
        return
    from rich import progress as bars  # noqa: PLC0415  only a terminal needs it

    columns = (bars.TextColumn("{task.description}"), bars.BarColumn(),
               bars.MofNCompleteColumn(), bars.TextColumn("people{task.fields[pace]}"),
               bars.TimeElapsedColumn())  # fmt: skip
    with bars.Progress(*columns, console=errors, transient=True) as bar:
        task, pace = bar.add_task("preparing", total=total, pace=""), Pace(total)
        yield lambda record: bar.update(
            task, completed=record.done, description=record.phase or "done",
            pace=pace.said(record.done),
        )  # fmt: skip
