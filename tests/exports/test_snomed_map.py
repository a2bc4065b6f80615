"""A user's own map adds SNOMED CT to exports, and changes no run."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from healthsim.codes import imported_books
from healthsim.errors import Refused
from healthsim.execution.prepare import prepare
from healthsim.operations import exporting, generate, reference, scenarios
from healthsim.operations.home import Home
from stand_ins import export_types

MAP = "system,code,snomed,display\nicd10cm,I10,38341003,Hypertensive disorder\n,E119,44054006,\n"


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    """Return a home; the shelf is empty again after the test."""
    yield Home(tmp_path / "home")
    imported_books.open_shelf(tmp_path / "none")


def _bring(home: Home, text: str) -> None:
    file = home.folder.parent / "map.csv"
    file.write_text(text, encoding="utf-8")
    reference.import_file(home, "snomed-map", file)
    imported_books.open_shelf(home.books)


def _problems(home: Home, folder: Path) -> list[dict[str, Any]]:
    exporting.export_to(home, "mapped", folder, "fhir")
    lines = (folder / "Condition.ndjson").read_text("utf-8").splitlines()
    return [json.loads(line)["code"] for line in lines]


def _hypertensive() -> dict[str, Any]:
    return {
        "kind": "profile", "name": "hypertensive", "count": 4, "products": ["patientsim"],
        "clinical": {"comorbidities": [{"code": "I10", "share": 1}, {"code": "E11.9", "share": 1},
                                       {"code": "E78.5", "share": 1}]},
    }  # fmt: skip


@pytest.mark.slow
def test_a_map_adds_snomed_to_conditions_and_changes_no_run(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    export_types(monkeypatch, "Organization", "Condition")
    job = prepare(_hypertensive(), [])
    scenarios.save_run(home, generate.run(home, job).run_id, "mapped")
    plain = _problems(home, tmp_path / "plain")

    _bring(home, MAP)
    mapped = _problems(home, tmp_path / "mapped")

    assert prepare(_hypertensive(), []).key == job.key
    assert {len(code["coding"]) for code in plain} == {1}
    known = {code["coding"][0]["code"]: code["coding"][1:] for code in mapped}
    system = "http://snomed.info/sct"
    assert known == {
        "I10": [{"system": system, "code": "38341003", "display": "Hypertensive disorder"}],
        "E11.9": [{"system": system, "code": "44054006"}],
        "E78.5": [],
    }


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("code,snomed\nI10,38341004\n", "line 2, column snomed: is '38341004'"),
        ("code,snomed\nI10,3.8341E+07\n", "line 2, column snomed"),
        ("code,snomed\nI10,\n", "line 2, column snomed: is ''"),
        ("code,snomed\nI10,4104900012\n", "not the identifier of a concept"),
        ("system,code,snomed\nicd9,I10,38341003\n", "line 2, column system: is 'icd9'"),
        ("code,snomed\nI10,38341003\nI10,44054006\n", r"line 3.*is also in line 2"),
        ("code,snomed\nE11.9,44054006\nE119,44054006\n", r"E11.9 is in it twice"),
        ("code,concept\nI10,38341003\n", "snomed"),
    ],
)
def test_what_is_no_map_is_refused_with_its_line(home: Home, text: str, said: str) -> None:
    with pytest.raises(Refused, match=said):
        _bring(home, text)
