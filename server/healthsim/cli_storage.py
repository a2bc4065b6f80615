"""The command that lists what the home folder holds and sweeps what has expired."""

from __future__ import annotations

import time
from typing import Annotated, Any

import typer

from healthsim.cli_screen import Json, home, print_json, print_rows, say

COLUMNS = ["kind", "name", "megabytes", "days", "state"]


def storage(
    sweep: Annotated[bool, typer.Option("--sweep", help="Delete what has expired.")] = False,
    as_json: Json = False,
) -> None:
    """List drafts, runs and exports, and which have expired; scenarios never expire."""
    from healthsim.operations import expiry  # noqa: PLC0415  `--help` needs no operation
    from healthsim.operations import storage as keeping  # noqa: PLC0415  as it

    now = time.time()
    kept = keeping.items(home())
    gone = keeping.sweep(home(), now) if sweep else {}
    expired = gone if sweep else expiry.expired(kept, now)
    verb = "deleted" if sweep else "expired"
    rows: list[list[Any]] = [
        [item.kind, item.name, round(item.size / 1e6, 3), int((now - item.used_at) // 86_400),
         f"{verb}: {expired[item]}" if item in expired else "in use" if item.in_use else "kept"]
        for item in kept
    ]  # fmt: skip
    limits = {kind: str(limit) for kind, limit in expiry.LIMITS.items()}
    if as_json:
        items = [dict(zip(COLUMNS, row, strict=True)) for row in rows]
        print_json({"items": items, "kept_for": limits, "swept": sweep})
        return
    print_rows(COLUMNS, rows, as_json=False)
    size = sum(item.size for item in expired) / 1e6
    say(f"{len(expired)} of {len(kept)} {verb}, {size:,.1f} MB; kept for at most: "
               + ", ".join(f"{kind}s {limit}" for kind, limit in limits.items()))  # fmt: skip
    if expired and not sweep:
        say("healthsim storage --sweep deletes them")
