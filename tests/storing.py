"""Specifications of tests/data, run by the real engine and kept by the real operations."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from healthsim.execution.prepare import prepare
from healthsim.operations import generate
from healthsim.operations.home import Home

_DATA = Path(__file__).parent / "data"


def spec(name: str, **changed: Any) -> dict[str, Any]:
    """Return a specification of tests/data, some of its parts changed."""
    document: dict[str, Any] = json.loads((_DATA / f"{name}.json").read_text(encoding="utf-8"))
    return document | changed


def stored(folder: Path, profile: dict[str, Any], *journeys: dict[str, Any]) -> Path:
    """Run specifications and return the file of the finished run."""
    home = Home(folder)
    record = generate.run(home, prepare(profile, journeys))
    return home.runs / f"{record.run_id}.duckdb"
