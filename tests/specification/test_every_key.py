"""Hostile and careless values in the place of any key: refused in words, or right in the rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from execution.running import Document
from fuzzing.judging import of_error
from healthsim.errors import SpecError
from healthsim.execution.job import Job
from healthsim.execution.prepare import prepare
from healthsim.execution.run import run_chunk
from healthsim.products.reference_names import built_in_names
from healthsim.specification.checks.check import job_warnings
from healthsim.specification.journeys import details, trial
from healthsim.specification.profiles.physiology import OwnEffect, SetPoint
from healthsim.specification.profiles.plan_design import OutOfNetwork, PlanDesign
from specification import every_key
from specification.breaking import mutated

PRODUCTS = (
    ["patientsim", "membersim", "rxmembersim"], ["patientsim"], ["membersim"], ["rxmembersim"],
    ["patientsim", "trialsim"], ["membersim", "rxmembersim"],
)  # fmt: skip
_ELSEWHERE = {"requires_referral", "panel", "from_", "loinc", "mg_per_m2", "number", "gender"}
"""Keys that stand against others of the documents, or are of births; test_check has them."""


def keys_in(value: Any) -> set[str]:
    if isinstance(value, dict):
        return {*value} | {key for inner in value.values() for key in keys_in(inner)}
    return {key for inner in value for key in keys_in(inner)} if isinstance(value, list) else set()


@pytest.mark.parametrize("model", [
    PlanDesign, OutOfNetwork, OwnEffect, SetPoint, details.EncounterDetails,
    details.PrescriptionDetails, details.ProcedureDetails, details.ImmunizationDetails,
    details.DoseRule, trial.AdverseEventDetails, trial.UsualAdverseEventsDetails,
    trial.TumorAssessmentDetails, trial.ExposureDetails,
])  # fmt: skip
def test_the_documents_that_are_broken_state_every_key(model: Any) -> None:
    stated = keys_in([every_key.profile(), every_key.walk(), every_key.of_trial()])
    missing = {*model.model_fields} - stated - _ELSEWHERE
    if model is OwnEffect:
        missing -= {"procedure", "adverse_event", "treatment"}  # an effect has one cause
    if model in (trial.AdverseEventDetails, trial.UsualAdverseEventsDetails):
        missing -= {"outcome", "terms"}  # the grade says the first; the second excludes `without`

    assert missing == set()


@st.composite
def broken(draw: st.DrawFn) -> tuple[Document, Document]:
    profile, other = every_key.profile(), draw(st.booleans())
    walk = every_key.of_trial() if other else every_key.walk()
    profile["products"] = draw(st.sampled_from(PRODUCTS))
    profile["count"] = draw(st.sampled_from((1, 5)))
    if other and draw(st.booleans()):
        profile["products"] = ["patientsim", "membersim", "rxmembersim", "trialsim"]
    if draw(st.booleans()):
        return mutated(draw, profile), walk
    return profile, mutated(draw, walk)


@pytest.mark.slow
@settings(max_examples=25, deadline=None, derandomize=True,
          suppress_health_check=list(HealthCheck))  # fmt: skip
@given(broken())
def test_a_broken_key_is_refused_in_words_or_gives_rows_without_nonsense(
    documents: tuple[Document, Document],
) -> None:
    profile, walk = documents
    try:
        job = prepare(profile, [walk])
    except SpecError as error:
        refused = str(error)
    else:
        refused = ""
        _run(job)

    assert [*of_error(refused, {"sent": [profile, walk]})] == [] or not refused


def _run(job: Job) -> None:
    warned = job_warnings(job.profile, job.journeys, built_in_names())
    assert all(one.where and one.found and one.mend for one in warned)
    if job.count > 100 or sum(len(plan.occurrences) for plan in job.layouts) > 500:
        return
    with np.errstate(over="raise", invalid="raise"):
        chunk, _ = run_chunk(job, 0, job.count)
    for table, columns in chunk.tables.items():
        for name, column in columns.items():
            if isinstance(column, np.ndarray) and column.dtype.kind == "f":
                assert not np.isinf(column).any(), f"{table}.{name} is infinite"
                if name.endswith("_usd"):
                    assert not (column < 0).any(), f"{table}.{name} is negative"


@pytest.mark.slow
@pytest.mark.parametrize("walk", [every_key.walk(), every_key.of_trial()])
def test_the_documents_run_unbroken(walk: Document) -> None:
    profile = every_key.profile(products=["patientsim", "membersim", "rxmembersim", "trialsim"])

    _run(prepare(profile, [walk]))
