"""The commands about scenarios in object stores: put and fetch."""

from __future__ import annotations

from typing import Annotated

import typer

from healthsim.cli_screen import attended, say
from healthsim.cli_screen import home as home_folder

# Every operation is imported inside its command: `--help` needs none of them.

Address = Annotated[str, typer.Argument(help="s3://BUCKET/PREFIX; the environment has the keys.")]
Replace = Annotated[bool, typer.Option("--replace", help="Replace an existing scenario.")]


def put(
    name: Annotated[str, typer.Argument(help="A scenario that is a lake.")],
    address: Address,
    replace: Replace = False,
) -> None:
    """Put a lake into an object store that speaks S3."""
    from healthsim.operations import remote  # noqa: PLC0415  see the top

    size = attended(
        lambda: remote.put(home_folder(), name, address, replace=replace), f"put {name}"
    )
    say(f"{name} is at {address}: {size:,} bytes")


def fetch(
    address: Address,
    name: Annotated[str, typer.Argument(help="Name of the scenario here.")],
    replace: Replace = False,
) -> None:
    """Bring a lake from an object store here, every file proven."""
    from healthsim.operations import remote  # noqa: PLC0415  see the top

    attended(lambda: remote.fetch(home_folder(), address, name, replace=replace), f"fetch {name}")
    say(f"saved as {name}")
