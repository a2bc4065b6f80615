"""Commands that enter HealthSim in the configuration of an MCP host, and take it out again."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape

from healthsim.cli_screen import FAILED, WRONG, errors, print_rows, say, settings
from healthsim.errors import HealthSimError, Refused

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from healthsim.operations.installing.change import Change
    from healthsim.operations.installing.hosts import Elsewhere, Host

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
    env: Annotated[
        list[str] | None,
        typer.Option(help="NAME=VALUE that the host gives the server; may repeat."),
    ] = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Replace an entry that differs, without asking.")
    ] = False,
    no_check: Annotated[
        bool, typer.Option("--no-check", help="Do not try whether the entry starts the server.")
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
    variables = launching.split_variables(env or ())
    if isinstance(found, hosts.Elsewhere):
        _say_lines(found, words, variables)
        raise typer.Exit(WRONG if yes and not dry_run else 0)
    planned = change.plan_entry(found, _file(found, config), words, variables)
    if not planned.needed:
        say(f"{found.title} has HealthSim already: {planned.file}")
        if not (no_check or dry_run):
            _try(planned.entry, found)
        return
    _show(planned)
    if planned.replaced is not None and yes and not (replace or dry_run):
        raise Refused(
            str(planned.file), "has an entry healthsim that differs (above)",
            "add --replace to put this one in its place; nothing was changed",
        )  # fmt: skip
    _write(found, planned, yes, dry_run, check=not no_check)


def uninstall(
    host: Annotated[str, typer.Argument(help="claude-desktop or another.")],
    config: Config = None,
    yes: Yes = False,
    dry_run: DryRun = False,
) -> None:
    """Take HealthSim out of a host's configuration; scenarios stay."""
    from healthsim.operations.installing import change, hosts  # noqa: PLC0415  see cli

    found = hosts.host_named(host)
    if isinstance(found, hosts.Elsewhere):
        say(f"to take HealthSim out of {found.title}: {found.undone}")
        return
    planned = change.plan_removal(found, _file(found, config))
    if not planned.needed:
        say(f"{found.title} has no entry healthsim: {planned.file}")
        return
    _show(planned)
    _write(found, planned, yes, dry_run, check=False)


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
    from healthsim.operations.installing import change, hosts, launching  # noqa: PLC0415  see cli

    machine = hosts.Machine.here()
    rows = []
    for host in hosts.HOSTS:
        file = Path(hosts.files_of(host, machine)[0])
        rows.append([host.name, host.title, change.state(host, file), str(file)])
    words = launching.launch_words(launching.Started.here().command(), _folder(None))
    for other in hosts.ELSEWHERE:
        lines = other.lines(words, {})
        said = lines if "\n" not in lines else f"healthsim install {other.name} says the lines"
        rows.append([other.name, other.title, "", said])
    print_rows(["host", "title", "healthsim", "file or command"], rows, as_json=False)


def _say_lines(host: Elsewhere, words: Sequence[str], variables: Mapping[str, str]) -> None:
    """Say by which lines a host is told whose file is not edited here."""
    say(f"{host.title} {host.how}:\n\n{host.lines(words, variables)}\n")
    say("nothing was changed")


def _try(entry: Mapping[str, Any], host: Host) -> None:
    """Try whether an entry starts the server, as the host would.

    Raises:
        HealthSimError: it does not.
    """
    from healthsim.operations.installing import trying  # noqa: PLC0415  see cli

    errors.print("trying a start of the server, as the host would…", highlight=False)
    given = {str(key): str(value) for key, value in dict(entry.get("env") or {}).items()}
    reason = trying.why_not([entry["command"], *entry["args"]], given)
    if reason:
        raise HealthSimError(
            host.title, f"this entry does not start the server here: {reason}",
            "a host hands on few variables: give a proxy, certificates or UV_OFFLINE=1 with --env "
            "NAME=VALUE, or install into an environment (uv tool install healthsim, then "
            "healthsim install again); docs/install.md says more. --no-check skips this",
        )  # fmt: skip
    say("it starts")


def _show(planned: Change) -> None:
    """Show the change."""
    say(str(planned.file))
    colours = {"+": "green", "-": "red", "@": "cyan"}
    for line in planned.lines():
        long = f"{line[:_LONGEST]}… ({len(line):,} characters)"
        typer.secho(line if len(line) <= _LONGEST else long, fg=colours.get(line[:1]))
    if planned.after is None:
        say("the file is removed: nothing else is in it")


def _write(host: Host, planned: Change, yes: bool, dry_run: bool, check: bool) -> None:
    """Ask where nobody said yes, and write; an entry that does not start takes a person's yes."""
    from healthsim.operations.installing import change  # noqa: PLC0415  see cli

    if dry_run:
        say("nothing was changed (--dry-run)")
        return
    if not yes and not sys.stdin.isatty():
        errors.print("nothing was changed: add --yes to write it", highlight=False)
        raise typer.Exit(WRONG)
    if check:
        _checked(host, planned, yes)
    if not yes and not typer.confirm("Write it?"):
        say("nothing was changed")
        return
    copy = change.apply(planned)
    kept = f"; as it was before: {copy}" if copy else ""
    if planned.copy is not None:
        kept = f", as it was before; its copy is gone: {planned.copy}"
    done = "written" if planned.after is not None else "removed"
    say(f"{done}: {planned.file}{kept}")
    older = [str(one) for one in change.copies(planned.file) if one != copy]
    if older:
        say(f"older copies, yours to delete: {', '.join(older)}")
    say(f"{host.title} reads the file when it starts: {host.after}")


def _checked(host: Host, planned: Change, yes: bool) -> None:
    """Say whether an entry starts the server; where nobody can be asked, one that does not ends it.

    Raises:
        HealthSimError: it does not, and `yes` was said beforehand.
    """
    try:
        _try(planned.entry, host)
    except HealthSimError as error:
        errors.print(escape(str(error)), highlight=False, soft_wrap=True)
        if yes:
            errors.print("nothing was changed", highlight=False)
            raise typer.Exit(FAILED) from None
