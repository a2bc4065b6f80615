import pytest

from healthsim.codes.books import hcpcs, taxonomy
from healthsim.codes.diagnoses import RELEASE, icd10cm
from healthsim.codes.drugs import drugs
from healthsim.codes.links import ConditionLinks, conditions, goes_with
from healthsim.codes.loinc import loinc
from healthsim.codes.procedures import procedure_system


def test_enough_conditions_have_related_codes() -> None:
    assert len(conditions()) > 90
    assert all(len(row.labs) + len(row.drugs) + len(row.procedures) > 1
               for row in conditions().values())  # fmt: skip


@pytest.mark.parametrize("row", conditions().values(), ids=lambda row: row.prefix)
def test_every_related_code_is_in_its_book(row: ConditionLinks) -> None:
    people = {name for name, kind in taxonomy().rows.items() if kind.kind == "person"}

    assert set(row.labs) <= set(loinc().codes)
    assert set(row.drugs) <= set(drugs().codes)
    assert set(row.specialties) <= people
    assert row.specialties
    assert all(icd10cm().find(code, "links").valid_on(RELEASE) for code in row.comorbid)
    assert icd10cm().begins(row.prefix)
    for code in row.procedures:
        assert procedure_system(code) == "ICD-10-PCS" or code in hcpcs(), code
    assert row.source.startswith("assumption") or row.source.endswith("(M)")
    for several in row[2:7]:
        assert len(set(several)) == len(several)


def test_a_code_has_the_related_codes_of_all_its_prefixes_the_longest_first() -> None:
    found = goes_with("E11.42")

    assert [row.prefix for row in found.conditions] == ["E11.4", "E11"]
    assert found.drugs[0] == "gabapentin 300 mg capsule"
    assert {"metformin 500 mg tablet", "insulin glargine 100 units per mL pen injector"} < set(
        found.drugs
    )
    assert "4548-4" in found.labs
    assert found.specialties[0] == "podiatry"
    assert goes_with("e1142").drugs == found.drugs


def test_a_condition_is_not_related_to_itself() -> None:
    assert "I10" in goes_with("E11.9").comorbid
    assert "N18.30" in goes_with("N18.4").conditions[0].comorbid or goes_with("N18.30").labs
    assert "Z99.2" not in goes_with("Z99.2").comorbid


def test_a_condition_without_links_has_no_related_codes() -> None:
    assert goes_with("W56.01XA").conditions == ()
    assert goes_with("").labs == ()
