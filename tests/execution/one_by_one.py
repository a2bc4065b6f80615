"""A slow interpreter of journeys: one person at a time, a plain heap, plain lists.

It shares with the engine the specification, the addresses of draws and the people of the
profile; dates, order, logs, stages and branches are implemented a second time. Where the
documentation leaves a choice open the engine's is taken, and a comment says so.
"""

from __future__ import annotations

import heapq
import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np

from execution.calendar_days import after, day_number, next_open_day
from execution.layout import Entry, Key, Layout, Leave, Node, late
from execution.person_beds import PersonBeds
from execution.person_body import PersonBody
from execution.person_conditions import PersonConditions, PersonEpisode
from execution.person_dates import PersonDates, lead
from execution.person_record import NEVER, PersonRecord, PersonScope, settle
from execution.person_safety import PersonSafety
from execution.person_stages import PersonStages
from execution.person_steps import PersonSteps, days_until_quit
from healthsim.billing.pharmacy.dispensing import short_course
from healthsim.codes.drugs import drugs
from healthsim.dates import NO_DAY
from healthsim.execution.body.bindings import Bindings
from healthsim.execution.cohort.cohort import draw_parts, people_of
from healthsim.execution.job import Job
from healthsim.execution.people.draws import Draws
from healthsim.specification.distributions.kinds import Distribution, DrawInput
from healthsim.specification.journeys.branches import Branch
from healthsim.specification.journeys.changes import State
from healthsim.specification.journeys.decided import deciding_noise
from healthsim.specification.journeys.events import Encounter, Prescription, Procedure
from healthsim.specification.journeys.includes import Include
from healthsim.specification.journeys.repeats import Protocol
from healthsim.specification.journeys.stages import Stages, Wait
from healthsim.streams import Streams
from healthsim.tables import Coded


@dataclass
class JourneyLog:
    """What one person had in one journey, by address; `occurrences` are their numbers."""

    days: dict[str, int] = field(default_factory=dict)
    occurrences: dict[str, int] = field(default_factory=dict)
    options: dict[str, str] = field(default_factory=dict)
    values: dict[tuple[str, str], float] = field(default_factory=dict)
    last_day: int = NEVER


def pick(u: float, weights: Sequence[float]) -> int:
    """Return the position of the weight whose part of (0, 1) a number is in."""
    edge = 0.0
    for place, weight in enumerate(weights):
        edge += weight / sum(weights)
        if u < edge:
            return place
    return len(weights) - 1


