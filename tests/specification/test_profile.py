"""Profiles: defaults, short forms, and the order in which their parts are drawn."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from execution.running import diabetic
from healthsim.errors import SpecError
from healthsim.specification.document import read
from healthsim.specification.profiles.dependencies import in_order
from healthsim.specification.profiles.profile import ProfileSpec


def profile(**changes: Any) -> ProfileSpec:
    return read(ProfileSpec, diabetic(**changes))


def order(**changes: Any) -> list[str]:
    return [part.name for part in in_order(profile(**changes))]


def test_a_name_and_a_plan_are_all_that_a_profile_needs() -> None:
    found = read(ProfileSpec, {"name": "anyone", "coverage": {"plan": {"MA-HMO": 1}}})

    assert (found.count, found.seed, found.sampling, found.unit) == (
        100,
        0,
        "independent",
        "person",
    )
    assert found.demographics.age.type == "population"
    assert found.products == ("patientsim", "membersim", "rxmembersim")


def test_short_forms_are_kept_in_full() -> None:
    found = profile(demographics={"age": 70, "gender": {"F": 1}})

    assert found.demographics.age.type == "constant"
    assert found.demographics.gender.type == "categorical"


def test_products_stand_in_one_order() -> None:
    assert profile(products=["rxmembersim", "patientsim"]).products == ("patientsim", "rxmembersim")


def test_profiles_are_frozen() -> None:
    with pytest.raises(ValueError, match="frozen"):
        profile().count = 3  # type: ignore[misc]


def test_parts_are_drawn_after_what_they_need() -> None:
    found = order(attributes={
        "late": {"type": "formula", "value": "early + age"}, "early": 3,
        "risk": {"type": "conditional", "cases": [{"when": "has('I10')", "then": 1}],
            "otherwise": 0},
    })  # fmt: skip

    assert found.index("late") > max(found.index("early"), found.index("age"))
    assert found.index("risk") > found.index("has I10")
    assert found.index("takes lisinopril 10 mg tablet") > found.index("has I10")


def test_what_needs_nothing_is_drawn_in_document_order() -> None:
    found = order(attributes={"c": 1, "a": 2, "b": 3})

    assert [name for name in found if name in "abc"] == ["c", "a", "b"]


@pytest.mark.slow
@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.permutations(range(5)), st.data())
def test_any_chain_of_attributes_is_drawn_from_its_beginning(
    places: list[int], data: st.DataObject
) -> None:
    attributes: dict[str, Any] = {}
    for place in places:
        needs = data.draw(st.lists(st.sampled_from(range(place)), max_size=3)) if place else []
        value = " + ".join(["1", *(f"x{one}" for one in needs)])
        attributes[f"x{place}"] = {"type": "formula", "value": value}
    found = order(attributes=attributes)
    for name, formula in attributes.items():
        for other in attributes:
            if other in formula["value"]:
                assert found.index(other) < found.index(name)


def test_a_circle_is_refused_naming_all_that_are_in_it() -> None:
    attributes = {
        "x": {"type": "formula", "value": "y"},
        "y": {"type": "conditional", "cases": [{"when": "has('I10')", "then": 1}], "otherwise": 2},
    }
    clinical = {"comorbidities": [{"code": "I10", "share": {
        "type": "conditional", "cases": [{"when": "x > 1", "then": 1}],
            "otherwise": 0}}]}  # fmt: skip
    with pytest.raises(SpecError) as caught:
        order(attributes=attributes, clinical=clinical)

    for name in ("attributes.x", "attributes.y", "clinical.comorbidities[I10]"):
        assert name in str(caught.value)
