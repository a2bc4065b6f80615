"""The layouts of the journeys of one job: each journey is laid out once, for checks and run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from healthsim.errors import SpecError
from healthsim.specification.journeys.journey import JourneySpec
from healthsim.specification.journeys.newborns import NewbornLayout, newborn_layouts
from healthsim.specification.journeys.plan import JourneyLayout, lay_out

L = TypeVar("L")


class Layouts:
    """The layouts of some journeys, each made when it is first asked for."""

    def __init__(self, journeys: Sequence[JourneySpec], where: Sequence[str] = ()) -> None:
        """Take the journeys of a job.

        Args:
            journeys: the journeys, in the order of the documents.
            where: the path of each in error texts; `journeys[0]` and so on by default.
        """
        paths = where or [f"journeys[{place}]" for place in range(len(journeys))]
        self._entries = {
            id(journey): (journey, path) for journey, path in zip(journeys, paths, strict=True)
        }
        self._made: dict[int, JourneyLayout | SpecError] = {}
        self._newborns: dict[int, tuple[NewbornLayout, ...] | SpecError] = {}

    def of(self, journey: JourneySpec) -> JourneyLayout:
        """Return the layout of a journey.

        Raises:
            SpecError: it cannot be laid out; see `lay_out`.
        """
        return self._once(self._made, journey, lay_out)

    def of_newborns(self, journey: JourneySpec) -> tuple[NewbornLayout, ...]:
        """Return the layouts of what happens to the newborns of each birth of a journey.

        Raises:
            SpecError: one of them cannot be laid out; see `lay_out`.
        """
        return self._once(self._newborns, journey, newborn_layouts)

    def all_of(self, journey: JourneySpec) -> tuple[JourneyLayout, ...]:
        """Return the layouts of a journey and of its newborns; none where one cannot be made."""
        try:
            return (self.of(journey), *self.of_newborns(journey))
        except SpecError:
            return ()

    def in_walking_order(self, journeys: Sequence[JourneySpec]) -> tuple[JourneyLayout, ...]:
        """Return the layouts of journeys, which are in walking order, as people walk them.

        First the journeys of those who are there, then what happens to newborns, then the
        journeys that begin at birth.
        """
        return (
            *(self.of(journey) for journey in journeys if not journey.from_birth),
            *(newborn for journey in journeys for newborn in self.of_newborns(journey)),
            *(self.of(journey) for journey in journeys if journey.from_birth),
        )

    def _once(
        self,
        made: dict[int, L | SpecError],
        journey: JourneySpec,
        make: Callable[[JourneySpec, str], L],
    ) -> L:
        """Return what was made of a journey, or raise the fault that was found then."""
        result = made.get(id(journey))
        if result is None:
            try:
                result = make(*self._entries[id(journey)])
            except SpecError as error:
                result = error
            made[id(journey)] = result
        if isinstance(result, SpecError):
            raise SpecError(result.problems)
        return result
