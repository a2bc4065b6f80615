import numpy as np
import pytest

from healthsim.billing.benefits.contract_prices import (
    charge_levels,
    class_levels,
    class_of_lines,
    class_spreads,
    contract_factors,
    price_classes,
)
from healthsim.billing.datafiles import rows
from healthsim.tables import Coded

KINDS = ("commercial", "medicaid", "medicare_advantage")
NPIS = np.arange(1_000_000_000, 1_000_040_000)


def classed(form: str, encounter: str, procedure: str | None, revenue: str | None = None) -> str:
    """Return the class of one line."""
    found = class_of_lines(
        np.array([form == "837I"]), Coded.of([encounter]), Coded.of([procedure]),
        Coded.of([revenue]),
    )  # fmt: skip
    return price_classes()[int(found[0])]


@pytest.mark.parametrize(
    ("form", "encounter", "procedure", "revenue", "wanted"),
    [
        ("837I", "inpatient", None, "0450", "hospital_inpatient"),
        ("837I", "snf", None, "0022", "post_acute"),
        ("837I", "home_health", "G0299", None, "post_acute"),
        ("837I", "asc", "66984", None, "surgery_center"),
        ("837I", "dialysis", "90999", None, "dialysis"),
        ("837I", "emergency", "99284", "0450", "hospital_emergency"),
        ("837I", "emergency", None, "0450", "hospital_emergency"),
        ("837I", "emergency", "71046", "0320", "hospital_imaging"),
        ("837I", "outpatient_hospital", None, "0301", "hospital_laboratory"),
        ("837I", "outpatient_hospital", "J1885", "0636", "hospital_drugs"),
        ("837I", "outpatient_hospital", None, "0250", "hospital_drugs"),
        ("837I", "outpatient_hospital", "G0463", "0510", "hospital_outpatient"),
        ("837P", "inpatient", "99223", None, "visits"),
        ("837P", "emergency", "99284", None, "emergency_visits"),
        ("837P", "asc", "66984", None, "surgery"),
        ("837P", "asc", "00142", None, "anesthesia"),
        ("837P", "office", "71046", None, "imaging"),
        ("837P", "office", "80053", None, "laboratory"),
        ("837P", "office", "36415", None, "laboratory"),
        ("837P", "office", "90686", None, "administered_drugs"),
        ("837P", "inpatient", "59400", None, "maternity"),
        ("837P", "office", "97110", None, "other_professional"),
        ("837P", "office", None, None, "other_professional"),
    ],
)
def test_a_line_is_priced_with_what_contracts_price_alike(
    form: str, encounter: str, procedure: str | None, revenue: str | None, wanted: str
) -> None:
    assert classed(form, encounter, procedure, revenue) == wanted


def test_every_kind_of_plan_has_a_level_of_every_class_with_its_source() -> None:
    table = rows("contract_prices.csv")

    for kind in KINDS:
        own = [row["class"] for row in table if row["kind"] == kind]
        assert sorted(own) == sorted({"overall", *price_classes()})
    for row in (*table, *rows("charge_levels.csv"), *rows("price_classes.csv")):
        assert row["source"]
        assert row["confidence"] in ("V", "V2", "D", "M", "A")


def test_commercial_plans_pay_hospitals_more_above_medicare_than_clinicians() -> None:
    levels = dict(zip(price_classes(), class_levels("commercial"), strict=True))

    assert levels["hospital_inpatient"] == 2.31
    assert levels["hospital_outpatient"] == 2.67
    assert levels["other_professional"] == 1.22
    assert levels["visits"] < levels["other_professional"] < levels["emergency_visits"]


def test_medicaid_pays_less_than_medicare_and_original_medicare_its_own_prices() -> None:
    assert np.all(class_levels("medicaid") <= 1.0)
    assert np.all(class_levels("medicare_original") == 1.0)
    assert not class_spreads("medicare_original").any()


def test_a_stated_level_keeps_the_relation_of_the_classes() -> None:
    usual, stated = class_levels("commercial"), class_levels("commercial", 1.2)

    assert np.allclose(stated / usual, 1.2 / 1.6)


def test_contracts_of_a_plan_have_the_mean_of_its_level() -> None:
    for spread in (0.03, 0.25, 0.35, 0.5):
        factors = contract_factors("PPO", 1, NPIS, spread)

        error = 3 * factors.std() / np.sqrt(len(NPIS))
        assert abs(factors.mean() - 1) < max(error, 0.002)


def test_contracts_are_lognormal_with_a_heavier_upper_tail() -> None:
    logs = np.log(contract_factors("PPO", 1, NPIS, 0.35))
    middle = np.median(logs)

    low, high = (np.quantile(logs, q) - middle for q in (0.16, 0.84))
    assert abs(low + 0.348) < 0.01
    assert abs(high - 0.348) < 0.01
    assert np.quantile(logs, 0.999) - middle > 1.5 * (middle - np.quantile(logs, 0.001))


def test_a_contract_is_of_a_provider_a_plan_and_a_class() -> None:
    one = contract_factors("PPO", 1, NPIS[:50], 0.35)

    assert np.array_equal(one, contract_factors("PPO", 1, NPIS[:50], 0.35))
    assert np.array_equal(one[7:9], contract_factors("PPO", 1, NPIS[7:9], 0.35))
    assert np.unique(one).size > 45
    assert not np.any(one == contract_factors("HMO", 1, NPIS[:50], 0.35))
    assert not np.any(one == contract_factors("PPO", 2, NPIS[:50], 0.35))


def test_anaesthetists_and_hospitals_charge_more_above_medicare_than_offices() -> None:
    levels = dict(zip(price_classes(), charge_levels(), strict=True))

    assert levels["anesthesia"] > levels["hospital_inpatient"] > levels["visits"] == 1
