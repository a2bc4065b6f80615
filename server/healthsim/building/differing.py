"""Says where two specifications differ: one line for each place, `path: before -> after`.

The paths are those of `refine_spec`, so that a line can be taken back or repeated.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

from healthsim.building import paths

LONGEST_VALUE = 90
"""Characters of one value; the rest is cut."""
_USUAL_DECIMALS = 4

_Place: TypeAlias = tuple[list[str], Any, Any]


def differences(
    before: Mapping[str, Any], after: Mapping[str, Any], longest: int = LONGEST_VALUE
) -> list[str]:
    """Return one line for each place where two specifications differ, in document order.

    Short and full forms of the same value are equal, and so are null and absent.

    Args:
        before: `{"profile": ..., "journeys": [...]}`.
        after: likewise.
        longest: characters of a value; the rest is cut.

    >>> one, other = {"profile": {"count": 5, "seed": 1}}, {"profile": {"count": 9, "seed": 1}}
    >>> differences(one, other)
    ['count: 5 -> 9']
    """
    profiles = _places(["profile"], *(_brief(side.get("profile")) for side in (before, after)))
    journeys = [_brief(list(side.get("journeys") or ())) for side in (before, after)]
    alone = all(len(side) == 1 for side in journeys)
    if alone and journeys[0][0].get("name") == journeys[1][0].get("name"):
        what_happens = _places(["journey"], journeys[0][0], journeys[1][0])
    else:
        what_happens = _places(["journeys"], *journeys)
    return [
        f"{_path(pieces)}: {_shown(old, longest)} -> {_shown(new, longest)}"
        for pieces, old, new in (*profiles, *what_happens)
    ]


def without_nulls(value: Any) -> Any:
    """Return JSON without the keys that are null, at any depth."""
    if isinstance(value, dict):
        return {key: without_nulls(item) for key, item in value.items() if item is not None}
    return [without_nulls(item) for item in value] if isinstance(value, list) else value


def _brief(value: Any) -> Any:
    """Return JSON without nulls, and constants and labels with shares in their short forms.

    >>> _brief({"share": {"type": "constant", "value": 0.2, "decimals": 4}, "note": None})
    {'share': 0.2}
    """
    if isinstance(value, list):
        return [_brief(item) for item in value]
    if not isinstance(value, dict):
        return value
    first = {"type": None} if value.get("type") is not None else {}  # it says most
    brief = first | {key: _brief(item) for key, item in value.items() if item is not None}
    kind, keys = brief.get("type"), brief.keys()
    if kind == "categorical" and keys == {"type", "weights"}:
        return brief["weights"]
    usual = brief.get("decimals", _USUAL_DECIMALS) == _USUAL_DECIMALS
    if kind == "constant" and usual and {"type", "value"} <= keys <= {"type", "value", "decimals"}:
        return brief["value"]
    return brief


def _shown(value: Any, longest: int) -> str:
    text = "nothing" if value is None else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= longest else f"{text[: longest - 3]}..."


def _path(pieces: list[str]) -> str:
    inner = pieces[1:] if pieces[0] == "profile" and len(pieces) > 1 else pieces
    return paths.write(inner)


def _places(pieces: list[str], before: Any, after: Any) -> Iterator[_Place]:
    if before == after:
        return
    whole = len(pieces) > 1 and _is_one_value(before, after)
    if isinstance(before, dict) and isinstance(after, dict) and not whole:
        for key in dict.fromkeys((*before, *after)):
            yield from _places([*pieces, key], before.get(key), after.get(key))
    elif isinstance(before, list) and isinstance(after, list):
        yield from _list_places(pieces, before, after)
    else:
        yield pieces, before, after


def _is_one_value(before: Any, after: Any) -> bool:
    """Say whether two objects are shown whole: other kinds of distribution, or other labels."""
    if not (isinstance(before, dict) and isinstance(after, dict)):
        return False
    if before.get("type") != after.get("type"):
        return True
    scalars = not any(isinstance(item, dict | list) for item in (*before.values(), *after.values()))
    return scalars and before.keys() != after.keys()


def _list_places(pieces: list[str], before: list[Any], after: list[Any]) -> Iterator[_Place]:
    """Compare items by their names where all have one, by their numbers where all are objects."""
    old, new = paths.items_by_name(before), paths.items_by_name(after)
    if old is None or new is None:
        if len(before) != len(after) or not all(isinstance(one, dict) for one in (*before, *after)):
            yield pieces, before, after
            return
        for number, (one, other) in enumerate(zip(before, after, strict=True)):
            yield from _places([*pieces, str(number)], one, other)
        return
    for name in dict.fromkeys((*old, *new)):
        yield from _places([*pieces, name], old.get(name), new.get(name))
    kept = [name for name in old if name in new]
    if kept != [name for name in new if name in old]:
        yield pieces, list(old), list(new)  # the order of items decides who gets what
