"""What bodies show where a specification says nothing, and the intervals they are judged by."""

from collections import Counter
from datetime import date, timedelta
from statistics import median

import pytest

from execution.running import Document, event, journey, run
from healthsim.building import templates
from healthsim.codes.loinc import ReferenceInterval, reference_intervals
from healthsim.tables import Columns
from template_runs import BIRTHS, charts

PANELS = ("cbc_diff", "anemia_extended", "thyroid_extended", "immunoglobulins")
SINGLE = ("2857-1", "6768-6", "2986-8", "15067-2", "2160-0", "1742-6", "33762-6")


def everybody(count: int) -> Document:
    return {
        "kind": "profile", "mortality": "none",
        "name": "everybody", "seed": 5, "count": count, "as_of": "2025-01-01",
        "through": "2025-12-31", "products": ["patientsim"],
        "demographics": {"age": {"type": "uniform", "low": 0, "high": 90},
                         "gender": {"F": 0.5, "M": 0.5}},
    }  # fmt: skip


def labs() -> Document:
    panels = [event(f"p{place}", "lab", 5, panel=name) for place, name in enumerate(PANELS)]
    single = [event(f"l{place}", "lab", 40, loinc=code) for place, code in enumerate(SINGLE)]
    return journey(*panels, *single)


@pytest.fixture(scope="module")
def tables() -> dict[str, Columns]:
    return run(everybody(1_500), labs())


def months(born: date, day: date) -> int:
    whole = (day.year - born.year) * 12 + day.month - born.month
    return whole - (day.day < born.day)


