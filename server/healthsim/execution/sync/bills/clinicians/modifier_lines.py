"""Modifiers of lines of an 837P, and services that are not billed beside others."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from healthsim.billing.professional.fee_schedule import laboratory_fees, physician_cents
from healthsim.billing.professional.modifiers import (
    is_apart_from_visits,
    is_laboratory_test,
    needs_25,
    screening_modifier,
    side_of,
    therapy_modifier,
    waived_tests,
)
from healthsim.billing.professional.multiple_procedures import MULTIPLE, is_ranked
from healthsim.billing.professional.operations import has_side, is_sided
from healthsim.billing.professional.pairs import DISTINCT, pairs
from healthsim.billing.professional.places import facility_places, place_of_service
from healthsim.billing.professional.visit_codes import is_visit
from healthsim.execution.sync.bills.clinicians.vaccines_given import has_medicare
from healthsim.execution.sync.bills.lines import Bill, BilledLine
from healthsim.execution.sync.context import SyncContext
from healthsim.specification.journeys.home_care import codes_of
from healthsim.tables import among

_Place: TypeAlias = tuple[int, int]
"""Position of a bill, and of a line in it."""

_Rule: TypeAlias = Callable[[SyncContext, Bill, BilledLine], Iterator[BilledLine]]

_ROW_BITS, _PROVIDER_BITS = np.int64(42), np.int64(18)
_FIRST_DAY = np.int64(80_000)
_MOST = 4
_OFFICES = ("office", "urgent_care")


def set_apart(bills: Sequence[Bill]) -> list[Bill]:
    """Return the bills without services that another of the day includes, the others set apart.

    CMS's pairs decide, for one clinician, person and day. Where a modifier is allowed, a visit
    gets 25 and another service 59; of two laboratory tests the dearer has the other in it. A
    stated modifier that says the same stays as it is.
    """
    bills = _repeated(bills)
    keys, places = _by_code(bills)
    dropped: dict[_Place, NDArray[np.bool_]] = {}
    marked: dict[_Place, NDArray[np.bool_]] = {}
    for first, second, drops in _pairs(set(keys)):
        for place in places[second]:
            bill, line = bills[place[0]], bills[place[0]].lines[place[1]]
            if not drops and DISTINCT & set(line.modifiers):
                continue
            found = among(_keys(bill, line), keys[first])
            if found.any():
                into = dropped if drops else marked
                into[place] = into[place] | found if place in into else found
    if not dropped and not marked:
        return list(bills)
    return [_apart(bill, number, dropped, marked) for number, bill in enumerate(bills)]


def _repeated(bills: Sequence[Bill]) -> list[Bill]:
    """Return the bills with a service that is done again on a day marked 76, a test 91.

    A second visit of the same clinician on a day is part of the first.
    """
    _, places = _by_code(bills)
    lines = [list(bill.lines) for bill in bills]
    for code, found in places.items():
        if len(found) < 2:
            continue
        modifier = "91" if is_laboratory_test(code) else "76"
        of_each = [_keys(bills[number], bills[number].lines[place]) for number, place in found]
        for (number, place), again in zip(found, _seen_before(of_each), strict=True):
            line = bills[number].lines[place]
            if again.any() and not {"76", "77", "91", "59", "AS", "80"} & set(line.modifiers):
                lines[number][place] = line.take(~again)
                if not is_visit(code):
                    lines[number].append(with_modifier(line.take(again), modifier))
    return [
        replace(bill, lines=tuple(line for line in own if len(line.rows)))
        for bill, own in zip(bills, lines, strict=True)
    ]


def _by_code(
    bills: Sequence[Bill],
) -> tuple[dict[str, NDArray[np.int64]], dict[str, list[_Place]]]:
    """Return who had each code when of whom, as sorted numbers, and where its lines are."""
    places: dict[str, list[_Place]] = defaultdict(list)
    for number, bill in enumerate(bills):
        for place, line in enumerate(() if bill.institutional else bill.lines):
            if line.code is not None and len(line.rows):
                places[line.code].append((number, place))
    keys = {
        code: np.sort(
            np.concatenate([_keys(bills[one], bills[one].lines[place]) for one, place in found])
        )
        for code, found in places.items()
    }
    return keys, places


def _seen_before(of_each: Sequence[NDArray[np.int64]]) -> list[NDArray[np.bool_]]:
    """Return, for each of several columns, which of its numbers are in one before it; bool."""
    sizes = [len(own) for own in of_each]
    keys, of = np.concatenate(of_each), np.repeat(np.arange(len(of_each)), sizes)
    order = np.argsort(keys, kind="stable")
    new = np.ones(len(keys), dtype=np.bool_)
    new[1:] = keys[order][1:] != keys[order][:-1]
    first = of[order][new][np.cumsum(new) - 1]
    again = np.zeros(len(keys), dtype=np.bool_)
    again[order] = of[order] > first
    return np.split(again, np.cumsum(sizes)[:-1])


def _keys(bill: Bill, line: BilledLine) -> NDArray[np.int64]:
    """Return one number for each person, clinician and day of a line, int64."""
    provider = bill.provider[bill.visit.position_of(line.rows)].astype(np.int64)
    own = (line.rows.astype(np.int64) << _ROW_BITS) + (provider << _PROVIDER_BITS)
    keys: NDArray[np.int64] = own + (line.days.astype(np.int64) + _FIRST_DAY)
    return keys


def _pairs(codes: set[str]) -> Iterator[tuple[str, str, bool]]:
    """Yield (code, code beside it, whether the second is left out) of the codes that there are."""
    known = pairs()
    for (first, second), allowed in known.items():
        if first in codes and second in codes:
            yield from _ordered(first, second, allowed)
    visits = [code for code in codes if needs_25(code)]
    for first in filter(is_apart_from_visits, codes):
        yield from ((first, visit, False) for visit in visits if (first, visit) not in known)


def _ordered(first: str, second: str, allowed: bool) -> Iterator[tuple[str, str, bool]]:
    if is_laboratory_test(first) and is_laboratory_test(second):
        fees = laboratory_fees()
        if fees[first] < fees[second]:
            first, second = second, first
        yield first, second, True
    else:
        yield first, second, not allowed


def _apart(
    bill: Bill,
    number: int,
    dropped: dict[_Place, NDArray[np.bool_]],
    marked: dict[_Place, NDArray[np.bool_]],
) -> Bill:
    lines: list[BilledLine] = []
    for place, line in enumerate(bill.lines):
        drop, mark = dropped.get((number, place)), marked.get((number, place))
        if drop is None and mark is None:
            lines.append(line)
            continue
        nobody = np.zeros(len(line.rows), dtype=np.bool_)
        drop, mark = (nobody if one is None else one for one in (drop, mark))
        modifier = "25" if is_visit(line.code or "") else "59"
        plain, apart = line.take(~drop & ~mark), line.take(~drop & mark)
        lines += [plain, replace(apart, modifiers=(modifier, *apart.modifiers)[:_MOST])]
    return replace(bill, lines=tuple(line for line in lines if len(line.rows)))


def add_modifiers(ctx: SyncContext, bill: Bill) -> Bill:
    """Return a bill with the modifiers that follow from diagnosis, payer, place and specialty."""
    return _several(ctx, _by_rules(ctx, bill, (_screenings, _telehealth, _waived, _therapies)))


def _several(ctx: SyncContext, bill: Bill) -> Bill:
    """Return a bill with 51 on operations beside a dearer one; Medicare does not ask for it."""
    ranked = [place for place, line in enumerate(bill.lines)
              if not bill.institutional and is_ranked(line.code or "")]  # fmt: skip
    if len(ranked) < 2:
        return bill
    inside = place_of_service()[bill.visit.details.encounter_class] in facility_places()
    ranked.sort(key=lambda place: -(
        physician_cents(bill.lines[place].code or "", facility=inside) or 0
    ))  # fmt: skip
    lines, before = list(bill.lines), np.zeros(0, dtype=np.int64)
    rest: list[BilledLine] = []
    for place in ranked:
        line = lines[place]
        keys = (line.rows.astype(np.int64) << _PROVIDER_BITS) + line.days + _FIRST_DAY
        second = np.isin(keys, before) & ~has_medicare(ctx, line.rows, line.days)
        before = np.concatenate([before, keys])
        if second.any():
            lines[place] = line.take(~second)
            rest.append(with_modifier(line.take(second), MULTIPLE))
    kept = (line for line in (*lines, *rest) if len(line.rows))
    return replace(bill, lines=tuple(kept))


def add_sides(ctx: SyncContext, bill: Bill) -> Bill:
    """Return a bill with RT or LT on what was done on the side that the diagnosis names."""
    return _by_rules(ctx, bill, (_sides,))


def _by_rules(ctx: SyncContext, bill: Bill, rules: Sequence[_Rule]) -> Bill:
    if bill.institutional:
        return bill
    lines: Sequence[BilledLine] = bill.lines
    for rule in rules:
        lines = [new for line in lines for new in rule(ctx, bill, line) if len(new.rows)]
    return replace(bill, lines=tuple(lines))


def with_modifier(line: BilledLine, modifier: str | None) -> BilledLine:
    """Return a line with one more modifier, after those that it has."""
    if modifier is None or modifier in line.modifiers or len(line.modifiers) == _MOST:
        return line
    return replace(line, modifiers=(*line.modifiers, modifier))


def _by_list(bill: Bill, line: BilledLine, modifiers: Sequence[str | None]) -> Iterator[BilledLine]:
    """Yield the line for those of each modifier; `modifiers` has one for each list of diagnoses."""
    if len(set(modifiers)) == 1:
        yield with_modifier(line, modifiers[0])
        return
    words = list(dict.fromkeys(modifiers))
    of_list = np.array([words.index(one) for one in modifiers])
    chosen = of_list[bill.visit.diagnoses.chosen[bill.visit.position_of(line.rows)]]
    for number, modifier in enumerate(words):
        yield with_modifier(line.take(chosen == number), modifier)


def _sides(ctx: SyncContext, bill: Bill, line: BilledLine) -> Iterator[BilledLine]:
    """Yield a line with its side: that of the diagnosis, else of the one that the step states."""
    if not is_sided(line.code or "") or has_side(line.modifiers):
        yield line
    else:
        stated = side_of(tuple(codes_of(bill.visit.details)))
        lists = bill.visit.diagnoses.lists
        yield from _by_list(bill, line, [side_of(codes) or stated for codes in lists])


def _screenings(ctx: SyncContext, bill: Bill, line: BilledLine) -> Iterator[BilledLine]:
    code, lists = line.code or "", bill.visit.diagnoses.lists
    found = [
        [screening_modifier(code, codes, medicare=medicare) for codes in lists]
        for medicare in (False, True)
    ]
    if not any(map(any, found)) or {"PT", "33"} & set(line.modifiers):
        yield line
        return
    medicare = has_medicare(ctx, line.rows, line.days)
    for covered, modifiers in zip((~medicare, medicare), found, strict=True):
        yield from _by_list(bill, line.take(covered), modifiers)


def _telehealth(ctx: SyncContext, bill: Bill, line: BilledLine) -> Iterator[BilledLine]:
    remote = bill.visit.details.encounter_class == "telehealth" and line.is_visit_service
    if not remote or {"95", "93", "GT"} & set(line.modifiers):
        yield line
    else:
        medicare = has_medicare(ctx, line.rows, line.days)
        yield line.take(medicare)
        yield with_modifier(line.take(~medicare), "95")


def _waived(ctx: SyncContext, bill: Bill, line: BilledLine) -> Iterator[BilledLine]:
    in_office = bill.visit.details.encounter_class in _OFFICES and bill.laboratory is None
    waived = in_office and (line.code or "") in waived_tests()
    yield with_modifier(line, "QW" if waived else None)


def _therapies(ctx: SyncContext, bill: Bill, line: BilledLine) -> Iterator[BilledLine]:
    modifier = therapy_modifier(line.code or "", bill.visit.specialty)
    stated = {"GP", "GO", "GN"} & set(line.modifiers)
    yield with_modifier(line, None if stated else modifier)
