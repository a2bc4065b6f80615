"""The body of one person, worked out number by number.

It shares with the engine the knowledge of `healthsim.medicine` and the addresses of draws; what
acts on the person and when, what is stated, and how all of it adds up is written a second time.
"""

from __future__ import annotations

import math
from collections import defaultdict
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import ndtri

from healthsim.dates import whole_months
from healthsim.execution.body.size import Size
from healthsim.medicine.analytes import analytes, has_usual, key_of
from healthsim.medicine.courses import response, shift, target, weight
from healthsim.medicine.derivation import derive, derived, needs, plan, solve
from healthsim.medicine.effects import condition_effects, cure, drug_effects, moved_by
from healthsim.medicine.setpoints import Subjects, spread, to_scale, to_value

if TYPE_CHECKING:
    from execution.one_by_one import Interpreter
    from execution.person_record import PersonRecord

SEASON, GRACE = 180, 30


def one(number: float) -> np.ndarray:
    return np.array([float(number)])


def beyond(
    groups: dict[tuple[str, bool], float], replaced: dict[str, float]
) -> dict[tuple[str, bool], float]:
    """Return what groups of conditions add to what they put in place of a set point."""
    both = {name: (groups.get((name, False), 0.0), by) for name, by in replaced.items() if name}
    return {(name, False): moved - by if abs(moved) > abs(by) else 0.0
            for name, (moved, by) in both.items()}  # fmt: skip


