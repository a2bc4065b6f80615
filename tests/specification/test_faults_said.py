"""Errors of unions and unknown keys: of one branch only, with the keys of that very place."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import healthsim
from execution.running import attempted, diabetic, event, journey, lab, listed, run, visit
from healthsim.errors import Problem, SpecError, alike, near, nearest
from healthsim.specification.document import read
from healthsim.specification.journeys.journey import JourneySpec
from healthsim.specification.profiles.profile import ProfileSpec


def problems(document: dict[str, Any]) -> tuple[Problem, ...]:
    model = JourneySpec if document.get("kind") == "journey" else ProfileSpec
    with pytest.raises(SpecError) as caught:
        read(model, document)
    return caught.value.problems


def lines(document: dict[str, Any]) -> list[str]:
    return [str(problem).removeprefix("phases[0].steps[0].") for problem in problems(document)]


def with_result(result: object) -> dict[str, Any]:
    return journey(event("a1c", "lab", 0, loinc="4548-4", result=result))


def test_of_a_union_only_the_branch_of_the_values_type_is_reported() -> None:
    said = lines(with_result({"type": "lognormal", "median": 7, "sigma": 0.2}))

    assert said == [
        "details.result.mean: is missing; add it",
        "details.result.sd: is missing; add it",
        "details.result.median: unknown key 'median'; did you mean 'mean'? the keys here are "
        "mean, decimals, sd, low, high, type",
        "details.result.sigma: unknown key 'sigma'; did you mean 'sd'?",
    ]


@pytest.mark.parametrize(
    ("result", "said"),
    [
        ({"frm": "a1c"}, ["from: is missing", "did you mean 'from'?"]),
        ({"type": "state", "from": "a1c"}, ["unknown key 'type'", "the keys here are from, noise"]),
        ({"noise": 0.1}, ["from: is missing"]),
        ({"mean": 7, "sd": 1}, ['has no "type"; add one: normal']),
        ({"a": 0.5, "b": 0.6}, ["weights add up to 1.1"]),
        (
            {"type": "norml", "mean": 7, "sd": 1},
            ["unknown type 'norml'; did you mean 'normal'?"],
        ),
        ("a1c", ["'a1c' is not a distribution"]),
    ],
)
def test_of_a_union_only_the_branch_that_the_keys_fit_is_reported(
    result: object, said: list[str]
) -> None:
    reported = "\n".join(lines(with_result(result)))

    assert all(piece in reported for piece in said), reported
    assert len(reported.splitlines()) <= 2, reported


@pytest.mark.parametrize(
    ("begins", "said"),
    [
        ("brith", ["begins: is 'brith'; did you mean 'birth'? use 'birth'"]),
        (5, ["begins: is 5; give an object with earliest, latest, or use 'birth'"]),
        ({"earliest": "2025-01-01"}, ["begins.latest: is missing; add it"]),
        ({"earliest": "2025-01-01", "latest": "x"}, ["begins.latest: is 'x'; "]),
    ],
)
def test_a_value_of_no_branchs_kind_is_answered_with_every_branch(
    begins: object, said: list[str]
) -> None:
    reported = lines(journey(visit("v"), begins=begins))

    assert len(reported) == len(said)
    assert all(one.startswith(start) for one, start in zip(reported, said, strict=True)), reported


def test_codes_and_objects_in_one_list_are_each_answered_in_their_own_form() -> None:
    step = event("v", "encounter", 0, procedures=["99213", {"cod": "99214"}, "office"],
                 diagnoses=["E11.9", {"code": "I10", "wen": "age > 3"}])  # fmt: skip
    said = lines(journey(step))

    assert [one.partition(":")[0] for one in said] == [
        "details.diagnoses[1].wen",
        "details.procedures[1].code",
        "details.procedures[1].cod",
        "details.procedures[2]",
    ]
    assert "did you mean 'when'?" in said[0]
    assert "pattern" in said[3]


def test_an_unknown_key_lists_the_keys_of_its_place_the_nearest_first() -> None:
    step = event("rx", "prescription", 0, drug="metformin 500 mg tablet", supply_of_days=30)
    (said,) = lines(journey(step))

    assert said == (
        "details.supply_of_days: unknown key 'supply_of_days'; the keys here are "
        "days_supply, drug, quantity, dose, refills, first_fill_share, adherence, discontinuation, "
        "replaces"
    )


def test_a_key_for_what_is_not_built_says_so_and_what_is_nearest() -> None:
    step = event("rx", "prescription", 0, drug="metformin 500 mg tablet", reversal_share=0.04)
    (said,) = lines(journey(step))

    assert "reversed fills: partly built (table fills.reversed_date)" in said
    assert said.endswith(
        "; the keys here are first_fill_share, drug, days_supply, quantity, dose, refills, "
        "adherence, discontinuation, replaces"
    )


@pytest.mark.parametrize(
    ("path", "keys"),
    [
        (("coverage", "secondary"), "the keys here are plan, plans"),
        (("demographics", "sexes"), "the keys here are age, "),
        (("clinical", "diagnoses"), "the keys here are "),
    ],
)
def test_an_unknown_key_of_a_profile_is_answered_with_the_keys_beside_it(
    path: tuple[str, str], keys: str
) -> None:
    document = diabetic()
    document[path[0]] = {**document[path[0]], path[1]: 1}
    (problem,) = problems(document)

    assert problem.where == ".".join(path)
    assert keys in problem.mend
    assert "duration_days" not in problem.mend


def test_a_key_that_is_known_elsewhere_is_answered_with_the_keys_of_its_own_place() -> None:
    (problem,) = problems(diabetic(count=3, duration_days=5))

    assert problem.found == "unknown key 'duration_days'"
    assert "the keys here are " in problem.mend


@pytest.mark.parametrize(
    ("step", "said"),
    [
        (event("x", "labs"), "type 'labs' is not a known step; use type: lab"),
        ({"do": "repeet", "id": "x"}, "do 'repeet' is not a known step; use do: repeat"),
        ({"id": "x"}, "has no type, so it is not a known step; use do: event (with type "),
    ],
)
def test_an_unknown_step_is_answered_with_the_nearest_kind(step: dict[str, Any], said: str) -> None:
    (problem,) = problems(journey(step))

    assert f"{problem.found}; {problem.mend}".startswith(said)


def test_a_word_that_is_misspelt_is_suggested_before_all_the_others() -> None:
    (said,) = lines(journey(visit("v", encounter_class="offce")))

    assert said.startswith("details.encounter_class: is 'offce'; did you mean 'office'? use ")


def test_an_object_where_a_text_is_wanted_and_a_list_where_an_object_is_say_which() -> None:
    said = [
        *lines(journey(lab("a", 0) | {"details": []})),
        *lines(journey(visit("v") | {"id": {}})),
    ]

    assert said[0].startswith("details: is a list; give an object with loinc, panel, ")
    assert said[1].startswith("id: is an object; ")


def test_the_word_alone_comes_before_words_that_only_look_alike() -> None:
    known = ["neurosurgery", "orthopedic surgery", "general surgery"]

    assert alike("surgery", known) == ["general surgery", "orthopedic surgery", "neurosurgery"]
    assert alike("neurosurgry", known)[0] == "neurosurgery"
    assert near("surgery", known).startswith("did you mean 'general surgery' or ")


def test_names_that_share_a_word_come_before_names_that_share_none() -> None:
    keys = ["drug", "quantity", "first_fill_share", "days_supply"]

    assert nearest("reversal_share", keys)[0] == "first_fill_share"
    assert nearest("zzz", keys) == keys


@pytest.mark.parametrize(
    ("step", "said"),
    [
        ({**visit("v"), "probability": 0.3}, "did you mean 'chance'? the keys here are chance, "),
        ({**visit("v"), "hazard": {"share": 0.1, "within_days": 9, "rate": 1}},
         "did you mean 'share' or 'per_year'? the keys here are share, per_year, "),
        ({**visit("v"), "at": {"days": 3}}, "did you mean 'day'? the keys here are day, "),
        (event("v", "prescription", medication="metformin 500 mg tablet"), "did you mean 'drug'?"),
        (event("v", "lab", loinc="4548-4", code="4548-4"), "did you mean 'loinc'?"),
        (event("v", "medication"), "use type: prescription"),
        (event("v", "vaccine"), "use type: immunization"),
    ],
)  # fmt: skip
def test_a_key_that_is_called_so_elsewhere_is_answered_with_its_name_here(
    step: dict[str, Any], said: str
) -> None:
    assert any(said in line for line in lines(journey(step)))


@pytest.mark.parametrize(
    ("document", "said"),
    [
        (diabetic(location={"states": {"TX": 1}}), "it belongs at demographics.location;"),
        (journey(visit("v", chance=0.3)), "it belongs at phases[0].steps[0].chance;"),
        (journey(visit("v"), variance_days=3), "the keys here are "),
    ],
)
def test_a_key_that_stands_too_high_or_too_deep_is_sent_to_its_place(
    document: dict[str, Any], said: str
) -> None:
    assert any(said in line for line in lines(document))


def test_a_second_unknown_key_of_a_place_does_not_list_its_keys_again() -> None:
    said = lines(journey(visit("v", zzz=1, xyzzy=2)))

    assert "the keys here are encounter_class" in said[0]
    assert said[1] == "details.xyzzy: unknown key 'xyzzy'; its keys are listed above"


def test_a_list_that_is_wanted_is_asked_for_in_plain_words() -> None:
    (problem,) = problems(diabetic(clinical={"comorbidities": {"I10": 0.3}}))

    assert str(problem).startswith(
        "clinical.comorbidities: is an object; give a list of objects with share, "
    )


def test_a_key_of_a_million_letters_is_answered_at_once() -> None:
    (problem,) = problems(diabetic(**{"x" * 1_000_000: 1}))

    assert problem.mend.startswith("the keys here are ")


@pytest.mark.parametrize(
    ("age", "mend"),
    [
        ({"min": 65, "max": 85}, 'for numbers write {"type": "uniform", "low": …, "high": …}'),
        ({"mu": 70, "std": 8, "min": 65},
         'for numbers write {"type": "normal", "mean": …, "sd": …, "low": …}'),
        ({"min": 65, "old": 85}, "take away 149"),
        ({"a": 0.5, "max": 0.6}, "take away 0.1"),
    ],
)  # fmt: skip
def test_numbers_by_other_names_and_without_a_type_are_answered_with_their_distribution(
    age: dict[str, float], mend: str
) -> None:
    (problem,) = problems(diabetic(demographics={"age": age}))

    assert problem.mend.startswith(mend)


@pytest.mark.parametrize("begins", ["2025", "2025-03-01", "Birth"])
def test_where_a_word_or_an_object_may_stand_both_are_offered(begins: str) -> None:
    reported = "\n".join(lines(journey(event("v", "lab", 0, loinc="4548-4")) | {"begins": begins}))

    assert 'use \'birth\', or {"earliest": "2025-01-01", "latest": "2025-12-31"}' in reported


@pytest.mark.parametrize(
    ("weights", "said"), [([35, 65], "write 0.35 for 35 %"), ([0.3, 0.6], "change them by +0.1")]
)
def test_weights_of_options_in_per_cent_are_answered_so(weights: list[float], said: str) -> None:
    options = [{"name": f"way-{weight:g}", "weight": weight, "steps": []} for weight in weights]
    branch = {"do": "branch", "id": "split", "at": 1, "options": options}

    assert said in "\n".join(lines(journey(branch)))


def test_the_death_step_that_is_suggested_makes_the_status_that_was_stated() -> None:
    stay = event("stay", "encounter", 3, encounter_class="inpatient", los_days=4,
                 disposition={"01": 0.5, "20": 0.5})  # fmt: skip
    said = attempted(diabetic(count=200), journey(stay))
    assert isinstance(said, str)
    dies = json.loads(said[said.index('{"do"') : said.rindex("}") + 1])
    dies["at"]["after"], dies["chance"] = "stay", 0.5
    del stay["details"]["disposition"]
    tables = run(diabetic(count=200), journey(stay, dies))
    died = {person for person, kind in listed(tables["events"], "person_id", "type")
            if kind == "death"}  # fmt: skip
    with_20 = {person for person, code in listed(tables["encounters"], "person_id", "disposition")
               if code == "20"}  # fmt: skip

    assert 70 < len(died) < 130
    assert with_20 == died


@pytest.mark.slow
def test_a_process_that_has_checked_nothing_before_knows_the_keys_of_inner_steps_too() -> None:
    document = journey(visit("v", 0) | {"with": [{"id": "a1c", "type": "lab", "detials": {}}]})
    script = (
        "import json, sys\n"
        "from healthsim.errors import SpecError\n"
        "from healthsim.specification.document import read\n"
        "from healthsim.specification.journeys.journey import JourneySpec\n"
        "try: read(JourneySpec, json.load(sys.stdin))\n"
        "except SpecError as error: print(error)\n"
    )
    env = {**os.environ, "PYTHONPATH": str(Path(healthsim.__file__).parents[1])}
    done = subprocess.run(
        [sys.executable, "-c", script], input=json.dumps(document), capture_output=True, text=True,
        env=env, check=True,
    )  # fmt: skip

    assert "with[0].detials: unknown key 'detials'; did you mean 'details'?" in done.stdout
