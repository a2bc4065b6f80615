"""A stay's group follows from its diagnoses and procedures as the definitions say."""

from __future__ import annotations

import numpy as np
import pytest

from drg_judging import lines, medical_stays, surgical_stays, verdict
from healthsim.billing.drg.definitions import families, version_days, versions_of
from healthsim.billing.drg.grouping import Stay, complications, group
from healthsim.billing.drg.payment import drg_payments
from healthsim.dates import day_of
from healthsim.tables import Coded

_2026 = 6  # position of v43.1


def _drg(principal: str, *secondary: str, **others: object) -> str | None:
    return group(Stay(principal, secondary, version=_2026, **others)).drg  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("principal", "secondary", "drg"),
    [
        ("J18.9", (), "195"),
        ("J18.9", ("N17.9",), "194"),
        ("J18.9", ("J96.01",), "193"),
        ("I50.23", (), "293"),
        ("I11.0", ("I50.23",), "291"),
        ("I48.91", (), "310"),
        ("N18.6", (), "684"),
        ("K92.2", ("D62",), "378"),
        ("T84.53XA", (), "561"),
        ("Z48.812", (), "950"),
        ("Z48.812", ("I50.22",), "949"),
    ],
)
def test_the_highest_complication_that_counts_decides_among_groups(
    principal: str, secondary: tuple[str, ...], drg: str
) -> None:
    assert _drg(principal, *secondary) == drg


def test_a_diagnosis_that_the_principal_one_excludes_is_no_complication() -> None:
    assert _drg("I50.23", "I50.33") == "293"
    assert complications(Stay("I50.23", ("I50.33", "N17.9"), version=_2026)) == {"N17.9": "C"}


def test_a_complication_acquired_in_the_hospital_does_not_raise_the_group() -> None:
    ulcer = "L89.153"  # pressure ulcer, stage 3
    assert _drg("J18.9", ulcer) == "193"
    assert _drg("J18.9", ulcer, late=frozenset({ulcer})) == "195"
    assert _drg("J18.9", "N17.9", late=frozenset({"N17.9"})) == "194"


def test_death_takes_away_what_counts_only_for_who_leaves_alive() -> None:
    assert _drg("J18.9", "I46.9") == "193"
    assert _drg("J18.9", "I46.9", status="20") == "195"
    assert _drg("I21.4") == "282"
    assert _drg("I21.4", status="20") == "285"


def test_the_operation_of_the_lowest_rank_decides() -> None:
    knee, biopsy = "0SRD0J9", "0SBD4ZX"
    assert _drg("M17.12", procedures=(knee,)) == "470"
    assert _drg("M17.12", procedures=(biopsy, knee)) == "470"
    assert _drg("M17.12", procedures=("0SRC0J9", knee)) == "462"


def test_bypass_with_and_without_catheterization() -> None:
    bypass, catheter = "021009W", "4A023N7"
    assert _drg("I25.110", procedures=(bypass,)) == "236"
    assert _drg("I25.110", "I50.23", procedures=(bypass,)) == "235"
    assert _drg("I25.110", procedures=(bypass, catheter)) == "234"


def test_angioplasty_with_a_device_and_without_one() -> None:
    assert _drg("I25.110", procedures=("027034Z",)) == "322"
    assert _drg("I25.110", procedures=("0273346",)) == "321"
    assert _drg("I25.110", procedures=("02703ZZ",)) == "251"


def test_an_operation_of_another_category_is_unrelated() -> None:
    assert _drg("J18.9", procedures=("0SRD0J9",)) == "983"
    assert _drg("J18.9", "N17.9", procedures=("0SRD0J9",)) == "982"


def test_births() -> None:
    assert _drg("O80", "Z37.0", procedures=("10E0XZZ",), sex="F") == "807"
    assert _drg("O82", "Z37.0", procedures=("10D00Z1",), sex="F") == "788"
    assert _drg("O82", "Z37.0", procedures=("10D00Z1", "0UL74ZZ"), sex="F") == "785"


def test_newborns() -> None:
    assert _drg("Z38.00") == "795"
    assert _drg("Z38.00", "Z23") == "795"
    assert _drg("Z38.00", "P07.38") == "792"
    assert _drg("Z38.00", "P07.38", "P36.9") == "791"
    assert _drg("Z38.00", "P07.38", "P22.0") == "790"
    assert _drg("Z38.00", "P22.1") == "794"
    assert _drg("Z38.00", status="20") == "789"
    assert _drg("Z38.00", status="02") == "789"


def test_transplants_and_ventilation_come_before_every_category() -> None:
    assert _drg("I50.23", procedures=("02YA0Z0",)) == "002"
    assert _drg("J96.01", procedures=("0B110F4", "5A1955Z")) == "004"
    assert _drg("J96.01", procedures=("5A1955Z",)) == "207"
    assert _drg("A41.9", procedures=("5A1955Z",)) == "870"


def test_leaving_against_advice_is_a_group_of_its_own_in_addiction() -> None:
    assert _drg("F10.230", status="07") == "894"
    assert _drg("F10.230") == "897"


def test_injuries_of_several_sites_and_hiv_have_categories_of_their_own() -> None:
    assert _drg("S06.5X1A", "S27.0XXA") == group(Stay("S06.5X1A", ("S27.0XXA",), version=_2026)).drg
    assert group(Stay("S06.5X1A", ("S36.039A",), version=_2026)).mdc == "24"
    assert _drg("B20", "B59").startswith("97")  # type: ignore[union-attr]


def test_what_cannot_be_grouped_says_why() -> None:
    assert group(Stay("")).reason == "it has no principal diagnosis"
    assert group(Stay("XXX")).reason == "XXX is in no major diagnostic category"
    assert "sex" in group(Stay("N40.0", sex="F", version=_2026)).reason
    assert group(Stay("N40.0", sex="M", version=_2026)).drg == "726"


def test_the_version_is_that_of_the_day_of_discharge() -> None:
    discharged = ("2020-01-01", "2024-09-30", "2024-10-01", "2025-11-01", "2031-01-01")
    days = np.array([day_of(day) for day in discharged], dtype=np.int32)
    assert versions_of(days).tolist() == [0, 2, 3, 5, len(version_days()) - 1]
    fusion = ("0SG00A0",)
    assert group(Stay("M51.16", (), frozenset(), fusion, version=2)).drg == "460"
    assert group(Stay("M51.16", (), frozenset(), fusion, version=3)).drg == "451"


def test_every_group_that_a_rule_gives_has_a_weight() -> None:
    categories = ["PRE", *(f"{number:02d}" for number in range(1, 26))]
    given = {drg for mdc in categories for rule in families(mdc) for drg in rule.groups}
    given -= {"998", "999"}
    known = drg_payments(Coded.of(sorted(given)))

    assert [drg for drg, weight in zip(sorted(given), known.weight, strict=True)
            if not weight > 0] == []  # fmt: skip
    assert known.post_acute.sum() > 100


@pytest.mark.slow
def test_another_grouper_says_the_same_of_random_stays() -> None:
    medical, surgical = verdict(medical_stays(300, seed=1)), verdict(surgical_stays(300, seed=1))

    assert medical.agreed >= 0.97, list(lines(medical.differing))
    assert surgical.agreed >= 0.93, list(lines(surgical.differing))
