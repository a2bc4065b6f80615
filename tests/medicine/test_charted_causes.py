"""Chronic causes of death and who may die of them."""

from __future__ import annotations

import pytest

from healthsim.codes.diagnoses import icd10cm
from healthsim.medicine.charted_causes import FILE, charted_causes
from healthsim.medicine.datafiles import rows
from healthsim.medicine.mortality import background_causes, condition_factors


@pytest.mark.slow
def test_every_chronic_cause_is_one_that_people_die_of_and_its_codes_exist() -> None:
    causes = {*background_causes()[0], *(one.cause for one in condition_factors())}
    codes = tuple(icd10cm().rows)

    assert charted_causes().keys() <= causes
    for row in rows(FILE):
        for start in (*row["held"].split("|"), *filter(None, row["but"].split("|"))):
            assert any(code.startswith(start) for code in codes), start
        assert row["own"] in {"", "yes"}
        assert not row["new"] or any(code.startswith(row["new"]) for code in codes)
        assert row["source"]


def test_whoever_has_the_condition_of_a_factor_may_die_of_its_cause() -> None:
    """Or of the sudden illness that takes its place: kidneys may lead to a first infarction."""
    risks = {"smoking", "schizophrenia", "severe_obesity", "respiratory_failure", "opioid"}
    for one in condition_factors():
        charted = charted_causes().get(one.cause)
        if charted is not None and not charted.new and one.key not in risks:
            assert all(start.startswith(charted.held) or start == "Z99.2"
                       or any(held.startswith(start) for held in charted.held)
                       for start in one.codes), one.key  # fmt: skip
