"""Injected drugs: their product, and JZ or JW by what is left of single-dose vials."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from healthsim.billing.professional.drug_waste import (
    NOTHING_WASTED,
    WASTED,
    vial_units,
    wasted_units,
)
from healthsim.billing.professional.injected_drugs import QUANTITY_DECIMALS, injected_drugs
from healthsim.execution.sync.bills.lines import Bill, BilledLine
from healthsim.products.membersim.generate import ServiceLines
from healthsim.tables import Coded, Columns


def with_waste(bill: Bill) -> Bill:
    """Return a bill whose drugs say what was wasted; a stay and a stated JW or JZ stay as is."""
    if bill.is_stay or not any(vial_units(line.code or "") for line in bill.lines):
        return bill
    return replace(bill, lines=tuple(one for line in bill.lines for one in _lines(line)))


def drug_columns(lines: ServiceLines) -> Columns:
    """Return the columns of `claim_lines` about the product of injected drugs."""
    words, codes = lines.procedure.vocabulary, lines.procedure.codes
    drugs = [injected_drugs().get(word) for word in words]
    per_unit = np.array([*(np.nan if one is None else one.quantity for one in drugs), np.nan])
    ndc, unit = (
        Coded.of([*(None if one is None else getattr(one, name) for one in drugs), None])
        for name in ("ndc", "unit")
    )
    return {
        "ndc": ndc.take(codes),
        "ndc_quantity": np.round(lines.units * per_unit[codes], QUANTITY_DECIMALS),
        "ndc_unit": unit.take(codes),
    }


def _lines(line: BilledLine) -> Iterator[BilledLine]:
    vial = vial_units(line.code or "")
    if vial is None or {WASTED, NOTHING_WASTED} & set(line.modifiers):
        yield line
        return
    given = np.broadcast_to(np.asarray(line.units, dtype=np.int32), line.rows.shape)
    left = wasted_units(vial, given)
    none = left == 0
    if none.any():
        yield replace(line.take(none), modifiers=(*line.modifiers, NOTHING_WASTED)[:4])
    if not none.all():
        some = line.take(~none)
        yield some
        yield replace(some, units=left[~none], modifiers=(WASTED, *line.modifiers)[:4])
