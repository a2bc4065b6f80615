from pathlib import Path
from typing import Any

import pytest

from audit.scenes import opened
from healthsim.operations import auditing
from healthsim.persistence.state import describe_file
from specification.test_codes import _journey, _profile
from stand_ins import ask_few_rules
from storing import stored


@pytest.mark.slow
def test_unlisted_codes_are_told_by_the_manifest_and_by_no_rule(tmp_path: Path) -> None:
    with opened(tmp_path, *_unlisted()) as seen:
        told = seen.told(seen.of("a known code"))
        seen.connection.execute("UPDATE encounter_diagnoses SET code = 'Y99.Z'")
        after = seen.told(seen.of("a known code encounter_diagnoses"))

    assert told == {}
    assert set(auditing.unlisted_of_run(seen.path)) == {"Q11.99", "X99.Z", "J1884"}
    assert sum(after.values()) > 0


@pytest.mark.slow
def test_an_audit_names_the_unlisted_codes_in_the_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask_few_rules(monkeypatch)
    told = _audited(stored(tmp_path, *_unlisted()))

    found = {(code, where): rows for code, where, rows in told.unlisted}
    assert {code for code, _ in found} == {"Q11.99", "X99.Z", "J1884"}
    assert found["Q11.99", "conditions.code"] == 4
    assert found["X99.Z", "encounter_diagnoses.code"] == 4
    assert found["J1884", "claim_lines.procedure"] == 4
    assert told.note.startswith("3 unlisted codes stand in the rows")
    assert not told.findings


@pytest.mark.slow
def test_an_audit_of_listed_codes_notes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask_few_rules(monkeypatch)
    told = _audited(stored(tmp_path, _profile("I10", detail="core"), _journey()))

    assert (told.unlisted, told.note) == ([], "")


def _unlisted() -> tuple[dict[str, Any], dict[str, Any]]:
    """Return a profile and a journey with codes that no book has."""
    free = {"allow_unlisted_codes": True}
    journey = _journey(diagnoses=["X99.Z"], procedures=["99213", "J1884"])
    return _profile("Q11.99", detail="core", **free), journey | free


def _audited(path: Path) -> auditing.AuditReport:
    manifest = describe_file(path).manifest
    return auditing.audit_file(path, manifest.profile, manifest.journeys)


@pytest.mark.slow
def test_a_code_that_was_not_valid_on_its_day_is_told(tmp_path: Path) -> None:
    with opened(tmp_path, _profile("I10", detail="core"), _journey()) as seen:
        before = seen.told(seen.of("a code of its day"))
        seen.connection.execute("UPDATE encounter_diagnoses SET code = 'B88.01'")
        after = seen.told(seen.of("a code of its day"))

    assert before == {}
    assert set(after) == {"a code of its day encounter_diagnoses.code"}
