"""Small changes to a draft: all or none, and only changes that leave it right."""

from __future__ import annotations

import copy
import json

import pytest

from healthsim.building import draft, journeying, ledger, refining, starting, templates
from healthsim.building.draft import Draft
from healthsim.errors import HealthSimError, SpecError
from healthsim.specification.journeys.journey import JourneySpec
from healthsim.specification.profiles.profile import ProfileSpec


@pytest.fixture
def both() -> Draft:
    people = starting.start_profile("200 Medicare patients with diabetes, mostly in Texas").draft
    return journeying.start_journey(people, "a first-year diabetes journey").draft


def _set(path: str, value: object) -> dict[str, object]:
    return {"op": "set", "path": path, "value": value}


def test_a_change_says_what_was_and_what_is(both: Draft) -> None:
    new, changed = refining.refine(both, [_set("count", 50)])

    assert new.profile is not None
    assert new.profile["count"] == 50
    assert changed == [
        "count: 200 -> 50", "said '200' -> count: 200 people; changed later: 200 -> 50",
    ]  # fmt: skip


def test_an_assumption_is_settled_by_a_change_of_its_path(both: Draft) -> None:
    assert draft.phase([], draft.questions(both)) == "refine"

    new, _ = refining.refine(both, [_set("demographics.location.states", {"TX": 1})])

    assert draft.phase([], draft.questions(new)) == "confirm"


def test_saying_the_assumed_value_again_settles_it_too(both: Draft) -> None:
    took = both.assumptions[0].took
    new, _ = refining.refine(both, [_set("/demographics/location/states", took)])

    assert draft.questions(new) == []


@pytest.mark.slow
@pytest.mark.parametrize(
    "path",
    [
        "journey.steps[quarter].times",
        "journeys[diabetic-first-year].steps[quarter].times",
        "journeys[0].steps.quarter.times",
        "steps[quarter].times",
        "/journey/steps/quarter/times",
    ],
)
def test_a_step_is_found_by_its_id_however_deep_it_lies(both: Draft, path: str) -> None:
    new, changed = refining.refine(both, [_set(path, 3)])

    assert "times" in changed[0]
    assert draft.problems(new) == []


def test_a_value_that_arrives_as_json_text_is_read(both: Draft) -> None:
    new, _ = refining.refine(both, [_set("demographics.gender", '{"M": 0.5, "F": 0.5}')])

    assert new.profile is not None
    assert new.profile["demographics"]["gender"] == {"M": 0.5, "F": 0.5}


def test_a_condition_is_appended_and_removed_by_its_code(both: Draft) -> None:
    new, _ = refining.refine(
        both,
        [
            {
                "op": "append",
                "path": "clinical.comorbidities",
                "value": {"code": "J44.9", "share": 0.1},
            }
        ],
    )
    again, _ = refining.refine(new, [{"op": "remove", "path": "clinical.comorbidities[J44.9]"}])

    assert again.profile == both.profile


@pytest.mark.parametrize(
    ("change", "mend"),
    [
        (_set("demographics.agee", 5), "did you mean 'age'"),
        (_set("demographics.gender", {"M": 0.48, "F": 0.48}), "0.04"),
        (_set("agee", 5), "no part of a spec"),
        ({"op": "remove", "path": "clinical.comorbidities[X99.9]"}, "it holds"),
        ({"op": "append", "path": "count", "value": 5}, "append to a list"),
        (_set("journey.steps[quater].times", 3), "did you mean 'quarter'"),
        (_set("journeys[surgery].title", "x"), "diabetic-first-year"),
    ],
)
def test_a_wrong_change_says_how_to_mend_it_and_changes_nothing(
    both: Draft, change: dict[str, object], mend: str
) -> None:
    before = copy.deepcopy(both)
    with pytest.raises(HealthSimError) as caught:
        refining.refine(both, [_set("count", 50), change])

    assert mend in str(caught.value)
    assert both == before


def test_all_problems_are_told_at_once(both: Draft) -> None:
    with pytest.raises(SpecError) as caught:
        refining.refine(both, [_set("count", 0), _set("demographics.gender", {"M": 0.9})])

    assert "count" in str(caught.value)
    assert "gender" in str(caught.value)


def test_every_key_of_a_document_can_be_named_by_its_path() -> None:
    document = {"profile": {"kind": "profile"}, "journeys": [{"kind": "journey"}]}
    for model, first in ((ProfileSpec, "profile"), (JourneySpec, "journeys")):
        unchanged = {"kind", "format", "name", "title", "description", "version", "expectations"}
        for name in model.model_fields.keys() - unchanged - {"reproduces", "allow_unlisted_codes"}:
            pieces, _ = refining.resolve(document, name)
            assert pieces[0] == first, name


def test_alternatives_are_named_by_code_and_joint_draws_can_be_set() -> None:
    profile = templates.load("medicare-diabetic").fresh()
    profile["clinical"]["one_of"] = [{"code": "F32.A", "share": 0.2}]
    profile["attributes"]["bmi"] = {"type": "normal", "mean": 29, "sd": 5}
    groups = [{"when": "gender == 'F'", "count": 20}]
    new, lines = refining.refine(
        Draft(profile=profile),
        [
            {"op": "set", "path": "clinical.one_of[F32.A].share", "value": 0.3},
            {"op": "set", "path": "correlations", "value": [{"between": ["a1c", "bmi"],
                                                             "rank": 0.3}]},
            {"op": "set", "path": "clinical.comorbidities[N18.30]",
             "value": {"code": "N18.30", "exactly": groups}},
        ],
    )  # fmt: skip

    assert "clinical.one_of[F32.A].share: 0.2 -> 0.3" in lines[0]
    assert draft.problems(new) == []


