"""Joint draws of a profile: alternatives, implied conditions, correlated attributes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.stats import kstest, spearmanr

from execution.running import Document, diabetic, listed, run, within_three_errors
from execution.test_cohort import MANY, coded, of, with_
from healthsim.errors import SpecError
from healthsim.execution.cohort.cohort import draw_parts, drawing_order
from healthsim.execution.cohort.drawing import CohortPlan
from healthsim.execution.cohort.population_measures import PopulationMeasures
from healthsim.execution.people.draws import Draws
from healthsim.execution.prepare import prepare
from healthsim.specification.document import read
from healthsim.specification.profiles.profile import ProfileSpec

GRAVE = [{"code": "C50.912", "share": 0.2}, {"code": "C61", "share": 0.3},
         {"code": "C34.90", "share": 0.25}]  # fmt: skip
BMI = {"type": "normal", "mean": 29, "sd": 5, "low": 16, "high": 60}
SBP = {"type": "gamma", "mean": 132, "sd": 16}


def attributes(profile: Document, count: int = MANY) -> dict[str, np.ndarray]:
    """The numeric attributes of a profile's people, as they are drawn."""
    spec = read(ProfileSpec, {**profile, "count": count}, "profile")
    sketch = draw_parts(
        CohortPlan(spec, drawing_order(spec), (), PopulationMeasures(spec)),
        Draws(spec.seed, 0, count, count),
    )
    return {name: np.asarray(sketch.values[name]) for name in spec.attributes}


def correlated(*pairs: tuple[str, str, float], **spreads: Any) -> Document:
    profile = with_()
    profile["attributes"] = {"bmi": BMI, "sbp": SBP, "age_at_menarche": 12, **spreads}
    profile["correlations"] = [{"between": [one, other], "rank": rank}
                               for one, other, rank in pairs]  # fmt: skip
    return profile


def rank_error(rho: float) -> float:
    """Three standard errors of Spearman's rank correlation, by Fisher (Bonett and Wright 2000)."""
    return float(3 * (1 - rho**2) * ((1 + rho**2 / 2) / (MANY - 3)) ** 0.5)


def refused(profile: Document) -> str:
    with pytest.raises(SpecError) as caught:
        prepare(profile)
    return str(caught.value)


def test_nobody_has_two_alternatives_and_shares_are_of_those_who_can() -> None:
    profile = of(with_(one_of=GRAVE), gender={"M": 0.5, "F": 0.5})
    tables = run(profile)
    gender = dict(listed(tables["patients"], "person_id", "gender"))
    codes = {"C50.912", "C61", "C34.90"}
    held = {person: found & codes for person, found in coded(tables).items()}
    men = [person for person, sex in gender.items() if sex == "M"]

    assert max(len(found) for found in held.values()) == 1
    assert within_three_errors(sum("C34.90" in found for found in held.values()), MANY, 0.25)
    assert within_three_errors(sum("C61" in held[person] for person in men), len(men), 0.3)
    assert not any("C61" in held[person] for person in gender.keys() - set(men))


def test_several_groups_of_alternatives_are_independent() -> None:
    groups = [GRAVE[2:], [{"code": "F32.A", "share": 0.4}, {"code": "F41.9", "share": 0.6}]]
    held = list(coded(run(with_(one_of=groups))).values())
    both = sum({"C34.90", "F32.A"} <= found for found in held)

    assert all(("F32.A" in found) != ("F41.9" in found) for found in held)
    assert within_three_errors(both, MANY, 0.25 * 0.4)


def test_balanced_alternatives_are_met_exactly() -> None:
    profile = {**with_(one_of=[{"code": "F32.A", "share": 0.37}, {"code": "F41.9", "share": 0.5}]),
               "sampling": "balanced", "count": 200}  # fmt: skip
    held = list(coded(run(profile)).values())

    assert sum("F32.A" in found for found in held) == 74
    assert sum("F41.9" in found for found in held) == 100


