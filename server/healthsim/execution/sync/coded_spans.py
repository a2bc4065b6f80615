"""Under which code each condition stands, and from when until when.

A condition whose code is combined with others (hypertension with kidney disease is I12.9) stands
under its own code until the last part begins, then under the combined one, and so on.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import permutations

import numpy as np
from numpy.typing import NDArray

from healthsim.codes.icd10cm import COMBINATIONS, combined
from healthsim.dates import Days
from healthsim.execution.people.draws import Rows
from healthsim.execution.people.episodes import Episode
from healthsim.medicine.organisms import named_as

_MOST_TIMES = 3
"""How often a condition stands under one code, with others between; later times join the last."""
_COMBINED = tuple({rule.code for rule in COMBINATIONS})
_PARTS = tuple({prefix for rule in COMBINATIONS for prefix in (rule.code, *rule.with_)})
_ENDS = -2  # in the place of a source: nothing begins
_ZERO = 2**31  # added to a day so that it is not negative


@dataclass(frozen=True, eq=False)
class CodedSpan:
    """A condition under one code for some people; arrays have one entry for each of them.

    Attributes:
        rows: ascending positions in the chunk.
        code: ICD-10-CM code, as stated or combined.
        suffix: end of the address of its ids; "" of the first row of a condition.
        first: int32, first day under this code.
        until: int32, first day after it.
        source: position of the occurrence that began it, or the part that it is combined with
            from then on; -1 for none.
    """

    rows: Rows
    code: str
    suffix: str
    first: Days
    until: Days
    source: int


@lru_cache(maxsize=4096)
def suffixes(code: str) -> tuple[str, ...]:
    """Return every end that the addresses of a condition's rows can have.

    >>> suffixes("J18.9"), suffixes("E11.9")[:3]
    (('', '+J15.5', '+J15.211', '+J15.0', '+J13'), ('', '+E11.9', '+E11.9/2'))
    """
    codes = [code]
    for of in codes:  # which grows
        codes += [rule.becomes for rule in COMBINATIONS
                  if of.startswith(rule.code) and rule.becomes not in codes]  # fmt: skip
    if not code.startswith(_COMBINED):
        return ("", *(_suffix(of, 0) for of in named_as(code)))
    return ("", *(_suffix(of, time) for of in codes for time in range(_MOST_TIMES)))


def _suffix(code: str, time: int) -> str:
    return f"+{code}/{time + 1}" if time else f"+{code}"


def _distinct(flags: NDArray[np.bool_]) -> tuple[NDArray[np.bool_], Rows]:
    """Return the distinct lines of flags, in order, and which of them each line is.

    As `numpy.unique` over an axis, which compares lines byte by byte, and so takes long.
    """
    most = 62  # bits of a key
    if flags.shape[1] > most:
        sets, which = np.unique(flags, axis=0, return_inverse=True)
        return sets, which.reshape(-1)
    bits = np.int64(1) << np.arange(flags.shape[1], dtype=np.int64)[::-1]
    _, first, which = np.unique(flags @ bits, return_index=True, return_inverse=True)
    return flags[first], which.reshape(-1)


class CodedSpans:
    """The codes of the conditions of a chunk over time."""

    def __init__(self, episodes: Sequence[Episode], last: Days) -> None:
        """Cut everyone's time where a part of a combination begins or ends.

        Args:
            episodes: every condition, in the order in which codes stand.
            last: int32, everyone's last day in the data.
        """
        self._last = last
        parts = [one for one in episodes if one.code.startswith(_PARTS)]
        self._codes = tuple(dict.fromkeys(one.code for one in parts))
        self._any = any(set(combined(pair)) - {*pair} for pair in permutations(self._codes, 2))
        if self._any:
            self._cut(parts)

    def _cut(self, parts: Sequence[Episode]) -> None:
        begun = [self._begun(one) for one in parts]
        size = [len(rows) for rows, _, _ in begun]
        rows, first, until = (np.concatenate(columns) for columns in zip(*begun, strict=True))
        code = np.repeat([self._codes.index(one.code) for one in parts], size)
        ends = until <= self._last[rows]
        who, day = np.append(rows, rows[ends]), np.append(first, until[ends])
        source = np.append(
            np.repeat([one.source for one in parts], size), np.full(int(ends.sum()), _ENDS)
        )
        step = np.zeros((len(who), len(self._codes)), dtype=np.int16)
        step[np.arange(len(who)), np.append(code, code[ends])] = np.where(source == _ENDS, -1, 1)
        order = np.lexsort((np.append(code, code[ends]), source != _ENDS, day, who))
        who, day, step = who[order], day[order], step[order]
        held = np.cumsum(step, axis=0, dtype=np.int32)
        before = np.searchsorted(who, who)
        held -= held[before] - step[before]
        last_of_day = np.ones(len(who), dtype=np.bool_)
        last_of_day[:-1] = (who[1:] != who[:-1]) | (day[1:] != day[:-1])
        self._day, self._source = day[last_of_day], source[order][last_of_day]
        self._key = _key(who[last_of_day], self._day)
        sets, self._set = _distinct(held[last_of_day] > 0)
        self._sets = [tuple(np.array(self._codes)[line].tolist()) for line in sets]

    def _begun(self, episode: Episode) -> tuple[Rows, Days, Days]:
        """Return who has had a condition, from when and until when."""
        begins = episode.begins
        begun = episode.holds & (begins <= self._last[episode.rows]) & (begins < episode.until)
        return episode.rows[begun], begins[begun], episode.until[begun]

    def of(self, episode: Episode) -> Iterator[CodedSpan]:
        """Yield a condition under each of its codes, for those who have had it."""
        rows, first, until = self._begun(episode)
        if not (self._any and len(rows) and episode.code.startswith(_COMBINED)):
            yield CodedSpan(rows, episode.code, "", first, until, episode.source)
            return
        begin = np.searchsorted(self._key, _key(rows, first))
        count = np.searchsorted(self._key, _key(rows, np.minimum(until, self._last[rows] + 1)))
        count -= begin
        of = np.repeat(np.arange(len(rows)), count)
        cut = np.arange(len(of)) + np.repeat(begin + count - np.cumsum(count), count)
        last = np.append(of[1:] != of[:-1], True)
        ends = np.where(last, until[of], self._day[np.minimum(cut + 1, len(self._day) - 1)])
        source = np.where(np.append(True, last[:-1]) | (self._source[cut] == _ENDS),
                          episode.source, self._source[cut])  # fmt: skip
        stated = [_codes_of(episode.code, held) for held in self._sets]
        begins = np.append(True, last[:-1])
        for code in dict.fromkeys(code for codes in stated for code in codes):
            has = np.array([code in codes for codes in stated])[self._set[cut]]
            main = np.array([code == next(iter(codes), "") for codes in stated])[self._set[cut]]
            for time, (opens, closes) in enumerate(_times(has, last, of)):
                first_row = begins[opens] & main[opens]
                kind = source[opens].astype(np.int64) * 2 + first_row
                for one in np.unique(kind).tolist():
                    at, end = opens[kind == one], closes[kind == one]
                    yield CodedSpan(
                        rows=rows[of[at]],
                        code=code,
                        suffix="" if one % 2 else _suffix(code, time),
                        first=self._day[cut[at]],
                        until=ends[end].astype(np.int32),
                        source=one // 2,
                    )


def _key(rows: Rows, days: Days) -> NDArray[np.int64]:
    """Return numbers that are in the order of people, then days; int64."""
    return (rows.astype(np.int64) << 32) + (days.astype(np.int64) + _ZERO)


def _times(
    has: NDArray[np.bool_], last: NDArray[np.bool_], of: NDArray[np.intp]
) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """Yield the first, second and third time of people with a code: places of its two ends.

    Args:
        has: of each cut, whether it has the code.
        last: whether a cut is its person's last.
        of: whose it is.
    """
    opens = np.flatnonzero(has & (np.append(True, last[:-1]) | ~np.append(False, has[:-1])))
    closes = np.flatnonzero(has & (last | ~np.append(has[1:], False)))
    time = np.arange(len(opens)) - np.searchsorted(of[opens], of[opens])
    final = np.searchsorted(of[opens], of[opens], side="right") - 1
    for number in range(min(_MOST_TIMES, int(time.max(initial=-1)) + 1)):
        which = np.flatnonzero(time == number)
        ends = final[which] if number == _MOST_TIMES - 1 else which
        yield opens[which], closes[ends]


@lru_cache(maxsize=65_536)
def _codes_of(code: str, held: tuple[str, ...]) -> tuple[str, ...]:
    """Return what a code becomes beside all that a person has.

    It stays, or a combination code replaces it, or both are coded; a combination is coded once,
    for the first of the codes that it can come from.
    """
    coded = combined(held)
    stated = [code] if code in coded else []
    for rule in COMBINATIONS:
        if not code.startswith(rule.code):
            continue
        first = next((other for other in held if other.startswith(rule.code)), None)
        partners = all(any(other.startswith(p) for other in coded) for p in rule.with_)
        if first == code and partners and rule.becomes in coded and rule.becomes not in held:
            stated.append(rule.becomes)
            break
    return tuple(stated)