class PersonBody:
    """What would be measured of one person on one day."""

    def __init__(self, interpreter: Interpreter, record: PersonRecord) -> None:
        self.streams, self.record = interpreter.streams, record
        self.states = interpreter.states
        self.attributes = interpreter.held_attributes
        self.size = Size(interpreter.people, interpreter.draws)
        self.stated: dict[str, dict[int, float]] = defaultdict(dict)
        self.moved: dict[str, dict[int, tuple[float, bool]]] = defaultdict(dict)
        self.held: dict[str, float] = {}
        self.hold(interpreter.as_of)

    def normal(self, decision: str, index: int = 0) -> float:
        person = np.array([self.record.people.person_id[self.record.row]])
        return float(np.round(ndtri(self.streams.at(decision, person, index)), 6)[0])

    def rank(self, key: str) -> float:
        """Return the person's place among healthy people of the same sex and age."""
        if key == "body_mass":
            return float(self.size.own("bmi")[self.record.row])
        return self.normal(f"physiology/{key}/set")

    def own(self, key: str, day: int) -> tuple[float, float]:
        """Return the healthy middle, and the person's usual distance from it."""
        analyte, healthy = analytes()[key], spread(analytes()[key], self.subjects(day))
        middle = float(healthy.middle[0])
        size = {"height": self.size.height, "body_mass": self.size.bmi}.get(key)
        if size is None:
            return middle, float(healthy.between[0]) * self.rank(key)
        when = np.array([self.record.row]), np.array([day], dtype=np.int32)
        return middle, float(to_scale(analyte, size(*when))[0]) - middle

    def subjects(self, day: int) -> Subjects:
        people, row = self.record.people, self.record.row
        female = {"F": 1.0, "M": 0.0}.get(people.gender.texts()[row], 0.5)
        born = np.array([people.birth[row]], dtype=np.int32)
        months = max(int(whole_months(born, np.array([day], dtype=np.int32))[0]), 0)
        return Subjects(one(female), np.array([months]))

    def values(self, codes: list[str], day: int) -> dict[str, float]:
        wanted, known = plan(tuple(codes)), dict[str, np.ndarray]()
        for key in wanted.drawn:
            location = one(self.locate(key, day, self.deviation(key, day)))
            known[key] = one(self.as_stated(key, day, to_value(analytes()[key], location)))
        for key in wanted.derived:
            found = derive((key,), known, self.subjects(day))[key]
            known[key] = one(self.as_stated(key, day, found))
        return {code: float(known[key_of(code)][0]) for code in codes}

    def as_stated(self, key: str, day: int, value: np.ndarray) -> float:
        return self.stated[key].get(day, float(value[0]))

    def deviation(self, key: str, day: int) -> float:
        moved = self.moved[key]
        passing = [size for since, (size, goes) in moved.items() if goes and since == day]
        if passing:
            return passing[0]
        lasting = [since for since, (_, goes) in moved.items() if not goes and since <= day]
        if not lasting:
            return 0.0
        since = max(lasting)
        left = 1 - (day - since) / max(analytes()[key].fade_days, 1)
        return moved[since][0] * min(max(left, 0.0), 1.0)

    def take(self, results: dict[str, float], day: int, passing: set[str]) -> None:
        known = {key_of(code): code for code in results
                 if has_usual(code) and not math.isnan(results[code])}  # fmt: skip
        given = {key_of(code) for code in results if has_usual(code)}
        for key in sorted(known, key=lambda key: key in derived()):
            code = known[key]
            for drawn, value in self.behind(key, results[code], day, given).items():
                given.add(drawn)
                location = to_scale(analytes()[drawn], one(value))[0]
                self.moved[drawn][day] = self.away(drawn, float(location), day), code in passing
            self.stated[key][day] = results[code]

    def behind(self, key: str, value: float, day: int, given: set[str]) -> dict[str, float]:
        if key not in derived():
            return {key: value}
        others = {name: one(found) for name, found in self.values(list(needs(key)), day).items()}
        found = solve(key, one(value), others, self.subjects(day), frozenset(given - {key}))
        return {name: float(values[0]) for name, values in found.items()}

    def parts(self, key: str, day: int) -> tuple[float, float, float, float, float]:
        """Return middle, excess, share that drugs leave of it, what they add, and noise."""
        analyte, healthy = analytes()[key], spread(analytes()[key], self.subjects(day))
        middle, own = self.own(key, day)
        quick = self.normal(f"physiology/{key}/noise", day * 128 + 127)
        if analyte.drift:
            season, rest = divmod(day, SEASON)
            first, then = (self.normal(f"physiology/{key}/drift", season + n) for n in (0, 1))
            share = rest / SEASON
            slow = ((1 - share) * first + share * then) / math.hypot(1 - share, share)
            quick = math.sqrt(analyte.drift) * slow + math.sqrt(1 - analyte.drift) * quick
        noise = 0.0 if key == "height" else float(healthy.within[0]) * quick
        state = self.from_state(key, day)
        if state is not None:
            return state, 0.0, 1.0, 0.0, noise
        sums = self.effects(key, day, middle, own)
        return middle, sums[0] + self.held.get(key, 0.0), sums[1], sums[2], noise

    def locate(self, key: str, day: int, deviation: float) -> float:
        middle, excess, left, added, noise = self.parts(key, day)
        excess += deviation
        return middle + (excess * left if excess > 0 else excess) + (added + noise)

    def away(self, key: str, location: float, day: int) -> float:
        middle, excess, left, added, noise = self.parts(key, day)
        rest = location - middle - added - noise
        return (rest / left if rest > 0 else rest) - excess

    def from_state(self, key: str, day: int) -> float | None:
        for named, state in self.states.items():
            if key not in drawn_behind(named) or state not in self.record.states:
                continue
            value = self.record.state(state, day)
            row = derived().get(named) or analytes()[named]
            if row.low <= value <= row.high:
                wanted = self.otherwise_healthy(named, value, day, self.beside(named, day))[key]
                return float(to_scale(analytes()[key], one(wanted))[0])
        return None

    def beside(self, named: str, day: int) -> dict[str, Any]:
        """Return set points of what a state's analyte is computed from, unless a state has it."""
        if named not in derived():
            return {}
        behind = {key for name in self.states for key in drawn_behind(name)}
        found = {}
        for key in plan(needs(named)).drawn:
            if key not in behind:
                middle, excess, left, added, _ = self.parts(key, day)
                excess += self.deviation(key, day)
                location = middle + (excess * left if excess > 0 else excess) + added
                found[key] = to_value(analytes()[key], one(location))
        return found

    def otherwise_healthy(
        self, named: str, value: float, day: int, beside: dict[str, Any] | None = None
    ) -> dict[str, float]:
        if named not in derived():
            return {named: value}
        wanted, others, subjects = plan(needs(named)), dict[str, Any](), self.subjects(day)
        for key in wanted.drawn:
            others[key] = to_value(analytes()[key], one(sum(self.own(key, day))))
        others |= beside or {}
        others |= derive(wanted.derived, others, subjects)
        return {name: float(found[0])
                for name, found in solve(named, one(value), others, subjects).items()}  # fmt: skip

    def hold(self, as_of: int) -> None:
        held: dict[str, float] = {}
        for named, attribute in self.attributes.items():
            value = self.record.attributes.get(attribute)
            row = derived().get(named) or analytes()[named]
            if not isinstance(value, float) or not row.low <= value <= row.high:
                continue
            for key, wanted in self.otherwise_healthy(named, value, as_of).items():
                middle, own = self.own(key, as_of)
                excess, left, added = self.effects(key, as_of, middle, own)
                location = float(to_scale(analytes()[key], one(wanted))[0])
                rest = location - middle - added
                held[key] = (rest / left if rest > 0 else rest) - excess
        self.held = held

    def effects(self, key: str, day: int, middle: float, own: float) -> tuple[float, float, float]:
        """Return the excess over the middle, what drugs leave of it, and what they add."""
        acting: dict[Any, float] = {}
        for effect, size in (*self.of_conditions(day), *self.of_drugs(day)):
            if key in moved_by(effect):
                acting[effect] = max(acting.get(effect, 0.0), size)
        excess, left, added = own, 1.0, 0.0
        groups: dict[tuple[str, bool], float] = {}
        replaced: dict[str, float] = {}
        for effect in sorted(acting, key=lambda effect: effect.order):
            size, is_drug = acting[effect], effect.kind == "drug"
            answer = float(response(one(self.normal(f"physiology/response/{effect.response}")))[0])
            if effect.share < 1:
                z = self.normal(f"physiology/share/{effect.response}/{effect.analyte}")
                size *= z < ndtri(effect.share)
            if effect.op == "e":
                left *= max(1 - (1 - effect.size) * min(answer * size, 1.0), 0.05)
            elif effect.op == "=":
                away = self.target(effect, key, day) - middle - own
                kept = groups.get(("=", False), 0.0)
                groups["=", False] = kept + size * (away - kept)
                replaced[effect.group] = size * away
            else:
                moved = float(shift(effect.op, effect.size, analytes()[key], one(middle))[0])
                answered = 1 + (answer - 1) * min(1.0, 0.8 / (0.3 * abs(moved) or 1.0))
                moved *= (answered if analytes()[key].scale == "l" else answer) * size
                if effect.group:
                    group = effect.group, is_drug
                    groups[group] = max(groups.get(group, 0.0), moved, key=abs)
                elif is_drug:
                    added += moved
                else:
                    excess += moved
        groups |= beyond(groups, replaced)
        added += sum(moved for (_, is_drug), moved in groups.items() if is_drug)
        excess += sum(moved for (_, is_drug), moved in groups.items() if not is_drug)
        return excess, left, added

    def target(self, effect: Any, key: str, day: int) -> float:
        first = drawn_behind(effect.analyte)[0]
        rank = self.rank(first)
        rank = -rank if (effect.analyte, first) == ("egfr", "creatinine") else rank
        wanted = float(target(effect, one(rank))[0])
        value = self.otherwise_healthy(effect.analyte, wanted, day)[key]
        return float(to_scale(analytes()[key], one(value))[0])

    def of_conditions(self, day: int) -> list[tuple[Any, float]]:
        found = []
        for code, spans in self.record.conditions.spans().items():
            effects = condition_effects(code)
            lead = math.ceil(max((effect.lead for effect in effects), default=0))
            begun = [span for span in spans if span[0] <= day + lead]
            if not begun:
                continue
            since, until = max(begun)
            left = 1.0
            for drug, spells in self.spells().items():
                known = cure(drug, code)
                mine = [spell for spell in spells if spell[0] <= day]
                if known is not None and mine:
                    first, last, share = mine[-1][1:]
                    onset = max(known.onset, 1.0)
                    reached = min(max((min(day + 0.5, last) - first) / onset, 0.0), 1.0)
                    wanes = min(max(1 - (day + 0.5 - last) / onset, 0.0), 1.0)
                    left *= 1 - known.cancel * share * reached * wanes
            found += [(effect, self.weigh(effect, day, since, until) * left) for effect in effects]
        return found

    def of_drugs(self, day: int) -> list[tuple[Any, float]]:
        by_effect: dict[Any, list[str]] = {}
        for drug in self.spells():
            for effect in drug_effects(drug):
                by_effect.setdefault(effect, []).append(drug)
        found = []
        for effect, drugs in by_effect.items():
            mine = [spell for spell in self.merged(drugs) if spell[0] <= day]
            if mine:
                _, first, last, share = mine[-1]
                found.append((effect, self.weigh(effect, day, first, last) * share))
        return found

    def weigh(self, effect: Any, day: int, since: int, until: int) -> float:
        clock = day + 0.5
        after = clock - until if until <= clock else math.nan
        return float(weight(effect, one(min(clock - since, 100_000.0)), one(after))[0])

    def spells(self) -> dict[str, list[tuple[int, int, int, float]]]:
        names = dict.fromkeys(name for name, *_ in self.record.taken)
        return {name: self.merged([name]) for name in names}

    def merged(self, drugs: list[str]) -> list[tuple[int, int, int, float]]:
        """Return (day, first day, last day, share) of the courses; close ones go on as one."""
        courses = [
            (course[1], min(course[2], quits), share)
            for name, course, share, quits in self.record.taken
            if name in drugs and min(course[2], quits) > course[1] and share > 0
        ]
        found: list[tuple[int, int, int, float]] = []
        for begin, stop, share in sorted(courses, key=lambda course: course[0]):
            if found and begin <= found[-1][2] + GRACE:
                found.append((begin, found[-1][1], max(found[-1][2], stop), share))
            else:
                found.append((begin, begin, stop, share))
        return found


def drawn_behind(key: str) -> tuple[str, ...]:
    row = derived().get(key)
    return (key,) if row is None else tuple(row.solves[0])
