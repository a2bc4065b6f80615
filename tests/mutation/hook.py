"""The mutation inside a process: an import that gives one module another text.

It stands alone and knows nothing of the rest of this package: `overlay/sitecustomize.py` loads it
in every Python process that a test starts, before anything else is imported.
"""

from __future__ import annotations

import atexit
import json
import os
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any, NoReturn

MUTANT = "HEALTHSIM_MUTANT"
"""Environment variable: a JSON file with `module`, `path` and `text` of the mutated module."""

RECORD = "HEALTHSIM_RECORD"
"""Environment variable: the folder where reached lines are kept."""


class _Mutated(SourceFileLoader):
    """Loads a module from a text that is given, without a file of byte code."""

    def __init__(self, name: str, path: str, text: bytes) -> None:
        super().__init__(name, path)
        self._text = text

    def get_data(self, path: Any) -> bytes:
        return self._text if str(path) == self.path else super().get_data(path)

    def path_stats(self, path: Any) -> Any:
        raise OSError("no byte code is kept of a mutant")


class _Finder(MetaPathFinder):
    def __init__(self, mutant: dict[str, str]) -> None:
        self._mutant = mutant

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != self._mutant["module"]:
            return None
        file = self._mutant["path"]
        loader = _Mutated(fullname, file, self._mutant["text"].encode())
        return spec_from_file_location(fullname, file, loader=loader)


def install(file: str) -> str:
    """Let this process import the mutated module that a JSON file describes; return its name."""
    mutant = json.loads(Path(file).read_text(encoding="utf-8"))
    sys.meta_path.insert(0, _Finder(mutant))
    if mutant["path"] in sys.orig_argv:  # it is run as a program
        names = {"__name__": "__main__", "__file__": mutant["path"], "__builtins__": __builtins__}
        exec(compile(mutant["text"], mutant["path"], "exec"), names)  # noqa: S102
        sys.stdout.flush()
        os._exit(0)
    return str(mutant["module"])


def record(folder: str) -> None:
    """Keep which lines of the server this process reaches, under the name of the test around it."""
    import coverage

    test = os.environ.get("PYTEST_CURRENT_TEST", "").rpartition(" (")[0]
    lines = coverage.Coverage(
        data_file=str(Path(folder) / "lines"), data_suffix=True, config_file=False, context=test,
        source=[str(Path(__file__).parents[2] / "server" / "healthsim")],
    )  # fmt: skip
    lines.set_option("run:disable_warnings", list(_QUIET))
    lines.start()
    atexit.register(_kept, lines)
    leave = os._exit

    def kept_and_left(status: int) -> NoReturn:
        _kept(lines)
        leave(status)

    os._exit = kept_and_left


_QUIET = ("no-data-collected", "module-not-imported", "module-not-measured", "couldnt-parse")


def _kept(lines: Any) -> None:
    lines.stop()
    lines.save()


def begin() -> None:
    """Do what the environment asks for; never stop a process from starting."""
    if os.environ.get(MUTANT):
        install(os.environ[MUTANT])
    if os.environ.get(RECORD):
        record(os.environ[RECORD])