ASKED = "200 Medicare patients with diabetes, left-handed, LDL above 190, in Texas"


@pytest.fixture
def asked() -> Draft:
    return starting.start_profile(ASKED).draft


def _open(spec: Draft) -> list[str]:
    return [wish.words for wish in ledger.unsettled(spec.wishes)]


def test_a_change_for_words_binds_them_to_its_path_with_what_it_set(asked: Draft) -> None:
    assert _open(asked) == ["left-handed", "LDL above 190"]
    share = {"code": "E78.00", "share": 0.2}
    change = {"op": "append", "path": "clinical.comorbidities", "value": share,
              "for": "LDL above 190"}  # fmt: skip
    new, _ = refining.refine(asked, [change])

    assert _open(new) == ["left-handed"]
    (wish,) = [wish for wish in new.wishes if wish.words == "LDL above 190"]
    assert (wish.fate, wish.path) == ("bound", "clinical.comorbidities")
    assert "E78.00" in wish.note
    assert ledger.lost(new.requests, new.wishes) == []


def test_a_part_of_an_open_piece_can_be_bound_and_the_rest_stays_open(asked: Draft) -> None:
    new, _ = refining.refine(asked, [_set("seed", 5) | {"for": "above 190"}])

    assert _open(new) == ["left-handed", "LDL"]
    assert ledger.lost(new.requests, new.wishes) == []


def test_words_of_no_request_are_refused_with_those_that_are_open(asked: Draft) -> None:
    with pytest.raises(HealthSimError, match=r"in none of the requests.*'left-handed'"):
        refining.refine(asked, [_set("seed", 5) | {"for": "right-handed"}])


def test_words_can_be_left_out_on_purpose_one_by_one(asked: Draft) -> None:
    gone = {"op": "remove", "path": "not_understood", "for": "left-handed"}
    new, _ = refining.refine(asked, [gone])

    assert _open(new) == ["LDL above 190"]
    (wish,) = [wish for wish in new.wishes if wish.words == "left-handed"]
    assert (wish.fate, wish.note) == ("ignored", "left out on purpose")


def test_bound_words_can_be_bound_again_elsewhere(asked: Draft) -> None:
    new, _ = refining.refine(asked, [_set("count", 20) | {"for": "200"}])

    (wish,) = [wish for wish in new.wishes if wish.words == "200"]
    assert (wish.path, wish.note) == ("count", "20")
    assert ledger.lost(new.requests, new.wishes) == []


def test_a_path_that_begins_with_nothing_is_answered_with_every_beginning(both: Draft) -> None:
    with pytest.raises(HealthSimError, match="no part of a spec; a path begins, of a ") as caught:
        refining.refine(both, [_set("zzqx.x", 1)])

    named = set(caught.value.problem.mend.replace(";", ",").replace("with ", ",").split(","))
    named = {name.strip() for name in named}
    assert {*refining._OF_PROFILE, *refining._OF_JOURNEY, *refining._HEAD} <= named


@pytest.mark.parametrize(
    ("path", "whole"),
    [
        ("age.mean", "demographics.age.mean"),
        ("sex", "demographics.gender"),
        ("comorbidities[I10].share", "clinical.comorbidities[I10].share"),
        ("conditions[I10].share", "clinical.comorbidities[I10].share"),
        ("plan", "coverage.plan"),
        ("plans.PPO-3000.deductible_usd", "coverage.plans.PPO-3000.deductible_usd"),
        ("location.states", "demographics.location.states"),
        ("states", "demographics.location.states"),
        ("chance", "steps[<id>].chance"),
        ("earliest", "begins.earliest"),
    ],
)
def test_a_path_that_begins_too_deep_is_answered_with_the_whole_path(
    both: Draft, path: str, whole: str
) -> None:
    with pytest.raises(HealthSimError, match="no part of a spec; did you mean ") as caught:
        refining.refine(both, [_set(path, 1)])

    assert caught.value.problem.mend == f"did you mean {whole!r}?"


@pytest.mark.parametrize(
    ("path", "said", "share"),
    [
        ("clinical.comorbidities[I10].share", "25%", 0.25),
        ("demographics.gender", {"F": "60 %", "M": "40 per cent"}, {"F": 0.6, "M": 0.4}),
        ("demographics.location.states", {"TX": "100%"}, {"TX": 1.0}),
    ],
)
def test_a_per_cent_as_text_is_read_where_a_share_stands(
    both: Draft, path: str, said: object, share: object
) -> None:
    _, changed = refining.refine(both, [_set(path, said)])

    assert changed[0].endswith(f"-> {json.dumps(share)}")


def test_a_per_cent_as_text_elsewhere_is_refused_with_the_number_to_write(both: Draft) -> None:
    for path in ("count", "demographics.age.mean"):
        with pytest.raises(SpecError, match=r"'25%' is text.*write 0\.25 for 25%"):
            refining.refine(both, [_set(path, "25%")])


def test_words_that_no_request_has_are_refused_with_their_place_in_the_change(both: Draft) -> None:
    changes = [_set("seed", 1), {**_set("count", 9), "for": "zorblax"}]
    with pytest.raises(HealthSimError, match=r"changes\[1\]\.for: 'zorblax' is in none"):
        refining.refine(both, changes)
