"""The command line: the same operations as the server's tools, without a conversation.

Exit codes: 0 done, 1 it failed (a scenario that differs, a disk that is full), 2 the command, a
name or a specification is wrong. Errors go to stderr as where, what was found, how to mend it.
"""

from __future__ import annotations

import gc
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from healthsim import (
    __version__,
    cli_audit,
    cli_codes,
    cli_compare,
    cli_draw,
    cli_export,
    cli_generate,
    cli_install,
    cli_network,
    cli_population,
    cli_reference,
    cli_remote,
    cli_report,
    cli_scenarios,
    cli_specs,
    cli_storage,
    cli_story,
)  # fmt: skip
from healthsim.cli_screen import (
    FAILED,
    WRONG,
    errors,
    open_books,
    say,
    settings,
)
from healthsim.errors import (
    Cancelled,
    HealthSimError,
    Refused,
    StorageError,
)

if TYPE_CHECKING:
    pass

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


def _refuse_closed_pipes() -> None:
    """Refuse to serve over pipes in a process that was started without them."""
    for name in ("stdin", "stdout"):
        if getattr(sys, name) is None:
            raise Refused(
                "serve", f"{name} is closed", "start it from an MCP host, or give --http HOST:PORT"
            )


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
    else:
        _refuse_closed_pipes()
    from healthsim import app as server  # noqa: PLC0415  mcp is needed here only

    server.serve(settings.home, reached, read_only=read_only)


app.command()(cli_generate.generate)
app.command()(cli_scenarios.query)
app.command()(cli_scenarios.scenarios)
app.command()(cli_specs.templates)
app.command()(cli_specs.timeline)
app.command()(cli_specs.check)
app.command()(cli_specs.migrate)
app.command()(cli_scenarios.verify)
app.command()(cli_remote.put)
app.command()(cli_remote.fetch)


_GARBAGE = (50_000, 20, 100)
"""When Python looks for garbage. As it comes (700, 10, 10), it spends a fifth of the start of a
server on looking through modules and models, of which nothing is garbage (measured)."""


def main() -> None:
    """Run the command line; every known error ends in a sentence, not in a traceback."""
    gc.set_threshold(*_GARBAGE)
    try:
        app()
    except HealthSimError as error:
        errors.print(escape(str(error)), style="red", highlight=False, soft_wrap=True)
        sys.exit(FAILED if isinstance(error, StorageError | Cancelled) else WRONG)
