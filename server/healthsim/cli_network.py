"""The command that searches the directory: who treats patients near a place."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from healthsim.cli_screen import Json, errors, home, print_rows

# Operations are imported inside the command: `--help` needs none of them.

app = typer.Typer(
    help="Search the directory of clinicians, facilities and pharmacies.", no_args_is_help=True
)


@app.callback()
def _group() -> None:
    """Search the directory of clinicians, facilities and pharmacies."""


@app.command()
def search(
    specialty: Annotated[
        str, typer.Option(help="A specialty, a kind of facility (hospital, snf...) or pharmacy.")
    ],
    near: Annotated[str, typer.Option(help="'Harris County, TX', 48201, 'Houston, TX' or a ZIP.")],
    within: Annotated[float, typer.Option(help="Miles between centres of counties.")] = 30,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="Maximum number of rows.")] = 20,
    source: Annotated[
        Literal["synthetic", "nppes"], typer.Option(help="The invented or the imported directory.")
    ] = "synthetic",
    as_json: Json = False,
) -> None:
    """Find clinicians, facilities or pharmacies near a place, nearest first."""
    from healthsim.operations import network  # noqa: PLC0415  see the top

    providers = network.search(home(), place=near, specialty=specialty, within_miles=within,
                               limit=limit, source=source)  # fmt: skip
    if not providers and not as_json:
        errors.print("nobody: look farther with --within", highlight=False)
        return
    columns = ("npi", "name", "specialty", "county", "state", "miles", "capacity")
    print_rows(columns, [[provider[name] for name in columns] for provider in providers], as_json)
