"""The commands about reference data: import a file, list and remove what was imported."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape

from healthsim.cli_screen import Json, errors, home, print_json, print_rows, say
from healthsim.errors import Cancelled

# The room `reference` is imported inside its commands: `--help` needs neither duckdb nor pyarrow.

app = typer.Typer(
    help="Import public figures, providers and code books, as their publishers ship them.",
    no_args_is_help=True,
)


@app.command(name="import")
def import_file(
    kind: Annotated[str, typer.Argument(help="Kind of file; 'healthsim reference kinds' lists.")],
    file: Annotated[Path, typer.Argument(help="The file as it was downloaded, CSV or zip.")],
    year: Annotated[
        int | None, typer.Option(help="Year to import of a file with several; default: the newest.")
    ] = None,
    as_of: Annotated[
        str, typer.Option("--as-of", help="Its release, if its name does not show it.")
    ] = "",
    as_json: Json = False,
) -> None:
    """Import a file; it replaces an earlier one of its kind."""
    from healthsim.operations import reference  # noqa: PLC0415  see the top

    done, before = None, {earlier.name: earlier for earlier in reference.imported(home())}
    with suppress(KeyboardInterrupt), _progress() as show:
        done = reference.import_file(home(), kind, file, year=year, as_of=as_of, tell=show)
    if done is None:
        raise Cancelled("import", "was stopped", "nothing has changed; run it again")
    if warning := reference.lost_states_warning(before.get(done.name), done):
        errors.print(escape(f"warning: {warning}"), highlight=False, soft_wrap=True)
    if as_json:
        print_json(asdict(done))
        return
    say(f"{done.name}: {done.rows:,} rows, {done.vintage}")
    for name, value in done.checks.items():
        say(f"  {name.replace('_', ' '):32}{_shown(value):>16}")
    say(f"digest {done.digest}")


@app.command(name="list")
def listed(as_json: Json = False) -> None:
    """List what was imported, with the digest that scenarios made with it carry."""
    from healthsim.operations import reference  # noqa: PLC0415  see the top

    imports = reference.imported(home())
    if as_json:
        print_json([asdict(item) for item in imports])
        return
    rows = [
        [item.name, item.rows, item.vintage, item.file_name, item.digest[:12]] for item in imports
    ]
    print_rows(["name", "rows", "vintage", "file", "digest"], rows, as_json=False)
    if not imports:
        errors.print("nothing is imported; 'healthsim reference kinds' says what can be")


@app.command()
def remove(
    name: Annotated[str, typer.Argument(help="As 'healthsim reference list' shows it.")],
) -> None:
    """Remove what was imported; scenarios made with it stay."""
    from healthsim.operations import reference  # noqa: PLC0415  see the top

    done = reference.remove(home(), name)
    say(f"{done.name}: removed, {done.rows:,} rows of {done.vintage}")


@app.command()
def kinds(as_json: Json = False) -> None:
    """Say what can be imported, where its publisher offers it, and what it enables."""
    from healthsim.operations import reference  # noqa: PLC0415  see the top

    listed_kinds = [
        {"kind": kind.name, "title": kind.title, "offered": kind.offered, "enables": kind.enables}
        for kind in reference.kinds()
    ]
    if as_json:
        print_json(listed_kinds)
        return
    for item in listed_kinds:
        say(f"{item['kind']}: {item['title']}")
        say(f"  from:    {item['offered']}")
        say(f"  enables: {item['enables']}")


def _shown(value: Any) -> str:
    return f"{value:,}" if isinstance(value, int | float) else str(value)


@contextmanager
def _progress() -> Iterator[Callable[[str, float], None]]:
    """Show a bar on a terminal, one line for each stage elsewhere."""
    if not errors.is_terminal:
        shown = set[str]()

        def show(stage: str, share: float) -> None:
            if stage not in shown:
                shown.add(stage)
                errors.print(f"{escape(stage)} …", highlight=False)

        yield show
        return
    from rich import progress as bars  # noqa: PLC0415  only a terminal needs it

    columns = (bars.TextColumn("{task.description:9}"), bars.BarColumn(),
               bars.TaskProgressColumn(), bars.TimeElapsedColumn())  # fmt: skip
    with bars.Progress(*columns, console=errors, transient=True) as bar:
        task = bar.add_task("opening", total=1.0)
        yield lambda stage, share: bar.update(task, description=stage, completed=share)
