"""Which analytes follow a state variable of a journey, or begin at an attribute of a profile."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from healthsim.codes.loinc import panel
from healthsim.medicine.analytes import has_usual, key_of
from healthsim.medicine.naming import analyte_named
from healthsim.specification.journeys.changes import FROM_BODY
from healthsim.specification.journeys.details import StateResult
from healthsim.specification.journeys.events import Lab, Vital
from healthsim.specification.journeys.plan import JourneyLayout
from healthsim.specification.journeys.step import StepHead

ALWAYS_READ = (
    "sbp", "dbp", "heart_rate", "respiratory_rate", "temperature", "spo2", "weight", "height",
    "bmi", "creatinine", "72514-3",
)  # fmt: skip
"""What others measure whatever a journey says: usual vital signs (pain too), doses by weight."""


@dataclass(frozen=True)
class Bindings:
    """Names of a specification that say where an analyte is.

    Attributes:
        states: analyte -> state variable that it is measured from.
        attributes: analyte -> attribute that holds its value on the first day of the data.
        asked: keys of analytes that somebody measures without stating the result.
        moved: analytes with a state that effects of the tables move besides.
    """

    states: Mapping[str, str] = field(default_factory=dict)
    attributes: Mapping[str, str] = field(default_factory=dict)
    asked: frozenset[str] = frozenset()
    moved: frozenset[str] = frozenset()

    @classmethod
    def of(
        cls, attributes: Iterable[str], layouts: Iterable[JourneyLayout], always: Iterable[str] = ()
    ) -> Bindings:
        """Return the bindings of a profile's attributes and its journeys' states.

        A result that a lab or vital takes from a state binds that state to its analyte, if all
        of them take it from one; else a state binds by its name.

        Args:
            attributes: names of the profile's attributes.
            layouts: the journeys.
            always: keys of analytes that are measured whatever the journeys say.
        """
        layouts = tuple(layouts)
        measured = [pair for layout in layouts for pair in _measured(layout)]
        taken: dict[str, set[str]] = {}
        for code, result in measured:
            if isinstance(result, StateResult) and has_usual(code):
                taken.setdefault(key_of(code), set()).add(result.from_)
        states = {key: next(iter(names)) for key, names in taken.items() if len(names) == 1}
        for layout in layouts:
            for name in layout.journey.state:
                key = analyte_named(name)
                if key is not None and key not in taken and name not in states.values():
                    states.setdefault(key, name)
        held = {key: name for name in attributes if (key := analyte_named(name)) is not None}
        unstated = {key_of(code) for code, result in measured if result is None and has_usual(code)}
        starts = {name for layout in layouts for name, state in layout.journey.state.items()
                  if state.start == FROM_BODY}  # fmt: skip
        begun = {key for name in starts if (key := analyte_named(name)) is not None}
        usual = {name for layout in layouts for name, state in layout.journey.state.items()
                 if state.effects == "usual"}  # fmt: skip
        moved = frozenset(key for key, name in states.items() if name in usual)
        return cls(states, held, frozenset({*unstated, *begun, *always}), moved)


def _measured(layout: JourneyLayout) -> Iterable[tuple[str, object]]:
    """Yield (LOINC, result as specified or None) of everything that a journey measures."""
    steps: dict[int, StepHead] = {id(one.step): one.step for one in layout.occurrences}
    for step in steps.values():
        if isinstance(step, Lab) and step.details.panel is not None:
            results = step.details.results
            yield from ((code, results.get(code)) for code in panel(step.details.panel))
        elif isinstance(step, Lab | Vital):
            yield step.details.loinc or "", step.details.result
