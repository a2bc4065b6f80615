"""The conditions on which a step happens to somebody."""

from __future__ import annotations

from collections.abc import Iterator

from healthsim.specification.journeys.journey import JourneySpec
from healthsim.specification.journeys.step import StepHead
from healthsim.specification.language.expressions import Expression


def with_conditions(
    journey: JourneySpec,
) -> Iterator[tuple[str, StepHead, tuple[Expression, ...]]]:
    """Yield (path, step, conditions) of every step: its own and those of what it is inside of.

    A step that comes after another one happens to nobody to whom that one does not.
    """
    eligible = () if journey.eligible is None else (journey.eligible,)
    around: list[tuple[str, Expression]] = []
    of_steps: dict[str, tuple[Expression, ...]] = {}
    for path, step in journey.steps():
        around = [(outer, when) for outer, when in around if path.startswith(f"{outer}.")]
        own = [(f"{path}.{part}".removesuffix(".when"), when) for part, when in step.conditions()]
        earlier = of_steps.get((step.at.after or "").split("#")[0].split("/")[-1], ())
        own += [(path, when) for when in earlier]
        around += own
        mine = (when for outer, when in around if outer == path or path.startswith(f"{outer}."))
        of_steps[step.id] = (*mine, *eligible)
        yield path, step, of_steps[step.id]
