"""Files that are whole or absent: written beside, published in one step, swept if left behind."""

from __future__ import annotations

import errno
import os
import re
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import get_ident

from healthsim.errors import HealthSimError, StorageError

_PATIENCE = 5.0  # seconds that Windows gets to let go of a file that somebody reads
_TEMPORARY = re.compile(r"\.(?P<name>.+)\.(?P<pid>\d+)-\d+\.unfinished(\.wal.*)?")
_FULL = {errno.ENOSPC, errno.EDQUOT}
_BARRED = {errno.EACCES, errno.EPERM, errno.EROFS}

_DISK_FULL = "the disk is full"
_FREE = "free some space or delete old runs, then repeat"
_TOO_LARGE = "no file may grow so large here (a file-size limit)"
_LIFT = "lift the limit (ulimit -f) or generate fewer people, then repeat"
_ELSEWHERE = "give yourself the right to write there, or set HEALTHSIM_HOME to another folder"


def temporary(target: Path) -> Path:
    """Return where to write what shall become `target`: beside it, this thread's alone."""
    return target.with_name(f".{target.name}.{os.getpid()}-{get_ident()}.unfinished")


_DEVICE = re.compile(
    r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$|clock\$)[ .]*([.:].*)?",
    re.IGNORECASE | re.DOTALL,
)


def is_device(name: str) -> bool:
    """Say whether Windows takes a file's name for a device, whatever its ending.

    Such a name is no name of ours on any platform: files are handed on.

    >>> [name for name in ("con", "NUL.csv", "com1", "console", "aux-2") if is_device(name)]
    ['con', 'NUL.csv', 'com1']
    """
    return bool(_DEVICE.fullmatch(name.lstrip(" ")))


def display_name(path: Path) -> str:
    """Return the name by which a user knows a file: its own, or what it is to become."""
    match = _TEMPORARY.fullmatch(path.name)
    return match["name"] if match else path.name


def identity(path: Path) -> str:
    """Return what tells a file from another of the same name, or of another time."""
    about = path.stat()
    return f"{about.st_ino}-{about.st_size}-{about.st_mtime_ns}"


def sweep(folder: Path) -> list[str]:
    """Remove what processes that died left unfinished, and return what it was to become."""
    swept = []
    for path in folder.glob(".*.unfinished*"):
        match = _TEMPORARY.fullmatch(path.name)
        if match and not alive(int(match["pid"])):
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)
            swept.append(match["name"])
    return swept


def remove_in_use(folder: Path) -> None:
    """Remove a folder that threads of this process still write to, as far as the disk lets us.

    It goes by another name first: what they begin by the old name fails then, and adds nothing to
    a folder that is just being emptied.
    """
    aside = temporary(folder)
    with suppress(OSError):  # it is not there, or Windows keeps what is open
        folder.rename(aside)
        folder = aside
    shutil.rmtree(folder, ignore_errors=True)


