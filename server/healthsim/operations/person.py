"""One person's story over every product: who it is, and what happened on which day."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np

from healthsim.errors import Refused
from healthsim.operations.home import Home
from healthsim.operations.person_ids import FACES, person_of
from healthsim.operations.person_lines import CHILDREN, PersonLine, Rows, lines_of
from healthsim.operations.stored import Row, StoredRows, as_json, open_stored, rows_of
from healthsim.persistence.files import DamagedFile
from healthsim.products.attributes import PERSON_ATTRIBUTES, stored_name
from healthsim.specification.profiles.roles import roles

PAGE = 20
"""Lines of one answer."""

_MOST_ROWS = 6_000  # of one person; beyond, a window of days is asked for
_OF_THE_PERSON = (
    "patients", "members", "rx_members", PERSON_ATTRIBUTES.name, "enrollments", "subjects",
    "eligibility_results",
    "conditions", "allergies", "observations", "encounters", "encounter_diagnoses", "procedures",
    "screenings", "lab_results", "diagnostic_reports", "appointments",
    "vital_signs", "immunizations", "prescriptions", "planted_violations", "referrals",
    "care_plans", "clinical_notes", "claims", "fills",
    "trial_visits", "adverse_events", "exposures",
)  # fmt: skip
_WINDOWED = {
    "encounters": "start_at", "procedures": "performed_date", "lab_results": "collected_at",
    "vital_signs": "measured_at", "claims": "from_date", "fills": "fill_date",
    "exposures": "start_date", "clinical_notes": "authored_at",
}  # fmt: skip
"""Large tables, of which only the days asked for are read."""


@dataclass(frozen=True, slots=True)
class PersonShown:
    """One person: who it is, and one page of what happened.

    Attributes:
        who: age, sex, place, plan, conditions and the like; what is not known is left out.
        lines: those of this page, of `total` in the days asked for.
    """

    person_id: int
    who: Mapping[str, Any]
    lines: Sequence[PersonLine]
    offset: int
    total: int

    @property
    def following(self) -> int | None:
        """The offset of the next page; None after the last."""
        end = self.offset + len(self.lines)
        return end if end < self.total else None


def show_person(
    home: Home, name: str, person: str, *, since: str = "", until: str = "", offset: int = 0
) -> PersonShown:
    """Show one person of a saved scenario or a finished run.

    Args:
        home: where they are kept.
        name: a scenario, or a run_id.
        person: a person_id, or a number of the chart, the payer, the pharmacy or a trial.
        since: first day of the lines, ISO; by default all.
        until: last day of the lines.
        offset: lines to skip.

    Raises:
        NotFound: no such scenario, run or person; the error suggests near names.
        Refused: an argument is not what it should be, or there are too many rows to read.
        StorageError: the file cannot be read.
    """
    window = _day("since", since, "0001-01-01"), _day("until", until, "9999-12-31")
    stored = open_stored(home, name)
    person_id = person_of(stored, person)
    rows, household = _rows(stored, person_id, window)
    try:
        who = _Who(stored, person_id, rows, household).said()
        lines = [line for line in lines_of(rows, person_id) if window[0] <= line.day <= window[1]]
    except (TypeError, ValueError, KeyError) as error:
        raise DamagedFile(name, f"rows of person {person_id} lack required values ({error})",
                          "generate it again from its specification") from error  # fmt: skip
    if offset and offset >= len(lines):
        raise Refused("offset", f"is {offset}, and there are {len(lines)} lines",
                      "leave it out to begin with the first line")  # fmt: skip
    return PersonShown(person_id, who, lines[offset : offset + PAGE], offset, len(lines))


def _day(where: str, text: str, usual: str) -> str:
    if not text:
        return usual
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise Refused(where, f"is {text[:40]!r}", "give a day such as 2025-03-31") from None


def _rows(
    stored: StoredRows, person_id: int, window: tuple[str, str]
) -> tuple[Rows, Sequence[int]]:
    """Return the person's rows, and who is in the household."""
    answer = stored.select(" UNION ALL ".join(_selects(stored, person_id, window)), _MOST_ROWS)
    if answer.truncated:
        raise Refused(
            f"person {person_id}",
            "has more rows than one answer can read",
            "give since and until, a few months apart",
        )
    found = rows_of(answer)
    family = found.get("patients", [])
    found[CHILDREN] = [row for row in family if row.get("mother_person_id") == person_id]
    household = {int(row["person_id"]) for face in FACES for row in found.get(face, ())}
    for face in FACES:
        found[face] = [row for row in found.get(face, ()) if row["person_id"] == person_id]
    return found, sorted(household)


def _selects(stored: StoredRows, person_id: int, window: tuple[str, str]) -> Iterator[str]:
    first = person_id // 100 * 100
    for today in _OF_THE_PERSON:
        name = stored_name(stored.tables) if today == PERSON_ATTRIBUTES.name else today
        if name not in stored.tables:
            continue
        where = f"person_id = {person_id}"
        if name in ("patients", "members", "rx_members"):
            where = f"person_id BETWEEN {first} AND {first + 99}"
        elif name in _WINDOWED:
            day = f"CAST({_WINDOWED[name]} AS DATE)"
            where += f" AND {day} BETWEEN DATE '{window[0]}' AND DATE '{window[1]}'"
        yield as_json(stored.tables[name], where)


