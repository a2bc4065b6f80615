"""Takes a scenario out as files: below the home folder, or wherever a person says."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from healthsim.capabilities import not_built
from healthsim.errors import Refused, StorageError
from healthsim.exports import EVERYBODY, FORMATS, NOTHING, Facts, Filter, Format
from healthsim.operations import scenarios
from healthsim.operations.expiry import FRESH, Item, expired
from healthsim.persistence.files import alive, disk_error, identity, is_device
from healthsim.persistence.judgement import judge

if TYPE_CHECKING:
    from healthsim.exports.marking import Written
    from healthsim.operations.home import Home


_SPARE = ".export-"
"""Begins the name of a folder that becomes an export; the process that makes it follows."""


@dataclass(frozen=True, slots=True)
class ExportResult:
    """What an export wrote."""

    folder: Path
    files: tuple[Path, ...]
    megabytes: float


def format_named(name: str) -> Format:
    """Return the format of a name.

    Raises:
        Refused: it is not built; the error says what is nearest.
    """
    for form in get_args(Format):
        if name == form:
            known: Format = form
            return known
    *others, last = map(repr, get_args(Format))
    built = f"{', '.join(others)} or {last}"
    mend = "; ".join(filter(None, [not_built(name), f"use {built}"]))
    raise Refused("format", f"is {name[:40]!r}", mend)


def refuse_unreadable(home: Home, name: str) -> None:
    """Refuse a scenario that is not there, or whose file should not be read.

    Raises:
        NotFound: there is none of that name; the error suggests near names.
        StorageError: its file cannot be read, or should not be.
    """
    judge(scenarios.path(home, name))


def export_home(
    home: Home,
    name: str,
    form: Format,
    tables: Sequence[str] = (),
    chosen: Filter = EVERYBODY,
) -> ExportResult:
    """Export into `exports/<name>-<form>` of the home folder, replacing an older export.

    Raises:
        Refused: that folder, or the folder of exports, is a link to somewhere else.
    """
    judge(scenarios.path(home, name))  # before a folder is made
    folder = home.exports / f"{name}-{form}"
    for part in (folder.parent, folder):
        if part.is_symlink():
            raise Refused(
                "folder",
                f"{part.name} is a link to another place",
                "remove the link; a person may export elsewhere with 'healthsim export'",
            )
    home.ensure(home.exports)
    with suppress(OSError):  # what cannot be swept now is swept later
        expire(home, time.time())
    return export_to(home, name, folder, form, tables, chosen, replace=True)


def items(home: Home) -> list[Item]:
    """Return the exports in the home folder: what their markers list, and when they were made."""
    from healthsim.exports.marking import MARKER, written_before  # noqa: PLC0415  duckdb is heavy

    found = []
    for folder in home.exports.glob("*"):
        listed = set() if folder.is_symlink() else written_before(folder)
        others = {one.name for one in folder.iterdir()} - listed if listed else set()
        if listed - {MARKER} or (listed and not others):  # else its files are not known for ours
            sizes = [(folder / name).stat().st_size for name in listed if (folder / name).is_file()]
            made_at = (folder / MARKER).stat().st_mtime
            found.append(Item("export", folder.name, sum(sizes), made_at))
    return found


def expire(home: Home, now: float) -> list[str]:
    """Delete the exports that have expired, and name them; files of others in them stay.

    Args:
        home: the home folder.
        now: seconds since 1970.
    """
    from healthsim.exports.marking import MARKER, written_before  # noqa: PLC0415  duckdb is heavy

    for left in home.exports.glob(f"{_SPARE}*"):  # of processes that died while they exported
        if left.is_dir() and (_is_dead(left) or now - left.stat().st_mtime > FRESH):
            shutil.rmtree(left, ignore_errors=True)
    gone = []
    for item in expired(items(home), now):
        folder = home.exports / item.name
        for name in (*(written_before(folder) - {MARKER}), MARKER):  # the marker last
            (folder / name).unlink(missing_ok=True)
        with suppress(OSError):  # somebody put files of their own there
            folder.rmdir()
        gone.append(item.name)
    return gone


def _is_dead(left: Path) -> bool:
    """Return whether the process of this machine has ended that made a folder to export into."""
    pid = left.name.removeprefix(_SPARE).partition("-")[0]
    return pid.isdigit() and not alive(int(pid))


def export_to(
    home: Home,
    name: str,
    folder: Path,
    form: Format,
    tables: Sequence[str] = (),
    chosen: Filter = EVERYBODY,
    *,
    replace: bool = False,
) -> ExportResult:
    """Export into a folder: every file appears whole, and strangers in it are left alone.

    Raises:
        Refused: the folder holds something and `replace` is not set, or a file of the export
            would take the place of one that no export wrote.
        StorageError: the folder cannot be written.
    """
    from healthsim.exports import marking  # noqa: PLC0415  duckdb stays off the way to tools/list

    path = scenarios.path(home, name)
    judge(path)
    if is_device(folder.name):
        raise Refused(
            "folder", f"{folder.name!r} is a name that Windows keeps for a device",
            "choose another name",
        )  # fmt: skip
    try:
        if folder.is_dir() and any(folder.iterdir()) and not replace:
            raise Refused(
                "folder", f"{folder.name} is not empty", "choose an empty one, or say --replace"
            )
        if os.path.lexists(folder) and not folder.is_dir():
            raise FileExistsError(folder)
        folder.parent.mkdir(parents=True, exist_ok=True)
        mark, prefix = identity(path), f"{_SPARE}{os.getpid()}-"
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=prefix) as spare:
            beside = Path(spare) / folder.name  # errors name a file's folder
            beside.mkdir()
            made = _made(home, name, beside, form, tables, chosen)
            _refuse_replaced(path, name, mark)
            old = marking.written_before(folder)
            _refuse_strangers(folder, {file.name for file in made} - old)
            _put(beside, folder, [file.name for file in made], old)
            files = tuple(folder / file.name for file in made)
    except OSError as error:
        raise _unwritable(folder, error) from error
    size = sum(file.stat().st_size for file in files)
    return ExportResult(folder, files, round(size / 1e6, 3))


def _made(
    home: Home, name: str, folder: Path, form: Format, tables: Sequence[str], chosen: Filter
) -> list[Path]:
    """Write the files of an export into an empty folder, the marker last."""
    from healthsim.exports import marking  # noqa: PLC0415  duckdb stays off the way to tools/list

    facts = FORMATS[form]
    _refuse_options(form, facts, tables, chosen)
    written = _written(home, name, folder, form, tables, chosen)
    files = [one.path for one in written]
    if folder / marking.MANIFEST not in files:
        files.append(marking.manifest(name, form, folder, written, chosen))
    lacks = "" if facts.lacks == NOTHING else f" Left out: {facts.lacks}."
    about = f"It holds {facts.holds}.{lacks}{chosen.sentence}"
    return [*files, marking.mark(name, form, folder, files, about)]


def _written(
    home: Home, name: str, folder: Path, form: Format, tables: Sequence[str], chosen: Filter
) -> list[Written]:
    """Write the files that a format has of its own into an empty folder."""
    from healthsim.exports import columnar, database_file, marking  # noqa: PLC0415  duckdb is heavy

    path = scenarios.path(home, name)
    if form in ("csv", "parquet"):
        return columnar.export(path, name, folder, form, tables, chosen)
    if form == "xlsx":
        from healthsim.exports import workbook  # noqa: PLC0415  only this format needs it

        return workbook.export(path, name, folder, tables, chosen)
    if form == "duckdb":
        return database_file.export(path, name, folder, tables, chosen)
    if form == "html":
        from healthsim.operations import reporting  # noqa: PLC0415  only this format needs it

        return [marking.Written(reporting.write(home, name, folder / marking.PAGE).file)]
    from healthsim.exports.fhir import bulk, bundles  # noqa: PLC0415  only these need it

    if form == "fhir-bundles":
        files = bundles.export(path, name, folder, chosen)
    else:
        newer = form == "fhir-us-core-7"
        files = bulk.export(path, name, folder, chosen, "7.0.0" if newer else "6.1.0")
    return [marking.Written(file) for file in files]


def _refuse_options(form: Format, facts: Facts, tables: Sequence[str], chosen: Filter) -> None:
    """Refuse what a format cannot do: write files, or choose tables or people."""
    if not facts.files:
        raise Refused(
            "format", f"{form} writes into a database, and no files",
            "name the database with --to, without a folder; or choose another format",
        )  # fmt: skip
    if tables and facts.whole:
        can = [repr(other) for other, about in FORMATS.items() if not about.whole]
        raise Refused(
            "tables", f"the format {form} is about the whole scenario",
            f"leave tables out, or choose one of the formats {', '.join(can)}",
        )  # fmt: skip
    if chosen and facts.everybody:
        raise Refused(
            "people", "a report is about everybody",
            "leave people and where out, or choose another format",
        )  # fmt: skip


def _put(beside: Path, folder: Path, names: Sequence[str], old: set[str]) -> None:
    """Let the files of a finished folder be those of another, in place of what stood there.

    In one step, where the other is not there or holds nothing, so that it is complete or absent;
    else file by file, the marker first: whatever is cut short, no file stands there that no marker
    lists.
    """
    with suppress(OSError):  # it holds something, is a link, or another disk is mounted there
        if not folder.is_symlink():
            if folder.is_dir():
                folder.rmdir()
            beside.rename(folder)
            return
    folder.mkdir(exist_ok=True)
    for listed in old - {names[-1]}:
        (folder / listed).unlink(missing_ok=True)
    for name in reversed(names):
        shutil.move(beside / name, folder / name)


def _refuse_replaced(path: Path, name: str, mark: str) -> None:
    """Refuse to publish what was read of a file that is no longer there."""
    if not path.is_file() or identity(path) != mark:
        raise StorageError(
            f"scenario {name!r}", "it was replaced or deleted while it was exported",
            "export it again",
        )  # fmt: skip


def _refuse_strangers(folder: Path, names: set[str]) -> None:
    """Refuse to take the place of files that no export wrote."""
    taken = sorted(name for name in names if os.path.lexists(folder / name))
    if taken:
        raise Refused(
            "folder",
            f"{folder} holds {', '.join(taken[:3])}, which this program did not write, or "
            "which was changed since, or which an earlier version wrote",
            "move it away, or choose another folder; files of an earlier version can be deleted, "
            "the scenario has all that is in them",
        )


def _unwritable(folder: Path, error: OSError) -> StorageError:
    known = disk_error("folder", error).problem
    return StorageError(
        "folder", f"{folder.name}: {known.found}", "free space, or choose another folder"
    )
