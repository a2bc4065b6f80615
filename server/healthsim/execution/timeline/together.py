"""Which occurrences of a journey are done together, whichever beats their people are in."""

from __future__ import annotations

from collections.abc import Hashable
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from healthsim.execution.timeline.families import Families
from healthsim.execution.timeline.ruled import ruled_as
from healthsim.execution.timeline.series import series_of
from healthsim.execution.timeline.turns import SameLayout
from healthsim.execution.timeline.vaccinations import doses_during
from healthsim.specification.journeys.events import (
    Claim,
    Diagnosis,
    Encounter,
    Lab,
    Prescription,
    Procedure,
    Referral,
    Vital,
)
from healthsim.specification.journeys.plan import JourneyLayout, Occurrence
from healthsim.specification.journeys.repeats import Repeat

_TOGETHER = (
    Claim, Diagnosis, Encounter, Lab, Prescription, Procedure, Referral, Repeat, Vital,
)  # fmt: skip


def families_of(layout: JourneyLayout) -> Families:
    """Return the families of a layout: the occurrences of a step that are done together."""
    return _families(SameLayout(layout))


def each_alone(layout: JourneyLayout) -> Families:
    """Return families of which each is one occurrence, for a walk that is written down."""
    return Families.of(layout, np.arange(len(layout.occurrences), dtype=np.int32))


@lru_cache(maxsize=8)
def _families(same: SameLayout) -> Families:
    return Families.of(same.layout, _first_of_family(same.layout))


def _first_of_family(layout: JourneyLayout) -> NDArray[np.int32]:
    """Return the first occurrence of each one's family, int32, shape (occurrences,)."""
    doses, series, places = doses_during(layout), series_of(layout), _places(layout)
    first = np.arange(len(layout.occurrences), dtype=np.int32)
    known: dict[Hashable, int] = {}
    for one in layout.occurrences:
        if not _may_be_together(one) or one.number in doses:
            continue
        alike = (
            id(one.step), places[one.scope], min(one.tick, 2), one.anchor >= 0, one.business_days,
            one.number in layout.loose, series.get(one.number), ruled_as(layout, one),
        )  # fmt: skip
        first[one.number] = known.setdefault(alike, one.number)
    return first


def _may_be_together(one: Occurrence) -> bool:
    """Tell whether what is done for an occurrence takes a column of occurrences."""
    if not isinstance(one.step, _TOGETHER) or one.step.hazard is not None:
        return False
    return not isinstance(one.step, Repeat) or one.step.delay is None


def _places(layout: JourneyLayout) -> list[int]:
    """Return a number for each scope: that of the first that differs only in beats around it."""
    places: list[int] = []
    known: dict[Hashable, int] = {}
    for scope in layout.scopes:
        if scope.opener < 0:
            alike: Hashable = scope.number
        else:
            opener = layout.occurrences[scope.opener]
            alike = (id(opener.step), opener.tick > 0, scope.option, scope.closes,
                     places[scope.outer])  # fmt: skip
        places.append(known.setdefault(alike, scope.number))
    return places
