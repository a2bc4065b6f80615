"""Every template is valid, runs, says where its figures come from, and keeps its calibration."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from golden import runs as golden
from healthsim.codes.procedures import procedure_system
from healthsim.dates import NO_DAY
from healthsim.medicine.charted import NO, charted
from healthsim.medicine.studies import procedure_words
from healthsim.persistence.database import open_read
from healthsim.persistence.scenario import read_manifest
from healthsim.tables import Columns
from template_runs import (
    AUDITED,
    DAILY,
    FILES,
    JOURNEYS,
    SHELF,
    TOGETHER,
    broken_rules,
    equals,
    load,
    missed,
    rows_of,
    run,
    stored,
)

PEOPLE = {"oncology-treatment-cycle": 80, "ckd-lifecycle": 100, "care-transition": 150,
          "pregnancy": 150, "phase-3-trial": 500}  # fmt: skip
"""People of a pair whose journey has more rows than others, or rarer ones; 300 of any other."""
EXPECTED = {"annual-wellness", "diabetic-first-year", "new-member-onboarding",
            "pediatric-asthma-year", "statin-adherence"}  # fmt: skip
"""Journeys whose expectations are asked each day. `make proofs` asks those of the others too: their
rows are pinned each day, and what these came to does not change without them."""
SECTIONS = (SHELF / "README.md").read_text(encoding="utf-8").split("\n## ")


def _figures(value: Any, key: str = "") -> Iterator[float]:
    """Yield every share, mean and sd of a specification."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _figures(inner, name)
    elif isinstance(value, list):
        for inner in value:
            yield from _figures(inner, key)
    elif (
        isinstance(value, int | float)
        and not isinstance(value, bool)
        and (key in ("mean", "sd") or 0 < value < 1)
    ):
        yield abs(value)


