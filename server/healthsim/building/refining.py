"""Small changes to a draft: all of them or none."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from healthsim.building import changing_later, ledger, paths
from healthsim.building.draft import Draft, problems
from healthsim.building.ledger import Wish
from healthsim.errors import HealthSimError, Problem, Refused, SpecError, alike, near

if TYPE_CHECKING:
    from pydantic import BaseModel

MOST = 100
MOST_CHARACTERS = 1_000_000
_OF_PROFILE = (
    "count", "seed", "as_of", "through", "sampling", "unit", "household", "demographics",
    "attributes", "correlations", "clinical", "coverage", "network", "physiology", "mortality",
    "charge_capture", "one_bed", "pharmacy", "problem_list", "safety", "vaccine_intervals",
    "vital_signs", "products", "detail", "expectations",
)  # fmt: skip
_OF_JOURNEY = (
    "duration_days", "eligible", "begins", "precedence", "trial", "state", "phases", "steps",
    "parameters", "parts",
)  # fmt: skip
_HEAD = ("name", "title", "description", "version", "reproduces", "allow_unlisted_codes")


def refine(draft: Draft, changes: Sequence[Mapping[str, Any]]) -> tuple[Draft, list[str]]:
    """Apply changes `{op: set|remove|append, path, value, for}` in order.

    `for` has the words of a request that a change answers: they are bound to its path.

    Returns:
        The new draft, and one line for each change: where, from what, to what.

    A value that is refused is read once more with texts of JSON as what they hold, 5.0 as 5, and
    "25 %" as 0.25 where a share stands.

    Raises:
        Refused: a path names no place; nothing is changed.
        SpecError: the changes make something invalid that was valid; nothing is changed.
    """
    try:
        return _refined(draft, changes)
    except SpecError as error:
        read = [
            {
                key: _read(item, str(change.get("path", ""))) if key == "value" else item
                for key, item in change.items()
            }
            for change in changes
        ]
        if repr(read) != repr([dict(change) for change in changes]):  # 5.0 equals 5
            with suppress(HealthSimError):
                return _refined(draft, read)
        said = next((text for change in changes for text in _per_cents(change.get("value"))), "")
        if not said:
            raise
        mend = f"a share is a number from 0 to 1: write {_share(said):g} for {said}"
        raise SpecError([Problem("changes", f"{said!r} is text", mend), *error.problems]) from None


def _refined(draft: Draft, changes: Sequence[Mapping[str, Any]]) -> tuple[Draft, list[str]]:
    if not 1 <= len(changes) <= MOST:
        raise Refused("changes", f"holds {len(changes)} changes", f"give 1 to {MOST}")
    document: dict[str, Any] = {"profile": draft.profile, "journeys": list(draft.journeys)}
    document = copy.deepcopy(document)
    lines, settled = [], list(draft.settled)
    wishes, fresh = draft.wishes, list[Wish]()
    for number, change in enumerate(changes):
        words = str(change.get("for") or "")
        if str(change["path"]).strip() == "not_understood":
            where = f"changes[{number}].for"
            wishes = _leave_out(str(change["op"]), wishes, draft.requests, words, where)
            lines.append(f"not_understood: {words or 'all'} -> left out")
            continue
        pieces, path = resolve(document, str(change["path"]), f"changes[{number}].path")
        value = _plain(change.get("value"))
        if len(pieces) == 1 and pieces[0] in ("profile", "journey", "journeys"):
            _refuse_whole(change, pieces[0])
        before, after = paths.change(document, str(change["op"]), pieces, value)
        lines.append(f"{path}: {_short(before)} -> {_short(after)}")
        settled.append(path)
        if words:
            where = f"changes[{number}].for"
            wishes = ledger.bind(wishes, draft.requests, words, path, _short(after), where)
            fresh.append(wishes[-1])
    if not document["profile"] and not document["journeys"]:
        raise Refused("changes", "would leave an empty draft", "start a new one instead")
    was = {"profile": draft.profile, "journeys": draft.journeys}
    assumed = [item.path for item in draft.assumptions if not draft.is_settled(item.path)]
    wishes, told = changing_later.followed(wishes, was, document, fresh, assumed)
    new = replace(
        draft,
        profile=document["profile"],
        journeys=tuple(document["journeys"] or ()),
        settled=tuple(dict.fromkeys(settled)),
        wishes=wishes,
    )
    size = len(json.dumps(document))
    if size > MOST_CHARACTERS:
        raise Refused("changes", f"make a specification of {size:,} characters", "make it smaller")
    _refuse_new_problems(draft, new)
    return new, [*lines, *told]


def _refuse_whole(change: Mapping[str, Any], part: str) -> None:
    """Refuse a change that removes a whole document or gives it the wrong type."""
    kind = dict if part == "profile" else list
    if change["op"] == "remove" or not isinstance(_plain(change.get("value")), kind):
        raise Refused(
            part,
            f"cannot be {'removed' if change['op'] == 'remove' else 'changed'} as a whole",
            "change its parts, or start a new draft with start_profile_builder",
        )


def _leave_out(
    op: str, wishes: tuple[Wish, ...], requests: Sequence[str], words: str, where: str
) -> tuple[Wish, ...]:
    """Leave words out on purpose; all that are open where none are named."""
    if op != "remove":
        raise Refused("not_understood", "can only be removed", "use op remove")
    return ledger.drop(wishes, requests, words, where) if words else ledger.drop_all(wishes)


def _refuse_new_problems(old: Draft, new: Draft) -> None:
    problems_now = problems(new)
    if problems_now:
        before = {(problem.where, problem.found) for problem in problems(old)}
        fresh = [item for item in problems_now if (item.where, item.found) not in before]
        if fresh:
            raise SpecError([*fresh, Problem("refine_spec", "nothing was changed", "mend the "
                                             "change and call again")])  # fmt: skip


def resolve(document: dict[str, Any], path: str, where: str = "section") -> tuple[list[str], str]:
    """Return the place in `document`, and the path to show to the person."""
    pieces = paths.parse(path)
    first = pieces[0]
    if first == "profile":
        _need(document["profile"], "profile", "start one with start_profile_builder")
        return pieces, paths.write(pieces[1:]) or "profile"
    if first in _OF_PROFILE or (first in _HEAD and document["profile"] is not None):
        _need(document["profile"], "profile", "start one with start_profile_builder")
        return ["profile", *pieces], paths.write(pieces)
    if first in ("journey", "journeys"):
        rest = pieces[1:]
        _need(document["journeys"], "journey", "start one with start_journey_builder")
        place = _journey(document, rest.pop(0) if first == "journeys" and rest else "")
    elif first in _OF_JOURNEY or first in _HEAD:
        _need(document["journeys"], "journey", "start one with start_journey_builder")
        rest, place = pieces, _journey(document, "")
    else:
        raise Refused(
            where, f"{path!r} begins with {first!r}, no part of a spec",
            _inside(pieces) or _beginning(first),
        )  # fmt: skip
    if len(rest) > 1 and rest[0] == "steps":
        step_pieces = paths.step(document["journeys"][int(place)], rest[1])
        rest = [*step_pieces, *rest[2:]]
    full = ["journeys", place, *rest]
    return full, paths.write(full)


def _beginning(first: str) -> str:
    """Suggest how a path begins: the nearest names, else all of them."""
    meant = alike(first, [*_OF_PROFILE, *_OF_JOURNEY, *_HEAD, "profile", "journey"])[:3]
    if meant:
        return f"did you mean {' or '.join(map(repr, meant))}?"
    return (f"a path begins, of a profile, with {', '.join(_OF_PROFILE)}; of a journey, with "
            f"{', '.join(_OF_JOURNEY)}; of either, with {', '.join(_HEAD)}")  # fmt: skip


def _inside(pieces: list[str]) -> str:
    """Suggest the whole path where one begins with a key of a part of a specification."""
    # numpy comes with profiles, and this module is on the way to tools/list
    from healthsim.specification.faults.places import keys_of  # noqa: PLC0415
    from healthsim.specification.faults.synonyms import called  # noqa: PLC0415
    from healthsim.specification.journeys.journey import JourneySpec  # noqa: PLC0415
    from healthsim.specification.journeys.step import StepHead  # noqa: PLC0415
    from healthsim.specification.profiles.profile import ProfileSpec  # noqa: PLC0415

    key, whole = pieces[0], list[list[str]]()
    for meant in (_same, called):  # another word for a key only where none is called so
        for model in (ProfileSpec, JourneySpec):
            whole += _whole(model, key, meant)
        if meant(key, keys_of(StepHead)):
            whole.append(["steps", "<id>", *meant(key, keys_of(StepHead))])
        if whole:
            break
    shown = [repr(paths.write([*place, *pieces[1:]])) for place in whole[:3]]
    return f"did you mean {' or '.join(shown)}?" if shown else ""


def _same(key: str, keys: Sequence[str]) -> list[str]:
    return [key] if key in keys else []


def _whole(
    model: type[BaseModel], key: str, meant: Callable[[str, Sequence[str]], list[str]]
) -> list[list[str]]:
    """Return the places of a key below the parts of a model, the least deep only."""
    # as above
    from healthsim.specification.faults.places import (  # noqa: PLC0415
        branches_of,
        is_model,
        keys_of,
        kind_at,
    )

    level: list[tuple[str, ...]] = [(part,) for part in keys_of(model)]
    for _ in range(_DEEPEST):
        kinds = [(place, kind_at(model, place)) for place in level]
        inner = [(place, keys_of(kind)) for place, kind in kinds if is_model(kind)]
        either = [(place, keys_of(branch)) for place, kind in kinds
                  for branch in branches_of(kind) if is_model(branch)]  # fmt: skip
        whole = [[*place, name] for place, keys in (*inner, *either) for name in meant(key, keys)]
        if whole:
            return whole
        level = [(*place, name) for place, keys in inner for name in keys]
    return []


_DEEPEST = 3  # parts within parts


def _need(part: Any, name: str, mend: str) -> None:
    if not part:
        raise Refused(name, f"the draft has no {name}", mend)


def _journey(document: dict[str, Any], name: str) -> str:
    journeys = document["journeys"]
    names = [str(journey.get("name")) for journey in journeys]
    if name in names:
        return str(names.index(name))
    if re.fullmatch(r"[0-9]{1,6}", name) and int(name) < len(journeys):
        return str(int(name))
    if not name and len(journeys) == 1:
        return "0"
    if not name:
        raise Refused("journey", f"the draft has {len(names)}", f"write journeys[{names[0]}]…")
    raise Refused(f"journeys[{name[:80]}]", "the draft has no such journey", near(name, names))


def _plain(value: Any) -> Any:
    """Parse a value that arrives as JSON text of an object or a list, as some clients send it."""
    return _loaded(value) if isinstance(value, str) and value[:1] in ("{", "[") else value


_PER_CENT = re.compile(r"\s*(\d{1,3}(?:\.\d{1,6})?)\s*(?:%|per ?cent)\s*", re.IGNORECASE)
_SHARES = re.compile(
    r"(?:share|chance|weight|loading)$"
    r"|(?:weights|gender|states|counties|metros|plan|race|ethnicity)(?:[.\[][^.\[]+)?$"
)
"""Ends of the paths at which a share stands, or one of several that have labels."""


def _read(value: Any, path: str) -> Any:
    """Return a value with texts of JSON as what they hold, 5.0 as 5, and per cents of shares."""
    if isinstance(value, dict):
        return {key: _read(item, f"{path}.{key}") for key, item in value.items()}
    if isinstance(value, list):
        return [_read(item, f"{path}[]") for item in value]
    if isinstance(value, str) and _PER_CENT.fullmatch(value) and _SHARES.search(path):
        return _share(value)
    value = _loaded(value) if isinstance(value, str) else value
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _share(text: str) -> float:
    """Return the share that a text of a per cent says.

    >>> _share("25 %"), _share("100%")
    (0.25, 1.0)
    """
    said = _PER_CENT.fullmatch(text)
    return round(float(said[1]) / 100, 8) if said else 0.0


def _per_cents(value: Any) -> Iterator[str]:
    """Yield the texts of a value that say a per cent."""
    if isinstance(value, Mapping | list):
        for item in value.values() if isinstance(value, Mapping) else value:
            yield from _per_cents(item)
    elif isinstance(value, str) and _PER_CENT.fullmatch(value):
        yield value


def _loaded(text: str) -> Any:
    """Return what a text of JSON holds; the text where it holds none, or what no file can hold."""
    with suppress(ValueError, RecursionError):
        value = json.loads(text, parse_constant=str)
        json.dumps(value, ensure_ascii=False).encode()  # half of a character pair fails here
        return value
    return text


def _short(value: Any) -> str:
    text = "nothing" if value is None else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 120 else f"{text[:117]}..."
