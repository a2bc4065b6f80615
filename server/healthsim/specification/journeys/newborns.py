"""Births in a journey: how many children are possible, and the layouts of their steps."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from healthsim.specification.distributions.kinds import Distribution, possible_labels
from healthsim.specification.journeys.events import Birth
from healthsim.specification.journeys.journey import JourneySpec, Phase, walk
from healthsim.specification.journeys.plan import JourneyLayout, lay_out

MOST_AT_ONCE = 5
MOST_IN_A_UNIT = 50  # places 50 to 99


@dataclass(frozen=True)
class NewbornLayout(JourneyLayout):
    """The steps of the newborns of one birth, laid out as a journey from their birth.

    Attributes:
        of: address of the step without the beats around it, journey/step.
    """

    of: str = ""

    def is_birth(self, address: str) -> bool:
        """Tell whether an address is of an occurrence of the birth."""
        name, _, step = self.of.partition("/")
        return address.startswith(f"{name}/") and address.rsplit("/", 1)[-1] == step


def newborn_layouts(journey: JourneySpec, where: str) -> tuple[NewbornLayout, ...]:
    """Lay out what happens to the newborns of each birth of a journey, in document order.

    Raises:
        SpecError: one of them cannot be laid out; see `lay_out`.
    """
    return tuple(_newborn_layouts(journey, where))


def _newborn_layouts(journey: JourneySpec, where: str) -> Iterator[NewbornLayout]:
    for phase in journey.phases:
        for _, step in walk("", phase.steps):
            if isinstance(step, Birth) and step.newborn:
                own = journey.model_copy(update={
                    "phases": (Phase.model_construct(name=phase.name, steps=step.newborn),),
                    "begins": "birth", "eligible": None, "state": {}, "trial": None,
                })  # fmt: skip
                plan = lay_out(own, f"{where}: step {step.id!r}: newborn")
                yield NewbornLayout(**vars(plan), of=f"{journey.name}/{step.id}")


def birth_slots(plans: Sequence[JourneyLayout]) -> dict[str, int]:
    """Number the children that a woman can have: address of a birth -> number of its first child.

    The numbers follow the document, so a birth added at its end changes none.
    """
    slots: dict[str, int] = {}
    free = 0
    for plan in plans:
        for one in plan.occurrences:
            if isinstance(one.step, Birth) and one.address not in slots:
                slots[one.address] = free
                free += most_children(one.step.details.number)
    return slots


def slot_count(plans: Sequence[JourneyLayout]) -> int:
    """Return how many children one woman can have in a run."""
    births = {one.address: one.step for plan in plans for one in plan.occurrences
              if isinstance(one.step, Birth)}  # fmt: skip
    return sum(most_children(step.details.number) for step in births.values())


def most_children(number: Distribution) -> int:
    """Return the most children of one birth."""
    if number.kind == "text":
        return max(
            (int(label) for label in possible_labels(number) if label.isdecimal()), default=1
        )
    most = number.range()[1]
    return max(1, round(most)) if most <= MOST_AT_ONCE else MOST_AT_ONCE
