"""Limits of specifications: what is accepted at each, and what is refused one step beyond.

A limit is (what, how to build the documents from a value, values within, values beyond, where the
refusal says it is). Documents within a limit may be refused elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from execution.births import delivery, pregnancy, women
from execution.families import family
from execution.running import Document, diabetic, event, journey, visit
from specification.faults import put

Built: TypeAlias = tuple[Document, ...]
Limit: TypeAlias = tuple[str, Callable[[Any], Built], tuple[Any, ...], tuple[Any, ...], str]


def _profile(path: str) -> Callable[[Any], Built]:
    return lambda value: (put(diabetic(), path, value),)


def _families(path: str) -> Callable[[Any], Built]:
    return lambda value: (put(family(), path, value),)


def _spouse(age: Any, gap: Any) -> Built:
    return (put(put(family(), "demographics/age", age), "household/spouse/age_gap", gap),)


def _children(age: Any, anchor: Any) -> Built:
    home = put(family(), "demographics/age", anchor)
    return (put(home, "household/children/age", age),)


def _uniform(low: float, high: float) -> Document:
    return {"type": "uniform", "low": low, "high": high}


def _of(*steps: Document, **changes: Any) -> Built:
    return diabetic(), journey(*steps, **changes)


def _stay(**details: Any) -> Built:
    said = {"encounter_class": "inpatient", "drg": "470", **details}
    return _of(event("stay", "encounter", 5, **said), duration_days=30_000)


def _noise(days: int) -> Built:
    change = {"do": "change", "id": "noise", "state": "a1c", "noise": {"sd": 0.1, "every_days": 7}}
    return _of(change, state={"a1c": {"start": "attribute", "decimals": 1}}, duration_days=days)


def _ended(day: int, variance: int) -> Built:
    over = {"do": "end", "id": "over", "at": 50, "scope": "journey"}
    return _of(over, visit("late", {"day": day, "variance_days": variance}))


def _states(**starts: Any) -> Built:
    return _of(visit("v", 1), state={name: {"start": start} for name, start in starts.items()})


def _births(times: int, number: int, **changes: Any) -> Built:
    """Let each woman bear so often so many children."""
    labour = delivery(details={"number": number})
    repeat = {"do": "repeat", "id": "again", "every": {"days": 300}, "times": times,
              "steps": [labour]}  # fmt: skip
    return women(**changes), pregnancy(repeat, duration_days=20_000)


def _dated(day: str) -> Built:
    return _of(visit("v", {"date": day}), duration_days=30)


def _begun(earliest: str, latest: str, **changes: Any) -> Built:
    begins = {"earliest": earliest, "latest": latest}
    return diabetic(**changes), journey(visit("v", 1), begins=begins, duration_days=30)


def _branch(*options: Document) -> Built:
    return _of({"do": "branch", "id": "way", "at": 1, "options": list(options)})


def _ways(first: float, second: float) -> Built:
    return _branch({"name": "a", "weight": first}, {"name": "b", "weight": second})


def _moves(first: float, second: float) -> Built:
    moves = [{"to": "b", "weight": first}, {"to": "c", "weight": second}]
    stages = [
        {"name": "a", "stays": {"days": 20}, "moves": moves},
        {"name": "b", "stays": {"days": 20}},
        {"name": "c", "stays": {"days": 20}},
    ]
    return _of({"do": "stages", "id": "course", "start": "a", "stages": stages})


def _rows(first: float, second: float) -> Built:
    table = {"rows": [{"when": {}, "weights": {"a": first, "b": second}}]}
    return _of(
        {
            "do": "branch",
            "id": "way",
            "at": 1,
            "table": table,
            "options": [{"name": "a"}, {"name": "b"}],
        }
    )


def _exact(*counts: int) -> Built:
    return _branch(*({"name": f"w{place}", "exactly": count} for place, count in enumerate(counts)),
                   {"name": "rest", "weight": 1})  # fmt: skip


def _trial(*steps: Document) -> Built:
    trial = {"id": "T-1", "title": "A trial", "phase": "3", "arms": {"a": 1, "b": 1}}
    return (diabetic(products=["patientsim", "trialsim"]),
            journey(*steps, trial=trial, duration_days=400))  # fmt: skip


def _protocol(*visits: Document, **changes: Any) -> Built:
    protocol = {"do": "protocol", "id": "course", "at": 10, "cycles": 2, "cycle_days": 21,
                "visits": list(visits), **changes}  # fmt: skip
    return _trial(event("screen", "screening", 0), event("draw", "randomization", 1), protocol)


def _seen(id: str, day: int, before: int = 0, after: int = 0, **changes: Any) -> Document:
    window = {"before": before, "after": after}
    return {"do": "visit", "id": id, "day": day, "window": window, **changes}


def _screened(screened: int, randomized: int, *, turned: bool = False) -> Built:
    steps = [event("screen", "screening", screened), event("draw", "randomization", randomized)]
    return _trial(*(reversed(steps) if turned else steps))


OF_DOCUMENTS: tuple[Limit, ...] = (
    ("sum of weights", lambda value: _profile("demographics/gender")({"M": 0.5, "F": value}),
     (0.499, 0.501, 0.5), (0.4989, 0.5011), "demographics.gender"),
    ("sum of the weights of a branch", lambda value: _ways(0.5, value), (0.499, 0.501, 0.5),
     (0.4985, 0.5015), "add up"),
    ("sum of the weights of moves", lambda value: _moves(0.5, value), (0.499, 0.501, 0.5),
     (0.4985, 0.5015), "add up"),
    ("sum of the weights of a row", lambda value: _rows(0.5, value), (0.499, 0.501, 0.5),
     (0.4985, 0.5015), "add up"),
    ("people", _profile("count"), (1, 100_000_000), (0, 100_000_001), "profile.count"),
    ("seed", _profile("seed"), (0, 2**53 - 1), (-1, 2**53), "profile.seed"),
    ("families", _families("count"), (10_000_000,), (10_000_001,), "10,000,000"),
    ("years of the calendar", _profile("as_of"), ("1950-01-01", "2150-01-01"),
     ("1949-12-31", "2151-01-01"), "profile.as_of"),
    ("last day of the calendar",
     lambda value: (diabetic(as_of=value), journey(visit("v", 1), duration_days=18_262)),
     ("2149-12-14",), ("2149-12-15",), "profile.through"),
    ("the end of the data", lambda value: (diabetic(through=value),),
     ("2025-01-01",), ("2024-12-31",), "through"),
    ("age", _profile("demographics/age"), (0, 125, _uniform(0, 125)),
     (126, -1, _uniform(0, 125.5), _uniform(-0.5, 9)), "profile.demographics.age: "),
    ("share of a condition", _profile("clinical/comorbidities/0/share"), (0, 1), (-0.001, 1.001),
     "share"),
    ("years since onset", lambda value: (put(diabetic(), "clinical/comorbidities/0/onset",
                                            {"years_before": value}),),
     (0, 125), (-1, 126), "years_before"),
    ("days since onset", lambda value: (put(diabetic(), "clinical/comorbidities/0/onset",
                                           {"days_before": value}),),
     (0, 45_750), (-1, 45_751), "days_before"),
    ("people with an exact count", _profile("clinical/comorbidities/0"),
     ({"code": "I10", "exactly": 60},), ({"code": "I10", "exactly": 61},), "exactly"),
    ("least age of a code of everybody", lambda value: (diabetic(
        clinical={"primary": {"code": "A18.14"}},
        demographics={"age": _uniform(value, 60), "gender": {"M": 1}}),),
     (15,), (14.99,), "clinical.primary"),
    ("greatest age of a code of everybody", lambda value: (diabetic(
        clinical={"primary": {"code": "A48.51"}}, demographics={"age": _uniform(0, value)}),),
     (17.99,), (18,), "clinical.primary"),
    ("youngest anchor of a family", lambda value: (put(family(), "demographics/age",
                                                     _uniform(value, 60)),),
     (18,), (17.99,), "profile.demographics.age"),
    ("children by label", lambda value: (put(family(), "household/children/number",
                                             {"1": 0.5, value: 0.5}),),
     ("0", "12"), ("13", "1.5", "-1"), "children.number"),
    ("children by number", _families("household/children/number"), (0, 12), (13, -1),
     "children.number"),
    ("age of children", _families("household/children/age"), (0, 26), (27, -1), "children.age"),
    ("a spouse of age", lambda value: _spouse(_uniform(30, 60), value), (42, -70), (43, -71),
     "spouse.age_gap"),
    ("youngest mother", lambda value: _children(value, _uniform(20, 30)), (15,), (16,),
     "children.age"),
    ("oldest mother", lambda value: _children(value, _uniform(60, 64)), (10,), (9,),
     "children.age"),
    ("rank of a correlation", lambda value: (put(diabetic(attributes={
        "x": _uniform(0, 1), "y": _uniform(0, 1)}), "correlations",
        [{"between": ["x", "y"], "rank": value}]),),
     (-0.99, 0.99), (-1, 1), "rank"),
)  # fmt: skip

OF_JOURNEYS: tuple[Limit, ...] = (
    ("length of a journey", lambda value: _of(visit("v", 0), duration_days=value), (1, 40_000),
     (0, 40_001), "duration_days"),
    ("nights of a stay", lambda value: _stay(los_days=value), (0, 3650), (-1, 3651), "los_days"),
    ("nights of a stay that are drawn", lambda value: _stay(los_days=_uniform(value, 5)), (0,),
     (-0.5,), "los_days"),
    ("periods of noise", _noise, (600 * 7,), (600 * 7 + 1,), "every_days"),
    ("last day", lambda value: _of(visit("v", value), duration_days=30), (30,), (31,),
     "step 'v'"),
    ("last day that is drawn",
     lambda value: _of(visit("v", {"day": _uniform(10, value)}), duration_days=30),
     (30,), (31,), "step 'v'"),
    ("room after the end", lambda value: _of(visit("v", {"day": 30, "variance_days": value}),
                                             duration_days=30), (17,), (18,), "step 'v'"),
    ("room after the end on business days", lambda value: _of(
        visit("v", {"day": 30, "variance_days": value, "business_days": True}), duration_days=30),
     (7,), (8,), "step 'v'"),
    ("first day", lambda value: _of(visit("a", 5), visit("v", {"after": "a", "day": value})),
     (-5,), (-6,), "step 'v'"),
    ("a day before its scope", lambda value: _of(visit("v", {"day": _uniform(value, 9)})),
     (0,), (-0.5,),
     "at.day"),
    ("a step after an end", lambda value: _ended(*value), ((50, 0), (51, 1), (55, 5)),
     ((51, 0), (55, 4)), "step 'late'"),
    ("a state that starts from another", lambda value: _states(x=1, y=value),
     ({"type": "formula", "value": "x + 1"},),
     ({"type": "formula", "value": "y + 1"}, {"type": "formula", "value": "z + 1"}),
     "state.y.start"),
    ("a state that starts from a later one", lambda value: _states(
        x={"type": "formula", "value": value}, y=1), ("2 + 1",), ("y + 1", "x + 1"),
     "state.x.start"),
    ("births at once", lambda value: _births(1, value), (1, 5), (0, 6), "details.number"),
    ("births in a unit", lambda value: _births(value, 5), (10,), (11,), " 50"),
    ("a calendar day in a journey", _dated, ("2025-01-01", "2025-01-31"),
     ("2024-12-31", "2025-02-01"), "at.date"),
    ("the first beginning", lambda value: _begun(value, "2025-03-01"), ("2025-01-01",),
     ("2024-12-31",), "as_of"),
    ("the last beginning", lambda value: _begun("2025-01-01", value, through="2025-03-01"),
     ("2025-03-01",), ("2025-03-02",), "begins.latest"),
    ("exact counts of a branch", lambda value: _exact(*value), ((60,), (30, 30)),
     ((61,), (30, 31)), ".exactly"),
    ("chance", lambda value: _of(visit("v", 1) | {"chance": value}), (0, 1), (-0.01, 1.01),
     "chance"),
    ("randomised after screening", lambda value: _screened(*value), ((5, 5), (5, 6), (0, 0)),
     ((5, 4),), "step 'draw'"),
    ("randomised on the day of a screening that stands after it",
     lambda value: _screened(*value, turned=True), ((5, 6),), ((5, 5),), "step 'draw'"),
    ("a visit of a cycle", lambda value: _protocol(_seen("v", value)), (1, 21), (0, 22), "day"),
    ("a visit of the only cycle", lambda value: _protocol(_seen("v", value), cycles=1), (22,), (0,),
     "day"),
    ("cycles of a visit", lambda value: _protocol(_seen("v", 1, cycles=[value])), (1, 2), (0, 3),
     "cycle"),
    ("windows of two visits", lambda value: _protocol(_seen("v", 1, after=3),
                                                      _seen("w", 10, before=value)),
     (5,), (6,), "overlap"),
    ("windows of two cycles", lambda value: _protocol(_seen("v", 1, before=value),
                                                      _seen("w", 21)),
     (0,), (1,), "overlap"),
    ("diagnoses of a visit", lambda value: _of(visit("v", 1, diagnoses=[
        f"M25.5{place}" if place > 9 else f"R{10 + place}.9" for place in range(value)])),
     (24,), (25,), " 24"),
    ("times of a repeat", lambda value: _of({"do": "repeat", "id": "r", "every": {"days": 1},
                                             "times": value, "steps": [visit("v")]},
                                            duration_days=4000), (1, 2000), (0, 2001), "times"),
    ("days of supply", lambda value: _of(event("d", "prescription", 1,
                                               drug="metformin 500 mg tablet", days_supply=value)),
     (1, 365), (0, 366), "days_supply"),
    ("refills", lambda value: _of(event("d", "prescription", 1, drug="metformin 500 mg tablet",
                                        refills=value)), (0, 99), (-1, 100), "refills"),
    ("characters of a condition", lambda value: _of(visit("v", 1) | {
        "when": "age" + " " * (value - 7) + ">= 1"}), (500,), (501,), ".when"),
)  # fmt: skip
