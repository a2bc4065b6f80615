"""Random journeys for Hypothesis, and a profile for people to walk them."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from execution.drafted_steps import DraftedSteps, stage_conditions

PEOPLE: dict[str, Any] = {
    "kind": "profile", "mortality": "none",
    "name": "walkers", "count": 60, "seed": 11, "as_of": "2025-01-01",
    "demographics": {"age": {"type": "uniform", "low": 60, "high": 80, "decimals": 0}},
    "attributes": {
        "a1c": {"type": "normal", "mean": 8.2, "sd": 1.2, "low": 5, "high": 13, "decimals": 1},
        "control": {"good": 0.5, "poor": 0.5},
    },
    "clinical": {
        "primary": {"code": "E11.9"},
        "comorbidities": [{"code": "I10", "share": 0.5}, {"code": "N18.30", "share": 0.3}],
        "medications": [{"drug": "metformin 500 mg tablet", "share": 0.3}],
    },
    "coverage": {"plan": {"MA-HMO": 0.5, "Original": 0.3, "Uninsured": 0.2}},
    "products": ["patientsim", "membersim"], "detail": "core",
}  # fmt: skip
A1C = "4548-4"
DRUGS = ("metformin 500 mg tablet", "glipizide 5 mg tablet", "lisinopril 10 mg tablet")
CONDITIONS = (
    "last('4548-4') > 8.0", "last('4548-4') <= 7.5 or day > 150", "a1c > 8.2", "weight < 80",
    "takes('metformin')", "takes('glipizide') or takes('lisinopril')", "has('I10')", "has('I12')",
    "has('E11.22')", "has('J45') and not has('N18')", "day > 60", "month in [1, 2, 3, 7]",
    "has('J18') or has('I25.2')", "not has('N39')", "has('E11.9')",
    "age >= 70", "plan == 'MA-HMO'", "plan != 'Original'", "control == 'poor'",
    "gender == 'F' and a1c * 2 > 16",
)  # fmt: skip
VISITS_FOR = ((), (), ["J18.9", "E11.9"], ["J45.901"], ["I21.4", "I10"], ["N18.4", "Z23"],
              ["E11.65", "R07.9"], ["N39.0"])  # fmt: skip
STEP_CONDITIONS = (
    "happened('{0}')", "not happened('{0}')", "count('{0}') >= 2", "days_since('{0}') < 30",
    "days_since('{0}') > 20 and count('{0}') < 4", "within('{0}', 25)", "not within('{0}', 60)",
)  # fmt: skip
CHANCES = (0.5, 0.9, {"type": "conditional", "cases": [{"when": "a1c > 8", "then": 0.8}],
                      "otherwise": 0.2})  # fmt: skip
DAYS = (
    0, 0, 3, 14, 30, 60, {"type": "uniform", "low": 0, "high": 40, "decimals": 0},
    {"type": "formula", "value": "20 + 2 * a1c"},
)  # fmt: skip
AMOUNTS = (-0.6, 0.7, {"type": "normal", "mean": -0.3, "sd": 0.8},
           {"type": "formula", "value": "0 - a1c / 20"})  # fmt: skip
RESULTS = (
    {"from": "a1c"}, {"from": "a1c", "noise": {"type": "normal", "mean": 0, "sd": 0.3}},
    {"type": "normal", "mean": 8, "sd": 1, "decimals": 1}, None,
)  # fmt: skip
LIVES = (
    {"do": "end", "scope": "journey"},
    {"do": "end", "scope": "coverage"},
    {"do": "end", "scope": "person"},
    {"type": "death"},
    {"type": "disenrollment"},
    {"type": "enrollment", "details": {"plan": "Commercial-PPO"}},
)


class DraftedJourney(DraftedSteps):
    """A journey while it is made up: which ids there are, and which an `after` may name."""

    def __init__(
        self,
        draw: st.DrawFn,
        letter: str = "s",
        earlier: tuple[str, ...] = (),
        *,
        shared: bool = False,
    ) -> None:
        self.draw, self.letter = draw, letter
        self.suffix = "" if letter == "s" or shared else f"_{letter}"
        self.ids: list[str] = []
        self.earlier = earlier
        self.repeated: list[str] = []
        self.lifecycles: dict[str, tuple[str, ...]] = {}
        self.parts: dict[str, Any] = {}
        self.started: list[str] = []
        self.beating: set[str] = set()

    def one(self, choices: Any) -> Any:
        return self.draw(st.sampled_from(list(choices)))

    def number(self, low: int, high: int) -> int:
        return self.draw(st.integers(low, high))

    def head(self, sight: list[str], inside_visit: bool) -> dict[str, Any]:
        step: dict[str, Any] = {"id": f"{self.letter}{len(self.ids)}"}
        if not inside_visit:
            step["at"] = self.timing(sight)
        if self.number(0, 3) == 0:
            step["when"] = self.condition()
        if self.number(0, 4) == 0:
            step["chance"] = self.one(CHANCES)
        if not inside_visit and self.number(0, 6) == 0:
            step["hazard"] = self.hazard(renewed=True)
            step["at"].pop("variance_days", None)
        self.ids.append(step["id"])
        return step

    def timing(self, sight: list[str]) -> dict[str, Any]:
        at: dict[str, Any] = {"day": self.one(DAYS)}
        names = [*sight, *self.repeated]
        if names and self.number(0, 2):
            at["after"] = self.one(names)
            at["day"] = self.one(DAYS if self.number(0, 9) else (-10, -25))
            beats = "#" in at["after"].rsplit("/", 1)[-1] or at["after"] in self.beating
            at["edge"] = "start" if beats else self.one(("start", "end"))
        elif self.number(0, 5) == 0:
            at["age"] = self.one(({"years": 70}, {"months": 12 * 72 + 5}, {"days": 25_500}))
            at["day"] = self.one((0, 0, -20, 15))
        if self.number(0, 6) == 0 and "age" not in at:
            at["month"] = self.one((1, 3, 10))
            at["day"] = self.one((0, 0, 9, -8))
        if self.number(0, 1):
            at["variance_days"] = self.one((3, 20))
        at["business_days"] = self.number(0, 2) == 0
        return at

    def condition(self) -> str:
        known = [*self.ids, *self.earlier, *self.repeated]
        if self.lifecycles and self.number(0, 3) == 0:
            return str(self.one(stage_conditions(self.lifecycles)))
        if known and self.number(0, 1):
            return str(self.one(STEP_CONDITIONS)).format(self.one(known))
        return str(self.one(CONDITIONS))

    def steps(self, depth: int, sight: list[str], most: int) -> list[dict[str, Any]]:
        found = []
        seen = list(sight)
        for _ in range(self.number(1, most)):
            step = self.step(depth, seen)
            seen.append(step["id"])
            found.append(step)
        return found

    def step(self, depth: int, sight: list[str]) -> dict[str, Any]:
        kinds = ["lab", "lab", "change", "change", "visit", "prescription", "diagnosis", "life"]
        kinds += ["moving", "referral", *(["stop"] if self.started else [])]
        if depth < 2:
            kinds += ["branch", "repeat", "stages", "protocol", "wait", "table", "race"] * (
                2 - depth
            )
            kinds += ["include", "repeat", "stages"] if depth == 0 else []
        kind = self.one(kinds)
        step = self.head(sight, inside_visit=False)
        if kind in ("repeat", "protocol"):
            self.beating.add(step["id"])
        if kind == "race":
            step.pop("hazard", None)
        make = getattr(self, f"_{kind}")
        return {"do": "event", **step, **make(depth, [*sight, step["id"]], step)}

    def _lab(self, depth: int, sight: list[str], step: dict[str, Any]) -> dict[str, Any]:
        result = self.one(RESULTS)
        if result and "from" in result:
            result = {**result, "from": "a1c" + self.suffix}
        details = {"loinc": A1C} | ({"result": result} if result else {})
        return {"type": "lab", "details": details}

    def _change(self, depth: int, sight: list[str], step: dict[str, Any]) -> dict[str, Any]:
        amount: dict[str, Any] = {"by": self.one(AMOUNTS)}
        if self.number(0, 3) == 0:
            amount = {"to": self.one((7.0, 9.5))}
        over = {"over": {"days": self.one((10, 60))}} if self.number(0, 1) else {}
        return (
            {"do": "change", "state": self.one(("a1c", "a1c", "weight")) + self.suffix}
            | amount
            | over
        )

    def _visit(self, depth: int, sight: list[str], step: dict[str, Any]) -> dict[str, Any]:
        details: dict[str, Any] = {"encounter_class": "office", "procedures": ["99213"]}
        if self.number(0, 3) == 0:
            spread = {"type": "uniform", "low": 0, "high": 9, "decimals": 0}
            details = {"encounter_class": "inpatient", "los_days": spread}
        if self.number(0, 3) == 0:
            details |= {"specialty": "cardiology", "requires_referral": True}
        if listed := self.one(VISITS_FOR):
            details["diagnoses"] = listed
        inside = []
        for _ in range(self.number(0, 2)):
            kind = self.one(("lab", "prescription", "diagnosis"))
            child = self.head(sight, inside_visit=True)
            if details["encounter_class"] == "inpatient":
                child["at"] = {"day": self.one((0, 2, 6)), "variance_days": self.one((0, 3))}
                if self.number(0, 2) == 0:
                    child |= {"at": child["at"]["day"], "hazard": self.hazard(renewed=True)}
            inside.append(
                {"do": "event", **child, **getattr(self, f"_{kind}")(depth, sight, child)}
            )
        return {"type": "encounter", "details": details, "with": inside}

    def _prescription(self, depth: int, sight: list[str], step: dict[str, Any]) -> dict[str, Any]:
        details: dict[str, Any] = {"drug": self.one(DRUGS), "refills": self.number(0, 3)}
        if self.number(0, 1):
            details["replaces"] = self.one(("metformin", "glipizide"))
        self.started.append(step["id"])
        return {"type": "prescription", "details": details}

    def _diagnosis(self, depth: int, sight: list[str], step: dict[str, Any]) -> dict[str, Any]:
        self.started.append(step["id"])
        code = self.one(("I10", "N18.30", "N18.4", "J45.909", "J18.9", "I21.4"))
        return {"type": "diagnosis", "details": {"code": code}}

    def _life(self, depth: int, sight: list[str], step: dict[str, Any]) -> dict[str, Any]:
        return {**self.one(LIVES), "chance": 0.3}

    def _branch(self, depth: int, sight: list[str], step: dict[str, Any]) -> dict[str, Any]:
        options: list[dict[str, Any]] = [
            {"name": "asked", "when": self.condition(), "steps": self.steps(depth + 1, sight, 2)}
        ]
        if self.number(0, 1):
            options[0]["weight"] = 0.7
            options.append({**options[0], "name": "asked too", "weight": 0.3, "steps": []})
        if self.number(0, 1):
            options.append({"name": "half", "weight": 0.5, "steps": []})
            options.append(
                {"name": "other half", "weight": 0.5, "steps": self.steps(depth + 1, sight, 2)}
            )
        else:
            options.append({"name": "else", "otherwise": True, "steps": []})
        return {"do": "branch", "options": options}

    def _repeat(self, depth: int, sight: list[str], step: dict[str, Any]) -> dict[str, Any]:
        every, times = self.every(), self.number(1, 4)
        cadence = self.cadence(depth)
        outside = len(self.ids)
        steps = self.steps(depth + 1, [*sight], 3)
        if depth == 0:
            plain = [one["id"] for one in steps]
            named = [f"{step['id']}/{name}#{times}" for name in plain]
            self.repeated += [*named, f"{step['id']}#{times}"]
        assert len(self.ids) > outside
        return {"do": "repeat", "every": every, "times": times, "steps": steps, **cadence}


@st.composite
def journeys(draw: st.DrawFn, most: int = 6) -> list[dict[str, Any]]:
    """One or two journeys with jitter wherever it may be; the checker refuses some of them."""
    first = DraftedJourney(draw)
    found = [_journey(first, "wander", most)]
    if first.number(0, 3) == 0:
        shared = first.number(0, 1) == 0
        second = DraftedJourney(draw, "t", tuple(first.ids), shared=shared)
        found.append(_journey(second, "return", most))
        if shared:
            found = [{**one, "precedence": place} for place, one in enumerate(found)]
            found = found[:: first.one((1, -1))]
    return found


def _last(drafting: DraftedJourney) -> list[dict[str, Any]]:
    """Draft what reads every state, and sends people on, late in the journey."""
    state = "a1c" + drafting.suffix
    heavy = {"when": f"weight{drafting.suffix} > 75"}
    found = [
        {"at": 150, "type": "referral", "details": {"specialty": "cardiology"}},
        {"at": 400, "type": "lab", "details": {"loinc": A1C, "result": {"from": state}}},
        {"at": 700, "type": "lab", "details": {"loinc": A1C, "result": {"from": state}}, **heavy},
    ]
    return [{"do": "event", "id": f"{drafting.letter}x{number}", **one}
            for number, one in enumerate(found)]  # fmt: skip


def _journey(drafting: DraftedJourney, name: str, most: int) -> dict[str, Any]:
    steps = [*drafting.steps(0, [], most), *_last(drafting)]
    cut = drafting.number(0, len(steps))
    weight = {"start": {"type": "normal", "mean": 82, "sd": 9}, "decimals": 2}
    found: dict[str, Any] = {
        "kind": "journey", "name": name, "duration_days": drafting.one((900, 3000)),
        "begins": {"earliest": "2025-01-01", "latest": "2025-03-31"},
        "state": {
            f"a1c{drafting.suffix}": {"start": "a1c", "low": 4.5, "high": 15, "decimals": 1},
            f"weight{drafting.suffix}": weight,
        },
        "phases": [{"name": "first", "steps": steps[:cut]}, {"name": "then", "steps": steps[cut:]}],
    }  # fmt: skip
    if drafting.parts:
        found["parts"] = drafting.parts
    if drafting.number(0, 3) == 0:
        found["eligible"] = drafting.one(("has('I10')", "age >= 65", "control == 'poor'"))
    return found
