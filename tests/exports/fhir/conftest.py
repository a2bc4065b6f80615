"""The FHIR files of two scenarios, which all tests of the format read."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from healthsim.exports.fhir import bulk
from healthsim.operations import scenarios
from healthsim.operations.home import Home

JOBS = ("birth", "heart")
Resource = dict[str, Any]
Files = Mapping[str, Mapping[str, list[Resource]]]


@pytest.fixture(scope="session")
def folders(home: Home, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Path]:
    """Return scenario -> folder of its export."""
    found = {name: tmp_path_factory.mktemp(name) for name in JOBS}
    for name, folder in found.items():
        bulk.export(scenarios.path(home, name), name, folder)
    return found


@pytest.fixture(scope="session")
def files(folders: Mapping[str, Path]) -> Files:
    """Return scenario -> type -> resources."""
    return {
        name: {
            path.stem: [json.loads(line) for line in path.read_text("utf-8").splitlines()]
            for path in folder.glob("*.ndjson")
        }
        for name, folder in folders.items()
    }


def all_of(files: Files) -> Iterator[Resource]:
    for types in files.values():
        for kind in types.values():
            yield from kind
