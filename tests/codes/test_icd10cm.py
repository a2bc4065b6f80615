import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from healthsim.codes.icd10cm import COMBINATIONS, combined, conflicts, contradicts_sex, icd10cm
from healthsim.errors import NotFound

MUST_HAVE = (
    *("I10", "I11.0", "I11.9", "I12.0", "I12.9", "I13.0", "I13.10", "I13.11"),
    *("I13.2", "E78.5", "E78.00", "N18.1", "N18.2", "N18.30", "N18.31", "N18.32"),
    *("N18.4", "N18.5", "N18.6", "N18.9", "E11.9", "E11.22", "E11.65", "E11.40"),
    *("E11.319", "E11.21", "E10.9", "E10.22", "I50.9", "J44.9", "J45.909", "I48.91"),
    *("I25.10", "I21.4", "I63.9", "F32.A", "F41.1", "E66.9", "Z68.35", "E03.9"),
    *("N40.0", "N40.1", "C61", "C50.911", "C18.9", "C34.90", "O80", "O82"),
    *("Z34.00", "Z37.0", "Z38.00", "J06.9", "H66.90", "Z00.129", "Z00.121", "Z23"),
    *("Z00.00", "Z00.01", "M17.11", "M16.11", "Z96.651", "Z96.652", "Z47.1", "Z01.818"),
    *("R07.9", "S52.501A", "Z79.4", "Z79.84", "Z59.00"),
)


@pytest.mark.parametrize("code", MUST_HAVE)
def test_the_codes_of_the_templates_are_there(code: str) -> None:
    assert icd10cm().find(code, "code").code == code


def _codes_of(*starts: str) -> list[str]:
    """Return the codes that begin so; reading all of them takes a second of every collection."""
    return [code for code in icd10cm().codes if code.startswith(starts)]


def test_codes_are_shaped_as_the_classification_writes_them() -> None:
    shape = re.compile(r"[A-Z][0-9A-Z]{2}(\.[0-9A-Z]{1,4})?")

    assert all(shape.fullmatch(code) for code in icd10cm().codes)


@pytest.mark.slow
def test_limits_of_sex_and_age_are_sensible() -> None:
    for row in icd10cm().rows.values():
        assert row.sex in ("", "M", "F")
        assert 0 <= row.age_low <= row.age_high <= 124
        if row.code.startswith("O"):
            assert (row.sex, row.age_low, row.age_high) == ("F", 9, 64)


@pytest.mark.parametrize(
    ("code", "mend"),
    [("E119", "E11.9"), ("E11", "billable code below it"), ("e11.9", "E11.9"), ("I10.0", "I10")],
)
def test_a_wrong_code_is_refused_with_suggestions(code: str, mend: str) -> None:
    with pytest.raises(NotFound, match=re.escape(mend)):
        icd10cm().find(code, "clinical.primary.code")


def test_nobody_has_the_other_sexs_diagnosis() -> None:
    assert contradicts_sex("N40.1", "F")
    assert contradicts_sex("O80", "M")
    assert not contradicts_sex("O80", "F")
    assert not contradicts_sex("E11.9", "M")
    assert not contradicts_sex("O80", "U")


@pytest.mark.parametrize(
    ("stated", "coded"),
    [
        (["E11.9", "N18.30"], ("E11.22", "N18.30")),
        (["E11.65", "N18.4"], ("E11.65", "E11.22", "N18.4")),
        (["E11.21", "N18.4"], ("E11.21", "N18.4")),
        (["E11.9", "E11.22", "N18.4"], ("E11.22", "N18.4")),
        (["E10.9", "N18.5"], ("E10.22", "N18.5")),
        (["I10", "N18.30"], ("I12.9", "N18.30")),
        (["I10", "N18.9"], ("I12.9", "N18.9")),
        (["I10", "N18.6"], ("I12.0", "N18.6")),
        (["I10", "I50.22"], ("I11.0", "I50.22")),
        (["I10", "I50.9", "N18.4"], ("I13.0", "I50.9", "N18.4")),
        (["I10", "I50.9", "N18.5"], ("I13.2", "I50.9", "N18.5")),
        (["I12.9", "I50.9", "N18.4"], ("I13.0", "I50.9", "N18.4")),
        (["I10", "E11.9"], ("I10", "E11.9")),
        (["I50.9", "N18.4"], ("I50.9", "N18.4")),
    ],
)
def test_conditions_that_belong_together_are_coded_together(
    stated: list[str], coded: tuple[str, ...]
) -> None:
    assert combined(stated) == coded


def test_every_rule_ends_in_a_code_of_the_book() -> None:
    assert {rule.becomes for rule in COMBINATIONS} <= set(icd10cm().codes)


@pytest.mark.slow
@given(st.sets(st.deferred(lambda: st.sampled_from(_codes_of("E1", "I1")))))
def test_combining_twice_changes_nothing_more(codes: set[str]) -> None:
    once = combined([*sorted(codes), "N18.4", "I50.9"])

    assert combined(once) == once


@pytest.mark.parametrize(
    ("codes", "pairs"),
    [
        (["E10.9", "E11.9"], (("E10.9", "E11.9"),)),
        (["E11.9", "E11.22"], (("E11.9", "E11.22"),)),
        (["N18.4", "N18.5"], (("N18.4", "N18.5"),)),
        (["N18.4", "N18.4"], ()),
        (["F33.1", "F32.1"], (("F33.1", "F32.1"),)),
        (["I10", "E78.5", "E11.9", "N18.30"], ()),
    ],
)
def test_codes_that_exclude_each_other_are_found(
    codes: list[str], pairs: tuple[tuple[str, str], ...]
) -> None:
    assert conflicts(codes) == pairs