def test_whoever_has_a_condition_has_what_it_implies() -> None:
    profile = with_(comorbidities=[
        {"code": "E78.5", "share": 0.1},
        {"code": "I25.10", "share": 0.3, "implies": ["E78.5", "I10"]},
    ])  # fmt: skip
    held = list(coded(run(profile)).values())
    heart = [found for found in held if "I25.10" in found]
    others = [found for found in held if "I25.10" not in found]

    assert within_three_errors(len(heart), MANY, 0.3)
    assert all({"E78.5", "I10"} <= found for found in heart)
    assert not any("I10" in found for found in others)
    assert within_three_errors(sum("E78.5" in found for found in others), len(others), 0.1)


def test_what_implies_another_that_implies_a_third_has_all_three() -> None:
    profile = with_(comorbidities=[
        {"code": "I10", "share": 0.1, "implies": ["E78.5"]},
        {"code": "I25.10", "share": 0.2, "implies": ["I10"]},
    ])  # fmt: skip
    held = list(coded(run(profile)).values())

    assert all({"I10", "E78.5"} <= found for found in held if "I25.10" in found)


def test_a_condition_that_implies_another_moves_nothing_else() -> None:
    heart = {"code": "I25.10", "share": 0.3}
    one = run(with_(comorbidities=[heart, {"code": "F41.9", "share": 0.2}]))
    other = run(with_(comorbidities=[{**heart, "implies": ["E78.5"]},
                                     {"code": "F41.9", "share": 0.2}]))  # fmt: skip
    kept = [row for row in listed(other["conditions"]) if "E78.5" not in row]

    assert kept == listed(one["conditions"])
    assert listed(one["patients"]) == listed(other["patients"])


@pytest.mark.parametrize("rank", [-0.9, -0.3, 0.0, 0.4, 0.95])
def test_the_rank_correlation_is_the_one_that_is_specified(rank: float) -> None:
    found = attributes(correlated(("bmi", "sbp", rank)))

    assert abs(spearmanr(found["bmi"], found["sbp"]).statistic - rank) <= rank_error(rank)


def test_only_the_second_moves_and_both_keep_their_distribution() -> None:
    alone, both = attributes(correlated()), attributes(correlated(("bmi", "sbp", 0.6)))
    fourth = (132 / 16) ** 2

    assert (both["bmi"] == alone["bmi"]).all()
    assert (both["sbp"] != alone["sbp"]).mean() > 0.9
    assert kstest(both["sbp"], "gamma", args=(fourth, 0, 132 / fourth)).statistic < (
        1.63 / MANY**0.5  # the one in a hundred of Kolmogorov's test
    )


def test_three_attributes_are_correlated_as_specified_for_each_pair() -> None:
    asked = (("bmi", "sbp", 0.4), ("bmi", "glucose", 0.5), ("sbp", "glucose", 0.3))
    found = attributes(correlated(*asked, glucose={"type": "lognormal", "mean": 110, "sd": 30}))

    for one, other, rank in asked:
        assert abs(spearmanr(found[one], found[other]).statistic - rank) <= rank_error(rank)


def test_attributes_that_both_go_with_a_third_need_not_go_together() -> None:
    spread = {"type": "lognormal", "mean": 110, "sd": 30}
    found = attributes(correlated(("bmi", "glucose", 0.5), ("sbp", "glucose", 0.5), glucose=spread))

    assert abs(spearmanr(found["bmi"], found["sbp"]).statistic) <= rank_error(0)
    assert abs(spearmanr(found["sbp"], found["glucose"]).statistic - 0.5) <= rank_error(0.5)


def test_within_each_case_of_a_condition_the_correlation_holds() -> None:
    by_sex = {"type": "conditional", "cases": [{"when": "gender == 'F'", "then": SBP}],
              "otherwise": {**SBP, "mean": 300}}  # fmt: skip
    profile = of(correlated(("bmi", "sbp", 0.5), sbp=by_sex), gender={"F": 1})
    found = attributes(profile)

    assert abs(spearmanr(found["bmi"], found["sbp"]).statistic - 0.5) <= rank_error(0.5)


