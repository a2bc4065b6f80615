"""Where a run puts its rows if not into the home."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Destination:
    """A scenario in an object store.

    Attributes:
        address: ``s3://BUCKET/PREFIX``.
        name: of the scenario.
        replace: the scenario that is there, if there is one.
    """

    address: str
    name: str
    description: str = ""
    replace: bool = False
