"""Finds the shelves of files that ship with the package: `skills` and `templates`."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).parent


def library_folder(name: str) -> Path:
    """Return the folder `name` beside the package (a wheel) or at the checkout's root.

    >>> library_folder("templates").is_dir()
    True
    """
    shipped = _PACKAGE / name
    return shipped if shipped.is_dir() else _PACKAGE.parents[1] / name
