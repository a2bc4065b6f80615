"""Commands that enter HealthSim in the configuration of an MCP host, and take it out again."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from healthsim.cli_screen import WRONG, errors, print_table, screen, settings
from healthsim.errors import Refused

if TYPE_CHECKING:
    from healthsim.operations.installing.change import Change
    from healthsim.operations.installing.hosts import Host

_LONGEST = 2_000  # characters of a line that are shown

Config = Annotated[
    Path | None, typer.Option(help="The host's file; by default where the host keeps it.")
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Write the file without asking.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show the change and write nothing.")]


def install(
    host: Annotated[
        str, typer.Argument(help="claude-desktop or another; without one, list them.")
    ] = "",
    config: Config = None,
    home: Annotated[Path | None, typer.Option(help="Home folder of the host's server.")] = None,
    read_only: Annotated[
        bool, typer.Option("--read-only", help="Offer only tools that read.")
    ] = False,
    command: Annotated[
        str, typer.Option(help="What starts healthsim; by default how this one was started.")
    ] = "",
    replace: Annotated[
        bool, typer.Option("--replace", help="Replace an entry that differs, without asking.")
    ] = False,
    yes: Yes = False,
    dry_run: DryRun = False,
) -> None:
    """Enter HealthSim in a host's configuration: shows the change, asks, and keeps a copy."""
    from healthsim.operations.installing import change, hosts, launching  # noqa: PLC0415  see cli

    if not host:
        _list()
        return
    found = hosts.host_named(host)
    words = launching.split_command(command) if command else launching.Started.here().command()
    words = launching.launch_words(words, _folder(home), read_only)
    planned = change.plan_entry(found, _file(found, config), words)
    if not planned.needed:
        typer.echo(f"{found.title} has HealthSim already: {planned.file}")
        return
    _show(planned)
    if planned.replaced is not None and yes and not (replace or dry_run):
        raise Refused(
            str(planned.file), "has an entry healthsim that differs (above)",
            "add --replace to put this one in its place; nothing was changed",
        )  # fmt: skip
    _write(found, planned, yes, dry_run)


def uninstall(
    host: Annotated[str, typer.Argument(help="claude-desktop or another.")],
    config: Config = None,
    yes: Yes = False,
    dry_run: DryRun = False,
) -> None:
    """Take HealthSim out of a host's configuration; scenarios stay."""
    from healthsim.operations.installing import change, hosts  # noqa: PLC0415  see cli

    found = hosts.host_named(host)
    planned = change.plan_removal(found, _file(found, config))
    if not planned.needed:
        typer.echo(f"{found.title} has no entry healthsim: {planned.file}")
        return
    _show(planned)
    _write(found, planned, yes, dry_run)


def _folder(home: Path | None) -> Path | None:
    """Return the home folder that the server is to have, if one was named, by its full path."""
    named = home or settings.home
    if named is None and os.environ.get("HEALTHSIM_HOME"):
        named = Path(os.environ["HEALTHSIM_HOME"])
    return named.expanduser().absolute() if named else None


def _file(host: Host, config: Path | None) -> Path:
    """Return the file of a host, and say which others there are."""
    from healthsim.operations.installing import hosts  # noqa: PLC0415  see cli

    if config is not None:
        return config.expanduser()
    files = [Path(file) for file in hosts.files_of(host, hosts.Machine.here())]
    for other in files[1:]:
        if other.is_file():
            errors.print(f"there is also {escape(str(other))}: give it with --config",
                         highlight=False, soft_wrap=True)  # fmt: skip
    return files[0]


def _list() -> None:
    """List the hosts, their files, and whether HealthSim is in them."""
    from healthsim.operations.installing import change, hosts  # noqa: PLC0415  see cli

    machine = hosts.Machine.here()
    rows = []
    for host in hosts.HOSTS:
        file = Path(hosts.files_of(host, machine)[0])
        rows.append([host.name, host.title, change.state(host, file), str(file)])
    if screen.is_terminal:
        print_table(["host", "", "healthsim", "file"], rows)
    else:
        for row in rows:
            typer.echo("\t".join(row))


def _show(planned: Change) -> None:
    """Show the change."""
    typer.echo(str(planned.file))
    colours = {"+": "green", "-": "red", "@": "cyan"}
    for line in planned.lines():
        long = f"{line[:_LONGEST]}… ({len(line):,} characters)"
        typer.secho(line if len(line) <= _LONGEST else long, fg=colours.get(line[:1]))
    if planned.after is None:
        typer.echo("the file is removed: nothing else is in it")


def _write(host: Host, planned: Change, yes: bool, dry_run: bool) -> None:
    """Ask where nobody said yes, and write."""
    from healthsim.operations.installing import change  # noqa: PLC0415  see cli

    if dry_run:
        typer.echo("nothing was changed (--dry-run)")
        return
    if not yes:
        if not sys.stdin.isatty():
            errors.print("nothing was changed: add --yes to write it", highlight=False)
            raise typer.Exit(WRONG)
        if not typer.confirm("Write it?"):
            typer.echo("nothing was changed")
            return
    copy = change.apply(planned)
    kept = f"; as it was before: {copy}" if copy else ""
    done = "written" if planned.after is not None else "removed"
    typer.echo(f"{done}: {planned.file}{kept}")
    typer.echo(f"{host.title} reads the file when it starts: {host.after}")
