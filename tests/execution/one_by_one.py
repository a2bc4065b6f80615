"""A slow interpreter of journeys: one person at a time, a plain heap, plain lists.

It shares with the engine the specification, the addresses of draws and the people of the
profile; all that is about dates, order, logs and branches is said here a second time.
"""

from __future__ import annotations

import heapq
import math
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np

from execution.calendar_days import beat_day, day_number, next_open_day
from execution.layout import Key, Layout, Node
from execution.story import NEVER, Eye, Story, settle
from healthsim.codes.drugs import drugs
from healthsim.codes.loinc import loinc, panel
from healthsim.dates import NO_DAY
from healthsim.execution.cohort import draw_people
from healthsim.execution.people import Draws
from healthsim.execution.run import Job
from healthsim.specification import journey as say
from healthsim.specification.details import StateResult
from healthsim.specification.distributions import Distribution, Draw, parse_distribution
from healthsim.streams import Streams
from healthsim.tables import Coded


@dataclass
class Told:
    """What befell one person in one journey."""

    days: dict[str, int] = field(default_factory=dict)
    ways: dict[str, str] = field(default_factory=dict)
    values: dict[tuple[str, str], float] = field(default_factory=dict)
    over: int = NEVER


class Walk:
    """One person in one journey."""

    def __init__(self, teller: Teller, number: int, story: Story) -> None:
        self.teller, self.number, self.story = teller, number, story
        self.layout = teller.layouts[number]
        self.journey = self.layout.journey
        self.told = Told()
        self.begun = 0
        self.heap: list[tuple[int, Key]] = []
        self.opened: dict[Key, int] = {}
        self.edges: dict[Key, tuple[int, int]] = {}
        self.first_beat: dict[Key, int] = {}
        self.discharge: dict[Key, int] = {}

    def u(self, decision: str) -> float:
        return float(self.teller.column(decision)[self.story.row])

    def draw(self, decision: str, distribution: Distribution, day: int) -> Any:
        row = self.story.row
        found = distribution.values(
            Draw(
                u=np.array([self.u(decision)]),
                index=np.array([row]),
                scope=Eye(self.story, day, self.begun, self.days_of),
            )
        )
        return found.texts()[0] if isinstance(found, Coded) else float(found[0])

    def holds(self, condition: Any, day: int) -> bool:
        return bool(condition.holds(Eye(self.story, day, self.begun, self.days_of))[0])

    def days_of(self, name: str) -> list[int]:
        for number in range(self.number, -1, -1):
            nodes = self.teller.counted(number, name)
            if nodes:
                return [day for node in nodes for day in self.story.happened[number, node.key]]
        return []

    def go(self) -> Told:
        """Walk from the first day to the end."""
        as_of = day_number(self.teller.job.profile.as_of)
        first = last = as_of
        if self.journey.begins is not None:
            first = day_number(self.journey.begins.earliest)
            last = day_number(self.journey.begins.latest)
        width = last - first + 1
        self.begun = first + math.floor(self.u(f"{self.journey.name}/begins") * width)
        for name, state in self.journey.state.items():
            self.story.states[name] = (math.nan, state)
        if self.begun > self.story.death:
            return self.told
        for name, state in self.journey.state.items():
            self.story.states[name] = (settle(self.start(name, state), state), state)
        if self.journey.eligible is not None and not self.holds(self.journey.eligible, self.begun):
            return self.told
        self.open((), self.begun)
        while self.heap:
            day, key = heapq.heappop(self.heap)
            self.come(self.layout.nodes[key], day)
        return self.told

    def start(self, name: str, state: say.State) -> float:
        """Return the first value of a state variable."""
        if isinstance(state.start, str):
            attribute = name if state.start == "attribute" else state.start
            return float(self.story.attributes[attribute])
        return float(self.draw(f"{self.journey.name}/state/{name}", state.start, self.begun))

    def open(self, scope: Key, day: int) -> None:
        self.opened[scope] = day
        for node in self.layout.inside[scope]:
            anchor = self.layout.anchors.get(node.key)
            if anchor is None:
                self.date(node, day)
            elif anchor in self.edges:
                self.date(node, self.edges[anchor][node.step.at.edge == "end"])

    def passed(self, node: Node, first: int, last: int) -> None:
        """Let what comes after a node have its date."""
        self.edges[node.key] = (first, last)
        for key, anchor in self.layout.anchors.items():
            other = self.layout.nodes[key]
            if anchor == node.key and other.scope in self.opened:
                self.date(other, self.edges[anchor][other.step.at.edge == "end"])

    def date(self, node: Node, base: int) -> None:
        at, begin = node.step.at, self.opened[node.scope]
        if at.date is not None:
            day = day_number(at.date)
            if day < begin:
                return
            earliest = day
        else:
            drawn = 0.0
            if at.day is not None:
                drawn = self.draw(f"{node.address}/day", at.day, base)
            offset = 0 if math.isnan(drawn) else round(drawn)
            day = base + offset
            earliest = begin if offset < 0 else max(base, begin)
        if at.variance_days:
            wide = 2 * at.variance_days + 1
            day += math.floor(self.u(f"{node.address}/variance") * wide) - at.variance_days
        day = max(day, earliest)
        if at.business_days:
            day = next_open_day(day)
        visit = self.layout.visit_around(node)
        if visit is not None:
            day = min(day, self.discharge[visit])
        heapq.heappush(self.heap, (day, node.key))

    def come(self, node: Node, day: int) -> None:
        step, story = node.step, self.story
        if day > self.told.over or day > story.death:
            return
        if node.tick:
            if step.until is not None and self.holds(step.until, day):
                return
        elif not self.wanted(node, day):
            return
        story.happened[self.number, node.key].append(day)
        if isinstance(step, say.Repeat):
            self.beat(node, day)
            self.passed(node, day, day)
            return
        self.told.days[node.address] = day
        last = self.work(node, day)
        if isinstance(step, say.Branch):
            way = self.way(node, day)
            if way >= 0:
                self.told.ways[node.address] = step.options[way].name
                self.open((*node.key, way), day)
        elif node.key in self.layout.outer:
            self.open(node.key, day)
        self.passed(node, day, last)

    def wanted(self, node: Node, day: int) -> bool:
        step = node.step
        if step.when is not None and not self.holds(step.when, day):
            return False
        if step.chance is None:
            return True
        share = self.draw(f"{node.address}/chance/share", step.chance, day)
        return bool(self.u(f"{node.address}/chance") < share)

    def beat(self, node: Node, day: int) -> None:
        repeat = node.key[:-1] if node.tick else node.key
        if node.tick:
            self.open(node.key, day)
        else:
            self.first_beat[repeat] = day
        following = (*repeat, node.tick + 1)
        if following in self.layout.nodes:
            first = self.first_beat[repeat]
            heapq.heappush(self.heap, (beat_day(node.step.every, first, node.tick), following))

    def way(self, node: Node, day: int) -> int:
        u, options = self.u(f"{node.address}/option"), node.step.options
        groups: dict[Any, list[int]] = {}
        for place, option in enumerate(options):
            condition = "otherwise" if option.otherwise else option.when
            groups.setdefault(condition, []).append(place)
        asked = [one for one in groups if one not in (None, "otherwise")]
        always = [one for one in groups if one in (None, "otherwise")]
        for condition in [*asked, *always]:
            if condition in (None, "otherwise") or self.holds(condition, day):
                weights = [1.0 if options[place].weight is None else options[place].weight
                           for place in groups[condition]]  # fmt: skip
                edge = 0.0
                for place, weight in zip(groups[condition], weights, strict=True):
                    edge += weight / sum(weights)
                    if u < edge:
                        return place
                return groups[condition][-1]
        return -1

    def work(self, node: Node, day: int) -> int:
        """Do a step; return its last day."""
        step = node.step
        if isinstance(step, say.Encounter):
            self.discharge[node.key] = day + self.nights(node, day)
            return self.discharge[node.key]
        if isinstance(step, say.Lab | say.Vital):
            self.measure(node, day)
        elif isinstance(step, say.Diagnosis):
            known = self.story.problems.get(step.details.code, NEVER)
            self.story.problems[step.details.code] = min(known, day)
        elif isinstance(step, say.Prescription):
            self.prescribe(step, day)
        elif isinstance(step, say.Change):
            moved = step.by if step.by is not None else step.to
            assert moved is not None
            name = "by" if step.by is not None else "to"
            amount = self.draw(f"{node.address}/{name}", moved, day)
            over = step.over.days if step.over else 0
            self.story.moves[step.state].append((day, amount, name == "to", over))
            self.story.moves[step.state].sort(key=lambda move: move[0])
        elif isinstance(step, say.Death):
            self.story.death = day
        else:
            self.end(step, day)
        return day

    def end(self, step: Any, day: int) -> None:
        if isinstance(step, say.Disenrollment):
            self.story.close(day)
        elif isinstance(step, say.Enrollment):
            self.story.cover(step.details.plan, day)
        elif not isinstance(step, say.End):
            return
        elif step.scope == "person":
            self.story.death = day
        elif step.scope == "coverage":
            self.story.close(day)
        else:
            self.told.over = day

    def nights(self, node: Node, day: int) -> int:
        details = node.step.details
        if details.los_days is None:
            assert details.encounter_class not in {"inpatient", "snf", "observation"}
            return 0
        drawn: float = self.draw(f"{node.address}/los", details.los_days, day)
        return max(0, round(drawn))

    def prescribe(self, step: say.Prescription, day: int) -> None:
        drug = drugs().find(step.details.drug, "drug")
        ended = {drug.ingredient, step.details.replaces}
        for course in self.story.courses:
            if course[0] in ended and course[1] <= day < course[2]:
                course[2] = day
        supply = step.details.days_supply * (step.details.refills + 1)
        self.story.courses.append([drug.ingredient, day, day + supply])

    def measure(self, node: Node, day: int) -> None:
        details = node.step.details
        if getattr(details, "panel", None) is not None:
            wanted = {
                code: (details.results.get(code), f"{code}/") for code in panel(details.panel)
            }
        else:
            wanted = {details.loinc: (details.result, "")}
        for code, (result, prefix) in wanted.items():
            if isinstance(result, StateResult):
                value = self.story.state(result.from_, day)
                if result.noise is not None:
                    noise = self.draw(f"{node.address}/{prefix}noise", result.noise, day)
                    value = settle(value + noise, self.story.states[result.from_][1])
            else:
                spread = result if result is not None else healthy(code)
                value = self.draw(f"{node.address}/{prefix}result", spread, day)
            self.told.values[node.address, code] = value
            self.story.results[code].append((day, value))


