"""Several procedures of a day: the dearest is paid in full, others in part."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from healthsim.products.membersim.professional_prices import professional_prices
from healthsim.products.membersim.reductions import DaysWork, paid_shares
from healthsim.tables import Coded

_GALL, _HERNIA, _KNEE = "4756" + "2", "4950" + "5", "2744" + "7"
_LOOK, _BIOPSY, _SNARE = "45378", "45380", "45385"


def shares(
    *lines: tuple[str, ...],
    pos: str = "22",
    units: Sequence[int] | None = None,
    days: Sequence[int] | None = None,
    claims: Sequence[int] | None = None,
) -> list[float]:
    """Return the share that is paid of lines (code, modifier), of one claim and day by default."""
    count = len(lines)
    procedure = Coded.of([line[0] for line in lines])
    modifier = Coded.of([line[1] if len(line) > 1 else None for line in lines])
    counted = np.array(units or [1] * count, dtype=np.int32)
    years = np.full(count, 2025, dtype=np.int32)
    priced = professional_prices(
        procedure, (modifier,), Coded.of([pos] * count), years, counted
    )  # fmt: skip
    work = DaysWork(
        np.array(claims or [0] * count, dtype=np.int32),
        np.array(days or [20_100] * count, dtype=np.int32),
        procedure, priced.component, priced.inside, priced.unit, priced.units,
    )  # fmt: skip
    return [round(float(one), 4) for one in paid_shares(work)]


def test_the_dearest_operation_is_paid_in_full_and_others_by_half() -> None:
    assert shares((_HERNIA,), (_KNEE,), (_GALL,)) == [0.5, 1.0, 0.5]
    assert shares((_GALL,)) == [1.0]
    assert shares((_GALL,), (_GALL,)) == [1.0, 0.5]


def test_another_day_and_another_claim_are_paid_in_full() -> None:
    assert shares((_GALL,), (_KNEE,), days=[20_100, 20_101]) == [1.0, 1.0]
    assert shares((_GALL,), (_KNEE,), claims=[0, 1]) == [1.0, 1.0]


def test_visits_and_laboratory_tests_are_never_reduced() -> None:
    assert shares(("99213", "25"), ("80053",), (_GALL,), pos="11") == [1.0, 1.0, 1.0]


def test_the_second_unit_of_a_line_is_paid_by_half() -> None:
    assert shares((_GALL,), units=[2]) == [0.75]
    assert shares((_GALL,), (_KNEE,), units=[2, 1]) == [0.5, 1.0]


def test_of_a_family_of_endoscopies_the_base_is_paid_once() -> None:
    snare, biopsy, look = shares((_SNARE,), (_BIOPSY,), (_LOOK,))

    assert (snare, look) == (1.0, 0.0)
    assert 0 < biopsy < 0.2
    assert shares((_SNARE,), (_KNEE,)) == [0.5, 1.0]
    assert shares((_SNARE,), (_LOOK,), (_KNEE,)) == [0.5, 0.0, 1.0]


@pytest.mark.parametrize(("modifier", "rest"), [("TC", 0.5), ("26", 0.95)])
def test_of_a_second_image_the_parts_are_reduced_apart(modifier: str, rest: float) -> None:
    head, body = shares(("70450", modifier), ("74177", modifier))

    assert (head, body) == (rest, 1.0)


def test_a_whole_second_image_is_reduced_by_its_parts() -> None:
    head, body = shares(("70450",), ("74177",), pos="11")

    assert body == 1.0
    assert 0.5 < head < 0.95


def test_a_reading_and_a_making_do_not_reduce_each_other() -> None:
    assert shares(("70450", "26"), ("74177", "TC")) == [1.0, 1.0]


def test_of_further_therapy_half_of_the_practice_expense_is_paid() -> None:
    first, second = shares(("97110",), ("97140",), pos="11")

    assert sorted((first, second))[1] == 1.0
    assert 0.6 < min(first, second) < 0.9
    assert 0.6 < shares(("97110",), pos="11", units=[4])[0] < 1.0


def test_a_second_test_of_the_heart_is_reduced_in_its_making_alone() -> None:
    assert shares(("93306", "TC"), ("93880", "TC"))[0] in (0.75, 1.0)
    assert sorted(shares(("93306", "TC"), ("93880", "TC"))) == [0.75, 1.0]
    assert shares(("93306", "26"), ("93880", "26")) == [1.0, 1.0]
