"""Takes a scenario out as files: below the home folder, or wherever a person says."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from healthsim.errors import Refused, StorageError
from healthsim.operations import scenarios

if TYPE_CHECKING:
    from healthsim.operations.home import Home

Format = Literal["csv", "parquet"]


@dataclass(frozen=True, slots=True)
class Exported:
    """What an export wrote."""

    folder: Path
    files: tuple[Path, ...]
    megabytes: float


def export_home(home: Home, name: str, form: Format, tables: Sequence[str] = ()) -> Exported:
    """Export into `exports/<name>-<form>` of the home folder, replacing an older export."""
    return export_to(home, name, home.exports / f"{name}-{form}", form, tables, replace=True)


def export_to(
    home: Home,
    name: str,
    folder: Path,
    form: Format,
    tables: Sequence[str] = (),
    *,
    replace: bool = False,
) -> Exported:
    """Export into a folder: every file appears whole, and strangers in it are left alone.

    Raises:
        Refused: the folder holds something and `replace` was not said.
        StorageError: the folder cannot be written.
    """
    from healthsim.exports import columnar  # noqa: PLC0415  duckdb stays off the way to tools/list

    path = scenarios.path(home, name)
    if folder.is_dir() and any(folder.iterdir()) and not replace:
        raise Refused(
            "folder", f"{folder.name} is not empty", "choose an empty one, or say --replace"
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".export-") as spare:
            made = columnar.export(path, name, Path(spare), form, tables)
            _clear(folder, {columnar.MARKER})
            files = tuple(Path(shutil.move(file, folder / file.name)) for file in made)
    except OSError as error:
        raise StorageError(
            "folder", f"{folder.name} cannot be written ({error.strerror})", "choose another folder"
        ) from error
    size = sum(file.stat().st_size for file in files)
    return Exported(folder, files, round(size / 1e6, 3))


def _clear(folder: Path, markers: set[str]) -> None:
    """Remove the tables of an older export, where a marker says that the folder holds one."""
    if not any((folder / marker).is_file() for marker in markers):
        return
    for file in folder.iterdir():
        if file.suffix in (".csv", ".parquet"):
            file.unlink()
