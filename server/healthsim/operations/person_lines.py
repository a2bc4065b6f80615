"""The dated lines of one person's story, from the rows of every product."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from healthsim.operations.row_words import WORDS, own_usd, visit_words
from healthsim.operations.stored import Row

Rows: TypeAlias = Mapping[str, Sequence[Row]]
"""The rows of one person, by table."""


@dataclass(frozen=True, slots=True)
class PersonLine:
    """One thing that happened.

    Attributes:
        table: where it is recorded; `key` is its row's id there.
        of: id of what it belongs to: of a result or claim its encounter, of a fill its
            prescription; empty for what stands alone.
    """

    day: str
    table: str
    what: str
    key: str
    of: str = ""


def lines_of(rows: Rows, person_id: int) -> list[PersonLine]:
    """Return everything dated that happened to a person, in the order of days."""
    lines = [line for table, tell in _TELL.items() for line in tell(rows, table)]
    lines += _births(rows, person_id)
    places = {table: place for place, table in enumerate(_TELL)}
    return sorted(lines, key=lambda line: (line.day, places[line.table], line.key))


def _each(
    day: str, key: str, words: Callable[[Row], str], of: str = "encounter_id"
) -> Callable[[Rows, str], Iterator[PersonLine]]:
    """Return how each row of a table becomes a line.

    Args:
        day: column of its day.
        key: column of its id.
        words: what a row says; nothing where it needs no line.
        of: column of what it belongs to.
    """

    def tell(rows: Rows, table: str) -> Iterator[PersonLine]:
        for row in rows.get(table, ()):
            said = words(row) if row[day] else ""
            if said:
                yield PersonLine(_day(row[day]), table, said, str(row[key]), _id(row.get(of)))

    return tell


def _day(value: object) -> str:
    return str(value)[:10]


def _id(value: object) -> str:
    return "" if value is None else str(value)


def _encounters(rows: Rows, table: str) -> Iterator[PersonLine]:
    codes: dict[int, list[tuple[int, str]]] = {}
    for row in rows.get("encounter_diagnoses", ()):
        codes.setdefault(row["encounter_id"], []).append((row["sequence"], row["code"]))
    for row in rows.get(table, ()):
        listed = " ".join(code for _, code in sorted(codes.get(row["encounter_id"], ())))
        what = visit_words(row) + (f" [{listed}]" if listed else "")
        day, parent = _day(row["start_at"]), _id(row["parent_encounter_id"])
        yield PersonLine(day, table, what, str(row["encounter_id"]), parent)


def _conditions(rows: Rows, table: str) -> Iterator[PersonLine]:
    """Tell what began in the run; what people had before is said of who they are."""
    for row in rows.get(table, ()):
        key, name = str(row["condition_id"]), f"{row['code']} {row['display'] or ''}".strip()
        if row["event_id"] is not None:
            yield PersonLine(_day(row["onset_date"]), table, name, key, _id(row["encounter_id"]))
        if row["abatement_date"]:
            yield PersonLine(_day(row["abatement_date"]), table, f"{name}: resolved", key)


def _result(row: Row) -> str:
    """Say a result: a number with its flag, or a text."""
    name = _shortened(str(row["display"] or row["loinc"]))
    if row["value"] is None:
        return f"{name}: {row.get('value_text') or 'no value'}"
    flag = {"H": " high", "L": " low"}.get(str(row.get("flag")), "")
    return f"{name} {row['value']:g} {row['unit'] or ''}".strip() + flag


_USUAL = frozenset(("Mass/volume", "Moles/volume", "#/volume", "Enzymatic activity/volume"))
"""Properties of a LOINC name that its unit says already."""


def _shortened(name: str) -> str:
    """Return a LOINC name without its specimen, and without a property that is usual.

    >>> _shortened("Cholesterol in HDL [Mass/volume] in Serum or Plasma")
    'Cholesterol in HDL'
    >>> _shortened("Hemoglobin A1c/Hemoglobin.total in Blood")
    'Hemoglobin A1c/Hemoglobin.total'
    """
    what, bracket, rest = name.partition(" [")
    measured = rest.partition("]")[0]
    if not bracket:
        return name.rpartition(" in ")[0] or name
    return what if measured in _USUAL else f"{what} [{measured}]"


def _prescription(row: Row) -> str:
    return f"writes {row['drug']}, {row['days_supply']} days, {row['refills']} refills"


def _violation(row: Row) -> str:
    what = row["drug"] or row["procedure"]
    return f"{what} breaks the rule {row['rule']} on purpose: {row['finding']}"


def _claim(row: Row) -> str:
    money = (f"charged ${row['charge_usd']:,.2f}, allowed ${row['allowed_usd']:,.2f}: "
             f"plan ${row['plan_paid_usd']:,.2f}, own ${own_usd(row):,.2f}")  # fmt: skip
    denied = " denied," if row["status"] == "denied" else ""
    outside = " out of network," if row["network"] == "out" else ""
    return f"{row['form']} to {row['plan_id']},{denied}{outside} {money}"


def _fills(rows: Rows, table: str) -> Iterator[PersonLine]:
    drugs = {row["prescription_id"]: row["drug"] for row in rows.get("prescriptions", ())}
    for row in rows.get(table, ()):
        drug = drugs.get(row["prescription_id"], f"NDC {row['ndc']}")
        which = f"refill {row['fill_number']}" if row["fill_number"] else "first fill"
        what = f"{which} of {drug}, {row['days_supply']} days"
        if row["status"] == "paid":
            what += f": plan ${row['plan_paid_usd']:,.2f}, own ${own_usd(row):,.2f}"
        else:
            what += f": {row['status']} {row['reversed_date'] or ''}".rstrip()
        of = _id(row["prescription_id"])
        yield PersonLine(_day(row["fill_date"]), table, what, str(row["fill_id"]), of)


def _enrollments(rows: Rows, table: str) -> Iterator[PersonLine]:
    for row in rows.get(table, ()):
        key, plan = str(row["enrollment_id"]), row["plan_id"]
        yield PersonLine(_day(row["effective_date"]), table, f"covered by {plan}", key)
        if row["term_date"]:
            reason = f": {row['reason']}" if row["reason"] else ""
            what = f"coverage by {plan} ends{reason}"
            yield PersonLine(_day(row["term_date"]), table, what, key)


def _subjects(rows: Rows, table: str) -> Iterator[PersonLine]:
    for row in rows.get(table, ()):
        key, trial = str(row["subject_id"]), row["trial"]
        days = (
            ("consent_date", f"consents to {trial}, as {row['usubjid']}"),
            ("randomized_date", f"{trial}: randomised to {row['arm']}"),
            ("end_date", _ended(row)),
        )
        for column, what in days:
            if row[column]:
                yield PersonLine(_day(row[column]), table, what, key)


def _ended(row: Row) -> str:
    if row["status"] == row["end_reason"]:
        return f"{row['trial']}: {row['status']}"
    return f"{row['trial']}: {row['status']}, {row['end_reason']}"


def _screenings(rows: Rows, table: str) -> Iterator[PersonLine]:
    """Tell each screening in one line, under the id of its first answer or first failure."""
    asked: dict[tuple[str, str], list[Row]] = {}
    for row in rows.get(table, ()):
        asked.setdefault((_day(row["asked_date"]), row["trial"]), []).append(row)
    for (day, trial), answers in asked.items():
        failed = [row for row in answers if row["met"] != (row["kind"] == "inclusion")]
        names = "".join(f"; not {row['kind']} {row['criterion']!r}" for row in failed)
        what = f"{trial}: {len(answers) - len(failed)} of {len(answers)} criteria satisfied{names}"
        first = min(failed or answers, key=lambda row: row["sequence"])
        yield PersonLine(day, table, what, str(first["eligibility_result_id"]))


def _trial_visits(rows: Rows, table: str) -> Iterator[PersonLine]:
    for row in rows.get(table, ()):
        day = row["actual_date"] or row["planned_date"]
        late = ", outside its window" if row["deviation"] else ""
        planned = f" (planned {row['planned_date']})" if row["planned_date"] else ""
        what = f"{row['trial']}: {row['name']}, {row['status']}{late}{planned}"
        key, of = str(row["trial_visit_id"]), _id(row["encounter_id"])
        yield PersonLine(_day(day), table, what, key, of)


def _patients(rows: Rows, table: str) -> Iterator[PersonLine]:
    for row in rows.get(table, ()):
        key = str(row["person_id"])
        if row["mother_person_id"] is not None:
            mother = str(row["mother_person_id"])
            yield PersonLine(_day(row["birth_date"]), table, "is born", key, mother)
        if row["death_date"]:
            yield PersonLine(_day(row["death_date"]), table, "dies", key)


def _births(rows: Rows, person_id: int) -> Iterator[PersonLine]:
    for row in rows.get(CHILDREN, ()):
        what = f"gives birth to person {row['person_id']} ({row['gender']})"
        yield PersonLine(_day(row["birth_date"]), "patients", what, str(row["person_id"]))


CHILDREN = "children"
"""Under this name, the rows of `patients` of whom the person is the mother."""

_TELL: Mapping[str, Callable[[Rows, str], Iterator[PersonLine]]] = {
    "patients": _patients,
    "enrollments": _enrollments,
    "subjects": _subjects,
    "eligibility_results": _screenings,
    "encounters": _encounters,
    "trial_visits": _trial_visits,
    "conditions": _conditions,
    "allergies": _each("recorded_date", "allergy_id", WORDS["allergies"]),
    "observations": _each("effective_date", "observation_id", WORDS["observations"]),
    "screenings": _each("taken_at", "screening_id", WORDS["screenings"]),
    "procedures": _each("performed_date", "procedure_id", WORDS["procedures"]),
    "lab_results": _each("collected_at", "lab_result_id", _result),
    "vital_signs": _each("measured_at", "vital_sign_id", _result),
    "immunizations": _each("given_date", "immunization_id", WORDS["immunizations"]),
    "referrals": _each("referred_date", "referral_id", WORDS["referrals"]),
    "care_plans": _each("start_date", "care_plan_id", WORDS["care_plans"]),
    "clinical_notes": _each("authored_at", "note_id", WORDS["clinical_notes"]),
    "prescriptions": _each("written_date", "prescription_id", _prescription),
    "immunizations_not_given": _each(
        "occurrence_date", "not_given_id", WORDS["immunizations_not_given"]
    ),
    "encounter_locations": _each("start_at", "encounter_id", WORDS["encounter_locations"]),
    "diagnostic_reports": _each("effective_at", "report_id", WORDS["diagnostic_reports"]),
    "appointments": _each("start_at", "appointment_id", WORDS["appointments"]),
    "goals": _each("start_date", "goal_id", WORDS["goals"]),
    "devices": _each("start_date", "device_id", WORDS["devices"], of="procedure_id"),
    "planted_violations": _each("since_date", "violation_id", _violation),
    "exposures": _each("start_date", "exposure_id", WORDS["exposures"]),
    "adverse_events": _each("start_date", "adverse_event_id", WORDS["adverse_events"]),
    "claims": _each("from_date", "claim_id", _claim),
    "fills": _fills,
}
"""Table -> how its rows are told, in the order of the lines of one day."""