class Walk:
    """One person in one journey."""

    def __init__(self, interpreter: Interpreter, number: int, record: PersonRecord) -> None:
        self.interpreter, self.number, self.record = interpreter, number, record
        self.layout = interpreter.layouts[number]
        self.journey = self.layout.journey
        self.log = JourneyLog()
        self.start_day = 0
        self.heap: list[tuple[int, Key]] = []
        self.scope_begins: dict[Key, int] = {}
        self.scope_ends: dict[Key, int] = {}
        self.edges: dict[Key, tuple[int, int]] = {}
        self.first_beat: dict[Key, int] = {}
        self.delays: dict[Key, int] = defaultdict(int)
        self.waiting: dict[Key, int] = {}
        self.met: dict[Key, bool] = {}
        self.discharge: dict[Key, int] = {}
        self.left: dict[Key, int] = {}
        self.last_visit: dict[Any, int] = {}
        self.dates = PersonDates(self)
        self.beds = PersonBeds(self)
        self.stages_walked = PersonStages(self)

    def u(self, decision: str) -> float:
        return float(self.interpreter.column(decision)[self.record.row])

    def draw(self, decision: str, distribution: Distribution, day: int) -> Any:
        row = self.record.row
        values = distribution.values(
            DrawInput(
                u=np.array([self.u(decision)]),
                index=np.array([row]),
                scope=PersonScope(self.record, day, self.start_day, self.days_of),
            )
        )
        return values.texts()[0] if isinstance(values, Coded) else float(values[0])

    def holds(self, condition: Any, day: int, measured: dict[str, float] | None = None) -> bool:
        scope = PersonScope(self.record, day, self.start_day, self.days_of)
        scope.measured = measured or {}
        return bool(condition.holds(scope)[0])

    def days_of(self, name: str) -> list[int]:
        for number in range(self.number, -1, -1):
            nodes = self.interpreter.counted(number, name)
            if nodes:
                return [day for node in nodes for day in self.record.happened[number, node.key]]
        return []

    def choose(self, decision: str, options: Sequence[Any]) -> Any:
        """Return one of several options by their weights."""
        weights = [1.0 if option.weight is None else option.weight for option in options]
        return options[pick(self.u(decision), weights)]

    def run(self) -> JourneyLog:
        """Walk from the first day to the end."""
        first, last = map(day_number, self.journey.window(self.interpreter.job.profile.as_of))
        width = last - first + 1
        self.start_day = first + math.floor(self.u(f"{self.journey.name}/begins") * width)
        own = [name for name in self.journey.state if name not in self.record.states]
        for name in own:
            self.record.states[name] = (math.nan, self.journey.state[name])
        for node in self.layout.nodes.values():
            if isinstance(node.step, Stages):
                self.record.stages.setdefault(node.step.id, [])
        if self.start_day > self.record.death:
            return self.log
        for name in own:
            state = self.journey.state[name]
            self.record.states[name] = (settle(self.start(name, state), state), state)
        if self.journey.eligible is not None and not self.holds(
            self.journey.eligible, self.start_day
        ):
            return self.log
        self.open((), self.start_day)
        while self.heap:
            day, key = heapq.heappop(self.heap)
            self.step_due(self.layout.nodes[key], day)
        return self.log

    def start(self, name: str, state: State) -> float:
        """Return the first value of a state variable."""
        if isinstance(state.start, str):
            attribute = name if state.start == "attribute" else state.start
            return float(self.record.attributes[attribute])
        return float(self.draw(f"{self.journey.name}/state/{name}", state.start, self.start_day))

    def push(self, node: Node, day: int) -> None:
        """Schedule a node on a day, if the journey still lasts then."""
        if day - self.start_day <= self.journey.duration_days or not self.layout.is_loose(node):
            heapq.heappush(self.heap, (day, node.key))

    def open(self, scope: Key, day: int) -> None:
        self.scope_begins[scope] = day
        for node in self.layout.inside[scope]:
            anchor = self.layout.anchors.get(node.key)
            if anchor is None:
                self.dates.date(node, day)
            elif anchor in self.edges:
                self.dates.date(node, self.edges[anchor][node.step.at.edge == "end"])

    def finish(self, node: Node, first: int, last: int) -> None:
        """Date what follows a node."""
        self.edges[node.key] = (first, last)
        for other in self.layout.after[node.key]:
            if other.scope in self.scope_begins:
                self.dates.date(other, self.edges[node.key][other.step.at.edge == "end"])

    def is_at_risk(self, node: Node, day: int) -> bool:
        """Tell whether the person lives, is in the journey, and in every scope around a node."""
        if day > self.log.last_day or day > self.record.death:
            return False
        visit = self.layout.visit_around(node)
        if visit is not None and day > self.left.get(visit, NEVER):
            return False
        around = self.layout.scopes_around(node.scope)
        return all(day < self.scope_ends.get(scope, NEVER) for scope in around)

    def step_due(self, node: Node, day: int) -> None:
        step = node.step
        if not self.is_at_risk(node, day):
            return
        if isinstance(step, Leave):
            self.stages_walked.check(node, day)
            return
        if not self.dates.is_due(node, day) or not self.is_free(node, day):
            return
        if self.is_second(node, day):
            return
        if not self.takes_place(node, day):
            return
        missed = self.dates.visits.get(node.key) == "missed"
        if not missed:
            self.record.happened[self.number, node.key].append(day)
        if node.beats:
            self.beat(node, day)
            first = (
                self.first_beat[node.key] if isinstance(step, Protocol) and not node.tick else day
            )
            self.finish(node, first, first)
        elif isinstance(step, Stages):
            self.stages_walked.begin(node, day)
            self.finish(node, day, day)
        else:
            self.execute(node, day, missed=missed)

    def is_free(self, node: Node, day: int) -> bool:
        """Tell whether no stay keeps the person from a node; it comes later where one moves it."""
        if self.interpreter.job.profile.one_bed == "none":
            return True
        moved = self.beds.day_of(node, day)
        if moved is not None and moved != day:
            self.push(node, moved)
        return moved == day

    def is_second(self, node: Node, day: int) -> bool:
        """Tell whether a visit of the same series was today; then it comes on the next day."""
        series = self.layout.series(node)
        if series is None or self.last_visit.get(series) != day:
            return False
        self.push(node, next_open_day(day + 1) if self.layout.keeps_open_days(node) else day + 1)
        return True

    def execute(self, node: Node, day: int, *, missed: bool) -> None:
        """Log a step, do it, and begin the scope inside it."""
        step = node.step
        if not isinstance(step, Include):
            self.log.days[node.address] = day
            self.log.occurrences[node.address] = node.beat
        last = PersonSteps(self).do(node, day)
        if (series := self.layout.series(node)) is not None:
            self.last_visit[series] = day
        option_number: int | None = None
        if isinstance(step, Branch):
            option_number = self.choose_option(node, day)
            option = step.options[option_number].name
        elif isinstance(step, Wait):
            option_number = 0 if self.met[node.key] else 1
            option = ("met", "limit")[option_number]
        elif isinstance(step, Entry):
            option = step.id
            self.stages_walked.enter(node, day)
        else:
            option = self.dates.visits.get(node.key, "")
        if option:
            self.log.options[node.address] = option
        if missed:
            return
        scope = node.key if option_number is None else (*node.key, option_number)
        if scope in self.layout.outer:
            self.open(scope, day)
        self.finish(node, day, last)

    def takes_place(self, node: Node, day: int) -> bool:
        """Ask the conditions of a node on its day: of a beat, a wait, or any other step."""
        if node.tick:
            return self.repeat_goes_on(node, day) and not self.is_delayed(node, day)
        if node.key not in self.waiting and not self.conditions_hold(node, day):
            return False
        return not isinstance(node.step, Wait) or self.is_over(node, day)

    def conditions_hold(self, node: Node, day: int) -> bool:
        step = node.step
        if step.when is not None and not self.holds(step.when, day):
            return False
        if step.chance is not None:
            share = self.draw(f"{node.address}/chance/share", step.chance, day)
            if not self.u(f"{node.address}/chance") < share:
                return False
        if isinstance(step, Encounter) and step.details.requires_referral:
            to = step.details.specialty
            return any(sent == to and since <= day for sent, since in self.record.referrals)
        if isinstance(step, Prescription):
            return self.record.safety.allows(step.details.drug, day)
        return not isinstance(step, Procedure) or self.record.safety.gives(step.details.code, day)

    def repeat_goes_on(self, tick: Node, day: int) -> bool:
        """Tell whether a repeat or protocol goes on with a beat."""
        if tick.step.until is None or not self.holds(tick.step.until, day):
            return True
        if isinstance(tick.step, Protocol):
            assert tick.opener is not None
            self.scope_ends[*tick.opener, 0] = day
        return False

    def is_delayed(self, tick: Node, day: int) -> bool:
        """Tell whether a beat is delayed; when it is due again, `until` is asked again too."""
        delay, number = tick.step.delay, self.delays[tick.key]
        if delay is None:
            return False
        measured = {}
        for name, noise in deciding_noise(tick.step).items():
            at = f"{tick.address}/delay#{number + 1}/measured/{name}"
            self.record.decided[name] = self.draw(at, noise, day)
            value = self.record.state(name, day) + self.record.decided[name]
            measured[name] = settle(value, self.record.states[name][1])
        if number >= delay.most or not self.holds(delay.when, day, measured):
            return False
        self.delays[tick.key] += 1
        self.open(late(tick, number), day)
        days = self.draw(f"{tick.address}/delay#{number + 1}", delay.days, day)
        self.push(tick, day + (1 if math.isnan(days) else max(1, round(days))))
        return True

    def is_over(self, node: Node, day: int) -> bool:
        """Tell whether a wait is over; check again later where it is not."""
        step = node.step
        limit = after(self.waiting.setdefault(node.key, day), step.limit)
        met = self.holds(step.until, day)
        if met or day >= limit:
            self.met[node.key] = met
            return True
        self.push(node, min(day + step.check_every, limit))
        return False

    def beat(self, node: Node, day: int) -> None:
        step, repeat = node.step, node.opener if node.tick else node.key
        assert repeat is not None
        if node.tick:
            self.open(node.key, day)
        else:
            self.first_beat[repeat] = day
            if isinstance(step, Protocol):
                self.first_beat[repeat] += lead(step, 1)
                self.open((*repeat, 0), day)
        following = self.layout.nodes.get((*repeat, node.tick + 1))
        if following is None:
            if isinstance(step, Protocol):
                self.scope_ends[*repeat, 0] = day + lead(step, node.tick) + step.cycle_days
            return
        due = self.dates.next_beat(following, node.tick, self.first_beat[repeat], day)
        if due is not None:
            self.push(following, due)

    def choose_option(self, node: Node, day: int) -> int:
        step = node.step
        if step.races:
            return self.dates.race_winner[node.key]
        u, options = self.u(f"{node.address}/option"), step.options
        if step.table is not None:
            row = next(row for row in step.table.rows if self.fits(row.when, day))
            return pick(u, [row.weights.get(option.name, 0.0) for option in options])
        groups: dict[Any, list[int]] = {}
        for place, option in enumerate(options):
            condition = "otherwise" if option.otherwise else option.when
            groups.setdefault(condition, []).append(place)
        asked = [row for row in groups if row not in (None, "otherwise")]
        always = [row for row in groups if row in (None, "otherwise")]
        for condition in [*asked, *always]:
            if condition in (None, "otherwise") or self.holds(condition, day):
                group = groups[condition]
                weights = [1.0 if options[place].weight is None else options[place].weight
                           for place in group]  # fmt: skip
                return group[pick(u, weights)]
        raise AssertionError("no option of the branch is for this person")

    def fits(self, values: Any, day: int) -> bool:
        """Tell whether the person fits a row of a table."""
        scope = PersonScope(self.record, day, self.start_day, self.days_of)
        for name, expected in values.items():
            found = scope.value(name)
            if isinstance(expected, str):
                expected = (expected,)
            if isinstance(found, float):
                if not expected[0] <= found <= expected[1]:
                    return False
            elif found not in expected:
                return False
        return True


