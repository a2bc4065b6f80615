"""Writes where people live into a profile."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from healthsim.building import nearby
from healthsim.building.customising import Customization, spell
from healthsim.building.vocabulary import neighbours, state_name

_FEW = 6
_PATH = "demographics.location"


def places(work: Customization) -> None:
    """Write counties, else metropolitan areas, else states, and whether they are rural or urban."""
    if work.request.counties and _named(work, "counties", _county):
        return
    if work.request.metros and _named(work, "metros", list):
        return
    _states(work)
    if work.request.area is not None:
        area = work.request.area
        work.put(f"{_PATH}.area", area, area, ("area", area))


def _states(work: Customization) -> None:
    said = work.request.states
    if not said:
        return
    path, first = f"{_PATH}.states", next(iter(said))
    others = [code for code in neighbours(first) if code not in said]
    weights = work.weights("states", others)
    if not weights:
        return
    work.profile["demographics"].pop("location", None)
    named = {state_name(code): weight for code, weight in weights.items()}
    work.put(path, weights, spell(named), *(("states", code) for code in said))
    added = [code for code in weights if code not in said]
    if added:
        words = work.request.vague.get("states", spell({state_name(first): weights[first]}))
        names = " and ".join(state_name(code) for code in added)
        work.assume(
            path,
            words,
            f"You said {words!r}: taken as {100 * weights[first]:g} % {state_name(first)}, the "
            f"rest in {names}. Is that right?",
            {first: weights[first], added[0]: round(1 - weights[first], 6)},
            {first: 1.0},
        )
    elif len(said) > 1 and None in said.values():
        work.assume(
            path,
            "states without shares",
            f"You said {', '.join(map(state_name, said))}: taken as {spell(weights)}. "
            "Is that right?",
        )


def _county(place: tuple[str, str]) -> list[str]:
    """Return the counties of a FIPS code, or of a name and a state."""
    from healthsim.products.reference_names import built_in_names  # noqa: PLC0415  numpy is heavy

    name, state = place
    if name.isdigit():
        return [name] if name in built_in_names().counties else []
    return nearby.county_title(name, state)


def _named(work: Customization, kind: str, titles_of: Callable[[Any], list[str]]) -> bool:
    """Write the places of a kind; a name of several places or of none stays open."""
    said: Mapping[Any, float | None] = getattr(work.request, kind)
    found: dict[str, tuple[Any, float | None]] = {}
    for place, share in said.items():
        titles = titles_of(place)
        if len(titles) == 1:
            found[titles[0]] = (place, share)
            continue
        which = " or ".join(titles) if 1 < len(titles) <= _FEW else "write its name and state"
        work.refuse(which, (kind, place))
        work.options[kind, place] = tuple(
            {"op": "set", "path": f"{_PATH}.{kind}", "value": {title: 1.0}}
            for title in titles[:_FEW]
        )
    shares = [share for _, share in found.values() if share is not None]
    if len(found) < len(said) or (
        shares and (len(shares) < len(found) or abs(sum(shares) - 1) > 0.001)
    ):
        work.refuse(
            "say a share for each, which make 100 %",
            *((kind, place) for place, _ in found.values()),
        )
        return False
    _beside_states(work, kind, list(found))
    equal = round(1 / len(found), 6)
    weights = {title: equal if share is None else share for title, (_, share) in found.items()}
    path = f"{_PATH}.{kind}"
    work.profile["demographics"].pop("location", None)
    work.put(path, weights, " and ".join(weights), *((kind, place) for place, _ in found.values()))
    if len(found) > 1 and not shares:
        work.assume(
            path,
            f"{kind} without shares",
            f"{' and '.join(weights)} are taken in equal shares. Is that right?",
        )
    return True


def _beside_states(work: Customization, kind: str, titles: list[str]) -> None:
    """Bind a state that the places lie in; another state cannot stand beside them."""
    inside = {state for title in titles for state in nearby.states_of(title)}
    for code in work.request.states:
        if code in inside:
            work.bound["states", code] = (f"{_PATH}.{kind}", state_name(code))
        else:
            work.refuse(f"beside {' and '.join(titles)}; name counties of it", ("states", code))
