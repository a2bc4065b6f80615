"""A slow interpreter of journeys: one person at a time, a plain heap, plain lists.

It shares with the engine the specification, the addresses of draws and the people of the
profile; all that is about dates, order, logs, stages and branches is said here a second time.
Where the texts leave a choice open the engine's is taken, and the place says so.
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

from execution.calendar_days import after, day_number
from execution.dates_alone import Dates
from execution.doing import Doing
from execution.layout import Entry, Key, Layout, Leave, Node, late
from execution.lives import Lives
from execution.story import NEVER, Eye, Held, Story, settle
from healthsim.dates import NO_DAY
from healthsim.execution.cohort.cohort import draw_parts, people_of
from healthsim.execution.job import Job
from healthsim.execution.people.draws import Draws
from healthsim.specification.distributions.kinds import Distribution, DrawInput
from healthsim.specification.journeys.branches import Branch
from healthsim.specification.journeys.changes import State
from healthsim.specification.journeys.events import Encounter
from healthsim.specification.journeys.includes import Include
from healthsim.specification.journeys.repeats import Protocol
from healthsim.specification.journeys.stages import Stages, Wait
from healthsim.streams import Streams
from healthsim.tables import Coded


@dataclass
class Told:
    """What befell one person in one journey; `times` are the numbers of occurrences."""

    days: dict[str, int] = field(default_factory=dict)
    times: dict[str, int] = field(default_factory=dict)
    ways: dict[str, str] = field(default_factory=dict)
    values: dict[tuple[str, str], float] = field(default_factory=dict)
    over: int = NEVER


def pick(u: float, weights: Sequence[float]) -> int:
    """Return in whose part of the line from 0 to 1 a number lies."""
    edge = 0.0
    for place, weight in enumerate(weights):
        edge += weight / sum(weights)
        if u < edge:
            return place
    return len(weights) - 1


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
        self.closed: dict[Key, int] = {}
        self.edges: dict[Key, tuple[int, int]] = {}
        self.first_beat: dict[Key, int] = {}
        self.put_off: dict[Key, int] = defaultdict(int)
        self.waiting: dict[Key, int] = {}
        self.met: dict[Key, bool] = {}
        self.discharge: dict[Key, int] = {}
        self.dates = Dates(self)
        self.lives = Lives(self)

    def u(self, decision: str) -> float:
        return float(self.teller.column(decision)[self.story.row])

    def draw(self, decision: str, distribution: Distribution, day: int) -> Any:
        row = self.story.row
        found = distribution.values(
            DrawInput(
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

    def one_of(self, decision: str, ways: Sequence[Any]) -> Any:
        """Return one of several ways by their weights."""
        weights = [1.0 if one.weight is None else one.weight for one in ways]
        return ways[pick(self.u(decision), weights)]

    def go(self) -> Told:
        """Walk from the first day to the end."""
        first, last = map(day_number, self.journey.window(self.teller.job.profile.as_of))
        width = last - first + 1
        self.begun = first + math.floor(self.u(f"{self.journey.name}/begins") * width)
        own = [name for name in self.journey.state if name not in self.story.states]
        for name in own:
            self.story.states[name] = (math.nan, self.journey.state[name])
        for node in self.layout.nodes.values():
            if isinstance(node.step, Stages):
                self.story.stages.setdefault(node.step.id, [])
        if self.begun > self.story.death:
            return self.told
        for name in own:
            state = self.journey.state[name]
            self.story.states[name] = (settle(self.start(name, state), state), state)
        if self.journey.eligible is not None and not self.holds(self.journey.eligible, self.begun):
            return self.told
        self.open((), self.begun)
        while self.heap:
            day, key = heapq.heappop(self.heap)
            self.come(self.layout.nodes[key], day)
        return self.told

    def start(self, name: str, state: State) -> float:
        """Return the first value of a state variable."""
        if isinstance(state.start, str):
            attribute = name if state.start == "attribute" else state.start
            return float(self.story.attributes[attribute])
        return float(self.draw(f"{self.journey.name}/state/{name}", state.start, self.begun))

    def push(self, node: Node, day: int) -> None:
        """Let a node come on a day, if the journey still lasts then."""
        if day - self.begun <= self.journey.duration_days or not self.layout.is_loose(node):
            heapq.heappush(self.heap, (day, node.key))

    def open(self, scope: Key, day: int) -> None:
        self.opened[scope] = day
        for node in self.layout.inside[scope]:
            anchor = self.layout.anchors.get(node.key)
            if anchor is None:
                self.dates.give(node, day)
            elif anchor in self.edges:
                self.dates.give(node, self.edges[anchor][node.step.at.edge == "end"])

    def passed(self, node: Node, first: int, last: int) -> None:
        """Let what comes after a node have its date."""
        self.edges[node.key] = (first, last)
        for other in self.layout.after[node.key]:
            if other.scope in self.opened:
                self.dates.give(other, self.edges[node.key][other.step.at.edge == "end"])

    def is_here(self, node: Node, day: int) -> bool:
        """Tell whether the person lives, is in the journey, and in every scope around a node."""
        if day > self.told.over or day > self.story.death:
            return False
        around = self.layout.scopes_around(node.scope)
        return all(day < self.closed.get(scope, NEVER) for scope in around)

    def come(self, node: Node, day: int) -> None:
        step = node.step
        if not self.is_here(node, day):
            return
        if isinstance(step, Leave):
            self.lives.look(node, day)
            return
        if not self.dates.has_come(node, day) or not self.is_wanted(node, day):
            return
        missed = self.dates.visits.get(node.key) == "missed"
        if not missed:
            self.story.happened[self.number, node.key].append(day)
        if node.beats:
            self.beat(node, day)
            self.passed(node, day, day)
        elif isinstance(step, Stages):
            self.lives.begin(node, day)
            self.passed(node, day, day)
        else:
            self.happen(node, day, missed=missed)

    def happen(self, node: Node, day: int, *, missed: bool) -> None:
        """Tell of a step, do it, and open what it opens."""
        step = node.step
        if not isinstance(step, Include):
            self.told.days[node.address] = day
            self.told.times[node.address] = node.beat
        last = Doing(self).work(node, day)
        way: int | None = None
        if isinstance(step, Branch):
            way = self.way(node, day)
            option = step.options[way].name
        elif isinstance(step, Wait):
            way = 0 if self.met[node.key] else 1
            option = ("met", "limit")[way]
        elif isinstance(step, Entry):
            option = step.id
            self.lives.enter(node, day)
        else:
            option = self.dates.visits.get(node.key, "")
        if option:
            self.told.ways[node.address] = option
        if missed:
            return
        scope = node.key if way is None else (*node.key, way)
        if scope in self.layout.outer:
            self.open(scope, day)
        self.passed(node, day, last)

    def is_wanted(self, node: Node, day: int) -> bool:
        """Ask all that a node asks on its day: a beat, a wait, any other step."""
        if node.tick:
            return self.goes_on(node, day) and not self.is_put_off(node, day)
        if node.key not in self.waiting and not self.wanted(node, day):
            return False
        return not isinstance(node.step, Wait) or self.is_over(node, day)

    def wanted(self, node: Node, day: int) -> bool:
        step = node.step
        if step.when is not None and not self.holds(step.when, day):
            return False
        if step.chance is not None:
            share = self.draw(f"{node.address}/chance/share", step.chance, day)
            if not self.u(f"{node.address}/chance") < share:
                return False
        if isinstance(step, Encounter) and step.details.requires_referral:
            to = step.details.specialty
            return any(sent == to and since <= day for sent, since in self.story.referrals)
        return True

    def goes_on(self, tick: Node, day: int) -> bool:
        """Ask whether a repeat or protocol goes on with a beat."""
        if tick.step.until is None or not self.holds(tick.step.until, day):
            return True
        if isinstance(tick.step, Protocol):
            assert tick.opener is not None
            self.closed[*tick.opener, 0] = day
        return False

    def is_put_off(self, tick: Node, day: int) -> bool:
        """Ask whether a beat is to wait; it asks its `until` again, too, when it is due again."""
        delay, time = tick.step.delay, self.put_off[tick.key]
        if delay is None or time >= delay.most or not self.holds(delay.when, day):
            return False
        self.put_off[tick.key] += 1
        self.open(late(tick, time), day)
        days = self.draw(f"{tick.address}/delay#{time + 1}", delay.days, day)
        self.push(tick, day + (1 if math.isnan(days) else max(1, round(days))))
        return True

    def is_over(self, node: Node, day: int) -> bool:
        """Ask whether a wait is over; look again later where it is not."""
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
                self.open((*repeat, 0), day)
        following = self.layout.nodes.get((*repeat, node.tick + 1))
        if following is None:
            if isinstance(step, Protocol):
                self.closed[*repeat, 0] = day + step.cycle_days
            return
        due = self.dates.next_beat(following, node.tick, self.first_beat[repeat], day)
        if due is not None:
            self.push(following, due)

    def way(self, node: Node, day: int) -> int:
        step = node.step
        if step.races:
            return self.dates.won[node.key]
        u, options = self.u(f"{node.address}/option"), step.options
        if step.table is not None:
            row = next(one for one in step.table.rows if self.fits(one.when, day))
            return pick(u, [row.weights.get(option.name, 0.0) for option in options])
        groups: dict[Any, list[int]] = {}
        for place, option in enumerate(options):
            condition = "otherwise" if option.otherwise else option.when
            groups.setdefault(condition, []).append(place)
        asked = [one for one in groups if one not in (None, "otherwise")]
        always = [one for one in groups if one in (None, "otherwise")]
        for condition in [*asked, *always]:
            if condition in (None, "otherwise") or self.holds(condition, day):
                group = groups[condition]
                weights = [1.0 if options[place].weight is None else options[place].weight
                           for place in group]  # fmt: skip
                return group[pick(u, weights)]
        raise AssertionError("a branch has a way out")

    def fits(self, wanted: Any, day: int) -> bool:
        """Tell whether the person fits a row of a table."""
        eye = Eye(self.story, day, self.begun, self.days_of)
        for name, fits in wanted.items():
            found = eye.found(name)
            if isinstance(fits, str):
                fits = (fits,)
            if isinstance(found, float):
                if not fits[0] <= found <= fits[1]:
                    return False
            elif found not in fits:
                return False
        return True


class Teller:
    """Tells the stories of everybody in a job, one after the other."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.layouts = [Layout(journey) for journey in job.journeys]
        self._streams = Streams(job.seed)
        self._columns: dict[str, Any] = {}
        self._counted: dict[tuple[int, str], list[Node]] = {}
        draws = Draws(job.seed, 0, job.count, job.count)
        self.people = people_of(draw_parts(job.cohort, draws))

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
            told.times = {key: time for key, time in told.times.items() if key not in gone}
            told.days = {key: day for key, day in told.days.items() if key not in gone}
        return story, found

    def begin(self, row: int) -> Story:
        people = self.people
        story = Story(row, people, {
            name: values.texts()[row] if isinstance(values, Coded) else float(values[row])
            for name, values in people.attributes.items()
        })  # fmt: skip
        for problem in people.conditions:
            if problem.onset[row] != NO_DAY:
                story.problems[problem.code] = Held(int(problem.known_from[row]))
        story.courses = [
            [one.ingredient, -NEVER, NEVER, None] for one in people.medications if one.takes[row]
        ]
        if people.plan[row] >= 0:
            name = self.job.plan_table.names[people.plan[row]]
            month = int(self.job.plan_table.first_month[people.plan[row]])
            as_of = self.job.profile.as_of
            year = as_of.year if as_of.month >= month else as_of.year - 1
            since = max(day_number(date(year, month, 1)), int(people.birth[row]))
            story.spans.append([name, since, NEVER])
        return story
