"""Random steps of the richer language: hazards, stages, protocols, waits, races, parts."""

from __future__ import annotations

from typing import Any

A1C = "4548-4"
RATES = (
    0.4, 2.0, 6, {"type": "conditional", "cases": [{"when": "a1c > 8", "then": 4}],
                  "otherwise": 0.5},
)  # fmt: skip
SHARES = (0.3, 0.8, {"type": "conditional", "cases": [{"when": "has('I10')", "then": 0.9}],
                     "otherwise": 0.2})  # fmt: skip
SHAPES: tuple[dict[str, Any], ...] = (
    {}, {"shape": 1.7}, {"shape": 0.6}, {"by_month": {"1": 1.8, "2": 0, "7": 0.4}},
    {"bands": [{"until_day": 40, "factor": 3}, {"until_day": 90, "factor": 0}, {"factor": 0.7}]},
)  # fmt: skip
EVERY: tuple[dict[str, Any], ...] = (
    {"days": 30}, {"days": 7}, {"weeks": 5}, {"months": 1}, {"years": 1}, {"years": 0.35},
    {"weekdays": ["mon", "wed", "fri"]}, {"weekdays": ["sun"]},
)  # fmt: skip
LENGTHS: tuple[dict[str, float], ...] = (
    {"days": 25}, {"days": 120}, {"months": 3}, {"years": 1}, {"years": 0.7},
)  # fmt: skip
WAITED = ("last('4548-4') > 7", "day > 100", "weight < 78", "month == 5", "takes('metformin')")
GAMMA = {"type": "gamma", "mean": 60, "sd": 50}


