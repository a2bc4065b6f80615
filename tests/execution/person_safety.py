"""Which drugs one person must not take, day by day: the rules of the table, asked one by one."""

from __future__ import annotations

import math
from typing import Any

from execution.person_record import PersonRecord
from healthsim.codes.drugs import drugs
from healthsim.codes.icd10cm import combined
from healthsim.codes.pregnancy import SUPERVISION
from healthsim.dates import iso
from healthsim.medicine.allergies import substances
from healthsim.medicine.datafiles import rows
from healthsim.medicine.dosing import doses
from healthsim.specification.journeys.events import Prescription, Procedure

_LOCAL = {"topical", "ophthalmic", "otic", "nasal", "vaginal", "device"}


def rules_of(profile: Any) -> list[dict[str, str]]:
    """Return the rows of the table that a profile keeps."""
    if profile.safety == "none":
        return []
    without = () if profile.safety == "usual" else profile.safety.without
    assert profile.safety == "usual" or not profile.safety.allow_violations
    assert not profile.clinical.allergies
    return [row for row in rows("safety.csv") if row["name"] not in without]


def names(groups: str, drug: str) -> bool:
    """Tell whether a list of ingredients and classes names a drug that reaches the blood."""
    row = drugs().find(drug, "drug")
    listed = groups.split(";")
    named = row.ingredient in listed or f"class:{row.drug_class}" in listed
    return named and doses()[drug].route not in _LOCAL


def beyond(rule: dict[str, str], value: float) -> bool:
    low, high = rule["below"], rule["above"]
    return bool(low and value < float(low)) or bool(high and value > float(high))


class PersonSafety:
    """Refuses and stops the drugs of one person."""

    def __init__(self, profile: Any, record: PersonRecord, as_of: int) -> None:
        self.rules, self.record = rules_of(profile), record
        record.conditions.begun = self.diagnosed
        for drug, course, *_ in record.taken:
            for rule in self.about(drug, "stop"):
                if course[2] > as_of and self.holds(rule, as_of):
                    course[2] = as_of

    def about(self, drug: str, *actions: str) -> list[dict[str, str]]:
        return [
            rule for rule in self.rules
            if rule["action"] in actions and names(rule["drugs"], drug)
        ]  # fmt: skip

    def allows(self, drug: str, day: int) -> bool:
        """Tell whether a drug may be begun."""
        return not any(self.holds(rule, day) for rule in self.about(drug, "stop", "refuse"))

    def is_forbidden_after_all(self, step: Any, day: int) -> bool:
        """Tell whether a step would not be done by who knows every journey.

        Results, conditions and allergies are asked again; a drug that was taken beside it is not.
        """
        if isinstance(step, Prescription):
            rules = self.about(step.details.drug, "stop", "refuse")
        elif isinstance(step, Procedure):
            rules = self.about_procedure(step.details.code)
        else:
            return False
        found_later = ("lab", "condition", "allergy")
        return any(rule["kind"] in found_later and self.holds(rule, day) for rule in rules)

    def about_procedure(self, code: str) -> list[dict[str, str]]:
        return [rule for rule in self.rules if f"hcpcs:{code}" in rule["drugs"].split(";")]

    def gives(self, procedure: str, day: int) -> bool:
        """Tell whether a treatment is given, by its code."""
        return not any(self.holds(rule, day) for rule in self.about_procedure(procedure))

    def holds(self, rule: dict[str, str], day: int) -> bool:
        """Tell whether a rule holds on a day."""
        keys, kind = rule["key"].split(";"), rule["kind"]
        if kind == "condition" or kind == "pregnancy":
            known = self.record.conditions.codes(day)
            wanted = tuple(keys) if kind == "condition" else SUPERVISION
            return any(code.startswith(wanted) for code in (*known, *combined(known)))
        if kind == "drug":
            return any(
                course[1] <= day < course[2] and names(rule["key"], drug)
                for drug, course, *_ in self.record.taken
            )
        if kind == "allergy":
            known = self.record.conditions.codes(day)
            said = tuple(code for key in keys for code in substances()[key].implied)
            return bool(said) and any(code.startswith(said) for code in known)
        if kind == "lab":
            return self._result(rule, keys, day)
        if kind == "weight":
            return beyond(rule, self.record.body.values(["29463-7"], day)["29463-7"])
        born = [int(part) for part in iso(int(self._birth)).split("-")]
        today = [int(part) for part in iso(day).split("-")]
        months = 12 * (today[0] - born[0]) + today[1] - born[1] - (today[2] < born[2])
        low, high = rule["below"], rule["above"]
        return bool(low and months / 12 < float(low)) or bool(
            high and math.floor(months / 12) > float(high)
        )

    @property
    def _birth(self) -> int:
        return int(self.record.people.birth[self.record.row])

    def _result(self, rule: dict[str, str], keys: list[str], day: int) -> bool:
        """Tell whether the latest result that still counts is beyond the bounds."""
        latest, value = -(2**40), math.nan
        for key in keys:
            seen = [(on, found) for on, found in self.record.results.get(key, []) if on <= day]
            if seen:
                on = max(one for one, _ in seen)
                found = [result for one, result in seen if one == on][-1]
                if isinstance(found, float) and not math.isnan(found) and on > latest:
                    latest, value = on, found
        return latest >= day - int(rule["days"]) and beyond(rule, value)

    def measured(self, code: str, value: Any, day: int) -> None:
        """Stop what a result forbids."""
        for rule in self.rules:
            known = rule["kind"] == "lab" and code in rule["key"].split(";")
            if known and isinstance(value, float) and beyond(rule, value):
                self._stop(rule, day)

    def diagnosed(self, code: str, day: int) -> None:
        """Stop what a condition forbids that begins."""
        for rule in self.rules:
            if rule["kind"] == "condition" and code.startswith(tuple(rule["key"].split(";"))):
                self._stop(rule, day)
            if rule["kind"] == "pregnancy" and code.startswith(SUPERVISION):
                self._stop(rule, day)

    def begun(self, drug: str, day: int) -> None:
        """Stop what must not be taken beside a drug that is begun."""
        for rule in self.rules:
            if rule["kind"] == "drug" and names(rule["key"], drug):
                self._stop(rule, day)

    def _stop(self, rule: dict[str, str], day: int) -> None:
        if rule["action"] == "stop":
            for drug, course, *_ in self.record.taken:
                if course[1] <= day < course[2] and names(rule["drugs"], drug):
                    course[2] = day
