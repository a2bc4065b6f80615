"""The command line: the same operations as the server's tools, without a conversation.

Exit codes: 0 done, 1 it failed (a scenario that differs, a disk that is full), 2 the command, a
name or a specification is wrong. Errors go to stderr as where, what was found, how to mend it.
"""

from __future__ import annotations

import csv
import io
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from rich.markup import escape

from healthsim import (
    __version__,
    cli_audit,
    cli_codes,
    cli_compare,
    cli_draw,
    cli_export,
    cli_install,
    cli_network,
    cli_population,
    cli_reference,
    cli_report,
    cli_storage,
    cli_story,
)  # fmt: skip
from healthsim.cli_screen import (
    FAILED,
    WRONG,
    Json,
    attended,
    errors,
    open_books,
    print_json,
    print_rows,
    print_table,
    say,
    screen,
    settings,
)
from healthsim.cli_screen import home as home_folder
from healthsim.errors import (
    Cancelled,
    HealthSimError,
    Problem,
    Refused,
    SpecError,
    StorageError,
    quoted,
)
from healthsim.foreign import visible_json

if TYPE_CHECKING:
    from healthsim.operations.home import Home
    from healthsim.operations.runs import RunRecord
    from healthsim.operations.scenarios import ScenarioSummary

# Every operation is imported inside its command: `--help` and `--version` need none of them, and
# mcp is needed by `serve` and `demo` alone.