class DraftedSteps:
    """Steps of the richer language; `DraftedJourney` gives what they are made with."""

    draw: Any
    ids: list[str]
    letter: str
    suffix: str
    lifecycles: dict[str, tuple[str, ...]]
    parts: dict[str, Any]
    started: list[str]
    repeated: list[str]
    one: Any
    number: Any
    condition: Any
    steps: Any

    def hazard(self, *, renewed: bool = False) -> dict[str, Any]:
        if self.number(0, 2) == 0:
            return {"share": self.one(SHARES), "within_days": self.one((1, 5, 45, 200))}
        shape = self.one((*SHAPES, {"renew_days": 30}, {"renew_days": 45}) if renewed else SHAPES)
        return {"per_year": self.one(RATES), **shape}

    def every(self) -> dict[str, Any]:
        return self.one(EVERY) if self.number(0, 2) else {"hazard": self.hazard()}

    def delay(self, depth: int) -> dict[str, Any]:
        days = self.one((3, 10, {"type": "uniform", "low": 0, "high": 20}))
        steps = self.steps(depth + 1, [], 1) if self.number(0, 1) else []
        return {"when": self.condition(), "days": days, "most": self.number(1, 2), "steps": steps}

    def cadence(self, depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {"counted": self.one(("first", "previous"))}
        if self.number(0, 2) == 0:
            found["delay"] = self.delay(depth)
        if self.number(0, 1):
            found["until"] = self.condition()
        return found

    def _protocol(self, depth: int, sight: list[str], step: dict[str, Any]) -> dict[str, Any]:
        cycles = self.number(1, 3)
        visits: list[dict[str, Any]] = [
            {
                "id": f"{step['id']}v1",
                "day": 1,
                "window": {"before": 2, "after": 2},
                "first_window": {"after": 1},
            },
            {"id": f"{step['id']}v2", "day": self.one((8, 12)), "window": {"before": 3}},
        ][: self.number(1, 2)]
        if len(visits) > 1 and cycles > 1:
            visits[1]["cycles"] = self.one(([2], {"every": 2}, [1, cycles]))
        for visit in visits:
            for name in ("missed", "outside"):
                if self.number(0, 1):
                    visit[name] = self.one(SHARES)
            if self.number(0, 3) == 0:
                visit["when"] = self.condition()
            visit["steps"] = self.steps(depth + 1, [], 1)
        found = {"do": "protocol", "cycles": cycles, "cycle_days": self.one((14, 28)),
                 "visits": visits, **self.cadence(depth)}  # fmt: skip
        if self.number(0, 1):
            found["unscheduled"] = {
                "id": f"{step['id']}u", "hazard": self.hazard(), "times": 2,
                "steps": self.steps(depth + 1, [], 1),
            }  # fmt: skip
        names = [visit["id"] for visit in visits]
        self.ids += names
        if depth == 0:
            self.repeated += [f"{step['id']}#1/{names[0]}", f"{step['id']}#{cycles}"]
        return found

    def _stages(self, depth: int, sight: list[str], step: dict[str, Any]) -> dict[str, Any]:
        names = ("a", "b", "c")
        circle = depth == 0 and self.number(0, 2) == 0
        stages: list[dict[str, Any]] = []
        for place, name in enumerate(names[:2]):
            onward = [*names[place + 1 :], *(("a",) if circle and place else ())]
            steps = self.steps(depth + 1, [], 2) if self.number(0, 3) else []
            stages.append({"name": name, "steps": steps, **self._moves(onward)})
        last = self.steps(depth + 1, [], 1) if self.number(0, 1) else []
        stages.append({"name": "c", "final": True, "steps": last})
        found: dict[str, Any] = {"do": "stages", "stages": stages,
                                 "start": self.one(("a", {"a": 0.6, "b": 0.4}))}  # fmt: skip
        if circle:
            found |= {"visits": 12, "lasts": {"days": 200}}
        elif self.number(0, 2) == 0:
            found["lasts"] = self.one(LENGTHS)
        if self.number(0, 1):
            found["check_every"] = self.one((7, 20))
        self.lifecycles[step["id"]] = names
        if depth == 0:
            self.repeated += [f"{step['id']}/b#1", f"{step['id']}/c#1"]
            self.repeated += [f"{step['id']}/a#1/{one['id']}" for one in stages[0]["steps"]]
        return found

    def _moves(self, onward: list[str]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        moves: list[dict[str, Any]] = []
        if self.number(0, 1):
            unit = self.one(("days", "months", "years"))
            stays = {"days": self.one((0, 40, GAMMA)), "months": 2,
                     "years": {"type": "uniform", "low": 0.1, "high": 1}}  # fmt: skip
            found["stays"] = {unit: stays[unit]}
            if self.number(0, 1):
                moves.append({"to": self.one(onward), "when": self.condition()})
            if len(onward) > 1:
                moves += [{"to": onward[0], "weight": 0.4}, {"to": onward[1], "weight": 0.6}]
            else:
                moves.append({"to": onward[0]})
        if not moves or self.number(0, 1):
            twice = onward[:1] if self.number(0, 3) == 0 else []
            moves += [{"to": to, "hazard": self.hazard(renewed=True)} for to in [*onward, *twice]]
        if self.number(0, 2) == 0:
            moves.append({"to": self.one(onward), "until": self.condition()})
        return {**found, "moves": moves}

    def _wait(self, depth: int, sight: list[str], step: dict[str, Any]) -> dict[str, Any]:
        return {
            "do": "wait", "until": self.one((self.condition(), *WAITED)),
            "limit": self.one(LENGTHS), "check_every": self.one((4, 7, 30)),
            "steps": self.steps(depth + 1, sight, 2),
            "otherwise": self.steps(depth + 1, sight, 1) if self.number(0, 1) else [],
        }  # fmt: skip

    def _table(self, depth: int, sight: list[str], step: dict[str, Any]) -> dict[str, Any]:
        when = self.one((
            {"age": [60, 70], "gender": "F"}, {"a1c" + self.suffix: [8, 10.5]},
            {"control": ["poor", "good"], "month": [1, 2]}, {"plan": ["MA-HMO", "Original"]},
        ))  # fmt: skip
        options = [{"name": "left", "steps": self.steps(depth + 1, sight, 1)},
                   {"name": "right", "steps": []}, {"name": "ahead", "steps": []}]  # fmt: skip
        rows = [{"when": when, "weights": {"left": 0.7, "ahead": 0.3}},
                {"weights": {"left": 0.2, "right": 0.8}}]  # fmt: skip
        return {"do": "branch", "options": options, "table": {"rows": rows}}

    def _race(self, depth: int, sight: list[str], step: dict[str, Any]) -> dict[str, Any]:
        options = [{"name": "hare", "hazard": self.hazard(),
                    "steps": self.steps(depth + 1, sight, 2)},
                   {"name": "tortoise", "hazard": self.hazard(), "steps": []}]  # fmt: skip
        if self.number(0, 1):
            return {"do": "branch", "options": options}
        neither = {"name": "neither", "otherwise": True,
                   "steps": self.steps(depth + 1, sight, 1)}  # fmt: skip
        return {"do": "branch", "options": [*options, neither], "within_days": self.one((20, 90))}

    def _include(self, depth: int, sight: list[str], step: dict[str, Any]) -> dict[str, Any]:
        if not self.parts or self.number(0, 1):
            before = list(self.ids)
            steps = self.steps(depth + 1, [], 2)
            later = {"do": "event", "id": f"{step['id']}p", "at": {"day": {"parameter": "late"}},
                     "when": "${asked}", "type": "lab", "details": {"loinc": A1C}}  # fmt: skip
            self.parts[f"part-{step['id']}"] = {
                "parameters": {"late": 12, "asked": "a1c > 7"}, "steps": [*steps, later]
            }  # fmt: skip
            self.ids[:] = [*before, *(one["id"] for one in steps), later["id"]]
        part = self.one(self.parts)
        given = {"late": self.one((0, 33))} if self.number(0, 1) else {}
        return {"do": "include", "part": part, "parameters": given}

    def _moving(self, depth: int, sight: list[str], step: dict[str, Any]) -> dict[str, Any]:
        """Draft a trend, noise, or what a drug does."""
        found = self.one((
            {"per_year": self.one((-1.5, 2, {"type": "normal", "mean": 0, "sd": 2}))},
            {"noise": {"sd": 0.5, "every_days": self.one((10, 30)), "keeps": 0.7}},
            {"by": self.one((-1.5, 0.8)), "while_taking": self.one(("metformin", "glipizide"))},
        ))  # fmt: skip
        if "by" in found:
            found = {**found, "washout_days": self.one((5, 40))}
            if self.number(0, 1):
                found["over"] = {"days": 45}
        elif self.number(0, 1):
            found = {**found, "lasts": self.one(LENGTHS)}
        return {"do": "change", "state": self.one(("a1c", "weight")) + self.suffix, **found}

    def _stop(self, depth: int, sight: list[str], step: dict[str, Any]) -> dict[str, Any]:
        return {"do": "stop", "of": self.one(self.started)}

    def _referral(self, depth: int, sight: list[str], step: dict[str, Any]) -> dict[str, Any]:
        return {"type": "referral", "details": {"specialty": "cardiology"}}


def stage_conditions(lifecycles: dict[str, tuple[str, ...]]) -> tuple[str, ...]:
    """Return what may be asked about the stages of some lifecycles."""
    found = [f"{id} == '{name}'" for id, names in lifecycles.items() for name in names]
    if len(lifecycles) == 1:
        found += ["stage == 'b'", "not (stage == 'a')"]
    return tuple(found)
