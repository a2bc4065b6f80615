"""The table of rules of safe drugs: each can be kept, and names what exists."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from healthsim.codes.icd10cm import icd10cm
from healthsim.codes.loinc import loinc
from healthsim.medicine.datafiles import rows
from healthsim.medicine.safety import ACTIONS, KINDS, SafetyRule, faults, safety_rules

LOINCS = frozenset(loinc().rows)
RULES = safety_rules().rules
METFORMIN = next(rule for rule in RULES if rule.name == "metformin-egfr-30")


def test_every_rule_can_be_kept() -> None:
    assert [fault for rule in RULES for fault in faults(rule, LOINCS)] == []


def test_there_are_rules_of_every_kind_and_action() -> None:
    assert len(RULES) >= 60
    assert set(Counter(rule.kind for rule in RULES)) == set(KINDS)
    assert set(Counter(rule.action for rule in RULES)) == set(ACTIONS)
    assert len({rule.name for rule in RULES}) == len(RULES)


@pytest.mark.slow
def test_conditions_of_rules_are_beginnings_of_known_codes() -> None:
    for rule in RULES:
        for key in rule.keys if rule.kind == "condition" else ():
            assert icd10cm().begins(key), (rule.name, key)


def test_every_row_names_its_source() -> None:
    for row in rows("safety.csv"):
        assert row["words"], row["name"]
        assert row["source"], row["name"]
        assert row["confidence"] in ("V", "M", "A"), row["name"]
        assert row["source"].startswith("assumption") <= (row["confidence"] == "A"), row["name"]


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"kind": "smell"}, "smell"),
        ({"action": "shout"}, "shout"),
        ({"drugs": frozenset()}, "no medicine"),
        ({"keys": ("0-0",)}, "LOINC"),
        ({"days": 0}, "LOINC"),
        ({"below": float("nan")}, "neither"),
        ({"times": 0.5}, "times"),
        ({"action": "reduce"}, "times"),
        ({"action": "hold"}, "hold"),
        ({"kind": "condition", "keys": ()}, "condition"),
        ({"kind": "drug"}, "drug"),
    ],
)
def test_a_rule_that_cannot_be_kept_is_found(change: dict[str, object], word: str) -> None:
    found = faults(METFORMIN._replace(**change), LOINCS)

    assert any(word in fault for fault in found)
    assert all(fault.startswith("metformin-egfr-30: ") for fault in found)


def test_a_value_at_the_bound_is_not_beyond_it() -> None:
    values = np.array([29.9, 30.0, 30.1, np.nan])

    assert METFORMIN.beyond(values).tolist() == [True, False, False, False]


def test_what_hardly_reaches_the_blood_is_in_no_rule() -> None:
    named = {drug for rule in RULES for drug in rule.drugs}

    assert "diclofenac 1% gel" not in named
    assert "timolol 0.5% eye drops" not in named
    assert "ibuprofen 800 mg tablet" in named


def test_a_book_without_a_rule_does_not_have_it() -> None:
    book = safety_rules().without(("metformin-egfr-30",))

    assert METFORMIN not in book.rules
    assert len(book.rules) == len(RULES) - 1
    assert book.at_result("98979-8")
    assert METFORMIN not in book.at_result("98979-8")


def test_rules_are_found_by_drug_procedure_and_result() -> None:
    book = safety_rules()

    def names(found: tuple[SafetyRule, ...]) -> set[str]:
        return {rule.name for rule in found}

    assert "chemotherapy-anc-1" in names(book.of_procedure("J9263"))
    assert "metformin-egfr-30" in names(book.at_result("98979-8"))
    assert "metformin-start-egfr-45" not in names(book.at_result("98979-8"))
    assert {"nsaid-heart-failure", "nsaid-anticoagulant"} <= names(
        book.of_drug("naproxen 500 mg tablet")
    )