app = typer.Typer(
    name="healthsim",
    help="Linked synthetic health data from a profile (who) and a journey (what happens).",
    invoke_without_command=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(cli_codes.app, name="codes")
app.add_typer(cli_reference.app, name="reference")
app.add_typer(cli_population.app, name="population")
app.add_typer(cli_network.app, name="network")
app.command()(cli_audit.audit)
app.command()(cli_compare.compare)
app.command()(cli_install.install)
app.command()(cli_install.uninstall)
app.command()(cli_draw.draw)
app.command(help=cli_export.HELP)(cli_export.export)
app.command()(cli_report.report)
app.command()(cli_storage.storage)
app.command()(cli_story.person)
app.command()(cli_story.explain)


_BEGIN = """\
HealthSim: linked synthetic health data from a profile (who) and a journey (what happens).

  healthsim serve                     serve MCP to a host such as Claude Desktop
  healthsim install claude-desktop    enter it in the configuration of a host
  healthsim demo                      watch a conversation become a saved scenario
  healthsim templates                 list profiles and journeys to start from
  healthsim --help                    list every command\
"""


_WITHOUT_BOOKS = (
    "reference",
    "install",
    "uninstall",
)  # the first repairs books that cannot be read


def _version(show: bool) -> None:
    if show:
        say(f"healthsim {__version__}")
        raise typer.Exit


@app.callback()
def begin(
    context: typer.Context,
    home: Annotated[
        Path | None, typer.Option("--home", help="Home folder; default $HEALTHSIM_HOME.")
    ] = None,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Linked synthetic health data from a profile (who) and a journey (what happens)."""
    settings.home = home
    if context.invoked_subcommand is None:
        _say_what_to_run()
    if context.invoked_subcommand not in _WITHOUT_BOOKS:
        open_books()


def _say_what_to_run() -> None:
    """Say what there is on a terminal; elsewhere, that a host starts the server with `serve`."""
    if sys.stdin is not None and sys.stdin.isatty():
        say(_BEGIN)
        raise typer.Exit
    raise Refused(
        "healthsim",
        "was started without a command, by a program",
        "an MCP host starts the server with the argument serve: healthsim serve "
        "(uvx healthsim serve)",
    )


@app.command()
def demo() -> None:
    """Watch a conversation against the real server become a saved, linked scenario."""
    from healthsim import demo as conversation  # noqa: PLC0415  mcp is needed here only

    home = settings.home
    if home is None and os.environ.get("HEALTHSIM_HOME"):
        home = Path(os.environ["HEALTHSIM_HOME"])
    raise typer.Exit(conversation.run(home))


@app.command()
def serve(
    http: Annotated[
        str, typer.Option("--http", metavar="HOST:PORT", help="HTTP instead of stdin and stdout.")
    ] = "",
    read_only: Annotated[
        bool,
        typer.Option(
            "--read-only", envvar="HEALTHSIM_READ_ONLY", help="Offer only tools that read."
        ),
    ] = False,
    token_file: Annotated[
        Path | None,
        typer.Option(help="File with the token that HTTP clients send; else $HEALTHSIM_TOKEN."),
    ] = None,
    token: Annotated[
        str, typer.Option(help="The token itself; other users of the machine can see it.")
    ] = "",
    allow_host: Annotated[
        list[str] | None,
        typer.Option(help="A name by which HTTP clients call this machine; may repeat."),
    ] = None,
    allow_origin: Annotated[
        list[str] | None,
        typer.Option(help="A page that may call, such as https://app.example; may repeat."),
    ] = None,
) -> None:
    """Serve MCP to a client such as Claude Desktop."""
    from healthsim.serving import access  # noqa: PLC0415  see the top

    reached: access.Access | None = None
    if http:
        reached = access.access(http, token, token_file, allow_host or (), allow_origin or ())
    elif token or token_file or allow_host or allow_origin:
        raise Refused(
            "serve", "tokens, hosts and origins are for HTTP", "add --http HOST:PORT, or drop them"
        )
    from healthsim import app as server  # noqa: PLC0415  mcp is needed here only

    server.serve(settings.home, reached, read_only=read_only)


_USUAL_COUNT = 100  # of a profile that gives none
_LEAST_EXPECTED = (
    1000  # people for whom the templates' expectations hold within three standard errors
)


@app.command()
def generate(
    profile: Annotated[str, typer.Option(help="A template's name, or a JSON file; required.")] = "",
    save: Annotated[str, typer.Option(help="Name of the scenario; required.")] = "",
    journey: Annotated[
        list[str] | None, typer.Option(help="A template's name or a JSON file; may repeat.")
    ] = None,
    count: Annotated[int | None, typer.Option(help="Number of people.")] = None,
    seed: Annotated[int | None, typer.Option(help="Another seed gives other people.")] = None,
    description: Annotated[str, typer.Option(help="What the scenario is for.")] = "",
    replace: Annotated[
        bool, typer.Option("--replace", help="Replace an existing scenario.")
    ] = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit with 1 where an expectation is not met.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Run a profile and its journeys, and save the result as a scenario."""
    from healthsim.operations import network, scenarios  # noqa: PLC0415  see the top

    home = home_folder()
    document, journeys = _documents(home, profile, journey or (), save, replace)
    document |= {} if count is None else {"count": count}
    document |= {} if seed is None else {"seed": seed}
    if document.get("count", _USUAL_COUNT) < _LEAST_EXPECTED:
        _leave_out_expectations([(profile, document), *zip(journey or (), journeys, strict=True)])
    record = _run(home, document, journeys)
    for note in network.directory_note(home.runs / f"{record.run_id}.duckdb"):
        say(note, err=True)
    saved = scenarios.save_run(home, record.run_id, save, description=description, replace=replace)
    _print_saved(saved, as_json)
    if strict and not all(expectation["met"] for expectation in saved.expectations):
        raise typer.Exit(FAILED)


def _leave_out_expectations(documents: Sequence[tuple[str, dict[str, Any]]]) -> None:
    """Drop a template's expectations in a run of few people: chance would decide them."""
    few = [
        name
        for name, document in documents
        if not _is_file(name) and document.pop("expectations", None)
    ]
    if few:
        say(f"left out: what {', '.join(few)} expect{'s' * (len(few) == 1)}, which is meant "
                   f"for {_LEAST_EXPECTED:,} people or more", err=True)  # fmt: skip


def _print_saved(saved: ScenarioSummary, as_json: bool) -> None:
    """Say what was saved, and how each expectation came out."""
    judged = [dict(expectation) for expectation in saved.expectations]
    if as_json:
        print_json({"name": saved.name, "tables": saved.counts, "digest": saved.digest,
                    "expectations": judged,
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
    say(f"saved as {saved.name}, digest {saved.digest}")


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
            documents.append(_document(profile, "profile"))
    for name in journeys:
        with _noted(problems):
            documents.append(_document(name, "journey"))
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


def _document(name: str, kind: Literal["profile", "journey"]) -> dict[str, Any]:
    """Return a document from a file, where one is meant, or from the template of that name."""
    from healthsim.building import templates  # noqa: PLC0415  see the top

    if not _is_file(name):
        return templates.load(name, kind).fresh()
    path = Path(name)
    document = _read_file(path)
    if document.get("kind", kind) != kind:
        raise Refused(f"--{kind}", f"{path.name} is a {quoted(document['kind'])}", f"give a {kind}")
    return document


def _is_file(name: str) -> bool:
    return Path(name).suffix == ".json" or Path(name).is_file()


def _read_file(path: Path) -> dict[str, Any]:
    from healthsim.specification.document import parse_json  # noqa: PLC0415  see the top

    try:
        document = parse_json(path.read_bytes(), path.name)
    except OSError as error:
        raise Refused(path.name, f"cannot be read ({error.strerror})", "give a JSON file") from None
    if not isinstance(document, dict):
        raise Refused(path.name, "holds no JSON object", "give a profile or a journey")
    return document


def _run(home: Home, profile: Mapping[str, Any], journeys: list[dict[str, Any]]) -> RunRecord:
    """Run to the end, showing progress; stop the run when the person stops the command."""
    from healthsim.operations import ending, runs  # noqa: PLC0415  see the top
    from healthsim.operations import generate as runner  # noqa: PLC0415  see the top

    record, ours = runner.begin(home, profile, journeys)
    try:
        with _progress(record.total) as show:
            while record.status == runs.RUNNING:
                record = runner.join(home, record.run_id, 0.2)
                if record.status == runs.INTERRUPTED:  # its process has ended
                    record, ours = runner.begin(home, profile, journeys)
                show(record)
    except KeyboardInterrupt:
        if not ours:
            mend = "run this again to join it"
            raise Cancelled("run", "goes on in the process that began it", mend) from None
        if not runs.abandon(home, record.run_id):
            ending.end()  # whoever else waits for it makes it anew
        raise Cancelled("run", "was stopped", "nothing was saved; run it again") from None
    if record.status != runs.DONE:
        raise StorageError("run", record.error or f"is {record.status}", "run it again")
    return record


@contextmanager
def _progress(total: int) -> Iterator[Callable[[RunRecord], None]]:
    """Show a bar on a terminal, a line for each phase and each tenth elsewhere."""
    if not errors.is_terminal:
        shown = [("", 0)]

        def show(record: RunRecord) -> None:
            now = (record.phase, 10 * record.done // max(total, 1))
            if now != shown[0] and record.phase:
                shown[0] = now
                errors.print(f"{record.phase}: {record.done:,} of {total:,} people, "
                             f"{record.rows:,} rows", highlight=False)  # fmt: skip

        yield show
        return
    from rich import progress as bars  # noqa: PLC0415  only a terminal needs it

    columns = (bars.TextColumn("{task.description}"), bars.BarColumn(),
               bars.MofNCompleteColumn(), bars.TextColumn("people"),
               bars.TimeElapsedColumn())  # fmt: skip
    with bars.Progress(*columns, console=errors, transient=True) as bar:
        task = bar.add_task("preparing", total=total)
        yield lambda record: bar.update(
            task, completed=record.done, description=record.phase or "done"
        )


@app.command()
def query(
    name: Annotated[str, typer.Argument(help="A scenario.")],
    sql: Annotated[str, typer.Argument(help="One SELECT.")],
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="Maximum number of rows.")] = 1000,
    other: Annotated[str, typer.Option(help="A second scenario, as the schema other.")] = "",
    as_json: Json = False,
) -> None:
    """Query a scenario with SQL: a table on a terminal, CSV when piped."""
    from healthsim.operations import query as querying  # noqa: PLC0415  see the top

    result = querying.query(home_folder(), name, sql, other, limit=limit)
    columns = [column for column, _ in result.columns]
    if as_json:
        print_json({"columns": columns, "rows": result.rows, "truncated": result.truncated})
    elif screen.is_terminal:
        print_table(columns, result.rows)
    else:
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows([columns, *result.rows])
        say(text.getvalue(), nl=False)
    if result.truncated:
        errors.print(f"more than {limit:,} rows; narrow the query or raise --limit")


@app.command()
def scenarios(as_json: Json = False) -> None:
    """List the saved scenarios."""
    from healthsim.operations import scenarios as saved_scenarios  # noqa: PLC0415  see the top

    rows = [
        [item.name, item.count, sum(item.counts.values()), item.description]
        for item in saved_scenarios.list_all(home_folder())
    ]
    print_rows(["name", "people", "rows", "description"], rows, as_json)


@app.command()
def templates(
    query: Annotated[str, typer.Argument(help="Words to search for.")] = "", as_json: Json = False
) -> None:
    """List the profiles and journeys to start from."""
    from healthsim.building import templates as library  # noqa: PLC0415  see the top

    rows = [[item.name, item.kind, item.title] for _, item in library.find(query)]
    print_rows(["name", "kind", "title"], rows, as_json)


@app.command()
def timeline(
    profile: Annotated[str, typer.Option(help="A template's name, or a JSON file.")],
    journey: Annotated[
        list[str] | None, typer.Option(help="A template's name or a JSON file; may repeat.")
    ] = None,
    person: Annotated[
        int | None, typer.Option(help="Its number, from 1; default: one with many events.")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Another seed gives other people.")] = None,
) -> None:
    """Show what happens to one person, day by day: a table on a terminal, markdown when piped."""
    from healthsim.operations import timeline as narration  # noqa: PLC0415  see the top

    document = _document(profile, "profile")
    journeys = [_document(name, "journey") for name in journey or ()]
    story = narration.person_story(document, journeys, person=person, seed=seed, home=home_folder())
    if not screen.is_terminal:
        title = " and ".join(spec.get("title") or spec["name"] for spec in (document, *journeys))
        say(narration.page(title, "", story), nl=False)
        return
    screen.print(escape(f"person {story.person_id}: {story.who}"), highlight=False)
    rows: list[list[Any]] = [[line.day, line.step, line.what, line.money] for line in story.lines]
    print_table(["day", "step", "what", "money, USD"], rows)


@app.command()
def check(file: Annotated[Path, typer.Argument(help="A profile or a journey, JSON.")]) -> None:
    """Check a specification: everything that is wrong with it, and how to mend it."""
    from healthsim.building import draft  # noqa: PLC0415  see the top
    from healthsim.errors import SpecError  # noqa: PLC0415  see the top

    document = _read_file(file)
    kind = document.get("kind")
    if kind not in ("profile", "journey"):
        raise Refused(f"{file.name}: kind", f"is {quoted(kind)}", "use profile or journey")
    problems = draft.problems(
        draft.Draft(profile=document) if kind == "profile" else draft.Draft(journeys=(document,))
    )
    if problems:
        raise SpecError(problems)
    if kind == "profile":  # what is known of its places is in this home, and a run asks for it
        from healthsim.execution.prepare import prepare  # noqa: PLC0415  see the top
        from healthsim.operations.reference import reference_for  # noqa: PLC0415  see the top

        prepare(document, (), reference_for(home_folder(), document))
    say(f"{file.name}: a {kind} that can be run")


@app.command()
def migrate(file: Annotated[Path, typer.Argument(help="A profile or a journey, JSON.")]) -> None:
    """Print a specification of an older format in the current format."""
    from healthsim.specification.format import migrated  # noqa: PLC0415  see the top

    document = migrated(_read_file(file), file.name)
    say(visible_json(document))


@app.command()
def verify(
    name: Annotated[str, typer.Argument(help="A scenario.")],
    sample: Annotated[
        int,
        typer.Option(min=0, help="Only so many blocks of 16,384 people or families; default: all."),
    ] = 0,
    as_json: Json = False,
) -> None:
    """Generate a scenario again from its stored specification, and compare every row."""
    from healthsim.operations import verify as verification  # noqa: PLC0415  see the top

    result = attended(
        lambda: verification.verify(home_folder(), name, sample=sample), f"verify {name}"
    )
    if as_json:
        print_json({"name": name, "same": result.same, "differs": list(result.differs),
                    "blocks": {table: list(blocks) for table, blocks in result.blocks.items()},
                    "sampled": result.sampled, "of_blocks": result.of_blocks,
                    "missing": list(map(str, result.missing)),
                    "imported_since": list(map(str, result.since))})  # fmt: skip
    elif result.same:
        some = f" in {result.sampled} of {result.of_blocks} blocks" if result.sampled else ""
        say(f"{name}: the same rows{some}, digest {result.digest}")
    for problem in result.missing:
        errors.print(escape(str(problem)), highlight=False, soft_wrap=True)
    if result.differs:
        errors.print(f"{escape(name)}: differs in {escape(verification.where_differs(result))}",
                     highlight=False, soft_wrap=True)  # fmt: skip
    for problem in result.since:
        errors.print(escape(str(problem)), highlight=False, soft_wrap=True)
    if not result.same:
        raise typer.Exit(FAILED)


def main() -> None:
    """Run the command line; every known error ends in a sentence, not in a traceback."""
    try:
        app()
    except HealthSimError as error:
        errors.print(escape(str(error)), style="red", highlight=False, soft_wrap=True)
        sys.exit(FAILED if isinstance(error, StorageError | Cancelled) else WRONG)
