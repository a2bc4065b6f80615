"""What Medicare pays of an outpatient claim, line by line."""

from __future__ import annotations

import numpy as np
import pytest

from healthsim.billing.facility import opps
from healthsim.billing.facility.opps import OutpatientLines, asc_payable_cents, payable_cents

CLINIC, EMERGENCY, SENT = "G0463", "99284", "G0379"
OPERATION, DEVICE, DRUG = "27447", "C1776", "J1100"
FIRST_SCOPE, SECOND_SCOPE, FILM, TRACING, TEST = "45385", "43239", "73610", "93005", "80053"
THERAPY = "97110"


def paid(*codes: str, units: tuple[int, ...] = (), claims: tuple[int, ...] = ()) -> list[float]:
    words = tuple(dict.fromkeys(codes))
    cents = np.array([opps.rate_cents(code) or 1_000 for code in codes], dtype=np.int64)
    return payable_cents(OutpatientLines(
        np.array(claims or [0] * len(codes), dtype=np.int32),
        np.array([words.index(code) for code in codes], dtype=np.int32), words, cents,
        np.array(units or [1] * len(codes), dtype=np.int32),
    )).tolist()  # fmt: skip


def test_a_comprehensive_operation_is_paid_once_at_its_national_rate() -> None:
    assert paid(OPERATION, DEVICE, TRACING, FIRST_SCOPE, CLINIC, DRUG) == [
        1_286_682, 0, 0, 0, 0, 0,
    ]  # fmt: skip


def test_of_two_comprehensive_operations_the_dearer_one_is_paid() -> None:
    assert paid("36561", OPERATION) == [0, 1_286_682]
    assert paid("36561", "36821") == [314_750, 0], "of equal ones the first"


def test_what_has_a_fee_schedule_is_paid_beside_an_operation() -> None:
    assert paid(OPERATION, THERAPY)[1] == 1_000


def test_the_second_procedure_is_paid_by_half() -> None:
    assert paid(SECOND_SCOPE, FIRST_SCOPE) == [93_756 / 2, 117_908]


def test_the_second_unit_of_a_procedure_is_paid_by_half() -> None:
    assert paid(FIRST_SCOPE, units=(2,)) == [117_908 * 0.75]


@pytest.mark.parametrize("beside", [EMERGENCY, "93306", FIRST_SCOPE])
def test_an_ancillary_service_is_packaged_beside_a_visit_or_procedure(beside: str) -> None:
    assert paid(beside, FILM)[1] == 0


def test_an_ancillary_service_alone_is_paid_and_a_second_one_is_not() -> None:
    assert paid(FILM) == [8_805]
    assert paid(TRACING, FILM) == [0, 8_805]


def test_a_laboratory_test_is_paid_only_alone() -> None:
    assert paid(TEST) == [1_000]
    assert paid(TEST, FILM) == [0, 8_805]
    assert paid(TEST, EMERGENCY)[0] == 0


def test_eight_hours_of_observation_pay_the_visit_as_a_whole() -> None:
    assert paid(SENT, "G0378", TEST, units=(1, 8, 1)) == [264_773, 0, 0]
    assert paid(SENT, "G0378", units=(1, 7)) == [61_310, 0]


def test_observation_with_a_procedure_pays_the_procedure() -> None:
    assert paid(SENT, "G0378", FIRST_SCOPE, units=(1, 20, 1)) == [61_310, 0, 117_908]


def test_claims_do_not_touch_each_other() -> None:
    assert paid(OPERATION, FILM, TEST, claims=(0, 1, 2)) == [1_286_682, 8_805, 1_000]


def test_what_is_paid_only_in_a_stay_or_not_on_an_837i_is_not_paid() -> None:
    assert paid("33533", "99213", "93010") == [0, 0, 0]


def test_a_surgery_centre_is_paid_for_procedures_and_not_for_tests() -> None:
    words = ("66984", "45385", TEST)
    found = asc_payable_cents(OutpatientLines(
        np.zeros(3, dtype=np.int32), np.arange(3, dtype=np.int32), words,
        np.array([200, 100, 50]), np.ones(3, dtype=np.int32),
    ))  # fmt: skip

    assert found.tolist() == [200, 50, 0]


def test_a_code_that_is_not_in_the_table_is_as_most_of_its_family() -> None:
    assert "27446" not in opps.codes_of("J1")
    assert opps.status("27446") == "J1"
    assert (opps.rate_cents("27446") or 0) > 0
    assert opps.status("J9998") == "K"
