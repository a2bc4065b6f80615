"""The home folder: where drafts, runs, scenarios and exports are kept."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from healthsim.errors import StorageError
from healthsim.persistence.files import disk_errors

VARIABLE = "HEALTHSIM_HOME"


@dataclass(frozen=True, slots=True)
class Home:
    """One home folder. Its parts are made when something is first written into them.

    Attributes:
        folder: the home folder itself, which need not exist yet.
    """

    folder: Path

    @classmethod
    def default(cls) -> Home:
        """Return the home that $HEALTHSIM_HOME names, or the platform's user data folder."""
        named = os.environ.get(VARIABLE)
        if named:
            return cls(Path(named).expanduser())
        from platformdirs import user_data_path  # noqa: PLC0415  only where no home is named

        return cls(user_data_path("healthsim", appauthor=False))

    @property
    def specs(self) -> Path:
        """Folder of drafts."""
        return self.folder / "specs"

    @property
    def runs(self) -> Path:
        """Folder of runs."""
        return self.folder / "runs"

    @property
    def tasks(self) -> Path:
        """Folder of tasks: audits, exports and the like in the background."""
        return self.folder / "tasks"

    @property
    def scenarios(self) -> Path:
        """Folder of scenarios."""
        return self.folder / "scenarios"

    @property
    def exports(self) -> Path:
        """Folder of exports."""
        return self.folder / "exports"

    @property
    def reference(self) -> Path:
        """The file of imported reference figures, which need not exist."""
        return self.folder / "reference.duckdb"

    @property
    def books(self) -> Path:
        """Folder of imported code books, which need not exist."""
        return self.folder / "books"

    def ensure(self, folder: Path) -> Path:
        """Make one of the folders above, where it is not there yet, and return it.

        Raises:
            StorageError: it cannot be made, or may not be written.
        """
        where = f"home folder ({folder.name})"
        with disk_errors(where):
            folder.mkdir(parents=True, exist_ok=True)
        if not os.access(folder, os.W_OK | os.X_OK):
            raise StorageError(
                where,
                "it may not be written",
                f"give yourself the right to write there, or set {VARIABLE} to another folder",
            )
        return folder
