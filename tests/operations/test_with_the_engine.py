"""The whole way with the real engine: run, keep, ask, and prove by making it again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from healthsim.errors import SpecError
from healthsim.operations import auditing, generate, runs, scenarios
from healthsim.operations.home import Home
from healthsim.operations.query import query
from healthsim.operations.verify import verify
from healthsim.persistence.digest import Digest, digest_stored
from healthsim.persistence.state import describe_file
from processes import PATIENCE
from stand_ins import ask_few_rules

PROFILE: dict[str, Any] = {
    "kind": "profile",
    "name": "few",
    "title": "A few people",
    "version": 1,
    "count": 24,
    "seed": 42,
    "as_of": "2025-01-01",
    "demographics": {
        "age": {"type": "normal", "mean": 72, "sd": 8, "low": 65, "high": 95},
        "gender": {"M": 0.48, "F": 0.52},
        "location": {"states": {"TX": 0.8, "OK": 0.2}},
    },
    "clinical": {
        "primary": {"code": "E11.9", "onset": "journey"},
        "comorbidities": [{"code": "I10", "share": 0.78}],
        "medications": [{"drug": "lisinopril 10 mg tablet", "share": 0.7}],
    },
    "coverage": {"plan": {"MA-PPO": 0.25, "MA-HMO": 0.35, "Original": 0.40}},
    "products": ["patientsim", "membersim", "rxmembersim"],
}
JOURNEY: dict[str, Any] = {
    "kind": "journey",
    "name": "visits",
    "title": "Quarterly visits",
    "version": 1,
    "duration_days": 365,
    "phases": [
        {
            "name": "year",
            "steps": [
                {
                    "do": "repeat",
                    "id": "quarter",
                    "at": 30,
                    "every": {"days": 90},
                    "times": 4,
                    "steps": [
                        {
                            "do": "event",
                            "id": "visit",
                            "type": "encounter",
                            "at": {"day": 0, "variance_days": 7, "business_days": True},
                            "details": {
                                "encounter_class": "office",
                                "reason": "Follow-up",
                                "specialty": "family medicine",
                                "procedures": ["99213"],
                            },
                        }
                    ],
                }
            ],
        }
    ],
}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    home = Home(tmp_path_factory.mktemp("home"))
    record = generate.start(home, PROFILE, [JOURNEY])
    record = generate.join(home, record.run_id, PATIENCE)
    assert record.status == "done", record.error
    scenarios.save_run(home, record.run_id, "few")
    return home


@pytest.mark.slow
def test_a_scenario_of_the_engine_is_kept_asked_and_proved(home: Home) -> None:
    linked = query(
        home,
        "few",
        "SELECT count(*), count(DISTINCT person_id) FROM claims JOIN encounters "
        "USING (encounter_id, person_id) JOIN patients USING (person_id)",
    )
    found = verify(home, "few")

    assert linked.rows[0][0] >= linked.rows[0][1] > 0
    assert found.same, found


@pytest.mark.proof
@pytest.mark.slow
def test_the_size_of_chunks_and_the_number_of_threads_leave_no_trace(home: Home) -> None:
    """Daily, tests/promises/test_same_rows.py holds the same."""
    engine = generate.default_engine()
    job = engine.prepare(PROFILE, [JOURNEY])
    digests = []
    for size, threads in ((7, 1), (16, 3)):
        digest = Digest(job.tables)
        for chunk in engine.chunks(job, size=size, threads=threads):
            for table in job.tables:
                if table.name in chunk.tables:
                    digest.update(table, chunk.tables[table.name])
        digests.append(digest.tables())

    path = scenarios.path(home, "few")
    assert digests[0] == digests[1]
    assert digests[0] == digest_stored(path, describe_file(path).tables).tables()


@pytest.mark.slow
def test_rows_are_stored_by_person_and_key(home: Home) -> None:
    path = scenarios.path(home, "few")
    tables = describe_file(path).tables
    moved = []
    for table in tables:
        order = ["person_id"] if "person_id" in table.by_name else []
        order += [name for name in table.key if name != "person_id"]
        names = ", ".join(order)
        moved.append(
            f"SELECT '{table.name}', count(*) FROM (SELECT row_number() OVER () AS stored, "
            f"row_number() OVER (ORDER BY {names}) AS sorted FROM {table.name}) "
            "WHERE stored <> sorted"
        )
    found = query(home, "few", " UNION ALL ".join(moved))

    assert dict(found.rows) == {table.name: 0 for table in tables}


def test_a_wrong_specification_starts_no_run(tmp_path: Path) -> None:
    with pytest.raises(SpecError):
        generate.start(Home(tmp_path), {**PROFILE, "count": -1}, [])

    assert runs.list_runs(Home(tmp_path)) == []


@pytest.mark.slow
def test_expectations_are_judged_kept_and_audited(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask_few_rules(monkeypatch)
    year = JOURNEY | {"expectations": ["share(happened('visit')) == 1"]}
    who = PROFILE | {"detail": "core", "expectations": ["count(encounters) / count(patients) > 50"]}
    record = generate.join(home, generate.start(home, who, [year]).run_id, PATIENCE)
    kept = scenarios.save_run(home, record.run_id, "expecting")
    audited = auditing.audit(home, "expecting")

    assert [(one["where"], one["met"]) for one in kept.expectations] == [
        ("profile.expectations[0]", False), ("journeys[visits].expectations[0]", True),
    ]  # fmt: skip
    assert audited.expected == auditing.expected(kept.expectations)
    assert not audited.findings
    assert not audited.ok
