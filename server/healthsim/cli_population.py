"""The command about the people of a place: who they are, and how common conditions are."""

from __future__ import annotations

from typing import Annotated

import typer

from healthsim.cli_screen import Json, home, print_json, print_rows

# The figures are imported inside their commands: `--help` needs none of them.

app = typer.Typer(help="Show who lives in a place and how common conditions are there.",
                  no_args_is_help=True)  # fmt: skip

_Measure = Annotated[
    list[str] | None,
    typer.Option("--measure", help="Only this measure, such as diabetes; may repeat."),
]


@app.callback()
def _group() -> None:
    """Keep `show` a command of its own."""


@app.command()
def show(
    place: Annotated[
        str,
        typer.Argument(
            help='US, a state, a county ("Harris County, TX" or 48201), a city ("Houston, TX"), '
            "a ZIP code or a metropolitan area."
        ),
    ],
    measure: _Measure = None,
    as_json: Json = False,
) -> None:
    """Show people, ages, sex and prevalences of a place, each with its source, year, confidence."""
    from healthsim.operations.population import describe_place  # noqa: PLC0415  see the top

    figures = describe_place(home(), place, measure or ())
    if as_json:
        print_json(figures)
        return
    about = [
        ("place", f"{figures['place']} ({figures['kind']})"),
        ("people", f"{figures['people']:,}"),
        ("counted by", "; ".join(figures["people_source"])),
    ]
    about += [("metropolitan area", figures["metro"])] if "metro" in figures else []
    about += [(f"age {band}", f"{share:.1%}") for band, share in figures["ages"].items()]
    about.append(("women", f"{figures['women_share']:.1%}"))
    print_rows(("figure", "value"), about, as_json=False)
    rows = [
        (name, "-" if known["adults_share"] is None else f"{known['adults_share']:.1%}",
         known["rests_on"], str(known.get("year") or ""), known.get("confidence", ""),
         known.get("source") or f"import them all: {known['import']}")
        for name, known in figures["prevalence"].items()
    ]  # fmt: skip
    print_rows(("among adults", "share", "rests on", "year", "confidence", "source"), rows,
               as_json=False)  # fmt: skip
