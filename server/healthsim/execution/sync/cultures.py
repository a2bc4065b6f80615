"""What cultures grow, and what diagnoses are from the day on which it is reported."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from healthsim.dates import Days
from healthsim.execution.people.draws import Rows
from healthsim.execution.sync.coded_spans import CodedSpan
from healthsim.execution.sync.context import SyncContext
from healthsim.execution.sync.reported import reported_at
from healthsim.execution.sync.visits.visit_coding import VisitCodes, distinct
from healthsim.execution.sync.visits.visits import DAY, VisitRows
from healthsim.execution.timeline.facts import ResultFacts
from healthsim.medicine.organisms import Grown, is_named, organisms, with_organisms
from healthsim.specification.journeys import events
from healthsim.tables import Coded

Minutes = NDArray[np.int64]
_BEFORE = 30 * DAY  # minutes before a visit in which a culture is still of its illness: assumption
_MINUTES = 2**40  # more than any minute, in a key with a person


@dataclass(frozen=True, eq=False)
class Cultures:
    """The cultures that grew an organism of the table.

    Attributes:
        keys: of each row of the table person and minute of the report as one number, ascending.
    """

    keys: Mapping[Grown, NDArray[np.int64]]

    @classmethod
    def of(cls, ctx: SyncContext) -> Cultures:
        """Collect them."""
        keys: dict[Grown, list[NDArray[np.int64]]] = {}
        for source in ctx.of_type(events.Lab) if ctx.record.conditions.lives else ():
            for loinc, values in source.facts_as(ResultFacts).by_loinc.items():
                rules = [one for one in organisms() if one.loinc == loinc]
                if not rules or not isinstance(values, Coded):
                    continue
                key = _keys(source.rows, reported_at(ctx, source, loinc))
                for rule in rules:
                    keys.setdefault(rule, []).append(key[values.equals(rule.organism)])
        found = {one: np.sort(np.concatenate(keys[one])) for one in organisms() if one in keys}
        return cls({rule: some for rule, some in found.items() if len(some)})

    def reported(self, rule: Grown, rows: Rows, since: Minutes, until: Minutes) -> Minutes:
        """Return when an organism was first reported of each, int64; -1 where it was not.

        Args:
            rule: the row of the table.
            rows: positions in the chunk; may repeat.
            since: minutes since 1970, the first that count.
            until: the last that count.
        """
        keys = self.keys[rule]
        place = np.minimum(np.searchsorted(keys, _keys(rows, since)), len(keys) - 1)
        found = keys[place]
        there = (found >= _keys(rows, since)) & (found <= _keys(rows, until))
        return np.where(there, found % _MINUTES, -1)

    def spans(self, span: CodedSpan) -> Iterator[CodedSpan]:
        """Yield a condition under its code, and under those that name what a culture grew.

        It has the latter from the day of the report on.
        """
        first, code = np.full(len(span.rows), -1, dtype=np.int64), np.zeros(len(span.rows), np.intp)
        rules = [one for one in self.keys if one.becomes and span.code.startswith(one.diagnoses)]
        since, until = span.first.astype(np.int64) * DAY, span.until.astype(np.int64) * DAY - 1
        for number, rule in enumerate(rules):
            at = self.reported(rule, span.rows, since, until)
            sooner = (at >= 0) & ((first < 0) | (at < first))
            first[sooner], code[sooner] = at[sooner], number
        if not (first >= 0).any():
            yield span
            return
        day = np.where(first >= 0, first // DAY, span.until).astype(np.int32)
        yield _part(span, np.flatnonzero(day > span.first), span.first, day)
        for number, rule in enumerate(rules):
            at = np.flatnonzero((first >= 0) & (code == number))
            named = replace(span, code=rule.becomes, suffix=f"{span.suffix}+{rule.becomes}")
            yield _part(named, at, day, span.until)


def _keys(rows: Rows, minutes: Minutes) -> NDArray[np.int64]:
    return rows.astype(np.int64) * _MINUTES + minutes


def coded_with_organisms(ctx: SyncContext) -> SyncContext:
    """Return a chunk whose visits state the organisms that were reported by their ends."""
    grown = Cultures.of(ctx)
    if not grown.keys:
        return ctx
    return replace(ctx, visits={key: _named(one, grown) for key, one in ctx.visits.items()})


def _named(visit: VisitRows, grown: Cultures) -> VisitRows:
    codes = visit.diagnoses
    if not any(map(is_named, codes.lists)):
        return visit
    rules = tuple(grown.keys)
    bits = np.zeros(len(visit.rows), dtype=np.int64)
    for bit, rule in enumerate(rules):
        at = grown.reported(rule, visit.rows, visit.start_at - _BEFORE, visit.end_at)
        bits |= (at >= 0).astype(np.int64) << bit
    if not bits.any():
        return visit
    places, chosen = distinct([codes.chosen.astype(np.int64), bits])
    lists, late = [], []
    for place in places.tolist():
        of, known = int(codes.chosen[place]), int(bits[place])
        told = tuple(rule for bit, rule in enumerate(rules) if known >> bit & 1)
        before = codes.late[of] if codes.late else frozenset()
        lists.append(with_organisms(codes.lists[of], told))
        late.append(frozenset(with_organisms(tuple(sorted(before)), told)))
    return replace(visit, diagnoses=VisitCodes(tuple(lists), chosen.astype(np.int32), tuple(late)))


def _part(span: CodedSpan, at: NDArray[np.intp], first: Days, until: Days) -> CodedSpan:
    return replace(span, rows=span.rows[at], first=first[at], until=until[at])
