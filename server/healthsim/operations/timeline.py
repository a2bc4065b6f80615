"""The timeline of one sample person: what happened on which day, in the chart and at the payer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from healthsim.errors import Refused
from healthsim.execution.prepare import prepare
from healthsim.execution.run import run_chunk
from healthsim.operations.estimate import cells
from healthsim.operations.home import Home
from healthsim.operations.reference import reference_for
from healthsim.operations.row_words import DAYS, WORDS, Row, claim_money, visit_words

LOOKED_AT = 60
"""People among whom a person to whom something happens is chosen."""
MOST_ROWS, _MOST_WORDS, _SHOWN = 36, 110, 4
_SILENT = ("change", "repeat", "protocol", "stages", "include", "screening")


@dataclass(frozen=True, slots=True)
class StoryLine:
    """One line: a day, the step that caused it, what it left in the records, and the money."""

    day: str
    step: str
    what: str
    money: str = ""


@dataclass(frozen=True, slots=True)
class PersonStory:
    """One person's story: who it is, and its lines in the order of days.

    Attributes:
        left_out: lines that are not shown, of steps that came again and again.
    """

    person_id: int
    who: str
    lines: list[StoryLine]
    left_out: int


def person_story(
    profile: Mapping[str, Any],
    journeys: Sequence[Mapping[str, Any]],
    *,
    person: int | None = None,
    seed: int | None = None,
    most: int = MOST_ROWS,
    home: Home | None = None,
) -> PersonStory:
    """Tell what happens to one person of a job, and to the household and the newborn.

    Args:
        profile: who.
        journeys: what happens.
        person: which, from 1; by default that of the first 60 to whom most different steps come.
        seed: another seed than the profile's.
        most: lines that are shown at most.
        home: where imported data are read from; without one, everything is built in.

    Raises:
        Refused: `person` is not among the people.
        SpecError: the specifications cannot be run.
    """
    document = dict(profile) | ({} if seed is None else {"seed": seed})
    reference = reference_for(home, profile, journeys) if home else None
    job = prepare(document, journeys, reference)
    if person is not None and not 1 <= person <= job.count:
        raise Refused("person", f"is {person}", f"give a number from 1 to {job.count}")
    start = 0 if person is None else person - 1
    chunk, _ = run_chunk(
        job, start, min(job.count, start + LOOKED_AT) if person is None else person
    )
    tables = {
        table.name: {column.name: column.type for column in table.columns} for table in job.tables
    }
    sample = _Found(chunk.tables, tables)
    unit = sample.busiest() if person is None else person
    records = {name: sample.rows(name, unit) for name in tables if "person_id" in tables[name]}
    return _Story(unit * 100 + 1, records).story(most)


class _Found:
    """The tables of the people looked at."""

    def __init__(self, columns: Mapping[str, Any], types: Mapping[str, Mapping[str, Any]]) -> None:
        self.columns, self.types = columns, types

    def busiest(self) -> int:
        """Return the unit to whom most different steps come; the first where nothing happens."""
        events = self.columns.get("events")
        if events is None:
            return 1
        units = events["person_id"] // 100
        steps = {
            *zip(units.tolist(), events["step"].texts(), events["option"].texts(), strict=True)
        }
        numbers, counts = np.unique([unit for unit, _, _ in steps], return_counts=True)
        return int(numbers[counts.argmax()]) if len(numbers) else 1

    def rows(self, table: str, unit: int) -> list[Row]:
        """Return the rows of a unit's people."""
        columns = self.columns.get(table)
        if columns is None:
            return []
        rows = np.flatnonzero(columns["person_id"] // 100 == unit)
        kinds = self.types[table]
        plain = {name: cells(values, kinds[name], rows) for name, values in columns.items()
                 if name in kinds}  # fmt: skip
        return [dict(zip(plain, values, strict=True)) for values in
                zip(*plain.values(), strict=True)]  # fmt: skip


@dataclass
class _Story:
    """The records of one unit, put in the order of days."""

    person_id: int
    records: Mapping[str, list[Row]]
    remarks: dict[Any, list[str]] = field(default_factory=dict)
    billed: dict[Any, list[str]] = field(default_factory=dict)

    def story(self, most: int) -> PersonStory:
        """Return the story, with its longest repetitions shortened."""
        self._collect()
        lines = sorted([*self._steps(), *self._fills(), *self._unasked()], key=lambda line: line[0])
        shown = _few([line for _, line in lines], most)
        return PersonStory(self.person_id, self._who(), shown, len(lines) - len(shown))

    def _of(self, table: str) -> list[Row]:
        return self.records.get(table, [])

    def _collect(self) -> None:
        """Collect the remarks and bills of each event; those of a visit go under its event."""
        visits = {row["encounter_id"]: row for row in self._of("encounters")}
        for row in visits.values():
            self._remark(row["event_id"], visit_words(row))
        for table, words in WORDS.items():
            for row in self._of(table):
                visit = visits.get(row.get("encounter_id"))
                day = str(next((row[key] for key in DAYS if row.get(key)), ""))[:10]
                same = visit is not None and str(visit["start_at"])[:10] == day
                key = visit["event_id"] if visit is not None and same else row.get("event_id")
                self._remark(key, words(row))
        for row in self._of("claims"):
            visit = visits.get(row["encounter_id"])
            event = row["event_id"] if visit is None else visit["event_id"]
            self.billed.setdefault(event, []).append(claim_money(row))

    def _remark(self, event: Any, words: str) -> None:
        if words:
            self.remarks.setdefault(event, []).append(words)

    def _steps(self) -> Iterator[tuple[tuple[str, int], StoryLine]]:
        for place, row in enumerate(self._of("events")):
            remarks = list(dict.fromkeys(self.remarks.pop(row["event_id"], [])))
            option = row["option"]
            if not remarks and (row["type"] in _SILENT or (not option and row["type"] in _INSIDE)):
                continue
            if not remarks and row["type"] == "visit" and not option:
                continue
            number = f" #{row['occurrence']}" if row["occurrence"] > 1 else ""
            what = "; ".join([*([f"→ {option}"] if option else []), *remarks]) or row["type"]
            step = self._named(row["person_id"]) + row["step"] + number
            money = "; ".join(sorted(self.billed.pop(row["event_id"], [])))
            day = str(row["event_date"])
            yield (day, place), StoryLine(day, step, _short(what), money)

    def _fills(self) -> Iterator[tuple[tuple[str, int], StoryLine]]:
        drugs = {row["prescription_id"]: row["drug"] for row in self._of("prescriptions")}
        for row in self._of("fills"):
            drug = drugs.get(row["prescription_id"], "a drug")
            own_usd, plan = row["copay_usd"] + row["deductible_usd"], row["plan_paid_usd"]
            money = f"{own_usd:,.2f} own, {plan:,.2f} plan" if row["status"] == "paid" else ""
            day, who = str(row["fill_date"]), self._named(row["person_id"])
            what = f"{drug}, {row['days_supply']} days" + ("" if money else f": {row['status']}")
            yield (
                (day, 10**6),
                StoryLine(day, f"{who}fill of {drug.split(' ')[0]}", _short(what), money),
            )

    def _unasked(self) -> Iterator[tuple[tuple[str, int], StoryLine]]:
        for row in self._of("trial_visits"):
            if row["status"] == "missed":
                day = str(row["planned_date"])
                yield (day, 10**6), StoryLine(day, "trial visit", f"{row['name']}: missed")

    def _named(self, person_id: int) -> str:
        place = person_id % 100
        return {1: "", 2: "spouse: "}.get(place, "newborn: " if place >= 50 else "child: ")

    def _who(self) -> str:
        faces = [row for row in self._of("patients") or self._of("members")
                 if row["person_id"] == self.person_id]  # fmt: skip
        plans = [row["plan_id"] for row in self._of("enrollments")
                 if row["person_id"] == self.person_id]  # fmt: skip
        codes = [row["code"] for row in self._of("conditions")
                 if row["person_id"] == self.person_id and row["event_id"] is None]  # fmt: skip
        if not faces:
            return f"person {self.person_id}"
        face = faces[0]
        seen = str(min((row["event_date"] for row in self._of("events")), default=""))
        grown = seen[:4].isdigit() and int(seen[:4]) - int(str(face["birth_date"])[:4]) >= 18
        words = _ADULT if grown or not seen else _CHILD
        sex = words.get(str(face["gender"]), "person")
        conditions = f", with {' '.join(codes)}" if codes else ""
        plan = f", covered by {plans[0]}" if plans else ""
        return f"a {sex} born {face['birth_date']}, {face.get('state') or ''}{plan}{conditions}"


_ADULT = {"M": "man", "F": "woman"}
_CHILD = {"M": "boy", "F": "girl"}


def page(title: str, story: str, person: PersonStory) -> str:
    """Return a story as a page of markdown."""
    rows = [f"| {line.day} | {line.step} | {line.what.replace('|', '/')} | {line.money} |"
            for line in person.lines]  # fmt: skip
    more = f"\n{person.left_out} more lines are left out.\n" if person.left_out else ""
    head = f"# {title}\n\n{story}\n\nPerson {person.person_id}: {person.who}.\n\n"
    table = "\n".join(["| day | step | what | money, USD |", "|---|---|---|---|", *rows])
    return f"{head}{table}\n{more}"


def _few(lines: list[StoryLine], most: int) -> list[StoryLine]:
    """Keep the first lines of each step, as many of each as fit, and then the first of all."""
    shown: list[StoryLine] = []
    for each in range(_SHOWN, 0, -1):
        seen: dict[str, int] = {}
        shown = []
        for line in lines:
            step = line.step.partition(" #")[0]
            seen[step] = seen.get(step, 0) + 1
            if seen[step] <= each:
                shown.append(line)
        if len(shown) <= most:
            break
    return shown[:most]


def _short(text: str) -> str:
    return text if len(text) <= _MOST_WORDS else text[: _MOST_WORDS - 1].rstrip() + "…"


_INSIDE = ("lab", "vital", "procedure", "immunization", "prescription", "referral", "diagnosis",
           "trial_visit", "encounter", "exposure")  # fmt: skip
