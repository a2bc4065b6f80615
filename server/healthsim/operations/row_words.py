"""Rows of the chart, of the payer and of trials in a few words each, for one person's story."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

Row: TypeAlias = Mapping[str, Any]


def visit_words(row: Row) -> str:
    """Say an encounter: its class, nights and reason."""
    kind = str(row["encounter_class"]).replace("_", " ")
    days = f" of {row['los_days']} days" if row["los_days"] else ""
    return f"{kind}{days}" + (f": {row['reason']}" if row["reason"] else "")


def claim_money(row: Row) -> str:
    """Say a claim's form, what the member owes and what the plan paid."""
    return f"{row['form']} {own_usd(row):,.2f} own, {row['plan_paid_usd']:,.2f} plan"


def own_usd(row: Row) -> float:
    """Return what the member pays of a claim or a fill."""
    shares = ("deductible_usd", "coinsurance_usd", "copay_usd")
    return sum(float(row[share]) for share in shares if share in row)


def _measure(row: Row) -> str:
    if row["value"] is None:
        return ""
    what, bracket, _ = str(row["display"]).partition(" [")
    name = what if bracket else what.rpartition(" in ")[0] or what  # without the specimen
    return f"{name} {row['value']:g} {row['unit'] or ''}".strip()


def _procedure(row: Row) -> str:
    """Say a procedure; of a hospital's code, whose text is long, the code."""
    hospital = row["system"] == "ICD-10-PCS"
    return str(row["code"] if hospital else row["display"] or row["code"])


DAYS = (
    "performed_date", "given_date", "measured_at", "collected_at", "written_date",
    "referred_date", "recorded_date", "start_date", "actual_date", "effective_date",
)  # fmt: skip
"""Columns that say on which day something was recorded; a table has one of them."""

_APPOINTMENTS = {
    "noshow": "does not come to an appointment", "cancelled": "appointment cancelled",
    "booked": "has an appointment",
}  # fmt: skip
"""Kept ones are told by their visits."""

WORDS: Mapping[str, Callable[[Row], str]] = {
    "conditions": lambda row: f"{row['code']} {row['display']}" if row["event_id"] else "",
    "procedures": _procedure,
    "lab_results": _measure,
    "vital_signs": _measure,
    "immunizations": lambda row: f"vaccine {row['display']}",
    "prescriptions": lambda row: f"writes {row['drug']}",
    "referrals": lambda row: f"refers to {row['specialty']}",
    "care_plans": lambda row: f"care plan {row['display']}",
    "devices": lambda row: (
        f"device: {row['type']}" + (f", {row['body_site']}" if row["body_site"] else "")
    ),
    "immunizations_not_given": lambda row: f"vaccine not given, {row['reason']}: {row['display']}",
    "encounter_locations": lambda row: (
        f"moves to {row['unit']}, room {row['room']}" if row["sequence"] > 1 else ""
    ),
    "goals": lambda row: (
        f"goal: {row['description']}" + (f", {row['achievement']}" if row["achievement"] else "")
    ),
    "clinical_notes": lambda row: f"writes a note: {str(row['title']).lower()}",
    "allergies": lambda row: (
        f"{row['kind']} to {row['substance']}" + (f": {row['reaction']}" if row["reaction"] else "")
    ),
    "observations": lambda row: f"{str(row['kind']).replace('_', ' ')}: {row['value_text']}",
    "screenings": lambda row: f"{row['instrument']}: {row['interpretation']}",
    "diagnostic_reports": lambda row: (
        f"report, {row['display']}: {row['conclusion']}" if row["conclusion"] else ""
    ),
    "appointments": lambda row: _APPOINTMENTS.get(str(row["status"]), ""),
    "enrollments": lambda row: f"covered by {row['plan_id']}" if row["event_id"] else "",
    "trial_visits": lambda row: f"trial visit {row['name']}" + (" (late)" * bool(row["deviation"])),
    "adverse_events": lambda row: f"adverse event {row['term']}, grade {row['grade']}",
    "exposures": lambda row: f"{row['treatment']} {row['dose']:g} {row['unit']}",
}
"""Table -> what a row of it says; nothing where another line says it."""