def _section(name: str) -> str:
    return next(part for part in SECTIONS if part.startswith(f"{name}\n"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_template_is_written_canonically_and_named_as_its_file(path: Path) -> None:
    text = path.read_bytes().decode()
    document = json.loads(text)

    assert text == json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    assert document["name"] == path.stem
    assert document["kind"] == path.parent.name.removesuffix("s")
    assert document["title"]
    assert document["description"]


@pytest.mark.slow
def test_every_template_is_run_with_another() -> None:
    named = {name for pair in DAILY for name in pair}
    named |= {name for profile, journeys in TOGETHER for name in (profile, *journeys)}

    assert named == {path.stem for path in FILES}


@pytest.mark.slow
@pytest.mark.parametrize(("profile", "journey"), [
    pair if pair[1] in EXPECTED else pytest.param(*pair, marks=pytest.mark.proof) for pair in DAILY
])  # fmt: skip
def test_a_journey_comes_out_as_it_and_the_profile_expect(profile: str, journey: str) -> None:
    """`make proofs` runs every pair with 1,000 people."""
    assert missed(profile, journey, PEOPLE.get(journey, 300)) == []


@pytest.mark.slow
@pytest.mark.parametrize(("profile", "journeys"), AUDITED, ids=str)
def test_a_run_that_is_audited_gives_the_rows_that_are_pinned(
    profile: str, journeys: tuple[str, ...]
) -> None:
    name, found = golden.named(profile, journeys), golden.digests_of(profile, journeys)
    kept = {name: golden.pinned()[name]}

    assert golden.changes(kept, {name: found}) == [], golden.MEND
    assert found == kept[name], golden.MEND


@pytest.mark.slow
@pytest.mark.proof
@pytest.mark.parametrize(("profile", "journeys"), AUDITED, ids=str)
def test_a_stored_run_breaks_no_rule_of_the_audit_and_walks_every_journey(
    profile: str, journeys: tuple[str, ...], tmp_path: Path
) -> None:
    """Of runs of templates `make test` audits the demo's and that of `test_members_audited.py`."""
    file = stored(tmp_path, profile, journeys, golden.PEOPLE)
    with open_read(file) as connection:
        walked = connection.execute("SELECT DISTINCT journey FROM events").fetchall()
        made = read_manifest(connection, file)

    assert {journey for (journey,) in walked} == set(journeys)
    assert made.digest == golden.pinned()[golden.named(profile, journeys)][golden.ALL]
    assert broken_rules(file) == []


@pytest.mark.slow
@pytest.mark.proof
def test_no_rule_of_the_audit_is_broken_where_all_have_chemotherapy(tmp_path: Path) -> None:
    profile, journey = "oncology-trial-candidates", "oncology-treatment-cycle"

    assert broken_rules(stored(tmp_path, profile, (journey,), 6)) == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_share_and_mean_has_its_source_in_the_readme(path: Path) -> None:
    section = _section(path.stem)
    missing = [
        figure
        for figure in dict.fromkeys(f"{figure:g}" for figure in _figures(load(path.stem)))
        if not re.search(rf"(?<![\d.]){re.escape(figure)}(?!\d|\.\d)", section)
    ]

    assert missing == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_figure_of_the_readme_is_sourced_with_its_year_or_called_an_assumption(
    path: Path,
) -> None:
    lines = [line for line in _section(path.stem).splitlines() if line.startswith("| ")][1:]
    bare = [
        line
        for line in lines
        if not re.search(r"\b(19|20)\d\d\b", line.split("|")[3])
        and not any(mark in line.split("|")[4] for mark in "AMD")
    ]
    silent = [
        line for line in lines if line.split("|")[4].strip() == "A" and "the user's" not in line
        and "assumption" not in line and "definition" not in line and "reference user" not in line
    ]  # fmt: skip

    assert len(lines) >= 8
    assert bare == []
    assert silent == []


def _billed(value: Any) -> Iterator[str]:
    """Yield the codes of procedures that encounters list."""
    if isinstance(value, dict):
        for one in value.get("procedures") or ():
            yield one if isinstance(one, str) else one["code"]
    for inner in value.values() if isinstance(value, dict) else value:
        if isinstance(inner, dict | list):
            yield from _billed(inner)


def test_what_a_template_bills_and_the_chart_holds_has_words() -> None:
    codes = {code for name in JOURNEYS for code in _billed(load(name)["phases"])}
    bare = [code for code in codes if charted(code) != NO
            and procedure_words(procedure_system(code) or "", code) is None]  # fmt: skip

    assert len(codes) > 60
    assert sorted(bare) == []


@pytest.fixture(scope="module")
def reference_pair() -> dict[str, Columns]:
    """Return the rows of 4,000 people of the pair that the reference user asks for."""
    return run("medicare-diabetic", ("diabetic-first-year",), 4_000)


@pytest.mark.slow
def test_22_percent_take_a_second_agent_at_six_months_because_their_a1c_is_above_8(
    reference_pair: dict[str, Columns],
) -> None:
    tables = reference_pair
    events, labs = tables["events"], tables["lab_results"]
    second = equals(events["option"], "second agent")
    at_six_months = equals(events["step"], "a1c") & (events["occurrence"] == 2)
    ids = events["event_id"]
    results = labs["value"][np.isin(labs["event_id"], ids[at_six_months])]
    of_whom = labs["person_id"][np.isin(labs["event_id"], ids[at_six_months])]

    assert abs(second.sum() / 4_000 - 0.22) < 0.02  # three standard errors, each 0.0065
    assert np.array_equal(
        np.sort(events["person_id"][second]), np.sort(of_whom[results > 8.0])
    )  # exactly those, and for this reason


@pytest.mark.slow
def test_the_reference_pair_has_visits_and_labs_enough_and_rows_not_too_many(
    reference_pair: dict[str, Columns],
) -> None:
    per_person = {name: rows_of(columns) / 4_000 for name, columns in reference_pair.items()}
    patients = reference_pair["patients"]
    alive = patients["person_id"][patients["death_date"] == NO_DAY]
    theirs = {name: np.isin(reference_pair[name]["person_id"], alive).sum() / len(alive)
              for name in ("encounters", "lab_results")}  # fmt: skip

    assert len(alive) > 3_600
    assert theirs["encounters"] >= 4
    assert theirs["lab_results"] >= 8
    assert 30 <= per_person["vital_signs"] <= 33  # about eight signs of four visits
    assert 4 <= per_person["accumulator_events"] <= 6  # a movement or more where money is shared
    assert 6 <= per_person["prescription_drug_events"] <= per_person["fills"]
    apart = ("vital_signs", "accumulator_events", "prescription_drug_events")
    assert 80 <= sum(per_person.values()) - sum(map(per_person.__getitem__, apart)) <= 100


@pytest.mark.slow
def test_lipids_of_one_draw_obey_their_relation() -> None:
    labs = run("medicare-diabetic", ("diabetic-first-year",), 500, ["patientsim"])["lab_results"]
    mine = [equals(labs["loinc"], code) for code in ("13457-7", "2085-9", "2093-3", "2571-8")]
    ldl, hdl, total, triglycerides = (
        labs["value"][rows][np.argsort(labs["event_id"][rows])] for rows in mine
    )

    assert len(ldl) == len(total) == len(triglycerides)
    vldl = np.round(np.where(triglycerides > 400, triglycerides / 8, triglycerides / 5))
    assert (total == ldl + hdl + vldl).all()


@pytest.fixture(scope="module")
def wellness() -> dict[str, Columns]:
    """Return the charts of 2,000 people of all in Medicare who come for their yearly visit."""
    return run("medicare-general", ("annual-wellness",), 2_000, ["patientsim"])


@pytest.mark.slow
def test_bloods_of_a_wellness_visit_agree_with_the_chart_and_each_other(
    wellness: dict[str, Columns],
) -> None:
    labs, conditions = wellness["lab_results"], wellness["conditions"]
    mine = {
        code: equals(labs["loinc"], code) for code in ("98979-8", "2160-0", "13457-7", "2093-3")
    }
    egfr, creatinine, ldl, total = (
        labs["value"][rows][np.argsort(labs["event_id"][rows])] for rows in mine.values()
    )
    kidneys = conditions["person_id"][equals(conditions["code"], "N18.30")]
    theirs = mine["98979-8"] & np.isin(labs["person_id"], kidneys)

    assert theirs.sum() > 50
    assert (labs["value"][theirs] >= 30).all()
    assert (labs["value"][theirs] < 60).all()
    assert np.corrcoef(np.log(creatinine), np.log(egfr))[0, 1] < -0.85
    assert (total > ldl + 22).all()


@pytest.mark.slow
def test_images_alone_open_no_operating_room() -> None:
    """`billing/test_facility_services.py` asks it of computed tomography."""
    products = ["patientsim", "membersim"]
    tables = run("medicare-general", ("annual-wellness",), 4, products)
    seen = tables["claim_lines"]["revenue_code"]

    assert equals(seen, "0403").any()
    assert not equals(seen, "0360").any()
    assert not equals(seen, "0510").any()


@pytest.mark.slow
def test_drugs_of_one_class_exclude_each_other_and_keep_their_shares(
    wellness: dict[str, Columns],
) -> None:
    written = wellness["prescriptions"]
    taking = {
        drug: set(written["person_id"][equals(written["ingredient"], drug)])
        for drug in ("lisinopril", "losartan", "atorvastatin", "rosuvastatin", "omeprazole",
                     "pantoprazole", "sertraline", "escitalopram")
    }  # fmt: skip

    pairs = list(zip(list(taking)[::2], list(taking)[1::2], strict=True))
    assert [pair for pair in pairs if taking[pair[0]] & taking[pair[1]]] == []
    assert abs(len(taking["pantoprazole"]) / 2_000 - 0.2) < 3 * math.sqrt(0.2 * 0.8 / 2_000)


@pytest.fixture(scope="module")
def knees() -> dict[str, Columns]:
    """Return charts and bills of 1,000 people with diabetes who are given a new knee."""
    products = ["patientsim", "membersim"]
    return run("medicare-diabetic", ("surgical-episode",), 1_000, products)


@pytest.mark.slow
def test_readmissions_after_a_knee_replacement_are_near_the_published_share(
    knees: dict[str, Columns],
) -> None:
    admitted = equals(knees["events"]["option"], "emergency visit, admitted").sum() / 1_000

    assert abs(admitted - 0.056) < 3 * math.sqrt(0.056 * 0.944 / 1_000)


@pytest.mark.slow
def test_the_surgeon_s_visits_inside_the_global_period_are_not_billed(
    knees: dict[str, Columns],
) -> None:
    lines = knees["claim_lines"]

    assert not equals(lines["procedure"], "99024").any()
    assert not equals(lines["status"], "denied").any()
    assert (lines["plan_paid_usd"][equals(lines["procedure"], "27447")] > 0).any()
