"""Risk scores of an independent calculator, hccinfhir: from claims and from conditions.

CMS pays Medicare Advantage by the diagnoses of eligible claims (CMS-HCC V28); what the chart holds
beyond them is not paid. `python tests/risk_scores.py` prints both for the templates of `PAIRS`.
"""

from __future__ import annotations

import tempfile
import warnings
from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from statistics import fmean
from typing import Any

import duckdb

from healthsim.audit.scorecard import observed_statistics
from healthsim.building import templates
from healthsim.codes.published import published
from healthsim.persistence.database import open_read
from storing import stored

with warnings.catch_warnings():  # it opens its data in a way that Python deprecates
    warnings.simplefilter("ignore", DeprecationWarning)
    from hccinfhir import Demographics, HCCInFHIR

PAIRS = (("medicare-general", "annual-wellness"), ("medicare-diabetic", "diabetic-first-year"))
COUNT = 1_000
_MODEL = "CMS-HCC Model V28"
_SPENDING = (
    "meps-2018-spending-top-1", "meps-2002-spending-top-1-65-plus", "ahrq-2002-spending-top-5",
    "meps-2018-spending-bottom-half", "aam-2022-generic-fills",
)  # fmt: skip
TITLE = f"## Risk scores and spending, {COUNT:,} people"
_OF_SCORES = (
    "Scores of an independent calculator (hccinfhir, CMS-HCC V28, community, not dual, not",
    "normalized), of people of 65 and over: from the diagnoses of claims that CMS would take, and",
    "from all conditions of the charts.",
    "",
    "| templates | people | from claims | from conditions | age and sex | none on claims |",
    "|---|---|---|---|---|---|",
)
_OF_SPENDING = (
    "Published figures are of everybody, or of people of 65 and over, with all of their care of a",
    "year; these templates hold one journey of them. They are shown side by side, not claimed.",
    "",
    "| | top 1 % | top 1 %, 65 and over | top 5 % | lower half | generic fills |",
    "|---|---|---|---|---|---|",
)
_PEOPLE = """
    SELECT p.person_id, p.gender, date_diff('year', p.birth_date, DATE '2026-02-01')
        - (strftime(p.birth_date, '%m%d') > '0201')::INT AS age
    FROM patients AS p WHERE p.gender IN ('F', 'M') AND p.death_date IS NULL AND EXISTS (
        SELECT 1 FROM enrollments AS e JOIN plans AS k USING (plan_id)
        WHERE e.person_id = p.person_id AND k.kind LIKE 'medicare%') AND age >= 65
    ORDER BY p.person_id
"""
_CLAIMS = """
    SELECT c.person_id, c.claim_id, c.form, c.bill_type, l.procedure, d.codes
    FROM claims AS c JOIN claim_lines AS l USING (claim_id) JOIN (
        SELECT claim_id, list(code ORDER BY sequence) AS codes FROM claim_diagnoses
        GROUP BY claim_id) AS d USING (claim_id)
    WHERE c.status = 'paid'
"""


@dataclass(frozen=True)
class RiskScores:
    """Mean scores of people of 65 and over in Medicare, community and not dual.

    Attributes:
        people: how many.
        claims: mean score from the diagnoses of eligible claims.
        conditions: mean score from all conditions of their charts.
        demographics: mean score of age and sex alone, part of both.
        without: share of people whose claims give no payment category.
    """

    people: int
    claims: float
    conditions: float
    demographics: float
    without: float


@cache
def _calculator() -> HCCInFHIR:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return HCCInFHIR(model_name=_MODEL)


def risk_scores(connection: duckdb.DuckDBPyConnection) -> RiskScores:
    """Return the mean scores of a scenario whose tables a connection shows."""
    services: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for person, claim, form, bill, procedure, codes in connection.execute(_CLAIMS).fetchall():
        facility = form == "837I"
        services[person].append({
            "claim_id": str(claim), "claim_type": form, "procedure_code": procedure,
            "facility_type": bill[0] if facility else None,
            "service_type": bill[1] if facility else None,
            "claim_diagnosis_codes": [code.replace(".", "") for code in codes],
        })  # fmt: skip
    charts: dict[int, set[str]] = defaultdict(set)
    for person, code in connection.execute("SELECT person_id, code FROM conditions").fetchall():
        charts[person].add(code.replace(".", ""))
    old = (one for one in connection.execute(_PEOPLE).fetchall() if one[2] >= 65)
    found = [
        _scored(age, sex, services[person], sorted(charts[person])) for person, sex, age in old
    ]
    claims, conditions, plain, none = zip(*found, strict=True)
    return RiskScores(len(found), fmean(claims), fmean(conditions), fmean(plain), fmean(none))


def _scored(
    age: int, sex: str, services: list[dict[str, Any]], codes: list[str]
) -> tuple[float, float, float, bool]:
    """Return one person's scores, and whether no payment category is on the claims."""
    person = Demographics(age=age, sex=sex, dual_elgbl_cd="00", orec="0", crec="0")
    billed = _calculator().run_from_service_data(services, person)
    charted = _calculator().calculate_from_diagnosis(codes, person)
    return (billed.risk_score, charted.risk_score, billed.risk_score_demographics,
            not billed.hcc_list)  # fmt: skip


@cache
def lines(profile: str, journey: str) -> tuple[str, ...]:
    """Return rows of a markdown table: scores and shares of spending of two templates."""
    who, what = templates.load(profile, "profile"), templates.load(journey, "journey")
    people = who.fresh() | {"count": COUNT, "expectations": [], "reproduces": []}
    with tempfile.TemporaryDirectory() as folder:
        path = stored(Path(folder), people, what.fresh() | {"expectations": [], "reproduces": []})
        first = date.fromisoformat(people["as_of"])
        with open_read(path) as connection:
            scores = risk_scores(connection)
            shares = [
                observed_statistics(connection, published().find(name, "figure"), (first, first))[0]
                for name in _SPENDING
            ]  # fmt: skip
    where = f"`{profile}`, `{journey}`"
    told = (f"| {where} | {scores.people:,} | {scores.claims:.3f} | {scores.conditions:.3f} | "
            f"{scores.demographics:.3f} | {100 * scores.without:.1f} % |")  # fmt: skip
    spent = " | ".join("-" if share is None else f"{100 * share:.1f} %" for share in shares)
    return told, f"| {where} | {spent} |"


def section() -> str:
    """Return the section of `docs/scorecard.md` about risk scores and who spends how much."""
    rows = [lines(*pair) for pair in PAIRS]
    figures = [published().find(name, "figure") for name in _SPENDING]
    told = " | ".join(f"{100 * one.value:.0f} % ({one.source}, {one.year})" for one in figures)
    return "\n".join([
        TITLE, "", *_OF_SCORES, *(row[0] for row in rows), "",
        *_OF_SPENDING, f"| published | {told} |", *(row[1] for row in rows), "",
    ])  # fmt: skip


if __name__ == "__main__":
    print(section())  # noqa: T201
