"""The conditions of one person, one episode after the other: the slow way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from healthsim.codes.exact_codes import says_more
from healthsim.codes.icd10cm import COMBINATIONS, EXCLUDES, combined, mutually_exclusive
from healthsim.medicine.problems import is_history, is_unspecified, stem, usual_course

NEVER = 2**40
URGENT = ("emergency", "observation", "inpatient")
HYPERTENSION = ("I10", "I11", "I12", "I13")


@dataclass
class PersonEpisode:
    """One time of a condition; what follows another begins when that one ends."""

    code: str
    first: int
    until: int = NEVER
    source: Any = None
    mentioned: bool = False
    after: PersonEpisode | None = None
    real: bool = True

    @property
    def since(self) -> int:
        return self.after.until if self.after else self.first

    def on(self, day: int) -> bool:
        """Tell whether the person has it on a day."""
        counts = self.real and (self.after is None or self.after.real)
        return counts and self.since <= day < self.until


class PersonConditions:
    """Every condition of one person."""

    def __init__(self, u: Callable[[str], float]) -> None:
        self.u, self.episodes = u, list[PersonEpisode]()
        self.begun: Callable[[str, int], None] = lambda code, day: None

    def codes(self, day: int) -> list[str]:
        """Return the conditions that are known on a day, as stated."""
        return list(dict.fromkeys(one.code for one in self.episodes if one.on(day)))

    def spans(self) -> dict[str, list[tuple[int, int]]]:
        """Return code -> first day, and first day after it, of each time."""
        found: dict[str, list[tuple[int, int]]] = {}
        for one in self.episodes:
            counts = one.real and (one.after is None or one.after.real)
            if counts and one.since < one.until:
                found.setdefault(one.code, []).append((one.since, one.until))
        return found

    def begin(self, code: str, day: int, source: Any) -> None:
        """Begin a condition or a new episode, as a diagnosis does."""
        known = [one for one in self.episodes if one.code == code and one.on(day)]
        for one in known:
            one.source = source if one.mentioned else one.source
        if not known and not any(says_more(held, code) for held in self.codes(day)):
            self._open(PersonEpisode(code, day, source=source), day)

    def mention(self, code: str, day: int, last: int, encounter_class: str) -> None:
        """Begin or prolong what a visit states."""
        course = usual_course(code)
        if course.kind == "none":
            return
        same = [one for one in self.episodes if stem(one.code) == stem(code)]
        running = [one for one in same if one.on(day)]
        for one in running:
            self._go_on(one, day, last, encounter_class)
        if running:
            return
        known = False
        for one in same if encounter_class not in URGENT else []:
            own = usual_course(one.code)
            counts = one.real and (one.after is None or one.after.real)
            if counts and one.until <= day and (own.becomes or day - one.until < own.days):
                known = True
                if not own.becomes:
                    self._go_on(one, day, last, encounter_class)
        if not known and not self._known_better(code, day):
            self._open(PersonEpisode(code, day, mentioned=True), last)

    def _go_on(self, one: PersonEpisode, day: int, last: int, encounter_class: str) -> None:
        if one.until != NEVER and usual_course(one.code).ends:
            leaves = bool(usual_course(one.code).becomes) and encounter_class not in URGENT
            if leaves and one.until <= day + 1:
                return
            relapse = day + self.length(one.code) if encounter_class in URGENT else 0
            one.until = max(one.until, last + 1, relapse)

    def _known_better(self, code: str, day: int) -> bool:
        for held in self.codes(day):
            related = _family(held) == _family(code)
            if stem(held) == stem(code):
                continue
            if says_more(held, code):
                return True
            if related and is_unspecified(code) and not usual_course(held).ends:
                return True
            if is_history(held):
                continue
            lasting = {usual_course(held).kind, usual_course(code).kind} == {"lasting"}
            if not related and lasting and mutually_exclusive(held, code):
                return True
        comes_of_others = any(rule.becomes == code for rule in COMBINATIONS)
        held = [*self.codes(day), *combined(self.codes(day))]
        return comes_of_others and any(one.startswith(code) for one in held)

    def _open(self, new: PersonEpisode, last: int) -> None:
        self.begun(new.code, new.first)
        course = usual_course(new.code)
        if course.ends:
            new.until = max(new.first + self.length(new.code), last + 1)
        elif course.kind == "pregnancy":
            new.until = max(new.first + 294, last + 1)
        end = new.until
        for one in self.episodes:
            same = one.code == new.code and one.after is None and one.real
            if same and new.first < one.since < end:
                new.until, one.real = max(new.until, one.until), False
        for one in self.episodes:
            ends_alike = usual_course(one.code).ends == course.ends
            if one.code != new.code and ends_alike and one.on(new.first):
                degrees = any(a == b and one.code.startswith(a) and new.code.startswith(a)
                              for a, b in EXCLUDES)  # fmt: skip
                alike = _family(one.code) == _family(new.code)
                more = alike and course.kind == "lasting" and not is_unspecified(new.code)
                degrees = degrees or (more and is_unspecified(one.code))
                degrees = degrees or says_more(new.code, one.code)
                if says_more(one.code, new.code):
                    continue
                alike = alike or (is_history(one.code) and not is_history(new.code))
                alike = alike or course.ends
                if degrees or (alike and mutually_exclusive(one.code, new.code)):
                    one.until = max(min(one.until, new.first), one.since)
        self.add(new)

    def add(self, new: PersonEpisode) -> None:
        """Add an episode, and what follows it."""
        self.episodes.append(new)
        becomes = usual_course(new.code).becomes
        if becomes:
            self.episodes.append(PersonEpisode(becomes, 0, mentioned=new.mentioned, after=new))

    def end(self, source: Any, day: int) -> None:
        """End what an event caused."""
        for one in self.episodes:
            if one.source == source and one.after is None and one.on(day):
                one.until = max(min(one.until, day), one.since)

    def length(self, code: str) -> int:
        """Return the days that a condition lasts."""
        course = usual_course(code)
        u = self.u(f"problem_list/{code}") if course.spread else 0.5
        days = round(course.days * (1 - course.spread + 2 * course.spread * u), 6)
        return max(1, round(days))


def _family(code: str) -> str:
    return "hypertension" if code[:3] in HYPERTENSION else code[:3]