def healthy(code: str) -> Distribution:
    row = loinc().find(code, "loinc")
    bounds = {
        name: getattr(row, name) for name in ("low", "high") if getattr(row, name) is not None
    }
    return parse_distribution(
        {"type": "normal", "mean": row.mean, "sd": row.sd, "decimals": row.decimals}
        | {name: bound for name, bound in bounds.items() if not math.isnan(bound)}
    )


class Teller:
    """Tells the stories of everybody in a job, one after the other."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.layouts = [Layout(journey) for journey in job.journeys]
        self._streams = Streams(job.seed)
        self._columns: dict[str, Any] = {}
        self._counted: dict[tuple[int, str], list[Node]] = {}
        draws = Draws(job.seed, 0, job.count, job.count)
        self.people = draw_people(job.profile, job.parts, draws, job.book.names)

    def column(self, decision: str) -> Any:
        if decision not in self._columns:
            self._columns[decision] = self._streams.uniform(decision, 0, self.job.count)
        return self._columns[decision]

    def counted(self, number: int, name: str) -> list[Node]:
        if (number, name) not in self._counted:
            self._counted[number, name] = self.layouts[number].counted(name)
        return self._counted[number, name]

    def tell(self, row: int) -> tuple[Story, list[Told]]:
        """Let one person walk every journey; drop what ends cut off."""
        story = self.begin(row)
        found = [Walk(self, number, story).go() for number in range(len(self.layouts))]
        for told in found:
            latest = min(told.over, story.death, self.job.through)
            gone = {address for address, day in told.days.items() if day > latest}
            told.values = {key: value for key, value in told.values.items() if key[0] not in gone}
            told.ways = {key: way for key, way in told.ways.items() if key not in gone}
            told.days = {key: day for key, day in told.days.items() if key not in gone}
        return story, found

    def begin(self, row: int) -> Story:
        people = self.people
        story = Story(row, people, {
            name: values.texts()[row] if isinstance(values, Coded) else float(values[row])
            for name, values in people.attributes.items()
        })  # fmt: skip
        for problem in people.problems:
            if problem.onset[row] != NO_DAY:
                story.problems[problem.code] = int(problem.known_from[row])
        story.courses = [
            [one.ingredient, -NEVER, NEVER] for one in people.medications if one.takes[row]
        ]
        if people.plan[row] >= 0:
            name = self.job.book.names[people.plan[row]]
            month = int(self.job.book.first_month[people.plan[row]])
            as_of = self.job.profile.as_of
            year = as_of.year if as_of.month >= month else as_of.year - 1
            since = max(day_number(date(year, month, 1)), int(people.birth[row]))
            story.spans.append([name, since, NEVER])
        return story