@pytest.mark.slow
def test_correlated_attributes_are_the_same_in_any_chunks() -> None:
    profile = correlated(("bmi", "sbp", 0.6))
    profile["count"] = 16
    share = {"type": "conditional", "cases": [{"when": "sbp > 130", "then": 1}], "otherwise": 0}
    profile["clinical"] |= {"comorbidities": [{"code": "I10", "share": share}], "one_of": GRAVE}
    whole = run(profile)

    for size in (1, 7):
        assert listed(run(profile, size=size)["conditions"]) == listed(whole["conditions"])


@pytest.mark.parametrize(
    ("profile", "words"),
    [
        (correlated(("bmi", "sbp", 1.0)), "correlations[0].rank"),
        (correlated(("bmi", "sbpp", 0.5)), "did you mean 'sbp'"),
        (correlated(("bmi", "bmi", 0.5)), "names 'bmi' twice"),
        (correlated(("bmi", "sbp", 0.5), ("sbp", "bmi", 0.5)), "correlations[1]: is given twice"),
        (correlated(("bmi", "sbp", 0.5), ("sbp", "x", 0.5), ("x", "bmi", 0.5), x=BMI),
         "form a cycle"),
        (correlated(("bmi", "x", 0.9), ("sbp", "x", 0.9), x=BMI),
         "x cannot be correlated with bmi and sbp so strongly at once"),
        (correlated(("bmi", "age_at_menarche", 0.5)),
         "cannot be correlated: it is of type constant"),
        (correlated(("bmi", "x", 0.5), x={"type": "explicit", "values": [3, 1, 2]}),
         "of type explicit"),
        (correlated(("bmi", "x", 0.5), x={"a": 1}), "of type categorical"),
        (correlated(("bmi", "sbp", 0.5), sbp={"type": "conditional", "cases": [
            {"when": "bmi > 30", "then": 140}], "otherwise": 120}),
         "sbp is conditional on bmi already"),
        (with_(one_of=[{"code": "F32.A", "share": 0.6}, {"code": "F41.9", "share": 0.5}]),
         "shares add up to 1.1, more than 1; lower them by 0.1"),
        (with_(one_of=[{"code": "F32.A", "share": 0.6}], comorbidities=[
            {"code": "F32.A", "share": 0.5}]), "F32.A is also clinical.comorbidities[F32.A]"),
        (with_(one_of=[{"code": "E10.9", "share": 0.6}]), "E10.9 excludes E11.9"),
        (with_(one_of=[{"code": "F32.Z", "share": 0.6}]), "one_of[0][0].code"),
        (with_(one_of=[{"code": "F32.A"}]), "one_of[0].share: is missing"),
        (with_(comorbidities=[{"code": "I10", "share": 0.5, "implies": ["E11.9"]}]),
         "E11.9 is the primary condition"),
        (with_(comorbidities=[{"code": "I10", "share": 0.5, "implies": ["E10.9"]}]),
         "E11.9 excludes E10.9"),
        (with_(comorbidities=[{"code": "I10", "share": 0.5, "implies": ["E78.5"]},
                              {"code": "E78.5", "exactly": 5}]), "E78.5 has an exact count"),
        (with_(comorbidities=[{"code": "I10", "share": 0.5, "implies": ["E78.5"]},
                              {"code": "E78.5", "share": 0.1, "implies": ["I10"]}]),
         "parts need each other"),
        (with_(comorbidities=[{"code": "I10", "share": 0.5, "implies": ["C34.90"]}], one_of=GRAVE),
         "take it out of one_of"),
        (with_(comorbidities=[{"code": "I10", "share": 0.5, "implies": ["Q99.X"]}]), "implies"),
    ],
)  # fmt: skip
def test_joint_draws_that_cannot_be_are_refused(profile: Document, words: str) -> None:
    assert words in refused({**profile, "count": 50})


def test_attributes_are_those_of_the_whole_profile() -> None:
    assert attributes(diabetic()).keys() == diabetic()["attributes"].keys()