def each(tables: dict[str, Columns]):
    """Yield (code, sex, months of age, value, low, high, flag) of every result."""
    people, found = tables["patients"], tables["lab_results"]
    sexes = people["gender"].texts()
    start = date(1970, 1, 1)
    known = {
        person: (sex, start + timedelta(born))
        for person, sex, born in zip(
            people["person_id"].tolist(), sexes, people["birth_date"].tolist(), strict=True
        )
    }
    columns = (found[name].tolist() for name in
               ("person_id", "collected_at", "value", "ref_low", "ref_high"))  # fmt: skip
    texts = (found["loinc"].texts(), found["flag"].texts())
    for person, minute, value, low, high, code, flag in zip(*columns, *texts, strict=True):
        sex, born = known[person]
        age = months(born, start + timedelta(minute // 1440))
        yield code, sex, age, value, low, high, flag


def reference_interval(code: str, sex: str, months_old: int) -> ReferenceInterval:
    rows = reference_intervals(code, sex)
    return [row for row in rows if row.from_months <= months_old][-1]


@pytest.mark.slow
def test_every_result_is_judged_by_the_persons_sex_and_age(tables: dict[str, Columns]) -> None:
    judged = Counter()
    for code, sex, age, value, low, high, flag in each(tables):
        mine = reference_interval(code, sex, age)
        assert str((low, high)) == str((mine.ref_low, mine.ref_high)), (code, sex, age)
        if flag is not None:
            assert flag == ("L" if value < low else "H" if value > high else "N")
        judged[flag] += 1
    assert judged["N"] > 10 * (judged["L"] + judged["H"])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("code", "sex", "low", "high"),
    [("718-7", "F", 216, 1200), ("718-7", "M", 216, 1200), ("2160-0", "F", 72, 144),
     ("2986-8", "M", 180, 1200), ("6768-6", "M", 120, 180), ("2857-1", "M", 840, 1200)],
)  # fmt: skip
def test_healthy_people_have_what_is_typical_of_their_sex_and_age(
    tables: dict[str, Columns], code: str, sex: str, low: int, high: int
) -> None:
    values = [value for one, who, age, value, *_ in each(tables)
              if one == code and who == sex and low <= age < high]  # fmt: skip
    mine = reference_interval(code, sex, low)
    mean = sum(values) / len(values)

    assert len(values) > 20
    assert abs(mean - mine.mean) < mine.sd / 2 + 3 * mine.sd / len(values) ** 0.5


@pytest.mark.slow
def test_the_first_people_do_not_change_with_how_many_there_are(
    tables: dict[str, Columns],
) -> None:
    few = run(everybody(100), labs())["lab_results"]
    size = len(few["value"])
    many = tables["lab_results"]
    order = dict(zip(many["lab_result_id"].tolist(), many["value"].tolist(), strict=True))
    assert size == 100 * len([*each(tables)]) / 1_500
    assert all(
        order[row] == value
        for row, value in zip(few["lab_result_id"].tolist(), few["value"].tolist(), strict=True)
    )


def _lactate(*stays: tuple[str, int]) -> dict[str, float]:
    """Return the medians of lactate by stay, of people whose stays for sepsis last four nights."""
    steps = [event(name, "encounter", day, encounter_class="inpatient", diagnoses=["A41.9"],
                   los_days=4) | {"with": [event(f"{name}_lactate", "lab", 0, loinc="2524-7")]}
             for name, day in stays]  # fmt: skip
    adults = {"demographics": {"age": {"type": "uniform", "low": 40, "high": 80}}, "count": 300}
    tables = run(everybody(300) | adults, journey(*steps))
    step_of = dict(zip(tables["events"]["event_id"].tolist(), tables["events"]["step"].texts(),
                       strict=True))  # fmt: skip
    values: dict[str, list[float]] = {}
    labs = tables["lab_results"]
    for number, value in zip(labs["event_id"].tolist(), labs["value"].tolist(), strict=True):
        if number in step_of:  # the others are usual tests of the stays
            values.setdefault(str(step_of[number]), []).append(value)
    return {step: sorted(found)[len(found) // 2] for step, found in values.items()}


def test_who_comes_back_with_an_illness_that_goes_on_shows_it_anew() -> None:
    found = _lactate(("first", 10), ("again", 24))

    assert found["first_lactate"] > 2.5
    assert found["again_lactate"] > 2.5


def test_a_stay_that_goes_on_elsewhere_is_no_relapse() -> None:
    found = _lactate(("first", 10), ("moved", 15))

    assert found["first_lactate"] > 2.5
    assert found["moved_lactate"] < 1.8


def _peptide(*codes: str) -> float:
    """Return the median of NT-proBNP 90 days after these conditions began."""
    profile = everybody(60) | {"problem_list": "none"}
    steps = [event(f"d{place}", "diagnosis", 5, code=code) for place, code in enumerate(codes)]
    found = run(profile, journey(*steps, event("after", "lab", 95, loinc="33762-6")))
    return median(found["lab_results"]["value"].tolist())


def test_what_lasts_of_an_illness_is_still_there_when_its_flare_is_over() -> None:
    healthy, lasting, flared = _peptide(), _peptide("I50.22"), _peptide("I50.23")

    assert lasting > 10 * healthy
    assert flared == lasting


@pytest.mark.slow
def test_a_newborn_has_a_body_of_its_own_and_a_mother_the_one_that_her_profile_states() -> None:
    """A state of the mother's journey is the child's too, but not its weight or pressure."""
    profile = templates.load("commercial-maternity", "profile").fresh() | {
        "count": 12, "products": ["patientsim"], "expectations": [],
    }  # fmt: skip
    steps = templates.load("pregnancy", "journey").fresh() | {"expectations": []}
    weighed = {"weight": {"start": {"type": "normal", "mean": 70, "sd": 9}, "decimals": 1}}
    own = run(profile, steps | {"state": steps["state"] | weighed})
    for tables, least in ((charts(*BIRTHS), 50), (own, 10)):
        signs = tables["vital_signs"]
        columns = (signs["person_id"].tolist(), signs["loinc"].texts(), signs["value"].tolist())
        born = [value for person, code, value in zip(*columns, strict=True)
                if person % 100 >= 50 and code == "29463-7"]  # fmt: skip
        assert len(born) > least
        assert max(born) < 8

    mothers = [row for row in zip(*columns, strict=True) if row[0] % 100 == 1]
    assert 60 < median(value for _, code, value in mothers if code == "29463-7") < 90


def test_urea_nitrogen_is_ten_to_twenty_times_the_creatinine_of_most_adults() -> None:
    tables = run(everybody(400) | {"demographics": {"age": 60, "gender": {"F": 0.5, "M": 0.5}}},
                 journey(event("b", "lab", 5, panel="bmp")))  # fmt: skip
    results = tables["lab_results"]
    by_code: dict[str, dict[int, float]] = {}
    for code, person, value in zip(results["loinc"].texts(), results["person_id"].tolist(),
                                   results["value"].tolist(), strict=True):  # fmt: skip
        by_code.setdefault(code, {})[person] = value
    ratios = [value / by_code["2160-0"][person] for person, value in by_code["3094-0"].items()]

    assert 14 < median(ratios) < 18
    assert sum(10 <= ratio <= 22 for ratio in ratios) > 0.8 * len(ratios)
    assert max(ratios) < 40


def test_creatinine_does_not_rise_by_half_in_an_illness_without_kidney_injury() -> None:
    ill = [event(f"ill_{place}", "diagnosis", 40, code=code)
           for place, code in enumerate(("A41.9", "E86.0", "R57.0"))]  # fmt: skip
    steps = [event("before", "lab", 35, panel="bmp"), *ill, event("ill", "lab", 40, panel="bmp")]
    results = run(everybody(300), journey(*steps))["lab_results"]
    rows = zip(*(column.texts() if hasattr(column, "texts") else column.tolist() for column in
                 (results[name] for name in ("loinc", "person_id", "collected_at", "value"))),
               strict=True)  # fmt: skip
    found: dict[int, list[float]] = {}
    for _, person, _, value in sorted(row for row in rows if row[0] == "2160-0"):
        found.setdefault(person, []).append(value)
    rises = [after / before for before, after in found.values()]

    assert median(rises) > 1.05
    assert max(rises) < 1.5


def test_a_weight_that_a_state_holds_is_the_same_whoever_measures_it() -> None:
    """An attribute of body surface makes people taller; a weight is that of their own height."""
    stature = {"type": "normal", "mean": 2.1, "sd": 0.1, "low": 1.8, "high": 2.5}
    profile = {**everybody(60), "attributes": {"bsa": stature},
               "demographics": {"age": {"type": "uniform", "low": 40, "high": 70}}}  # fmt: skip
    measured = event("own", "vital", 1, loinc="29463-7", result={"from": "weight"})
    usual = event("usual", "vital", 3, loinc="29463-7")
    found = run(profile, journey(measured, usual, state={"weight": {"start": "body"}}))[
        "vital_signs"
    ]
    days, values = found["measured_at"] // 1440, found["value"]
    first = days == days.min()
    assert first.sum() == len(values) - first.sum() == 60
    assert (abs(values[~first] / values[first] - 1) < 0.05).all()
