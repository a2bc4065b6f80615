"""The table of attributes: a row for each person and attribute of the profile."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from healthsim.execution.people.draws import Rows, Values
from healthsim.execution.people.people import FIRST_BORN
from healthsim.execution.people.row_layout import lay_out_rows
from healthsim.execution.sync.context import SyncContext
from healthsim.products.attributes import PERSON_ATTRIBUTES
from healthsim.tables import Coded, Columns


@dataclass(frozen=True, eq=False)
class _Attribute:
    """An attribute, and the rows of those who have it; `values` are theirs."""

    place: int
    name: str
    rows: Rows
    values: Values


def person_attributes(ctx: SyncContext) -> Columns:
    """Fill `person_attributes`; those born in the run, whom no profile describes, have none."""
    described, names = ctx.people.number < FIRST_BORN, sorted(ctx.profile.attributes)
    segments = [_segment(ctx, place, name, described) for place, name in enumerate(names)]
    layout = lay_out_rows(segments, lambda one: one.place, ctx.people.person_id)
    if not len(layout):
        return PERSON_ATTRIBUTES.empty()
    return PERSON_ATTRIBUTES.complete({
        "person_id": layout.person_id,
        "name": layout.segment_texts(lambda one: one.name),
        "text": layout.row_texts(_text),
        "number": layout.row_values(_number),
    })  # fmt: skip


def _segment(ctx: SyncContext, place: int, name: str, described: NDArray[np.bool_]) -> _Attribute:
    values = ctx.people.attributes[name]
    known = values.codes >= 0 if isinstance(values, Coded) else ~np.isnan(values)
    rows = np.flatnonzero(described & known)
    theirs = values.take(rows) if isinstance(values, Coded) else values[rows]
    return _Attribute(place, name, rows, theirs)


def _text(one: _Attribute) -> Coded:
    return one.values if isinstance(one.values, Coded) else Coded.constant(None, len(one.rows))


def _number(one: _Attribute) -> NDArray[np.float64]:
    return np.full(len(one.rows), np.nan) if isinstance(one.values, Coded) else one.values
