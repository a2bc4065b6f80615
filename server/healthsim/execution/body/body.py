"""The body of everyone in a chunk: what a laboratory or a nurse would find on a day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from healthsim.dates import NO_DAY, Days
from healthsim.execution.body.bindings import Bindings
from healthsim.execution.body.collection import female_share, rows_once
from healthsim.execution.body.deviations import Deviations
from healthsim.execution.body.exposures import (
    Acting,
    Exposures,
    History,
    drawn_behind,
)
from healthsim.execution.body.healthy import Healthy, is_alone, is_possible
from healthsim.execution.body.latent import Latent, Shifts, replaced_share
from healthsim.execution.body.persons import PersonalDraws
from healthsim.execution.body.pregnancy import pregnancy_effects
from healthsim.execution.body.size import Size
from healthsim.execution.body.specimen import Specimen
from healthsim.execution.people.draws import Rows
from healthsim.execution.people.logs import Moment
from healthsim.execution.people.people import FIRST_BORN
from healthsim.medicine.analytes import analytes, has_usual, key_of
from healthsim.medicine.derivation import derive, derived, needs, plan, solve
from healthsim.medicine.setpoints import to_scale, to_value
from healthsim.tables import Coded

Floats = NDArray[np.float64]


class Body:
    """The bodies of a chunk's people.

    Attributes:
        bindings: which analytes follow a state, or begin at an attribute.
    """

    def __init__(
        self, history: History, bindings: Bindings, exposures: Exposures, as_of: int
    ) -> None:
        """Take what is known of the people before anything happens to them.

        Args:
            history: their record, which is read whenever a value is asked for.
            bindings: of the specifications' names.
            exposures: what acts on the people.
            as_of: first day of the data, on which an attribute holds.
        """
        self._history, self.bindings, self._exposures = history, bindings, exposures
        self._female = female_share(history.people)
        self._own = PersonalDraws(history.draws)
        self._healthy = Healthy(history.people, self._own)
        self._deviations = Deviations(len(history.people))
        self._behind = {drawn: key for key in bindings.states for drawn in drawn_behind(key)}
        asked = plan(tuple(sorted(bindings.asked)))
        self._read = frozenset({*asked.drawn, *asked.derived})
        self._held: dict[str, Floats] = {}
        self._held_under: dict[str, Floats] = {}
        self._hold_attributes(as_of)

    @property
    def size(self) -> Size:
        """Height, build and head of the people, without illness, drugs or pregnancy."""
        return self._healthy.size

    def values(
        self,
        keys: Sequence[str],
        rows: Rows,
        days: Days,
        quarters: NDArray[np.int64] | None = None,
    ) -> dict[str, Floats]:
        """Return what would be measured.

        All that is asked of one person at one time comes from one specimen: the same analyte has
        one value, and what is computed from others fits them as they are reported.

        Args:
            keys: LOINC codes, or keys of `medicine/data/analytes.csv` and `derived.csv`.
            rows: ascending positions in the chunk; may repeat, for several measurements.
            days: int32, shape of `rows`.
            quarters: int64, quarter hour of the day (0 to 95) of each where hours matter; None
                for one value a day.

        Returns:
            By key as asked, float64, shape of `rows`, in the unit and decimals of the book.

        Raises:
            NotFound: a key has no usual values.
        """
        return self.measured(keys, self.collect(rows, days, quarters))

    def collect(
        self, rows: Rows, days: Days, quarters: NDArray[np.int64] | None = None
    ) -> Specimen:
        """Return a specimen of people, to ask several times; arguments as in `values`."""
        history = self._history
        when = (rows, days, quarters)
        return Specimen.of(history.people, self._female, history.draws, when)

    def measured(self, keys: Sequence[str], on: Specimen) -> dict[str, Floats]:
        """Return what is measured in a specimen; keys, result and errors as in `values`."""
        self._measure(tuple(keys), on)
        return {key: on.known[key_of(key)] for key in keys}

    def settled(self, key: str, rows: Rows, days: Days) -> Floats:
        """Return the set points of an analyte, drawn or derived: what is measured without noise.

        Args:
            key: of the analyte.
            rows: ascending positions in the chunk.
            days: int32, shape of `rows`.

        Returns:
            float64, shape of `rows`, in the analyte's unit.
        """
        on, wanted = self.collect(rows, days), plan((key,))
        self._expose(list(wanted.drawn), on)
        found: dict[str, Floats] = {}
        for drawn in wanted.drawn:
            found[drawn] = to_value(analytes()[drawn], self._set_point(drawn, on))
        return (found | derive(wanted.derived, found, on.subjects))[key]

    def acting_on(self, code: str, on: Specimen) -> list[Acting]:
        """Return the effects that act on an analyte, or on what it is computed from."""
        drawn = plan((code,)).drawn
        self._expose(drawn, on)
        found = {id(one): one for key in drawn for one in on.acting[key] if len(one.at)}
        return list(found.values())

    def take_stated(
        self, stated: Mapping[str, Floats], on: Specimen, passing: frozenset[str]
    ) -> None:
        """Take results that a specification states: the body follows them, and what depends on it.

        A result is that of everything measured on its day; afterwards its distance from what the
        body would have shown fades.

        Args:
            stated: LOINC code -> results, float64, one for each measurement; NaN where there is
                none.
            on: the specimen, of a day of distinct people.
            passing: codes whose distance is gone on the next day, such as measured states.
        """
        found = {key_of(code): code for code in stated if self._matters(code)}
        given = set(found)
        for key in sorted(found, key=lambda key: key in derived()):
            at = np.flatnonzero(~np.isnan(stated[found[key]]))
            if len(at):
                one = on.fresh() if len(at) == len(on) else on.take(at)
                value = stated[found[key]][at]
                is_passing = found[key] in passing
                shown = is_passing and is_alone(key)
                behind = {} if shown else self._solved(key, value, one, frozenset(given))
                for drawn, wanted in behind.items():
                    self._move(drawn, wanted, one, passing=is_passing)
                given.update(behind)
                self._deviations.add_result(key, (one.rows, one.days), value)

    def _move(self, key: str, wanted: Floats, on: Specimen, *, passing: bool) -> None:
        """Move a drawn analyte to values, in its unit: for the day, or from then on."""
        value = to_value(analytes()[key], to_scale(analytes()[key], wanted))
        if passing:
            self._deviations.add_result(key, (on.rows, on.days), value)
        else:
            self._deviations.replace_result(key, on, value)
            moved = self._latent(key, on).deviation(to_scale(analytes()[key], wanted))
            self._deviations.add(key, (on.rows, on.days), moved)

    def _matters(self, code: str) -> bool:
        """Tell whether anything that is measured depends on a result."""
        if not has_usual(code):
            return False
        key = key_of(code)
        return key in self._read or any(drawn in self._read for drawn in drawn_behind(key))

    def _solved(
        self, key: str, value: Floats, on: Specimen, given: frozenset[str]
    ) -> dict[str, Floats]:
        """Return the drawn analytes behind a stated value, natural units, by key."""
        if key not in derived():
            return {key: value}
        self._measure(needs(key), on)
        return solve(key, value, on.known, on.subjects, given - {key})

    def _measure(self, keys: Sequence[str], on: Specimen) -> None:
        """Draw and compute what some analytes need, into the collection's known values."""
        wanted = plan(tuple(keys))
        for key in (*wanted.drawn, *wanted.derived):
            if key not in on.known and (stated := self._deviations.all_stated(key, on)) is not None:
                on.known[key] = stated
        drawn = [key for key in wanted.drawn if key not in on.known]
        self._expose([key for key in drawn if key not in on.latent], on)
        for key in drawn:
            location = self._latent(key, on).location(self._deviations.of(key, on))
            value = to_value(analytes()[key], location)
            on.known[key] = self._deviations.stated(key, on, value)
        for key in wanted.derived:
            if key not in on.known:
                found = derive((key,), on.known, on.subjects)[key]
                on.known[key] = self._deviations.stated(key, on, found)

    def _expose(self, keys: Sequence[str], on: Specimen) -> None:
        """Find what acts on some drawn analytes, all at once."""
        new = frozenset(key for key in keys if key not in on.acting)
        if not new:
            return
        on.acting.update({key: [] for key in new})
        for one in self._exposures.acting(new, on):
            shown = self._shown(one, on)
            for key in one.keys & new:
                on.acting[key].append(shown)
        for week in pregnancy_effects(self._history, new, on):
            on.pregnancy.setdefault(week.key, []).append(week)

    def _shown(self, one: Acting, on: Specimen) -> Acting:
        """Return an effect for those who show it at all."""
        if one.effect.share >= 1:
            return one
        shows = self._own.shows(one.effect)[on.rows[one.at]]
        return replace(one, at=one.at[shows], weight=one.weight[shows])

    def _latent(self, key: str, on: Specimen) -> Latent:
        """Return where a drawn analyte is, with the states and attributes that it follows."""
        if key not in on.latent:
            latent = self._usual(key, on)
            if key in self._held:
                latent = latent.moved(self._still_held(key, on))
            behind = self._behind.get(key)
            if behind is not None:
                location = self._from_state(behind, key, on)
                if behind in self.bindings.moved:
                    latent = self._moved_state(key, on, latent, location)
                else:
                    latent = latent.replaced(location)
            on.latent[key] = latent
        return on.latent[key]

    def _still_held(self, key: str, on: Specimen) -> Floats:
        """Return how far attributes still move an analyte, float64.

        What replaces set points since the attribute held replaces what it says too.
        """
        since = replaced_share(on.acting[key], len(on)) - self._held_under[key][on.rows]
        left: Floats = self._held[key][on.rows] * (1 - np.clip(since, 0.0, 1.0))
        return left

    def _usual(self, key: str, on: Specimen, own: Floats | None = None) -> Latent:
        """Return where a drawn analyte is if no state or attribute says so.

        Args:
            key: the analyte.
            on: the measurements.
            own: set points over the middle that no effect replaces; by default everyone's own.
        """
        self._expose([key], on)
        middle, usual = self._healthy.place(key, on)
        acting = [one for one in on.acting[key] if own is None or one.effect.op != "="]
        shifts = Shifts(
            analytes()[key], middle, usual if own is None else own,
            target=lambda one: self._healthy.target(key, one.effect, on.take(one.at)),
            response=lambda one: self._own.response(one.effect)[on.rows[one.at]],
        )  # fmt: skip
        noise = self._healthy.noise(key, on)
        return shifts.latent(acting, on.pregnancy.get(key, ()), noise)

    def _moved_state(self, key: str, on: Specimen, latent: Latent, location: Floats) -> Latent:
        """Return it with a state's set points, which effects move as they do the person's own."""
        middle, _ = self._healthy.place(key, on)
        known = ~np.isnan(location)
        moved = self._usual(key, on, np.where(known, location - middle, 0.0))
        return moved.where(known, latent)

    def _from_state(self, named: str, key: str, on: Specimen) -> Floats:
        """Return where a journey's state puts a drawn analyte, on its scale; NaN where it does not.

        Args:
            named: the analyte that the state is of, drawn or derived.
            key: the drawn analyte.
            on: the measurements.
        """
        location = np.full(len(on), np.nan)
        variable = self._history.variables.get(self.bindings.states[named])
        if variable is None:
            return location
        value = np.full(len(on), np.nan)
        for at in rows_once(on.rows):
            value[at] = variable.at(Moment(on.rows[at], on.days[at], len(self._history.people)))
        if not variable.from_birth:
            value[self._history.people.number[on.rows] >= FIRST_BORN] = np.nan
        at = np.flatnonzero(is_possible(named, value))
        others = {name: found[at] for name, found in self._beside(named, on).items()}
        drawn = self._healthy.behind(named, value[at], on.take(at), others)[key]
        location[at] = to_scale(analytes()[key], drawn)
        return location

    def _beside(self, named: str, on: Specimen) -> dict[str, Floats]:
        """Return the set points of what a state's analyte is computed from and does not move.

        A weight is that of the person's own height, which an attribute may have moved. What
        follows a state too is left as it is in health: each would wait for the other.
        """
        if named not in derived():
            return {}
        inputs = plan(tuple(needs(named))).drawn
        keys = [key for key in inputs if key not in self._behind]
        self._expose(keys, on)
        return {key: to_value(analytes()[key], self._set_point(key, on)) for key in keys}

    def _set_point(self, key: str, on: Specimen) -> Floats:
        """Return where a drawn analyte is without the noise of the day, on its scale."""
        return self._latent(key, on).quiet().location(self._deviations.of(key, on))

    def _hold_attributes(self, as_of: int) -> None:
        """Find how far everyone's attributes are from what the body would show on the first day.

        It is done before anything happens, so that nobody's depends on how far others have come.
        """
        people = self._history.people
        born = np.flatnonzero((people.birth != NO_DAY) & (people.birth <= as_of))
        for named, attribute in self.bindings.attributes.items():
            values = people.attributes[attribute]
            if isinstance(values, Coded) or not self._matters(named):
                continue
            rows = born[is_possible(named, values[born])]
            on = self.collect(rows, np.full(len(rows), as_of, dtype=np.int32))
            for key, wanted in self._healthy.behind(named, values[rows], on).items():
                location = to_scale(analytes()[key], wanted)
                held = self._held.setdefault(key, np.zeros(len(people)))
                held[rows] = self._usual(key, on).quiet().deviation(location)
                under = self._held_under.setdefault(key, np.zeros(len(people)))
                under[rows] = replaced_share(on.acting[key], len(on))
