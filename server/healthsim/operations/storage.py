"""What the home folder holds, and a sweep of what has expired."""

from __future__ import annotations

from healthsim.operations import exporting, runs, specs, tasks
from healthsim.operations.expiry import Item, expired
from healthsim.operations.home import Home


def items(home: Home) -> list[Item]:
    """Return every draft, run, task and export, by kind, the newest first."""
    kept = [
        *specs.items(home), *runs.items(home), *tasks.items(home.tasks), *exporting.items(home),
    ]  # fmt: skip
    return sorted(kept, key=lambda item: (item.kind, -item.used_at, item.name))


def sweep(home: Home, now: float) -> dict[Item, str]:
    """Delete what has expired; return it with the reasons.

    What somebody has taken up since it was looked at stays, and is not returned.

    Args:
        home: the home folder.
        now: seconds since 1970.
    """
    found = expired(items(home), now)
    gone = {
        *specs.expire(home, now), *runs.expire(home, now), *tasks.expire(home.tasks, now),
        *exporting.expire(home, now),
    }  # fmt: skip
    return {item: why for item, why in found.items() if item.name in gone}
