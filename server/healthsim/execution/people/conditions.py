"""Conditions of people over time: when they begin, and how they end or turn into others."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from healthsim.codes.exact_codes import other_side, says_more
from healthsim.codes.icd10cm import COMBINATIONS, mutually_exclusive
from healthsim.codes.pregnancy import LONGEST_PREGNANCY, supervises_pregnancy
from healthsim.dates import NO_DAY, Days
from healthsim.execution.people.draws import Draws, Rows
from healthsim.execution.people.episodes import Episode, Episodes
from healthsim.execution.people.logs import FOREVER, Moment
from healthsim.execution.people.mentions import Cause, HeldCodes, Mention
from healthsim.execution.people.people import ConditionColumn
from healthsim.execution.people.removed import RemovedConditions
from healthsim.medicine.exclusion import is_replaced, leaves_no_room, may_be_combined
from healthsim.medicine.going_on import goes_on
from healthsim.medicine.preexisting import preexisting
from healthsim.medicine.problems import family, is_history, stem, usual_course
from healthsim.medicine.removals import Removal, stated_after
from healthsim.medicine.spread import is_primary_tumor, is_spread

ALWAYS = np.int32(NO_DAY + 1)
"""A condition that people have had on every day."""
_WORD = 62  # conditions in one int64


def address_of_both(code: str, both: str) -> str:
    """Return the address of the condition as which a profile's two sides are stated.

    Args:
        code: of the side whose code is the lesser.
        both: the code of both sides.
    """
    return f"{code}<{both}"


class ConditionLog:
    """Every condition that the people of a chunk have or will have, as dated episodes.

    Args:
        columns: the conditions that the profile gives them.
        people: size of the chunk.
        draws: of the chunk; None where nothing ends by itself: `problem_list` is "none".
        as_of: day on which the profile's conditions are there, however long ago they began.

    Attributes:
        begun: called with the code, the rows and the days of whatever begins in a journey; None
            where nobody has to know.
        removed: what operations have removed.
        unseen: of each code the times that people have it before a test shows it: positions in
            the chunk, first day (int32) and day on which it is recorded, or is over (int32).
    """

    def __init__(
        self,
        columns: Sequence[ConditionColumn],
        people: int,
        draws: Draws | None = None,
        as_of: int = 0,
    ) -> None:
        self._people, self._draws = people, draws
        self._episodes: dict[str, Episodes] = {}
        self._rank = {column.code: number for number, column in enumerate(columns)}
        self._following: dict[str, Episode] = {}  # what grows with the episodes of a code
        self._of_mask: dict[int, tuple[str, ...]] = {}
        self._revisions: dict[str, int] = {}
        self._lasting: dict[str, tuple[int, Days]] = {}
        self._ending: set[str] = set()  # stems of the codes so far that end by themselves
        self.begun: Callable[[str, Rows, Days], None] | None = None
        self.removed = RemovedConditions(people)
        self.unseen: dict[str, list[tuple[Rows, Days, Days]]] = {}
        self._stay = np.full((2, people), NO_DAY, dtype=np.int32)  # first, last day of the latest
        for column in columns:
            self._episodes[column.code] = Episodes()
            episode = Episode.of_profile(column)
            self._limit(episode, np.maximum(episode.onset, 0))
            lasts = goes_on(column.code, np.int32(as_of) - episode.onset)
            if draws is not None and lasts.any():
                episode.until[lasts] = column.abated[episode.rows[lasts]]
            never_before = np.int32(as_of + 1)
            np.maximum(episode.until, never_before, out=episode.until)
            self._add(episode, grows=False)
            self._add_before(episode)
        self._join_sides([column.code for column in columns] if draws is not None else ())

    def _join_sides(self, codes: Sequence[str]) -> None:
        """State the two sides of a condition of the profile as one code, from the later on."""
        for code in codes:
            pair = other_side(code)
            if pair is None or pair[0] not in codes or pair[0] < code:
                continue
            first, second = self._episodes[code][0], self._episodes[pair[0]][0]
            rows, one, other = np.intersect1d(first.rows, second.rows, return_indices=True)
            since = np.maximum(first.onset[one], second.onset[other])
            seen = np.maximum(first.first[one], second.first[other])
            both = since < np.minimum(first.until[one], second.until[other])
            none = np.full(int(both.sum()), -1, dtype=np.int32)
            own = {-1: address_of_both(code, pair[1])}
            joined = Episode.begin(pair[1], own, rows[both], seen[both], none)
            joined.onset = since[both]
            first.until[one[both]] = second.until[other[both]] = since[both]
            self._add(joined, grows=False)

    def _add_before(self, episode: Episode) -> None:
        """Add what was there before the pregnancy that a condition of the profile is of."""
        before = preexisting(episode.code)
        if before is None or self._draws is None:
            return
        u = self._draws.uniform(f"problems/{episode.code}/before", episode.rows)
        earlier = episode.preceded_by(before.code, before.days(u))
        self._all_of(before.code).append(earlier)
        self._note(earlier)

    @property
    def lives(self) -> bool:
        """Whether visits begin conditions, and conditions end by themselves."""
        return self._draws is not None

    @property
    def codes(self) -> tuple[str, ...]:
        """The codes as they were stated, in the order in which they were added."""
        return tuple(self._episodes)

    def episodes(self, prefix: str = "") -> Iterator[Episode]:
        """Yield every episode of the codes that begin with a prefix."""
        for code, episodes in list(self._episodes.items()):
            if code.startswith(prefix):
                yield from list(episodes)

    def _of(self, code: str, moment: Moment) -> Sequence[Episode]:
        """Return the episodes of a code that anybody of a moment has at any time."""
        episodes = self._episodes.get(code)
        return () if episodes is None else episodes.of(moment)

    def episodes_of(self, code: str) -> Sequence[Episode]:
        """Return the episodes of a code, in the order in which they were found out."""
        return self._episodes.get(code, ())

    def revision(self, code: str) -> int:
        """Return a number that changes whenever the episodes of a code do."""
        return self._revisions.get(code, 0)

    def _changed(self, episode: Episode) -> None:
        for code in (episode.code, usual_course(episode.code).becomes):
            self._revisions[code] = self._revisions.get(code, 0) + 1

    def in_order(self, codes: Sequence[str]) -> tuple[str, ...]:
        """Return codes in an order that no other person decides: the profile's, then by code."""
        last = len(self._rank)
        return tuple(sorted(codes, key=lambda code: (self._rank.get(code, last), code)))

    def all_in_order(self) -> Iterator[Episode]:
        """Yield every episode, by code as in `in_order`, then by address."""
        for code in self.in_order(self.codes):
            yield from sorted(self._episodes[code], key=lambda episode: episode.address)

    def begin(self, code: str, rows: Rows, days: Days, cause: Cause) -> None:
        """Begin a condition, or a new episode of it, for those who do not have it by then.

        Args:
            code: ICD-10-CM code.
            rows: whose condition it is.
            days: int32, its first day for each of them.
            cause: the event that caused it, of each of them.
        """
        moment, known = Moment(rows, days, self._people), np.zeros(len(rows), dtype=np.bool_)
        both, has_other = self._other_side(code, moment)
        if has_other.any():
            self.begin(both, rows[has_other], days[has_other], cause.take(has_other))
            rows, days, cause = rows[~has_other], days[~has_other], cause.take(~has_other)
            moment, known = Moment(rows, days, self._people), known[~has_other]
        for episode in self._of(code, moment):
            position, active = episode.place(moment)
            known[position[active]] = True
            later = active & episode.mentioned
            episode.stopper[later] = cause.sources[position[later]]
        known |= self._said_better(code, moment) | self._is_removed(code, rows, days)
        rows, days, cause = rows[~known], days[~known], cause.take(~known)
        addresses = cause.addresses(f"{code}@")
        self._open(Episode.begin(code, addresses, rows, days, cause.sources), days)

    def _other_side(self, code: str, moment: Moment) -> tuple[str, NDArray[np.bool_]]:
        """Return the code of both sides of a condition, and who has its other side; bool."""
        has, pair = np.zeros(len(moment.rows), dtype=np.bool_), other_side(code)
        if pair is None or not self.lives:
            return "", has
        for episode in self._of(pair[0], moment):
            has[episode.active(moment)] = True
        return pair[1], has

    def _said_better(self, code: str, moment: Moment) -> NDArray[np.bool_]:
        """Return who has the condition by a code that says more of it; bool."""
        better = np.zeros(len(moment.rows), dtype=np.bool_)
        for other in self.codes:
            for episode in self._of(other, moment) if says_more(other, code) else ():
                better[episode.active(moment)] = True
        return better

    def _is_removed(self, code: str, rows: Rows, days: Days) -> NDArray[np.bool_]:
        """Return from whom an operation has removed a condition by their day; bool."""
        since = self.removed.since(code)
        return np.zeros(len(rows), dtype=np.bool_) if since is None else since[rows] <= days

    def remove(self, removal: Removal, rows: Rows, days: Days, cause: Cause) -> None:
        """End what an operation removes, and begin what is left of it on the other side.

        Args:
            removal: what it removes.
            rows: whose operation it was.
            days: int32, their first day without the condition.
            cause: the operation of each of them.
        """
        if not self.lives:
            return
        self.removed.add(removal.condition, rows, days)
        moment, had = Moment(rows, days, self._people), np.zeros(len(rows), dtype=np.bool_)
        for code in [one for one in self._episodes if one.startswith(removal.condition)]:
            for episode in self._of(code, moment):
                position, active = episode.place(moment)
                had[position[active]] = True
                self._end_at(episode, active, days[position[active]])
        then = removal.then
        if family(then) == family(removal.condition):
            new = had & ~self.has(then, moment) & ~self._is_removed(then, rows, days)
            cause = cause.take(new)
            left = Episode.begin(
                then, cause.addresses(f"{then}@"), rows[new], days[new], cause.sources,
                mentioned=True,
            )  # fmt: skip
            self._open(left, days[new])

    def mention(self, code: str, visit: Mention) -> None:
        """Begin, or prolong, the condition that a visit states.

        An illness goes on until its visit ends. One that was over not long ago goes on in a
        later visit that is not urgent. What is less exact than a condition of the same category,
        or contradicts one that lasts, begins nothing.
        """
        course = usual_course(code)
        if self._draws is None or course.kind == "none" or not len(visit.rows):
            return
        visit = self._without_removed(code, visit)
        both, has_other = self._other_side(code, Moment(visit.rows, visit.days, self._people))
        if has_other.any():
            self.mention(both, visit.take(has_other))
            visit = visit.take(~has_other)
        visit = visit.take(~self._lasts(code, visit))
        if not len(visit.rows):
            return
        known = self._prolonged(code, visit) | self._known_better(code, visit)
        new = visit.take(~known)
        addresses = new.cause.addresses(f"{code}@")
        episode = Episode.begin(
            code, addresses, new.rows, new.days, new.cause.sources, mentioned=True
        )
        if visit.urgent:
            episode.cared_until = new.last.astype(np.int32)
        self._open(episode, new.last)

    def go_home(self, rows: Rows, days: Days, last: Days) -> None:
        """Note stays after which people go home: what a stay ends is over then.

        Args:
            rows: whose stays they are.
            days: int32, their first days.
            last: int32, their last days.
        """
        if not self.lives:
            return
        self._stay[:, rows] = days, last
        moment = Moment(rows, days, self._people)
        for code in [one for one in self._episodes if usual_course(one).with_stay]:
            for episode in self._of(code, moment):
                position, active = episode.place(moment)
                if episode.after is None:
                    self._end_at(episode, active, last[position[active]] + np.int32(1))

    def _end_with_stay(self, episode: Episode, which: NDArray[np.bool_], days: Days) -> None:
        """End some times of an illness with the stay in which their days are."""
        if usual_course(episode.code).with_stay:
            first, last = self._stay[:, episode.rows]
            inside = which & (first != NO_DAY) & (first <= days) & (days <= last)
            episode.until[inside] = last[inside] + np.int32(1)

    def conclude(self, rows: Rows, days: Days) -> None:
        """End, after a visit after treatment, the illnesses whose treatment is complete.

        Args:
            rows: whose visit it is.
            days: int32, its day.
        """
        moment = Moment(rows, days, self._people)
        treated = {code: usual_course(code).treated_days for code in self._episodes}
        for code, least in treated.items() if self.lives else ():
            for episode in self._of(code, moment) if least else ():
                position, active = episode.place(moment)
                day = np.where(active, days[position], NO_DAY)
                active &= (day - episode.last_turn() >= least) & (day > episode.cared_until)
                self._end_at(episode, active, (day[active] + 1).astype(np.int32))

    def _without_removed(self, code: str, visit: Mention) -> Mention:
        """Return a visit of those who can have a condition; the others have what followed it."""
        gone = self._is_removed(code, visit.rows, visit.days)
        if gone.any() and len(after := stated_after(code)) == 1:
            self.mention(after[0], visit.take(gone))
        return visit.take(~gone)

    def _lasts(self, code: str, visit: Mention) -> NDArray[np.bool_]:
        """Return who has a condition that never ends, so that a visit changes nothing; bool."""
        if stem(code) in self._ending:
            return np.zeros(len(visit.rows), dtype=np.bool_)
        known = self._lasting.get(code)
        if known is None or known[0] != self.revision(code):
            known = self.revision(code), self._since(code)
            self._lasting[code] = known
        lasts: NDArray[np.bool_] = known[1][visit.rows] <= visit.days
        return lasts

    def _since(self, code: str) -> Days:
        """Return everyone's first day with a condition that goes on, int32; `FOREVER` without."""
        since = np.full(self._people, FOREVER, dtype=np.int32)
        for episode in self._episodes.get(code, ()):
            lasts = episode.holds & (episode.until == FOREVER)
            np.minimum.at(since, episode.rows[lasts], episode.since[lasts])
        return since

    def _prolonged(self, code: str, visit: Mention) -> NDArray[np.bool_]:
        """Return who has the condition, and let it go on until the visit ends; bool."""
        moment = Moment(visit.rows, visit.days, self._people)
        known = np.zeros(len(visit.rows), dtype=np.bool_)
        codes = [one for one in self._episodes if stem(one) == stem(code)]
        same = [episode for one in codes for episode in self._of(one, moment)]
        for episode in same:
            position, active = episode.place(moment)
            known[position[active]] = True
            self._go_on(episode, active, visit, position)
        if not visit.urgent:
            self._come_back(same, visit, known)
        return known

    def _come_back(self, same: Sequence[Episode], visit: Mention, known: NDArray[np.bool_]) -> None:
        """Let go on what was over not long ago, the first time of each person; tell it in `known`.

        Args:
            same: the episodes of the condition.
            visit: of the people.
            known: bool, one for each of them: who has the condition.
        """
        moment = Moment(visit.rows, visit.days, self._people)
        for episode in same:
            course, position = usual_course(episode.code), moment.positions[episode.rows]
            over = (position >= 0) & episode.holds & ~known[position]
            since = moment.days[position] - np.minimum(episode.until, moment.days[position])
            over &= episode.until <= moment.days[position]
            recent = over if course.becomes else over & (since < course.days)
            at = np.flatnonzero(recent)
            _, first = np.unique(position[at], return_index=True)
            recent[:] = False
            recent[at[first]] = True
            known[position[recent]] = True
            if not course.becomes:
                self._go_on(episode, recent, visit, position)

    def _go_on(
        self,
        episode: Episode,
        which: NDArray[np.bool_],
        visit: Mention,
        position: NDArray[np.int32],
    ) -> None:
        """Let an illness go on until the visit ends; after a stay, for its usual time.

        What becomes a history at a discharge does so, whatever comes later that day.
        """
        which = which & (episode.until != FOREVER)
        if usual_course(episode.code).becomes and not visit.urgent and which.any():
            which &= episode.until > visit.days[position] + 1
        if which.any() and usual_course(episode.code).ends:
            at = position[which]
            until = visit.last[at] + np.int32(1)
            if visit.urgent:
                until = np.maximum(
                    until, visit.days[at] + self._lengths(episode.code, episode.rows[which])
                )
                episode.care(which, visit.days[at], visit.last[at])
            episode.until[which] = np.maximum(episode.until[which], until)
            if visit.urgent:
                self._end_with_stay(episode, which, visit.days[position])
            self._changed(episode)

    def _lengths(self, code: str, rows: Rows) -> NDArray[np.int32]:
        """Return how long people are ill: one length of each for each code, int32."""
        course = usual_course(code)
        u = np.full(len(rows), 0.5)
        if self._draws is not None and course.spread:
            u = self._draws.uniform(f"problem_list/{code}", rows)
        return course.lengths(u)

    def _known_better(self, code: str, visit: Mention) -> NDArray[np.bool_]:
        """Return for whom another condition that they have leaves no room for this one; bool."""
        moment = Moment(visit.rows, visit.days, self._people)
        better = np.zeros(len(visit.rows), dtype=np.bool_)
        for other in self.codes:
            if leaves_no_room(other, code):
                for episode in self._of(other, moment):
                    better[episode.active(moment)] = True
        if any(rule.becomes == code for rule in COMBINATIONS):
            better |= self.has(code, moment)
        return better

    def _open(self, episode: Episode, last: Days) -> None:
        """Add an episode, with its end and what follows it, and end what it replaces."""
        if not len(episode.rows):
            return
        if self.begun is not None:
            self.begun(episode.code, episode.rows, episode.first)
        self._limit(episode, episode.first)
        removed = self.removed.since(episode.code)
        if removed is not None:
            np.minimum(episode.until, removed[episode.rows], out=episode.until)
        ends = episode.until != FOREVER
        episode.until[ends] = np.maximum(episode.until, last + np.int32(1))[ends]
        self._end_with_stay(episode, ends, episode.first)
        self._replace_later(episode)
        self._end_other_degrees(episode)
        self._add(episode)

    def _add(self, episode: Episode, *, grows: bool = True) -> None:
        """Add an episode of the profile, or to the one that grows, with what follows it."""
        course, own = usual_course(episode.code), self._all_of(episode.code)
        following = None
        if self._draws is not None and course.becomes:
            following = episode.followed_by(course.becomes)
        if grows:
            own.grow(episode)
        else:
            own.append(episode)
        self._note(episode)
        if following is None:
            return
        if episode.code in self._following:
            self._following[episode.code].extend(following)
        else:
            self._all_of(following.code).append(following)
            if grows:
                self._following[episode.code] = following
        self._note(following)

    def _all_of(self, code: str) -> Episodes:
        """Return the episodes of a code, which are none yet where it is new."""
        return self._episodes.setdefault(code, Episodes())

    def _note(self, episode: Episode) -> None:
        """Note that an episode was added."""
        self._changed(episode)
        if usual_course(episode.code).ends:
            self._ending.add(stem(episode.code))

    def _limit(self, episode: Episode, since: Days) -> None:
        """End an episode at its usual time, or with the longest pregnancy."""
        code, course = episode.code, usual_course(episode.code)
        if self._draws is not None and course.ends:
            episode.until[:] = np.minimum(episode.until, since + self._lengths(code, episode.rows))
        elif supervises_pregnancy(code) or (self._draws is not None and course.kind == "pregnancy"):
            episode.until[:] = np.minimum(episode.until, since + np.int32(LONGEST_PREGNANCY))

    def _replace_later(self, episode: Episode) -> None:
        """Put an episode in the place of those that would begin while it goes on."""
        until = np.full(self._people, NO_DAY, dtype=np.int32)
        since = np.full(self._people, FOREVER, dtype=np.int32)
        until[episode.rows], since[episode.rows] = episode.until, episode.first
        moment = Moment(episode.rows, episode.first, self._people)
        for later in self._of(episode.code, moment):
            if later.after is not None:
                continue
            begins, passed = later.first, np.full(self._people, -1, dtype=np.int64)
            taken = (begins > since[later.rows]) & (begins < until[later.rows]) & later.holds
            while taken.any():  # one time of each person after the other: it lasts longer then
                rows, first = np.unique(later.rows[taken], return_index=True)
                at = np.flatnonzero(taken)[first]
                until[rows] = np.maximum(until[rows], later.until[at])
                later.real[at] = False
                self._changed(later)
                passed[rows] = at
                taken = (begins > since[later.rows]) & (begins < until[later.rows]) & later.holds
                taken &= np.arange(later.size) > passed[later.rows]
        episode.until[:] = until[episode.rows]

    def _end_other_degrees(self, episode: Episode) -> None:
        """End other degrees of the same condition: only one is active."""
        moment = Moment(episode.rows, episode.first, self._people)
        for other in [code for code in self._episodes if is_replaced(code, episode.code)]:
            for held in self._of(other, moment):
                position, active = held.place(moment)
                self._end_at(held, active, episode.first[position[active]])

    def _end_at(self, episode: Episode, which: NDArray[np.bool_], days: Days) -> None:
        if which.any():
            episode.shorten(which, days)
            self._changed(episode)

    def end_shown(self, episode: Episode, which: NDArray[np.bool_], days: Days) -> None:
        """End an episode whose end a test has shown.

        Args:
            episode: one of the log's.
            which: bool, of its times: those that are over.
            days: int32, the first day without it, of each of those.
        """
        self._end_at(episode, which, days)

    def end(self, code: str, rows: Rows, days: Days, source: int) -> None:
        """End, from people's day on, the episode of a condition that an event caused."""
        moment = Moment(rows, days, self._people)
        for episode in self._of(code, moment):
            position, active = episode.place(moment)
            active &= (episode.stopper == source) & (episode.after is None)
            self._end_at(episode, active, days[position[active]])

    def end_pregnancies(self, rows: Rows, days: Days) -> None:
        """End what ends with a birth, some days later where the puerperium belongs to it.

        Args:
            rows: the mothers.
            days: int32, day of each birth.
        """
        moment = Moment(rows, days, self._people)
        for code in self.codes:
            course = usual_course(code)
            if supervises_pregnancy(code) or (
                self._draws is not None and course.kind == "pregnancy"
            ):
                for episode in self._episodes[code]:
                    position, active = episode.place(moment)
                    after = days[position[active]] + np.int32(course.days)
                    self._end_at(episode, active, after)

    def begin_primary(self, rows: Rows, days: Days) -> None:
        """Date the condition that begins with people's first journey.

        A tumor that has spread by then began with the first of its metastases.
        """
        first = np.full(self._people, NO_DAY, dtype=np.int32)
        first[rows] = days
        for episode in self.episodes():
            dated = np.flatnonzero((episode.first == ALWAYS) & (first[episode.rows] != NO_DAY))
            if len(dated) and episode.after is None:
                since = self._by_spread(episode.code, episode.rows[dated], first)
                episode.onset[dated] = since
                none = np.full(len(dated), -1, dtype=np.int32)
                own = Episode.begin(episode.code, {-1: ""}, episode.rows[dated], since, none)
                self._limit(own, since)
                episode.until[dated] = own.until
                self._changed(episode)

    def _by_spread(self, code: str, rows: Rows, days: Days) -> Days:
        """Return the days of people's rows; for a tumor, not after the first of its metastases."""
        since = days.copy()
        for episode in self.episodes() if is_primary_tumor(code) else ():
            if is_spread(episode.code):
                np.minimum.at(since, episode.rows, episode.onset)
        return since[rows]

    def held(self, moment: Moment) -> HeldCodes:
        """Return the conditions that everyone has at a moment."""

        def note(episode: Episode, word: NDArray[np.int64], bit: np.int64) -> None:
            word[episode.active(moment)] |= bit

        return self._held(len(moment.rows), note, moment)

    def held_on(self, rows: Rows, days: Days) -> HeldCodes:
        """Return the conditions that people have on days.

        Args:
            rows: positions in the chunk; may repeat, as for several visits of one person.
            days: int32, a day of each.
        """

        def note(episode: Episode, word: NDArray[np.int64], bit: np.int64) -> None:
            word[episode.lasts_on(rows, days, self._people)] |= bit

        return self._held(len(rows), note)

    def _held(
        self,
        size: int,
        note: Callable[[Episode, NDArray[np.int64], np.int64], None],
        moment: Moment | None = None,
    ) -> HeldCodes:
        """Return the codes for which `note` sets a bit, by their episodes; of a moment's people."""
        codes = self.codes
        chosen, masks = np.zeros(size, dtype=np.int64), [0]
        for begin in range(0, len(codes), _WORD):
            word = np.zeros(size, dtype=np.int64)
            for bit, code in enumerate(codes[begin : begin + _WORD]):
                episodes = self._episodes[code]
                for episode in episodes if moment is None else episodes.of(moment):
                    note(episode, word, np.int64(1 << bit))
            words, of = np.unique(word, return_inverse=True)
            pairs, chosen = np.unique(chosen * len(words) + of, return_inverse=True)
            first, second = np.divmod(pairs, len(words))
            masks = [masks[one] | (int(words[two]) << begin)
                     for one, two in zip(first.tolist(), second.tolist(), strict=True)]  # fmt: skip
        return HeldCodes(tuple(self._codes_of_mask(mask) for mask in masks), chosen)

    def _codes_of_mask(self, mask: int) -> tuple[str, ...]:
        """Return the codes whose bits are set in a mask. A bit is that of one code for ever."""
        known = self._of_mask.get(mask)
        if known is None:
            set_ = [code for bit, code in enumerate(self._episodes) if mask >> bit & 1]
            known = self._of_mask[mask] = self.in_order(set_)
        return known

    def has(self, prefix: str, moment: Moment) -> NDArray[np.bool_]:
        """Return who has a condition by its code's beginning, as stated or as combined; bool."""
        has = np.zeros(len(moment.rows), dtype=np.bool_)
        for code in self.codes:
            for episode in self._of(code, moment) if code.startswith(prefix) else ():
                has[episode.active(moment)] = True
        return has | self.held(moment).has(prefix) if may_be_combined(prefix) else has

    def settle(self) -> None:
        """End the walk: leave out what would follow where people have it, or what excludes it."""
        self._take_apart()
        for episode in [one for one in self.episodes() if one.after is not None]:
            moment = Moment(episode.rows, episode.since, self._people)
            instead = [code for code in self._episodes if is_history(episode.code)
                       and mutually_exclusive(code, episode.code)]  # fmt: skip
            for other in (one for code in (episode.code, *instead) for one in self._episodes[code]):
                if other is not episode and other is not episode.after:
                    episode.real[other.active(moment)] = False
            self._changed(episode)

    def redate(self, episode: Episode, unseen: tuple[Rows, Days, Days]) -> None:
        """Note that times of an episode have got other days, and before which it was not known."""
        self.unseen.setdefault(episode.code, []).append(unseen)
        self._changed(episode)

    def unseen_on(self, code: str, rows: Rows, days: Days) -> NDArray[np.bool_]:
        """Return who has a condition on their day that no test has shown by then; bool."""
        found = np.zeros(len(rows), dtype=np.bool_)
        for theirs, first, until in self.unseen.get(code, ()):
            moment = Moment(rows, days, self._people)
            position = moment.positions[theirs]
            day = days[position]
            found[position[(position >= 0) & (first <= day) & (day < until)]] = True
        return found

    def _take_apart(self) -> None:
        """Let every episode be of one event, as rows are."""
        parts = {id(one): one.parts() for one in self.episodes() if one.after is None}
        for code, episodes in self._episodes.items():
            apart = Episodes()
            for one in episodes:
                if one.after is None:
                    apart += [part for _, part in parts[id(one)]]
                else:
                    apart += [one.part_after(at, part) for at, part in parts[id(one.after)]]
            apart.settled = True
            self._episodes[code] = apart
