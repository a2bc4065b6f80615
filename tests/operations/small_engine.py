"""An engine as small as can be, for tests of what is done with an engine's rows."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from threading import Event
from typing import Any

import numpy as np

from healthsim.streams import Streams
from healthsim.tables import NO_NUMBER, Coded, Column, Columns, Table

PEOPLE = Table(
    name="patients",
    product="patientsim",
    grain="one row per person",
    key=("person_id",),
    columns=(
        Column("person_id", "BIGINT", "Who.", required=True),
        Column("mrn", "VARCHAR", "Number.", required=True),
        Column("gender", "VARCHAR", "M or F.", required=True),
        Column("birth_date", "DATE", "Born.", required=True),
        Column("death_date", "DATE", "Died; null while alive."),
        Column("smoker", "BOOLEAN", "Smokes.", required=True),
    ),
)
VISITS = Table(
    name="encounters",
    product="patientsim",
    grain="one row per visit",
    key=("encounter_id",),
    columns=(
        Column("encounter_id", "BIGINT", "Address.", required=True),
        Column("person_id", "BIGINT", "Who.", references="patients.person_id", required=True),
        Column("start_at", "TIMESTAMP", "When.", required=True),
        Column("end_at", "TIMESTAMP", "Until; null while there."),
        Column("value", "DOUBLE", "Measured; null if not.", decimals=1),
        Column("charge_usd", "DECIMAL(12,2)", "Billed.", required=True),
        Column("facility_id", "BIGINT", "Where; null at home."),
        Column("los_days", "INTEGER", "Nights."),
        Column("note", "VARCHAR", "A word; null if none."),
    ),
)
PLANS = Table(
    name="plans",
    product="membersim",
    grain="one row per plan",
    key=("plan_id",),
    columns=(Column("plan_id", "VARCHAR", "Name.", required=True),),
)
TABLES = (PEOPLE, VISITS, PLANS)
VISITS_EACH = 3
WORDS = ("O'Brien", "naïve", "", "ten \u6771 chars", "plain")
PROFILE = {"kind": "profile", "name": "small", "count": 100, "seed": 7}


@dataclass(frozen=True)
class Job:
    profile_text: str
    journey_texts: tuple[str, ...]
    count: int
    seed: int
    key: str
    tables: tuple[Table, ...] = TABLES
    references: Mapping[str, str] = field(default_factory=dict)

    def judge(self, totals: Sequence[tuple[int, int]]) -> tuple[dict[str, Any], ...]:
        met = {"where": "profile.expectations[0]", "expectation": "people", "expected": "all"}
        return tuple(met | {"got": found, "met": found == of} for found, of in totals)


@dataclass(frozen=True)
class Chunk:
    start: int
    count: int
    tables: Mapping[str, Columns]
    tallies: tuple[tuple[int, int], ...] = ()
    figures: Mapping[Any, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class SmallEngine:
    """Makes the rows of `size` people at a time.

    With `gate`, it waits before each chunk until that is set or the run is stopped.
    """

    size: int = 16
    gate: Event | None = None
    pause: float = 0.0
    fail_after: int = 10**9
    skew: int = 0

    def prepare(
        self,
        profile_document: Mapping[str, Any],
        journey_documents: Sequence[Mapping[str, Any]],
        reference: object = None,
    ) -> Job:
        texts = [json.dumps(document, sort_keys=True) for document in journey_documents]
        profile = json.dumps(profile_document, sort_keys=True)
        key = hashlib.sha256("\n".join([profile, *texts]).encode()).hexdigest()
        return Job(
            profile,
            tuple(texts),
            int(profile_document["count"]),
            int(profile_document["seed"]),
            key,
        )

    def chunks(
        self,
        job: Any,
        *,
        threads: int = 1,
        stop: Event | None = None,
        counted: Callable[[], None] | None = None,
    ) -> Iterator[Chunk]:
        if counted is not None:
            counted()
        for start in range(0, job.count, self.size):
            if stop is not None and stop.is_set():
                return
            if start >= self.fail_after:
                raise RuntimeError("a fault inside")
            time.sleep(self.pause)
            while self.gate is not None and not self.gate.wait(0.01):
                if stop is not None and stop.is_set():
                    return
            count = min(self.size, job.count - start)
            made = rows(job.seed + self.skew, start, count)
            yield Chunk(start, count, made, ((count, count),))
        plans = {"plans": {"plan_id": Coded.of(["MA-HMO", "Original"])}}
        yield Chunk(job.count, 0, plans, ((0, 0),))


def rows(seed: int, start: int, count: int) -> dict[str, Columns]:
    streams = Streams(seed)
    index = np.arange(start, start + count, dtype=np.int64)
    person = (index + 1) * 100 + 1

    def u(decision: str) -> Any:
        return streams.uniform(decision, start, count)

    people: Columns = {
        "person_id": person,
        "mrn": np.char.add("M", (index + 1000).astype("U9")).astype("S10"),
        "gender": Coded((u("gender") < 0.5).astype(np.int32), ("M", "F")),
        "birth_date": (u("born") * 10000).astype(np.int32),
        "death_date": np.where(u("died") < 0.2, 20_000, -(2**31)).astype(np.int32),
        "smoker": u("smoker") < 0.3,
    }
    n = count * VISITS_EACH
    each = np.repeat(np.arange(count), VISITS_EACH)
    number = np.tile(np.arange(VISITS_EACH), count)
    v = np.stack([u(f"visit#{k}") for k in range(VISITS_EACH)], axis=1).ravel()
    begun = 28_000_000 + (v * 500_000).astype(np.int64)
    visits: Columns = {
        "encounter_id": person[each] * 2**29 + number,
        "person_id": person[each],
        "start_at": begun,
        "end_at": np.where(v < 0.1, NO_NUMBER, begun + 30),
        "value": np.where(v < 0.3, np.nan, np.round(v * 10, 1)),
        "charge_usd": (v * 100_000).astype(np.int64),
        "facility_id": np.where(v < 0.5, NO_NUMBER, 7).astype(np.int64),
        "los_days": np.where(v < 0.2, -(2**31), number).astype(np.int32),
        "note": Coded((v * 6).astype(np.int32) - 1, WORDS),
    }
    assert all(len(column) == n for column in visits.values())
    return {"patients": people, "encounters": visits}