def fsync_file(path: Path) -> None:
    """Force a file's bytes to the disk."""
    descriptor = os.open(path, os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def fsync_folder(folder: Path) -> None:
    """Force a folder's entries to the disk; Windows keeps them by itself."""
    if sys.platform == "win32":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def publish_over(finished: Path, target: Path, *, durable: bool = True) -> None:
    """Give a finished file its name, replacing an older one in the same step."""
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            finished.replace(target)
            break
        except PermissionError:
            if sys.platform != "win32" or time.monotonic() > deadline:
                raise
            time.sleep(0.1)
    if durable:
        fsync_folder(target.parent)


def publish_new(finished: Path, target: Path) -> None:
    """Give a finished file a name that nobody has; of two that try, one wins.

    On a file system without hard links the later of two that try at the same instant wins; the
    file is whole there too.

    Raises:
        FileExistsError: somebody has the name.
    """
    try:
        os.link(finished, target)
    except FileExistsError:
        raise
    except OSError:
        if target.exists():
            raise FileExistsError(target) from None
        finished.replace(target)
    else:
        finished.unlink()
    fsync_folder(target.parent)


class DamagedFile(StorageError):  # noqa: N818  as its family in errors.py
    """A file whose content is of no use as it is, and that may therefore be deleted."""


class UnknownFormat(StorageError):  # noqa: N818  as its family in errors.py
    """A scenario file of a format that this version cannot read; another version can."""


@contextmanager
def disk_errors(where: str) -> Iterator[None]:
    """Turn what the operating system raises about files into a `StorageError`."""
    try:
        yield
    except HealthSimError:
        raise
    except OSError as error:
        raise disk_error(where, error) from error


def disk_error(where: str, error: OSError) -> StorageError:
    """Say what an error of the operating system means, naming no folder."""
    if error.errno in _FULL:
        return StorageError(where, _DISK_FULL, _FREE)
    if error.errno == errno.EFBIG:
        return StorageError(where, _TOO_LARGE, _LIFT)
    if error.errno in _BARRED:
        return StorageError(where, f"it may not be written ({error.strerror})", _ELSEWHERE)
    if isinstance(error, FileExistsError | NotADirectoryError):
        return StorageError(
            where,
            "a file stands where a folder is needed",
            "move that file away, or set HEALTHSIM_HOME to another folder",
        )
    return StorageError(where, error.strerror or type(error).__name__, _ELSEWHERE)


def unreadable(where: str, message: str) -> StorageError:
    """Return the error for DuckDB's message about a file: what it means and how to mend it.

    Args:
        where: name of the file or scenario.
        message: first line of DuckDB's message, without folders.
    """
    text = message.lower()
    again = "restore it from a copy, or delete it and save the scenario again"
    if is_locked(message):
        return StorageError(
            where,
            "another process holds the file",
            "close the program that has it open, wait a few seconds and repeat",
        )
    if "no space left" in text or "quota exceeded" in text:
        return StorageError(where, _DISK_FULL, _FREE)
    if "file too large" in text:
        return StorageError(where, _TOO_LARGE, _LIFT)
    if "permission denied" in text or "read-only file system" in text:
        return StorageError(where, "it may not be used (permission denied)", _ELSEWHERE)
    if "version number" in text or "newer version of duckdb" in text:
        return DamagedFile(
            where,
            "it was written by a newer DuckDB than the one here",
            "install a newer HealthSim (its DuckDB reads it), or ask for the file as an older "
            "DuckDB writes it",
        )
    if "not a valid duckdb database" in text:
        return DamagedFile(where, "it is not a DuckDB file", again)
    return DamagedFile(where, f"it is cut short, damaged or too new ({message})", again)


def without_folders(text: str, path: Path) -> str:
    """Return the first line of DuckDB's message, or the cause that it names further down.

    Args:
        text: the message.
        path: the file that it is about, which is named by its own name alone.
    """
    lines = text.replace(str(path), display_name(path)).replace(str(path.parent), "…").splitlines()
    causes = [line for line in lines[1:] if line.startswith("Original error")]
    return (causes or lines or ["no message"])[0][:300]


def is_locked(message: str) -> bool:
    """Return whether DuckDB's message means that another process holds the file."""
    text = message.lower()
    return "set lock" in text or "already attached" in text or "used by another process" in text


def alive(pid: int) -> bool:
    """Say whether a process of this machine is running."""
    if sys.platform == "win32":
        return _alive_on_windows(pid)
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _alive_on_windows(pid: int) -> bool:
    import ctypes  # noqa: PLC0415  exists to ask Windows only

    kernel = ctypes.windll.kernel32  # type: ignore[attr-defined, unused-ignore]
    handle = kernel.OpenProcess(0x1000, False, pid)  # PROCESS_QUERY_LIMITED_INFORMATION
    if not handle:
        return False
    code = ctypes.c_ulong()
    kernel.GetExitCodeProcess(handle, ctypes.byref(code))
    kernel.CloseHandle(handle)
    return code.value == 259  # STILL_ACTIVE
