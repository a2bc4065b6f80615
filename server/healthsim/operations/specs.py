"""Drafts on disk: every revision is a file of its own, created exclusively and never changed."""

from __future__ import annotations

import json
import re
import shutil
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

from healthsim.errors import NotFound, Refused, StorageError, near
from healthsim.operations.expiry import FRESH, Item, expired
from healthsim.operations.home import Home
from healthsim.persistence.files import disk_errors, fsync_file, publish_new, temporary

_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
_REVISION = re.compile(r"[1-9][0-9]{0,8}\.json")
_LONGEST_NAME = 32  # characters of a spec_id before its hash
_ATTEMPTS = 1000


@dataclass(frozen=True, slots=True)
class StoredDraft:
    """One revision of a draft.

    Attributes:
        revision: counted from 1.
        document: the draft as plain JSON.
    """

    spec_id: str
    revision: int
    document: Mapping[str, Any]


def create(home: Home, name: str, document: Mapping[str, Any]) -> StoredDraft:
    """Keep a new draft and give it a handle that begins like its name."""
    with suppress(OSError):  # what cannot be swept now is swept later
        expire(home, time.time())
    text = _text(document)
    slug = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:_LONGEST_NAME].strip("-")
    folder = home.ensure(home.specs)
    with disk_errors("drafts"):
        for attempt in range(_ATTEMPTS):
            mark = blake2b(f"{attempt}/{text}".encode(), digest_size=3).hexdigest()
            spec_id = f"{slug}-{mark}" if slug else f"spec-{mark}"
            try:
                (folder / spec_id).mkdir()
            except FileExistsError:
                continue
            _write(folder / spec_id, 1, text)
            return StoredDraft(spec_id, 1, json.loads(text))
    raise StorageError("drafts", "there are too many equal drafts", "delete some of them")


def load(home: Home, spec_id: str, revision: int = 0) -> StoredDraft:
    """Return a draft; its latest revision unless one is named.

    Raises:
        NotFound: no such draft or revision.
        StorageError: its file is damaged.
    """
    folder = _folder(home, spec_id)
    latest = _latest(folder)
    number = revision or latest
    if not 1 <= number <= latest:
        raise NotFound(
            f"spec_id {spec_id!r}", f"no revision {number}", f"its revisions are 1 to {latest}"
        )
    path = folder / f"{number}.json"
    try:
        with disk_errors(f"draft {spec_id!r}"):
            document = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise StorageError(
            f"draft {spec_id!r}",
            f"revision {number} is damaged ({error})",
            f"load revision {number - 1}" if number > 1 else "start a new draft",
        ) from error
    return StoredDraft(spec_id, number, document)


def revise(home: Home, spec_id: str, revision: int, document: Mapping[str, Any]) -> StoredDraft:
    """Keep the next revision of a draft; `revision` is the one that the change was made to.

    Raises:
        Refused: somebody else has made the next revision already.
    """
    folder = _folder(home, spec_id)
    latest = _latest(folder)
    if revision != latest:
        raise _stale(spec_id, revision, latest)
    text = _text(document)
    with disk_errors(f"draft {spec_id!r}"):
        try:
            _write(folder, revision + 1, text)
        except FileExistsError:
            raise _stale(spec_id, revision, _latest(folder)) from None
    return StoredDraft(spec_id, revision + 1, json.loads(text))


def names(home: Home) -> list[str]:
    """Return the handles of all drafts, sorted."""
    with disk_errors("drafts"):
        return sorted(
            path.name for path in home.specs.glob("*") if _ID.fullmatch(path.name) and _latest(path)
        )


def items(home: Home) -> list[Item]:
    """Return all drafts with the bytes of their revisions and the time of the last one.

    A folder that holds anything but revisions is no draft, nor is a link to one elsewhere.
    """
    return [_item(folder) for folder in home.specs.glob("*") if _is_draft(folder)]


def _is_draft(folder: Path) -> bool:
    if not _ID.fullmatch(folder.name) or folder.is_symlink() or not folder.is_dir():
        return False
    return all(
        _REVISION.fullmatch(path.name) or path.name.endswith(".unfinished")
        for path in folder.glob("*")
    )


def _item(folder: Path) -> Item:
    sizes, times = [0], list[float]()
    for path in folder.glob("*.json"):
        with suppress(FileNotFoundError):  # another process has just deleted the draft
            about = path.stat()
            sizes.append(about.st_size)
            times.append(about.st_mtime)
    if not times:  # another process is just making it
        with suppress(FileNotFoundError):
            times.append(folder.stat().st_mtime)
    return Item("draft", folder.name, sum(sizes), max(times, default=0.0))


def expire(home: Home, now: float) -> list[str]:
    """Delete the drafts that have expired, and name them; one that was changed since stays.

    Args:
        home: the home folder.
        now: seconds since 1970.
    """
    for left in home.specs.glob(".*.unfinished"):  # of processes that died while they deleted
        if left.is_dir() and now - left.stat().st_mtime > FRESH:
            shutil.rmtree(left, ignore_errors=True)
    return [
        item.name for item in expired(items(home), now) if _delete(home.specs / item.name, item)
    ]


def _delete(folder: Path, as_seen: Item) -> bool:
    """Delete a draft unless somebody has revised it since it was looked at."""
    aside = temporary(folder)
    try:
        folder.rename(aside)
    except FileNotFoundError:
        return False  # another process deleted it
    if _item(aside).used_at != as_seen.used_at:
        aside.rename(folder)
        return False
    shutil.rmtree(aside, ignore_errors=True)
    return True


def _folder(home: Home, spec_id: str) -> Path:
    folder = home.specs / spec_id if _ID.fullmatch(spec_id) else None
    if folder is None or not _latest(folder):
        raise NotFound(f"spec_id {spec_id!r}", "no such draft", near(spec_id, names(home)))
    return folder


def _latest(folder: Path) -> int:
    """Return the latest revision, 0 where there is none."""
    numbers = [int(path.stem) for path in folder.glob("*.json") if _REVISION.fullmatch(path.name)]
    return max(numbers, default=0)


def _write(folder: Path, revision: int, text: str) -> None:
    target = folder / f"{revision}.json"
    unfinished = temporary(target)
    try:
        unfinished.write_text(text, encoding="utf-8")
        fsync_file(unfinished)
        publish_new(unfinished, target)
    finally:
        unfinished.unlink(missing_ok=True)


def _text(document: Mapping[str, Any]) -> str:
    return json.dumps(document, ensure_ascii=False, indent=1)


def _stale(spec_id: str, revision: int, latest: int) -> Refused:
    return Refused(
        f"spec_id {spec_id!r}",
        f"revision {revision} is not the latest, {latest} is",
        f"see what others changed with get_spec(spec_id={spec_id!r}, against={revision}), then "
        f"repeat the change with revision={latest}",
    )
