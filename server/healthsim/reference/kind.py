"""A kind of file that can be imported, and a request to import one."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from healthsim.reference.csv_source import Tell
from healthsim.reference.store import ImportRecord


@dataclass(frozen=True, slots=True)
class ImportRequest:
    """A wish to import a file.

    Attributes:
        path: the reference.
        file: the publisher's file.
        year: which of several years in the file; only some kinds have them.
        as_of: the release, where neither the file's name nor its columns tell.
        report_progress: told how far it is.
        stop: set it to stop; nothing has changed then.
    """

    path: Path
    file: Path
    year: int | None
    as_of: str
    report_progress: Tell
    stop: threading.Event


@dataclass(frozen=True, slots=True)
class ImportKind:
    """One thing that can be imported.

    Attributes:
        name: as `healthsim reference import NAME FILE` takes it; also the import's own name.
        title: what it is.
        offered: where its publisher offers it, in words.
        enables: what it is good for.
        load: imports a file of it.
    """

    name: str
    title: str
    offered: str
    enables: str
    load: Callable[[ImportKind, ImportRequest], ImportRecord]
