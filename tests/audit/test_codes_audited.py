from pathlib import Path

from audit.scenes import opened
from healthsim.operations import auditing
from specification.test_codes import _journey, _profile


def test_unlisted_codes_are_told_by_the_manifest_and_by_no_rule(tmp_path: Path) -> None:
    free = {"allow_unlisted_codes": True}
    with opened(tmp_path, _profile("Q11.99", **free), _journey(diagnoses=["X99.Z"]) | free) as seen:
        told = seen.told(seen.rules)
        seen.connection.execute("UPDATE encounter_diagnoses SET code = 'Y99.Z'")
        after = seen.told(seen.of("a known code encounter_diagnoses"))

    assert told == {}
    assert set(auditing.unlisted_of_run(seen.path)) == {"Q11.99", "X99.Z"}
    assert sum(after.values()) > 0


def test_a_code_that_was_not_valid_on_its_day_is_told(tmp_path: Path) -> None:
    with opened(tmp_path, _profile("I10"), _journey()) as seen:
        before = seen.told(seen.rules)
        seen.connection.execute("UPDATE encounter_diagnoses SET code = 'B88.01'")
        after = seen.told(seen.of("a code of its day"))

    assert before == {}
    assert set(after) == {"a code of its day encounter_diagnoses.code"}
