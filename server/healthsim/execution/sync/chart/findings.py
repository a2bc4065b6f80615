"""What studies found: of each slot of a conclusion the sentence that fits what the person has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from healthsim.dates import NO_DAY
from healthsim.execution.sync.chart.lookups import text_column
from healthsim.medicine.conclusions import (
    SIDES,
    filled,
    matches,
    side_of,
    slots_of,
    told_operations,
)
from healthsim.tables import Coded, Columns, join, take

Ints = NDArray[np.int64]
_OF_CHART = 1000  # rank of a condition of the chart, behind every diagnosis of the visit
_BOTH = len(SIDES) - 1
_PLACES = 1000  # of a value, in a key


@dataclass(frozen=True, eq=False)
class Studied:
    """Studies that get a conclusion; arrays of shape (n,).

    Attributes:
        person: person_id.
        encounter: encounter_id; `NO_NUMBER` where there is none.
        day: of the study.
        group: whose sentences it has.
        one_side: whether it shows one side of the body.
    """

    person: Ints
    encounter: Ints
    day: Ints
    group: Coded
    one_side: NDArray[np.bool_]

    def take(self, rows: Ints) -> Studied:
        """Return some of them."""
        return Studied(self.person[rows], self.encounter[rows], self.day[rows],
                       self.group.take(rows), self.one_side[rows])  # fmt: skip


@dataclass(frozen=True, eq=False)
class Measured:
    """Results of studies, shape (m,): position of the study, LOINC code or name, value."""

    study: Ints
    loinc: Coded
    value: NDArray[np.float64]

    def joined(self, other: Measured) -> Measured:
        """Return these results and others."""
        return Measured(
            np.concatenate([self.study, other.study]),
            join([self.loinc, other.loinc]),
            np.concatenate([self.value, other.value]),
        )


@dataclass(frozen=True, eq=False)
class _Reasons:
    """Reasons for sentences, shape (k,); `code` is -1 for a result, whose `value` counts then."""

    study: Ints
    slot: Ints
    variant: Ints
    code: Ints
    rank: Ints
    value: NDArray[np.float64]

    def take(self, rows: NDArray[np.int64] | NDArray[np.bool_]) -> _Reasons:
        return _Reasons(self.study[rows], self.slot[rows], self.variant[rows], self.code[rows],
                        self.rank[rows], self.value[rows])  # fmt: skip

    def joined(self, other: _Reasons) -> _Reasons:
        return _Reasons(*(
            np.concatenate([getattr(self, name), getattr(other, name)])
            for name in ("study", "slot", "variant", "code", "rank", "value")
        ))  # fmt: skip


def conclusions(
    studied: Studied, measured: Measured, tables: Mapping[str, Columns]
) -> tuple[Coded, Coded]:
    """Return what each study found, in sentences, and the diagnosis of its first finding."""
    codes, found = _from_diagnoses(studied, tables)
    side = np.array([*map(side_of, codes), 0], dtype=np.int64)
    found = _on_one_side(studied, found, side).joined(_from_results(studied, measured))
    found = found.joined(_from_operations(studied, tables))
    order = np.lexsort((found.rank, found.variant, found.slot, found.study))
    found = found.take(order)
    first = np.ones(len(order), dtype=np.bool_)
    first[1:] = (found.study[1:] != found.study[:-1]) | (found.slot[1:] != found.slot[:-1])
    found = found.take(first)
    return _texts(studied, found, codes, side), _first_codes(studied, found, codes)


def has_reason(studied: Studied, tables: Mapping[str, Columns]) -> NDArray[np.bool_]:
    """Return which studies have a diagnosis that their sentences tell of, bool, shape (n,)."""
    _, found = _from_diagnoses(studied, tables)
    return np.isin(np.arange(len(studied.person)), found.study)


def _spread(begin: Ints, end: Ints) -> tuple[Ints, Ints]:
    """Return the owner and the row of each row of ranges, int64."""
    count = end - begin
    owner = np.repeat(np.arange(len(begin)), count)
    return owner, np.arange(len(owner)) - np.repeat(np.cumsum(count) - count - begin, count)


def _ranges(ordered: Ints, wanted: Ints) -> tuple[Ints, Ints]:
    return np.searchsorted(ordered, wanted), np.searchsorted(ordered, wanted, side="right")


def _from_diagnoses(
    studied: Studied, tables: Mapping[str, Columns]
) -> tuple[tuple[str, ...], _Reasons]:
    """Return the codes that occur, and the reasons that diagnoses of visits and charts give."""
    listed, chart = tables["encounter_diagnoses"], tables["conditions"]
    visit, problem = text_column(listed, "code"), text_column(chart, "code")
    begin, end = _ranges(np.asarray(listed["encounter_id"], dtype=np.int64), studied.encounter)
    owner, row = _spread(begin, end)
    begin, end = _ranges(np.asarray(chart["person_id"], dtype=np.int64), studied.person)
    owner_of, of_chart = _spread(begin, end)
    onset, ended = (
        np.asarray(chart[name], dtype=np.int64)[of_chart]
        for name in ("onset_date", "abatement_date")
    )
    day = studied.day[owner_of]
    has = (onset <= day) & ((ended == NO_DAY) | (ended >= day))
    rank = _OF_CHART + of_chart - begin[owner_of]
    codes = (*visit.vocabulary, *problem.vocabulary)
    study = np.concatenate([owner, owner_of[has]])
    code = np.concatenate(
        [visit.codes[row], problem.codes[of_chart[has]] + len(visit.vocabulary)]
    ).astype(np.int64)
    ranks = np.concatenate([np.asarray(listed["sequence"], dtype=np.int64)[row], rank[has]])
    return codes, _reasons(studied, study, code, ranks, codes)


def _reasons(
    studied: Studied, study: Ints, code: Ints, rank: Ints, codes: tuple[str, ...], *,
    operation: bool = False,
) -> _Reasons:  # fmt: skip
    """Return each pair of a study and a diagnosis, or operation, once for each fitting sentence."""
    pair = studied.group.codes[study] * len(codes) + code
    known, at = np.unique(pair, return_inverse=True)
    listed: list[tuple[int, int, bool]] = []
    count = np.zeros(len(known), dtype=np.int64)
    for place, one in enumerate(known.tolist()):
        group = studied.group.vocabulary[one // len(codes)]
        fits = matches(group, codes[one % len(codes)], operation=operation)
        count[place] = len(fits)
        slots = slots_of(group)
        listed += [(slot, number, slots[slot].variants[number].visit) for slot, number in fits]
    begin = np.cumsum(count) - count
    owner, row = _spread(begin[at], begin[at] + count[at])
    table = np.array(listed, dtype=np.int64).reshape(-1, 3)[row]
    kept = (table[:, 2] == 0) | (rank[owner] < _OF_CHART)
    owner, table = owner[kept], table[kept]
    return _Reasons(study[owner], table[:, 0], table[:, 1], code[owner], rank[owner],
                    np.zeros(len(owner)))  # fmt: skip


def _on_one_side(studied: Studied, found: _Reasons, side: Ints) -> _Reasons:
    """Return the reasons without those of the other side, where a study shows one side.

    The side is that of the first diagnosis that has one.
    """
    own = side[found.code]
    order = np.lexsort((found.rank, found.study))
    order = order[own[order] > 0]
    shown = np.zeros(len(studied.person), dtype=np.int64)
    shown[found.study[order[::-1]]] = own[order[::-1]]
    shown = np.where(studied.one_side & (shown != _BOTH), shown, 0)[found.study]
    return found.take((shown == 0) | (own == 0) | (own == shown) | (own == _BOTH))


def _from_results(studied: Studied, measured: Measured) -> _Reasons:
    """Return the reasons that results give."""
    group = studied.group.codes[measured.study]
    parts = [[np.zeros(0, dtype=np.int64)] * 3 + [np.zeros(0)]]
    for number in np.unique(group).tolist():
        for place, slot in enumerate(slots_of(studied.group.vocabulary[number])):
            for which, variant in enumerate(slot.variants):
                value = measured.value
                hit = np.flatnonzero(
                    (group == number) & measured.loinc.equals(variant.result)
                    & (value >= variant.low) & (value <= variant.high)
                ) if variant.result else np.zeros(0, dtype=np.int64)  # fmt: skip
                parts.append([measured.study[hit], np.full(len(hit), place),
                              np.full(len(hit), which), value[hit]])  # fmt: skip
    study, slot_of, variant_of, values = (np.concatenate(one) for one in zip(*parts, strict=True))
    none = np.full(len(study), -1, dtype=np.int64)
    return _Reasons(study, slot_of, variant_of, none, none, values)


def _from_operations(studied: Studied, tables: Mapping[str, Columns]) -> _Reasons:
    """Return the reasons that operations of the days before give."""
    every = text_column(tables["procedures"], "code")
    told = np.array([*(word.startswith(told_operations()) for word in every.vocabulary), False])
    done = take(tables["procedures"], told[every.codes])
    code = text_column(done, "code")
    begin, end = _ranges(np.asarray(done["person_id"], dtype=np.int64), studied.person)
    study, row = _spread(begin, end)
    days = studied.day[study] - np.asarray(done["performed_date"], dtype=np.int64)[row]
    since = days > 0
    of_code = code.codes[row[since]].astype(np.int64)
    found = _reasons(studied, study[since], of_code, days[since], code.vocabulary, operation=True)
    key = np.stack([studied.group.codes[found.study], found.slot, found.variant])
    known, at = np.unique(key, axis=1, return_inverse=True)
    spans = [slots_of(studied.group.vocabulary[group])[slot].variants[variant]
             for group, slot, variant in known.T.tolist()]  # fmt: skip
    low, high = (np.array([getattr(one, name) for one in spans])[at.ravel()]
                 for name in ("low", "high"))  # fmt: skip
    found = found.take((found.rank >= low) & (found.rank <= high))
    return replace(found, code=np.full(len(found.study), -1, dtype=np.int64))


def _texts(studied: Studied, found: _Reasons, codes: tuple[str, ...], side: Ints) -> Coded:
    """Return the whole text of each study: one text for each combination of sentences."""
    group = studied.group.codes.astype(np.int64)
    key = np.stack([
        group[found.study], found.slot, found.variant, found.code,
        np.rint(found.value * _PLACES).astype(np.int64),
    ])  # fmt: skip
    known, sentence = np.unique(key, axis=1, return_inverse=True)
    said = [_sentence(studied, codes, side, *one) for one in known.T.tolist()]
    words = list(dict.fromkeys(said))
    place = {word: number for number, word in enumerate(words)}
    number = np.array([place[word] for word in said], dtype=np.int64)[sentence.ravel()]
    most = max((len(slots_of(one)) for one in studied.group.vocabulary), default=0)
    chosen = np.full((len(group), most + 1), -1, dtype=np.int64)
    chosen[:, 0] = group
    chosen[found.study, found.slot + 1] = number
    texts, text = np.unique(chosen, axis=0, return_inverse=True)
    whole = [_whole(studied.group.vocabulary[one[0]], one[1:], words) for one in texts.tolist()]
    coded = Coded.of(whole)
    return Coded(coded.codes[text.ravel()], coded.vocabulary)


def _sentence(
    studied: Studied, codes: tuple[str, ...], side: Ints, *key: int
) -> str:  # fmt: skip
    group, slot, variant, code, value = key
    said = slots_of(studied.group.vocabulary[group])[slot].variants[variant]
    name = codes[code] if code >= 0 else ""
    return filled(said.sentence, int(side[code]), name, said.result, value / _PLACES)


def _whole(group: str, chosen: list[int], words: list[str]) -> str | None:
    said = [
        words[number] if number >= 0 else slot.normal
        for slot, number in zip(slots_of(group), chosen, strict=False)
    ]
    return " ".join(filter(None, said)) or None


def _first_codes(studied: Studied, found: _Reasons, codes: tuple[str, ...]) -> Coded:
    """Return the diagnosis of the first slot that has one."""
    coded = np.flatnonzero(found.code >= 0)[::-1]
    first = np.full(len(studied.person), -1, dtype=np.int64)
    first[found.study[coded]] = found.code[coded]
    unique = Coded.of([*codes, None])
    return Coded(unique.codes[first], unique.vocabulary)
