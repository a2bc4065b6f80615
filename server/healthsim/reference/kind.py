"""A kind of file that can be imported, and a request to import one."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from healthsim.reference.csv_source import ReportProgress
from healthsim.reference.store import ImportRecord


@dataclass(frozen=True, slots=True)
class ImportRequest:
    """A request to import a file.

    Attributes:
        path: the reference.
        file: the publisher's file.
        year: of several years in the file; only some kinds have them.
        as_of: the release, if neither the file's name nor its columns have it.
        report_progress: called with the progress.
        stop: set it to stop the import; nothing is changed then.
    """

    path: Path
    file: Path
    year: int | None
    as_of: str
    report_progress: ReportProgress
    stop: threading.Event


@dataclass(frozen=True, slots=True)
class ImportKind:
    """One kind of import.

    Attributes:
        name: as `healthsim reference import NAME FILE` takes it; also the import's own name.
        title: its content.
        offered: place where its publisher offers it.
        enables: its use.
        load: imports a file of this kind.
    """

    name: str
    title: str
    offered: str
    enables: str
    load: Callable[[ImportKind, ImportRequest], ImportRecord]
