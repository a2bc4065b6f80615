"""The commands about specifications: templates to start from, checks, one person's timeline."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape

from healthsim.cli_documents import document_named, read_file
from healthsim.cli_screen import Json, print_rows, print_table, say, screen
from healthsim.cli_screen import home as home_folder
from healthsim.errors import Refused, quoted
from healthsim.foreign import visible_json

# Every operation is imported inside its command: `--help` needs none of them.


def templates(
    query: Annotated[str, typer.Argument(help="Words to search for.")] = "", as_json: Json = False
) -> None:
    """List the profiles and journeys to start from."""
    from healthsim.building import templates as library  # noqa: PLC0415  see the top

    rows = [[item.name, item.kind, item.title] for _, item in library.find(query)]
    print_rows(["name", "kind", "title"], rows, as_json)


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

    document = document_named(profile, "profile")
    journeys = [document_named(name, "journey") for name in journey or ()]
    story = narration.person_story(document, journeys, person=person, seed=seed, home=home_folder())
    if not screen.is_terminal:
        title = " and ".join(spec.get("title") or spec["name"] for spec in (document, *journeys))
        say(narration.page(title, "", story), nl=False)
        return
    screen.print(escape(f"person {story.person_id}: {story.who}"), highlight=False)
    rows: list[list[Any]] = [[line.day, line.step, line.what, line.money] for line in story.lines]
    print_table(["day", "step", "what", "money, USD"], rows)


def check(file: Annotated[Path, typer.Argument(help="A profile or a journey, JSON.")]) -> None:
    """Check a specification: everything that is wrong with it, and how to mend it."""
    from healthsim.building import draft  # noqa: PLC0415  see the top
    from healthsim.errors import SpecError  # noqa: PLC0415  see the top

    document = read_file(file)
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


def migrate(file: Annotated[Path, typer.Argument(help="A profile or a journey, JSON.")]) -> None:
    """Print a specification of an older format in the current format."""
    from healthsim.specification.format import migrated  # noqa: PLC0415  see the top

    document = migrated(read_file(file), file.name)
    say(visible_json(document))
