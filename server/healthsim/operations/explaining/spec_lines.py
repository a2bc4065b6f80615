"""Lines of a stored specification: their paths, as refine_spec takes them, and their sentences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from healthsim.building import paths, phrases, sentences
from healthsim.specification.journeys.plan import Occurrence, StageEntry

_LONGEST = 260


def step_line(journeys: Sequence[Mapping[str, Any]], occurrence: Occurrence) -> str:
    """Return the line of a specification that an occurrence comes from: its path and sentence.

    Args:
        journeys: the stored journeys, with their parts copied in.
        occurrence: of any step, also of a stage or a protocol's visit. What the engine adds to a
            step comes from the line of that step.
    """
    name, *around = [part.split("#")[0] for part in occurrence.address.split("/")]
    journey: Any = next((one for one in journeys if one.get("name") == name), {})
    if isinstance(occurrence.step, StageEntry):
        return _stage_line(journey, occurrence.step, around[:-1])
    place = _place(journey, occurrence.step.id.partition("~")[0], around[:-1])
    while place is None and occurrence.step.id.startswith("~") and len(around) > 1:
        around.pop()
        place = _place(journey, around[-1].partition("~")[0], around[:-1])
    return "" if place is None else _line(journey, place, _sentence(journey, place))


def _place(journey: Any, step: str, around: Sequence[str]) -> list[str] | None:
    """Return the place of a step of this id, below steps of the ids around it."""
    places = [place for place, found in paths.steps(journey, []) if found["id"] == step]
    fitting = [place for place in places if _holds(_names(journey, place), around)]
    return next(iter([*fitting, *places]), None)


def _names(journey: Any, place: Sequence[str]) -> list[str]:
    """Return the ids and names of everything around a place."""
    around = (paths.find(journey, list(place[:end])) for end in range(1, len(place)))
    return [str(one.get("id") or one.get("name")) for one in around if isinstance(one, dict)]


def _holds(names: Sequence[str], wanted: Sequence[str]) -> bool:
    """Tell whether names hold all that is wanted, in its order."""
    rest = iter(names)
    return all(name in rest for name in wanted)


def _sentence(journey: Any, place: list[str]) -> str:
    step = lean(paths.find(journey, place))
    holder = next((piece for piece in reversed(place) if not piece.lstrip("#").isdigit()), "")
    say = {"visits": sentences.visit, "unscheduled": sentences.unscheduled}
    return say.get(holder, sentences.sentence)(step)


def _stage_line(journey: Any, entry: StageEntry, around: Sequence[str]) -> str:
    place = _place(journey, entry.stages.id, around[:-1])
    if place is None:
        return ""
    number = entry.stages.stages.index(entry.stage)
    inside = [*place, "stages", f"#{number}"]
    return _line(journey, inside, sentences.stage(lean(paths.find(journey, inside))))


def _line(journey: Any, place: list[str], sentence: str) -> str:
    path = f"journeys[{journey.get('name')}]"
    for end, piece in enumerate(place, start=1):
        item = paths.find(journey, place[:end])
        name = item.get("id") or item.get("name") if isinstance(item, dict) else None
        if piece.lstrip("#").isdigit():
            path += f"[{name if isinstance(name, str) else piece}]"
        else:
            path += f".{piece}"
    return short(f"{path}: {sentence}")


def lean(value: Any) -> Any:
    """Return stored data without what is null or as it usually is, and with whole numbers whole.

    >>> lean({"type": "normal", "mean": 72.0, "low": None, "decimals": 4})
    {'type': 'normal', 'mean': 72}
    """
    if isinstance(value, Mapping):
        kept = {key: lean(inner) for key, inner in value.items()}
        usual = ("type" in value, value.get("decimals")) == (True, 4)
        return {key: inner for key, inner in kept.items()
                if inner is not None and not (usual and key == "decimals")}  # fmt: skip
    if isinstance(value, list | tuple):
        return [lean(inner) for inner in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def sentence_of(line: str) -> str:
    """Return the sentence of a line, without its path and id."""
    return line.partition(": ")[2].partition(": ")[2]


def profile_line(profile: Mapping[str, Any], path: str) -> str:
    """Return a line of the stored profile: its path and what stands there, in words.

    >>> profile_line({"demographics": {"age": {"type": "constant", "value": 70}}},
    ...              "demographics.age")
    'profile.demographics.age: 70'
    """
    value = lean(paths.find(profile, paths.parse(path)))
    if value is None:
        return f"profile.{path}: not stated"
    return short(f"profile.{path}: {_said(value)}")


def _said(value: Any) -> str:
    if isinstance(value, Mapping) and "type" not in value and not _is_weights(value):
        parts = (f"{key} {phrases.say(part)}" for key, part in value.items()
                 if part not in (None, [], {}, False, 0.0))  # fmt: skip
        return ", ".join(parts)
    return phrases.say(value)


def _is_weights(value: Mapping[str, Any]) -> bool:
    return all(isinstance(part, int | float) and not isinstance(part, bool)
               for part in value.values())  # fmt: skip


def short(text: str) -> str:
    """Return a line that is not too long for an answer."""
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1].rstrip() + "…"
