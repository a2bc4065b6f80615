"""What a person said and the draft no longer has, because a later change altered its place."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from healthsim.building import paths
from healthsim.building.ledger import Wish
from healthsim.building.vocabulary import PAYERS
from healthsim.errors import Refused, cut

Documents = Mapping[str, Any]
"""`{"profile": ..., "journeys": [...]}`."""

Find = Callable[[Documents, str], Any]
"""Returns what stands at a path of documents, or None."""

LATER = "changed later"
"""How the note of a wish begins that a later change altered; its first words are kept before it."""

_MOST_LEAVES = 4
_LONGEST = 40  # characters of one value
_OF_CONDITION = ("code", "share")
"""The keys of a condition that a person's words say; its onset and loading are of the draft."""


def followed(
    wishes: Sequence[Wish],
    before: Documents,
    after: Documents,
    fresh: Sequence[Wish],
    assumed: Sequence[str],
) -> tuple[tuple[Wish, ...], list[str]]:
    """Return wishes with the fate that later changes gave them, and a line for each that differs.

    A wish whose place holds something else than what was said is *changed*; it is bound again
    where the first value comes back. An answer about an assumed figure is no change of the words.

    Args:
        wishes: the ledger after the changes.
        before: the documents before the changes.
        after: the documents after them.
        fresh: wishes that these changes bound.
        assumed: paths whose figures nobody had decided before.
    """
    now, lines = [], []
    for wish in wishes:
        new = wish if any(wish is one for one in fresh) else _followed(wish, before, after, assumed)
        now.append(new)
        if new is not wish:
            lines.append(f"said {new.line()}")
    return tuple(now), lines


def _followed(wish: Wish, before: Documents, after: Documents, assumed: Sequence[str]) -> Wish:
    if wish.fate not in ("bound", "changed") or not wish.path:
        return wish
    old, new = _value(before, wish.path, before), _value(after, wish.path, before)
    is_followed = wish.fate == "changed" and bool(wish.took)
    if not is_followed and (old is None or old == new or _is_of_payer(wish, new)):
        return wish
    took = json.loads(wish.took) if is_followed else old
    said = f"; {wish.note}".split(f"; {LATER}: ")[0][2:] if wish.took else wish.note
    told = "; ".join(_altered(took, new, after))
    if not told:
        return wish if wish.fate == "bound" else replace(wish, fate="bound", note=said, took="")
    note = "; ".join(filter(None, [said, f"{LATER}: {told}"]))
    if wish.fate == "bound" and any(_meet(wish.path, path) for path in assumed):
        return replace(wish, note="; ".join(filter(None, [said, f"then set: {told}"])))
    if note == wish.note:
        return wish
    return replace(wish, fate="changed", note=note, took=json.dumps(took))


def _value(documents: Documents, path: str, before: Documents) -> Any:
    """Return what stands at the path of a wish; None for a path that is not of a document.

    A number names the journey that had this place before.
    """
    with suppress(Refused):
        pieces = paths.parse(path)
        if pieces[0] != "journeys":
            return paths.find(documents.get("profile"), pieces)
        name, rest = pieces[1], pieces[2:]
        earlier = list(before.get("journeys") or ())
        if name.isdigit() and int(name) < len(earlier):
            name = earlier[int(name)].get("name")
        named = next((item for item in documents.get("journeys") or ()
                      if item.get("name") == name), None)  # fmt: skip
        return paths.find(named, rest) if rest and named is not None else named
    return None


def _is_of_payer(wish: Wish, plans: Any) -> bool:
    """Return whether plans are all of the payer whose name a wish is: other shares change none."""
    payer = next((payer for payer in PAYERS if payer.name == wish.note), None)
    weights = plans.get("weights", plans) if isinstance(plans, Mapping) else {}
    return payer is not None and bool(weights) and set(weights) <= set(payer.plans)


def _altered(old: Any, new: Any, after: Documents) -> Iterator[str]:
    """Yield what of a value differs now, as far as words say it; nothing for what was added."""
    if new is None:
        if not _is_everybodys(old, after):
            yield "removed"
        return
    if _is_container(old):
        return
    changed = [line for line in _leaves(old, new, "") if line]
    yield from changed[:_MOST_LEAVES]
    if len(changed) > _MOST_LEAVES:
        yield f"and {len(changed) - _MOST_LEAVES} more"


def _is_container(value: Any) -> bool:
    """Return whether a value has parts of its own: what changes inside it is said elsewhere."""
    if isinstance(value, list):
        return True
    if not isinstance(value, Mapping) or "code" in value:
        return False
    return any(isinstance(part, list) or (isinstance(part, Mapping) and "code" in part)
               for part in value.values())  # fmt: skip


def _is_everybodys(old: Any, after: Documents) -> bool:
    """Return whether a condition that everybody had is everybody's primary one now."""
    clinical = (after.get("profile") or {}).get("clinical") or {}
    primary = (clinical.get("primary") or {}).get("code")
    if primary is None or not isinstance(old, Mapping):
        return False
    return bool(old.get("code") == primary and old.get("share", 1) == 1)


def _leaves(old: Any, new: Any, name: str) -> Iterator[str]:
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        keys = [key for key in _OF_CONDITION if key in old] if "code" in old else list(old)
        for key in keys:
            yield from _leaves(old[key], new.get(key), f"{name}.{key}" if name else str(key))
    elif old != new:
        shown = "nothing" if new is None else cut(json.dumps(new, ensure_ascii=False), _LONGEST)
        yield f"{name} {cut(json.dumps(old, ensure_ascii=False), _LONGEST)} -> {shown}".strip()


def _meet(one: str, other: str) -> bool:
    pieces, others = paths.parse(one), paths.parse(other)
    shorter = min(len(pieces), len(others))
    return pieces[:shorter] == others[:shorter]
