"""What the commands share: which home they work in, and how they print."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from healthsim.errors import Cancelled
from healthsim.foreign import visible, visible_in
from healthsim.watching import Step, Watch, watched_by

if TYPE_CHECKING:
    from healthsim.operations.home import Home

T = TypeVar("T")

_LOOK = 0.1  # seconds between two looks at what is being done

FAILED, WRONG = 1, 2
"""Exit codes: it failed; the command, a name or a specification is wrong."""


class Screen(Console):
    """A console on which no text steers the terminal, whatever it came from."""

    def print(self, *things: Any, **how: Any) -> None:
        """Print what a console prints; characters that steer a terminal are shown."""
        super().print(*(visible(item) if isinstance(item, str) else item for item in things), **how)


screen = Screen()
errors = Screen(stderr=True)

Json = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")]


@dataclass
class Settings:
    """The options before the command."""

    home: Path | None = None


settings = Settings()


def home() -> Home:
    """Return the home that the command works in."""
    from healthsim.operations.home import Home  # noqa: PLC0415  `--help` needs no operation

    return Home(settings.home) if settings.home else Home.default()


def open_books() -> None:
    """Put the code books that were imported into the home before the ones built in."""
    from healthsim.codes import imported_books  # noqa: PLC0415  `--help` needs no book

    imported_books.open_shelf(home().books)


def say(text: str, *, nl: bool = True, err: bool = False) -> None:
    """Print lines that may hold text of a file; characters that steer a terminal are shown.

    No command prints in another way than by this and by the two consoles.
    """
    typer.echo(visible(text), nl=nl, err=err)


def print_json(value: Any) -> None:
    """Print one value as JSON."""
    say(json.dumps(visible_in(value), ensure_ascii=False))


def print_rows(columns: Sequence[str], items: Sequence[Sequence[Any]], as_json: bool) -> None:
    """Print rows: JSON if requested, a table on a terminal, lines with tabs when piped.

    Lines begin with one of the columns' names; what is not known is empty.
    """
    if as_json:
        print_json([dict(zip(columns, item, strict=True)) for item in items])
    elif screen.is_terminal:
        print_table(columns, items)
    else:
        for item in (columns, *items):
            say("\t".join("" if value is None else str(value) for value in item))


def print_table(columns: Sequence[str], items: Sequence[Sequence[Any]]) -> None:
    """Print a table for people."""
    table = Table(*(escape(visible(column)) for column in columns))
    for item in items:
        table.add_row(*("" if value is None else escape(visible(str(value))) for value in item))
    screen.print(table)


def attended(work: Callable[[], T], name: str) -> T:
    """Do long work, and show on a terminal what it is doing; Ctrl-C stops it.

    Args:
        work: what is done, in a thread of its own; says how far it is (`watching.step`).
        name: what is shown until then.

    Raises:
        Cancelled: the person stopped it; what it had begun to write is gone.
    """
    watch = Watch(name)
    made: list[T] = []
    failed: list[BaseException] = []
    ended = Event()  # a join that Ctrl-C interrupts would take the thread for ended

    def attempt() -> None:
        try:
            with watched_by(watch):
                made.append(work())
        except BaseException as error:
            failed.append(error)
        finally:
            ended.set()

    thread = Thread(target=attempt, name=name, daemon=True)
    try:
        with _bar(name) as show:
            thread.start()
            while not ended.wait(_LOOK):
                show(watch.step)
    except KeyboardInterrupt:
        watch.stop()
        while not ended.wait(_LOOK):
            watch.stop()  # a query that was just beginning missed the first
        raise Cancelled(name, "was stopped", "nothing is half-done; run it again") from None
    if failed:
        raise failed[0]
    return made[0]


@contextmanager
def _bar(name: str) -> Iterator[Callable[[Step], None]]:
    """Show a bar on a terminal, and nothing elsewhere."""
    if not errors.is_terminal:
        yield lambda step: None
        return
    from rich import progress as bars  # noqa: PLC0415  only a terminal needs it

    columns = (bars.SpinnerColumn(), bars.TextColumn("{task.description}"), bars.BarColumn(),
               bars.TimeElapsedColumn())  # fmt: skip
    with bars.Progress(*columns, console=errors, transient=True) as bar:
        task = bar.add_task(name, total=None)
        yield lambda step: bar.update(
            task, description=escape(visible(step.says or name)), completed=step.done,
            total=step.total or None,
        )  # fmt: skip
