"""One change of a host's configuration: planned, shown, and written so that nothing is lost."""

from __future__ import annotations

import codecs
import difflib
import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from healthsim.errors import HealthSimError, Refused, StorageError
from healthsim.operations.installing.entries import BrokenJson, Entries, Misshapen
from healthsim.operations.installing.hosts import ENTRY, Host
from healthsim.persistence.files import publish_over, temporary

_MOST_BYTES = 10_000_000
_COPY = ".before-healthsim-"


@dataclass(frozen=True)
class Change:
    """What becomes of a configuration file.

    Attributes:
        file: the file itself, links followed.
        before: its bytes; None if there is none yet.
        after: its bytes then; None if it is removed.
        replaced: an entry of our name that has another content, as JSON; None if there is none.
        entry: our entry as it is then; empty where it is taken out.
        copy: the copy that comes back, if the file becomes as it was.
    """

    file: Path
    before: bytes | None
    after: bytes | None
    replaced: Mapping[str, Any] | None = None
    entry: Mapping[str, Any] = field(default_factory=dict)
    copy: Path | None = None

    @property
    def needed(self) -> bool:
        """Whether anything changes."""
        return self.before != self.after

    def lines(self) -> list[str]:
        """Return the change as a unified diff."""
        old, new = (_shown(part) for part in (self.before, self.after))
        name = self.file.name
        return list(difflib.unified_diff(old, new, name, f"{name} (new)", n=2, lineterm=""))


def plan_entry(
    host: Host, file: Path, command: Sequence[str], variables: Mapping[str, str] | None = None
) -> Change:
    """Plan to enter a server in a host's file; keys that others added to the entry stay."""
    target, before = _read(file)
    entries, mark = _entries(host, file, before)
    with _told(file):
        old = entries.get(ENTRY)
        new = {**(old or {}), **host.entry(command)}
        if variables:
            known = new.get("env")
            new["env"] = {**(known if isinstance(known, dict) else {}), **variables}
        if old == new:
            return Change(target, before, before, entry=new)
        after = mark + entries.with_entry(ENTRY, new).encode("utf-8")
    return Change(target, before, after, old, new)


def plan_removal(host: Host, file: Path) -> Change:
    """Plan to take the server out: as the file was before, if nothing else changed since."""
    target, before = _read(file, made=False)
    entries, mark = _entries(host, file, before)
    with _told(file):
        entry = entries.get(ENTRY)
        if entry is None:
            return Change(target, before, before)
        for copy in reversed(copies(target)):
            kept = copy.read_bytes()
            if _entered(host, kept, entry) == before:
                return Change(target, before, kept, copy=copy)
        if before == _entered(host, b"", entry):
            return Change(target, before, None)
        return Change(target, before, mark + entries.without(ENTRY).encode("utf-8"))


def state(host: Host, file: Path) -> str:
    """Say in a word whether a host's file has the server: yes, no, no file, or unreadable."""
    try:
        _, content = _read(file, made=False)
        entries, _ = _entries(host, file, content)
        with _told(file):
            return "no file" if content is None else "yes" if entries.get(ENTRY) else "no"
    except HealthSimError:
        return "unreadable"


def _entered(host: Host, kept: bytes, entry: Mapping[str, Any]) -> bytes | None:
    """Return what a copy becomes with an entry; None where it is no document, or has one."""
    try:
        text, mark = _decoded(kept)
        entries = Entries(text, host.key, host.comments)
        if entries.get(ENTRY) is not None:
            return None
        return mark + entries.with_entry(ENTRY, entry).encode("utf-8")
    except (BrokenJson, Misshapen, UnicodeDecodeError):
        return None


def apply(change: Change) -> Path | None:
    """Write a change: first a copy of the file, then the file in one step.

    Where the file becomes as one of its copies is, that copy has done its work and goes.

    Returns:
        The copy; None where there is none to keep.

    Raises:
        Refused: the file has changed since the change was planned.
        StorageError: the disk does not let it.
    """
    try:
        if _bytes_of(change.file) != change.before:
            raise Refused(change.file.name, "changed meanwhile", "close the host, then repeat")
        kept = change.before and change.copy is None and change.after is not None
        copy = _keep(change.file, change.before) if change.before and kept else None
        if change.after is None:
            change.file.unlink()
        else:
            _write(change.file, change.after)
        if change.copy is not None:
            change.copy.unlink()
    except OSError as error:
        raise _barred(change.file, error) from error
    return copy