class _Who:
    """Says who a person is, from the rows of the person and of the household."""

    def __init__(
        self, stored: StoredRows, person_id: int, rows: Rows, household: Sequence[int]
    ) -> None:
        self.stored, self.person_id, self.rows = stored, person_id, rows
        self.household = household

    def said(self) -> dict[str, Any]:
        """Return what is known, without what is not."""
        said = {
            **self._face(), **self._numbers(), **self._coverage(), **self._clinical(),
            **self._trials(), **self._household(),
        }  # fmt: skip
        return {key: value for key, value in said.items() if value not in (None, "", [], {})}

    def _first(self, table: str) -> Mapping[str, Any]:
        return next(iter(self.rows.get(table, ())), {})

    def _face(self) -> dict[str, Any]:
        face = self._first("patients") or self._first("members")
        if not face:
            return {}
        county = _county(str(face["county_fips"]))
        place = [face.get("city"), county, face["state"], face["zip"]]
        return {
            "name": f"{face['given_name']} {face['family_name']}",
            "sex": face["gender"],
            "born": face["birth_date"],
            "age": self._age(str(face["birth_date"])),
            "died": face.get("death_date"),
            "place": ", ".join(filter(None, place)),
        }

    def _age(self, birth_date: str) -> str:
        """Say the age on the first day of the data, or that the person is born after it."""
        as_of = _as_of(self.stored)
        if as_of is None:
            return ""
        born = date.fromisoformat(birth_date)
        years = as_of.year - born.year - ((as_of.month, as_of.day) < (born.month, born.day))
        return f"{years} on {as_of}" if years >= 0 else f"born after {as_of}"

    def _numbers(self) -> dict[str, Any]:
        return {
            "mrn": self._first("patients").get("mrn"),
            "member_number": self._first("members").get("member_number"),
        }

    def _coverage(self) -> dict[str, Any]:
        spans = sorted(self.rows.get("enrollments", ()), key=lambda row: row["effective_date"])
        said = [
            f"{row['plan_id']} from {row['effective_date']}"
            + (f" to {row['term_date']}" if row["term_date"] else "")
            for row in spans
        ]
        has_plans = "enrollments" in self.stored.tables
        return {"plan": "; ".join(said) or ("none" if has_plans else "")}

    def _clinical(self) -> dict[str, Any]:
        """Return what the person has since before the run; what began in it has a line."""
        conditions = [f"{row['code']} {row['display'] or ''}".strip()
                      for row in self.rows.get("conditions", ())
                      if row["event_id"] is None]  # fmt: skip
        takes = [row["drug"] for row in self.rows.get("prescriptions", ())
                 if row["event_id"] is None]  # fmt: skip
        return {
            "conditions": "; ".join(sorted(conditions)),
            "takes": "; ".join(dict.fromkeys(takes)),
            "attributes": ", ".join(map(_attribute, self._attributes())),
            "pcp_npi": self._first("patients").get("pcp_npi"),
        }

    def _attributes(self) -> Sequence[Row]:
        return self.rows.get(stored_name(self.stored.tables), ())

    def _trials(self) -> dict[str, Any]:
        trials = [f"{row['trial']}: {row['status']}" + (f", arm {row['arm']}" if row["arm"] else "")
                  for row in self.rows.get("subjects", ())]  # fmt: skip
        return {"trials": "; ".join(trials)}

    def _household(self) -> dict[str, Any]:
        """Return whom the person lives with: person_id and role of each."""
        others = [other for other in self.household if other != self.person_id]
        if not others:
            return {}
        places = np.array(others, dtype=np.int64) % 100
        said = [f"{other} {role}" for other, role in
                zip(others, roles(places).texts(), strict=True)]  # fmt: skip
        own = roles(np.array([self.person_id % 100], dtype=np.int64)).texts()[0]
        return {"role": own, "lives_with": ", ".join(said)}


def _county(fips: str) -> str:
    """Return the name of a county; its number where it is in no map.

    >>> _county("48201"), _county("00000")
    ('Harris County', 'county 00000')
    """
    from healthsim.products.populationsim.reference import geography  # noqa: PLC0415  heavy

    geo = geography()
    known = fips in geo.county_fips
    return str(geo.county_name[geo.county_index(fips)]) if known else f"county {fips}"


def _attribute(row: Row) -> str:
    value = row["text"] if row["number"] is None else f"{row['number']:g}"
    return f"{row['name']} {value}"


def _as_of(stored: StoredRows) -> date | None:
    """Return the first day of the data; None where the stored profile does not say it."""
    try:
        return date.fromisoformat(json.loads(stored.manifest.profile)["as_of"])
    except (ValueError, KeyError, TypeError):
        return None
