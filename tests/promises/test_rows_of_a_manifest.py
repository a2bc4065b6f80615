"""Promise 1: the text that a scenario keeps of its specifications gives its rows again.

The text states every key, also those that were left out; so what the engine makes of a key that is
left out must be what it makes of its default.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from healthsim.execution.job import Job
from healthsim.execution.prepare import prepare
from healthsim.execution.run import chunks
from healthsim.persistence.digest import Digest
from storing import spec

STAY = {"procedures": ["99223"]}
"""Of a stay after an adverse event: its class and its days are left out."""


def digests(job: Job) -> dict[str, str]:
    found, tables = Digest(job.tables), {table.name: table for table in job.tables}
    for chunk in chunks(job, size=64, threads=1):
        for name, columns in chunk.tables.items():
            found.update(tables[name], columns)
    return found.tables()


def again(job: Job) -> Job:
    """Return the job of the text that a manifest keeps."""
    return prepare(json.loads(job.profile_text), [json.loads(one) for one in job.journey_texts])


def serious() -> dict[str, Any]:
    trial = spec("trial")
    stack: list[Any] = [trial]
    while stack:
        part = stack.pop()
        if isinstance(part, dict) and part.get("type") == "adverse_event":
            part["details"] |= {"serious": "Y", "stay": STAY}
        stack += part.values() if isinstance(part, dict) else part if isinstance(part, list) else ()
    return trial


@pytest.mark.slow
@pytest.mark.parametrize(
    ("profile", "journey"),
    [
        pytest.param(spec("every-event-adults", count=12, detail="core"), spec("every-event"),
                     id="anaesthesia without minutes"),
        pytest.param(spec("trial-candidates", count=30, detail="core"), serious(),
                     id="a stay without its class"),
    ],
)  # fmt: skip
def test_the_kept_text_gives_the_same_rows(
    profile: dict[str, Any], journey: dict[str, Any]
) -> None:
    job = prepare(profile, [journey])

    assert digests(again(job)) == digests(job)