def copies(file: Path) -> list[Path]:
    """Return the copies that were kept of a file, the oldest first."""
    numbered = {
        int(path.name.removeprefix(file.name + _COPY)): path
        for path in file.parent.glob(f"{_literal(file.name)}{_COPY}*")
        if path.name.removeprefix(file.name + _COPY).isdecimal()
    }
    return [numbered[number] for number in sorted(numbered)]


def _literal(name: str) -> str:
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in name)


def _keep(file: Path, content: bytes) -> Path:
    """Keep a copy under the next number, unless the newest copy is the same."""
    kept = copies(file)
    if kept and kept[-1].read_bytes() == content:
        return kept[-1]
    number = int(kept[-1].name.removeprefix(file.name + _COPY)) + 1 if kept else 1
    copy = file.with_name(f"{file.name}{_COPY}{number}")
    _create(copy, content, file)
    return copy


def _write(file: Path, content: bytes) -> None:
    unfinished = temporary(file)
    try:
        _create(unfinished, content, file)
        publish_over(unfinished, file)
    finally:
        unfinished.unlink(missing_ok=True)


def _create(path: Path, content: bytes, like: Path) -> None:
    """Create a file that only those may read who may read another one; it may hold passwords."""
    known = like.stat() if like.exists() else None
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600 if known else 0o666)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    if known:
        path.chmod(stat.S_IMODE(known.st_mode))
        if hasattr(os, "chown"):
            with suppress(PermissionError):
                os.chown(path, known.st_uid, known.st_gid)


def _read(file: Path, made: bool = True) -> tuple[Path, bytes | None]:
    """Return the file itself, and its bytes; None if there is none, where one can be `made`."""
    try:
        target = file.resolve()
        content = _bytes_of(target)
    except (OSError, RuntimeError) as error:  # RuntimeError: a link that leads to itself, 3.11
        raise _barred(file, error) from error
    if content is None and made and not target.parent.is_dir():
        raise Refused(
            file.name, f"there is no folder {target.parent}",
            "start the host once, so that it makes the folder, or give its file with --config",
        )  # fmt: skip
    if content is not None and not os.access(target, os.W_OK):
        raise StorageError(file.name, "it may not be written", "take the write protection off it")
    return target, content


def _bytes_of(path: Path) -> bytes | None:
    if path.is_dir():
        raise Refused(path.name, "is a folder, not a file", "give the file itself with --config")
    if not path.exists():
        return None
    if not path.is_file():
        raise Refused(path.name, "is no ordinary file", "give the file itself with --config")
    if path.stat().st_size > _MOST_BYTES:
        raise Refused(path.name, "is larger than 10 MB, which no configuration is",
                      "give the host's own file with --config")  # fmt: skip
    return path.read_bytes()


def _decoded(content: bytes) -> tuple[str, bytes]:
    """Return the text and the byte order mark before it."""
    mark = codecs.BOM_UTF8 if content.startswith(codecs.BOM_UTF8) else b""
    return content[len(mark) :].decode("utf-8"), mark


def _entries(host: Host, file: Path, content: bytes | None) -> tuple[Entries, bytes]:
    with _told(file):
        text, mark = _decoded(content or b"")
        return Entries(text, host.key, host.comments), mark


@contextmanager
def _told(file: Path) -> Iterator[None]:
    """Say what is wrong with a file, and that it was left as it is."""
    mend = "mend it in an editor, then repeat; nothing was changed"
    try:
        yield
    except UnicodeDecodeError:
        raise Refused(str(file), "is not UTF-8", "save it as UTF-8; nothing was changed") from None
    except BrokenJson as error:
        where = f"{file}, line {error.line}, column {error.column}"
        raise Refused(where, error.found, mend) from None
    except Misshapen as error:
        raise Refused(str(file), str(error), mend) from None


def _shown(content: bytes | None) -> list[str]:
    if not content:
        return []
    return content.decode("utf-8-sig", "replace").splitlines()


def _barred(file: Path, error: OSError | RuntimeError) -> HealthSimError:
    reason = getattr(error, "strerror", None) or "a link that leads to itself"
    return StorageError(
        str(file), f"cannot be changed ({reason})",
        "give yourself the right to write there, or give another file with --config; "
        "the file is as it was",
    )  # fmt: skip