class Interpreter:
    """Walks everybody of a job through its journeys, one after the other."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.layouts = [Layout(journey) for journey in job.journeys]
        self.streams = Streams(job.seed)
        self.as_of = day_number(job.profile.as_of)
        self._columns: dict[str, Any] = {}
        self._counted: dict[tuple[int, str], list[Node]] = {}
        self.draws = Draws(job.seed, 0, job.count, job.count)
        self.people = people_of(draw_parts(job.cohort, self.draws))
        bindings = Bindings.of(self.people.attributes, job.layouts)
        self.states, self.held_attributes = bindings.states, bindings.attributes

    def column(self, decision: str) -> Any:
        if decision not in self._columns:
            self._columns[decision] = self.streams.uniform(decision, 0, self.job.count)
        return self._columns[decision]

    def counted(self, number: int, name: str) -> list[Node]:
        if (number, name) not in self._counted:
            self._counted[number, name] = self.layouts[number].counted(name)
        return self._counted[number, name]

    def run(self, row: int) -> tuple[PersonRecord, list[JourneyLog]]:
        """Walk one person through every journey; drop what is dated after an end."""
        record = self.begin(row)
        walks = [Walk(self, number, record) for number in range(len(self.layouts))]
        logs = [walk.run() for walk in walks]
        if self.job.profile.one_bed == "postpone":
            for walk in walks:
                walk.beds.settle_again()
        for log, layout in zip(logs, self.layouts, strict=True):
            self.review(log, layout, record)
            latest = min(log.last_day, record.death, self.job.through)
            kept = {address for address, day in log.days.items() if day <= latest}
            log.values = {key: log.values[key] for key in log.values if key[0] in kept}
            log.options = {key: log.options[key] for key in log.options if key in kept}
            log.occurrences = {key: log.occurrences[key] for key in kept}
            log.days = {key: log.days[key] for key in kept}
        return record, logs

    def review(self, log: JourneyLog, layout: Layout, record: PersonRecord) -> None:
        """Drop the drugs and treatments that what later journeys found out forbids."""
        steps = {node.address: node.step for node in layout.nodes.values()}
        for address, day in list(log.days.items()):
            if record.safety.is_forbidden_after_all(steps[address], day):
                del log.days[address]

    def quits(self, name: str, row: int) -> int:
        """Return the day on which a person stops a drug of the profile of their own accord."""
        stated = {one.drug: one for one in self.job.profile.clinical.medications}[name]
        rules = self.job.profile.pharmacy_rules
        drug = drugs().find(name, "drug")
        assert short_course(drug, stated.days_supply, keeps=rules) is None
        if "discontinuation" not in rules or stated.discontinuation != "usual":
            return NEVER
        u = float(self.column(f"~profile/{name}/discontinuation")[row])
        return self.as_of + days_until_quit(drug, u, established=True)

    def begin(self, row: int) -> PersonRecord:
        people = self.people
        record = PersonRecord(row, people, {
            name: values.texts()[row] if isinstance(values, Coded) else float(values[row])
            for name, values in people.attributes.items()
        }, PersonConditions(lambda decision: float(self.column(decision)[row])))  # fmt: skip
        for condition in people.conditions:
            if condition.onset[row] != NO_DAY:
                known = PersonEpisode(condition.code, int(condition.known_from[row]))
                record.conditions.add(known)
        record.courses = [
            [medication.ingredient, -NEVER, NEVER, None]
            for medication in people.medications
            if medication.takes[row]
        ]
        record.taken = [
            (
                medication.drug,
                course,
                float(medication.adherence[row]),
                self.quits(medication.drug, row),
            )
            for medication, course in zip(
                (one for one in people.medications if one.takes[row]), record.courses, strict=True
            )
        ]
        record.body = PersonBody(self, record)
        record.safety = PersonSafety(self.job.profile, record, self.as_of)
        if people.plan[row] >= 0:
            name = self.job.plan_table.names[people.plan[row]]
            month = int(self.job.plan_table.first_month[people.plan[row]])
            as_of = self.job.profile.as_of
            year = as_of.year if as_of.month >= month else as_of.year - 1
            since = max(day_number(date(year, month, 1)), int(people.birth[row]))
            record.spans.append([name, since, NEVER, -NEVER])
        table = self.job.plan_table
        record.designs = dict(zip(table.names, table.designs, strict=True))
        return record
