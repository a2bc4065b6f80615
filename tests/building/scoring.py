"""Scores a started draft by a key: what is bound wrongly, lost, claimed twice or cut in pieces.

The judge is the draft itself: what its profile has that the template it started from has not.
The ledger's own claims are judged beside it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from typing import Any

from building import fillers
from healthsim.building import templates
from healthsim.building.draft import Draft
from healthsim.building.ledger import Wish

Span = tuple[int, int]

FIGURE = re.compile(
    r"[$€£±]?(?<![\w])\d{1,3}(?:[,.'\u00a0\u2009]\d{3})+(?:[.,]\d+)?(?:\s?%)?"
    r"|[$€£±]?(?<![\w.])\d+(?:[.:/–-]\d+)*(?:\s?%)?"
    r"|\b[A-Z]\d[\dA-Z](?:\.[\dA-Z]{1,4})?\b"
)
"""What must stay in one piece, found without the ledger's own rules."""

_EMPTY = {"count": 100, "seed": 42, "as_of": "2025-01-01"}
_PLANS = {
    "medicare": ("MA-*", "Original*"),
    "medicare advantage": ("MA-*",),
    "original medicare": ("Original*",),
    "commercial": ("Commercial-*", "*HDHP*", "Family-*", "*PPO*"),
    "medicaid": ("Medicaid-*",),
    "chip": ("CHIP*",),
}
"""The plans of a payer, as patterns."""
_AGES = {"medicare|MA-|Original": (65, 95), "commercial|PPO|HMO|HDHP": (18, 64),
         "medicaid": (0, 64), "chip": (0, 18)}  # fmt: skip
"""The ages that go with a payer or plan, by pattern."""
_PATHS = {
    "count": "count", "seed": "seed", "as_of": "as_of", "save_as": "save_as",
    "template": "template", "templates": "template", "demographics.age": "ages",
    "demographics.gender": "sexes", "demographics.born": "born", "demographics.location": "place",
    "demographics.location.area": "area", "coverage": "coverage",
    "clinical.medications": "drugs", "clinical": "conditions", "attributes": "attributes",
    "household": "household", "unit": "household", "journey": "journey", "journeys": "journey",
    "products": "products",
}  # fmt: skip
"""The facet of a path: the longest beginning counts."""
_JUDGED = frozenset(
    ("count", "seed", "as_of", "ages", "sexes", "place", "coverage", "conditions", "drugs")
)
_OF_MEMBERS = frozenset(("count", "ages", "sexes", "conditions", "as_of"))
"""Where a family is described, its members say these."""
_NOT_JUDGED = frozenset(
    ("kind", "format", "name", "title", "description", "version", "sampling", "products",
     "expectations", "reproduces")
)  # fmt: skip


@dataclass(frozen=True)
class Binding:
    """What some words of a request may be bound to.

    Attributes:
        span: where the words are in the request.
        facet: the part of the profile, such as "count" or "place".
        value: what the draft must have there if it changes it.
        must: whether the draft has to have it.
    """

    span: Span
    facet: str
    value: Any
    must: bool = False


@dataclass(frozen=True)
class Key:
    """What a request may be made of, and nothing else.

    Attributes:
        templates: names of the templates that the draft may start from.
        unbuilt: where words are that must be said to be not built.
    """

    request: str
    bindings: tuple[Binding, ...] = ()
    templates: frozenset[str] = frozenset()
    unbuilt: tuple[Span, ...] = ()


def score(draft: Draft, key: Key) -> list[str]:
    """Return every fault of a draft, each beginning with its kind; none is the aim."""
    return [*_wrong(draft, key), *_claims(draft, key), *conserved(draft, key.request)]


def _wrong(draft: Draft, key: Key) -> Iterator[str]:
    """Yield where the profile differs from its template, and the key has no such thing."""
    profile = draft.profile or {}
    used = [name for name in draft.templates if _kind(name) == "profile"]
    for name in used:
        if name not in key.templates:
            yield f"wrong: starts from the template {name}"
    base = facets(_fresh(used[0]) if used else _EMPTY)
    got = facets(profile)
    is_family = got["household"] != base.get("household") and any(
        item.facet == "household" for item in key.bindings
    )
    for facet in sorted({*base, *got}):
        allowed = [item for item in key.bindings if item.facet == facet]
        if got.get(facet) == base.get(facet) or (is_family and facet in _OF_MEMBERS):
            continue
        if not _permits(facet, got.get(facet), base.get(facet), allowed, key):
            wanted = [item.value for item in allowed] or "nothing"
            yield f"wrong: {facet} is {got.get(facet)!r}, the key has {wanted}"
    for item in key.bindings:
        if item.must and not (_has(item, got, draft) and _is_claimed(item, draft)):
            yield f"unbound: {item.facet} must be {item.value!r}, is {got.get(item.facet)!r}"
    saves = [item.value for item in key.bindings if item.facet == "save_as"]
    if draft.save_as and draft.save_as not in saves:
        yield f"wrong: save_as is {draft.save_as!r}, the key has {saves}"


def _is_claimed(item: Binding, draft: Draft) -> bool:
    """Return whether every word of a binding is in wishes that are bound, or says nothing."""
    bound = [span for wish in draft.wishes if wish.fate == "bound" for span in wish.spans]
    return all(any(low <= start and end <= high for low, high in bound)
               for start, end in _content(draft.requests[0], item.span))  # fmt: skip


def _has(item: Binding, got: Mapping[str, Any], draft: Draft) -> bool:
    if item.facet in ("save_as", "journey", "template"):
        names = (*draft.templates, *(str(one.get("name")) for one in draft.journeys))
        return item.value in ((draft.save_as,) if item.facet == "save_as" else names)
    return _holds(item.facet, got.get(item.facet), item.value)


def facets(profile: Mapping[str, Any]) -> dict[str, Any]:
    """Return a profile by what requests are about: each facet in one form, however it is written.

    >>> facets({"count": 5, "demographics": {"gender": {"F": 1}}})["sexes"]
    {'F': 1.0}
    """
    people, clinical = profile.get("demographics", {}), profile.get("clinical", {})
    found: dict[str, Any] = {key: profile.get(key) for key in ("count", "seed", "as_of")}
    found["ages"] = _range(people.get("age"))
    found["born"] = people.get("born")
    found["sexes"] = _weights(people.get("gender"))
    location = people.get("location") or {}
    found["place"] = {name: share for part in ("states", "counties", "metros", "zips")
                      for name, share in _weights(location.get(part)).items()}  # fmt: skip
    found["area"] = location.get("area")
    found["coverage"] = _weights((profile.get("coverage") or {}).get("plan"))
    found["conditions"] = dict(_conditions(clinical))
    found["drugs"] = {item.get("drug"): _share(item)
                      for item in clinical.get("medications", ())}  # fmt: skip
    found["attributes"] = profile.get("attributes") or {}
    found["household"] = (profile.get("unit"), profile.get("household"))
    known = {"count", "seed", "as_of", "demographics", "clinical", "coverage", "attributes",
             "unit", "household"}  # fmt: skip
    found["other"] = {key: value for key, value in profile.items()
                      if key not in known | _NOT_JUDGED}  # fmt: skip
    return found


def _range(age: Any) -> tuple[float, float] | None:
    if age is None or isinstance(age, int | float):
        return None if age is None else (age, age)
    if "value" in age:
        return (age["value"], age["value"])
    return (age.get("low", 0), age.get("high", 120))


def _weights(part: Any) -> dict[str, float]:
    part = part or {}
    if isinstance(part, list):
        return dict.fromkeys(map(str, part), round(1 / len(part), 6))
    exact = part.get("exactly", {}) if isinstance(part, dict) else {}
    if exact:
        whole = sum(exact.values())
        return {str(name): round(number / whole, 6) for name, number in exact.items()}
    weights = part.get("weights", part)
    return {str(name): float(share) for name, share in weights.items()
            if isinstance(share, int | float) and share}  # fmt: skip


def _conditions(clinical: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    if clinical.get("primary"):
        yield str(clinical["primary"].get("code")), 1.0
    groups = clinical.get("one_of") or ()
    single = [item for item in groups if isinstance(item, dict)]
    listed = [item for group in groups if isinstance(group, list) for item in group]
    for item in [*clinical.get("comorbidities", ()), *single, *listed]:
        yield str(item.get("code")), _share(item)


def _share(item: Mapping[str, Any]) -> Any:
    share = item.get("share", 1.0)
    return float(share) if isinstance(share, int | float) else "varies"


def _permits(facet: str, got: Any, base: Any, allowed: list[Binding], key: Key) -> bool:
    """Return whether a changed facet is what the key says."""
    if facet in ("conditions", "drugs"):
        return all(_item_permitted(name, got.get(name), base, allowed)
                   for name in {*got, *base} if got.get(name) != base.get(name))  # fmt: skip
    if facet in ("place", "coverage", "sexes"):
        merged: dict[str, Any] = {}
        for item in allowed:
            merged |= _named(facet, item.value)
        if facet == "place" and not got and any(one.facet == "area" for one in key.bindings):
            return True
        return bool(merged) and _within(got, merged) and any(
            _holds(facet, got, item.value) for item in allowed)  # fmt: skip
    is_born = any(item.facet == "born" for item in key.bindings)
    if facet == "ages" and (_implied(got, key) or (got is None and is_born)):
        return True
    return any(_holds(facet, got, item.value) for item in allowed)


def _implied(got: Any, key: Key) -> bool:
    """Return whether ages are those of a payer that is named, where the key has no ages."""
    named = " ".join(name for item in key.bindings if item.facet == "coverage"
                     for name in _named("coverage", item.value))  # fmt: skip
    return any(got == ages for pattern, ages in _AGES.items() if re.search(pattern, named))


def _item_permitted(name: str, share: Any, base: Mapping[str, Any], allowed: list[Binding]) -> bool:
    """Return whether an item may have a share, or may be gone (a share of None)."""
    for item in allowed:
        for wanted, said in item.value.items():
            names = wanted.lstrip("-").split("|")
            if share is None:
                # Another code of the kind takes the place of the template's own
                kind = any(name[:3] == one[:3] for one in names)
                if kind or (wanted.startswith("-") and name.startswith(tuple(names))):
                    return True
            elif name.startswith(tuple(names)) and said in (None, share) and wanted[0] != "-":
                return True
    return False


def _named(facet: str, value: Any) -> dict[str, Any]:
    named = {value: None} if isinstance(value, str) else dict(value)
    return {str(name): share for name, share in named.items()}


def _matches(name: str, wanted: str) -> bool:
    patterns = _PLANS.get(wanted, tuple(wanted.split("|")))
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def _within(got: Mapping[str, Any], named: Mapping[str, Any]) -> bool:
    """Return whether nothing stands there that is not named; the name "more" allows the rest."""
    return "more" in named or all(any(_matches(name, one) for one in named) for name in got)


def _holds(facet: str, got: Any, value: Any) -> bool:
    """Return whether a facet has what a binding says."""
    if value == "any":
        return True
    if facet == "ages":
        return got is not None and all(
            said is None or abs(said - is_) <= 1 for said, is_ in zip(value, got, strict=True)
        )
    if facet in ("place", "coverage", "sexes"):
        return bool(got) and all(
            _has_share(got, name, share) for name, share in _named(facet, value).items()
            if name != "more")  # fmt: skip
    if facet in ("conditions", "drugs"):
        return all(_has_item(got, name, share) for name, share in value.items())
    return bool(got == value)


def _has_share(got: Mapping[str, float], wanted: str, share: float | None) -> bool:
    there = sum(weight for name, weight in got.items() if _matches(name, wanted))
    return there > 0 if share is None else abs(there - share) < 0.001


def _has_item(got: Mapping[str, Any], wanted: str, share: Any) -> bool:
    names = wanted.lstrip("-").split("|")
    there = [is_ for code, is_ in got.items() if any(code.startswith(name) for name in names)]
    if wanted.startswith("-"):
        return not there
    return any(share is None or is_ == share for is_ in there)


def _claims(draft: Draft, key: Key) -> Iterator[str]:
    """Yield bound wishes whose words are not those that the key has for their path."""
    for wish in draft.wishes:
        if wish.fate == "bound":
            facet = _facet_of(wish.path)
            spans = [item.span for item in key.bindings if facet in (item.facet, "template")]
            got = facets(draft.profile or {}).get(facet)
            near = [
                item
                for item in key.bindings
                if item.facet == facet
                and any(low < item.span[1] and item.span[0] < high for low, high in wish.spans)
            ]
            if (
                facet in _JUDGED
                and near
                and not any(_holds(facet, got, item.value) for item in near)
            ):
                yield f"wrong: {wish.words!r} is said to be bound to {wish.path}, there is {got!r}"
            astray = [
                word
                for span in wish.spans
                for word in _content(key.request, span)
                if not any(low <= word[0] and word[1] <= high for low, high in spans)
            ]
            if astray:
                words = [key.request[low:high] for low, high in astray]
                yield f"wrong: {words} bound to {wish.path}"
        elif wish.fate == "ignored":
            lost = [
                key.request[low:high]
                for span in wish.spans
                for low, high in _content(key.request, span)
            ]
            if lost:
                yield f"lost: {lost} ignored"
    for low, high in key.unbuilt:
        if not any(
            _says_unbuilt(wish) and low < end and start < high
            for wish in draft.wishes
            for start, end in wish.spans
        ):
            yield f"silent: {key.request[low:high]!r} is not said to be not built"  # fmt: skip


def _says_unbuilt(wish: Wish) -> bool:
    return wish.fate == "not_built" or "partly built" in wish.note


def _facet_of(path: str) -> str:
    beginnings = [known for known in _PATHS if re.match(rf"{re.escape(known)}(?![a-z])", path)]
    return _PATHS[max(beginnings, key=len)] if beginnings else path


def _content(request: str, span: Span) -> list[Span]:
    """Return the words of a span that say something: every figure, and no filler."""
    found = []
    for match in re.finditer(r"[^\W_]+(?:['’-][^\W_]+)*", request[slice(*span)]):
        pieces = re.split(r"['’-]", match[0].casefold())
        if not all(piece in fillers.FILLERS for piece in pieces):
            found.append((span[0] + match.start(), span[0] + match.end()))
    return found


def conserved(draft: Draft, request: str) -> Iterator[str]:
    """Yield words in no wish or in several, figures that are cut, and words misquoted."""
    claims = [0] * len(request)
    for wish in draft.wishes:
        for low, high in wish.spans:
            for spot in range(low, high):
                claims[spot] += 1
        quoted = "".join(request[low:high] for low, high in wish.spans)
        if _plain(quoted) != _plain(wish.words):
            yield f"misquoted: {wish.words!r} for {quoted!r}"
    for match in re.finditer(r"[^\W_]+", request):
        counts = set(claims[match.start() : match.end()])
        if counts != {1}:
            yield f"{'lost' if 0 in counts else 'doubled'}: {match[0]!r}"
    for match in FIGURE.finditer(request):
        whole = range(match.start(), match.end())
        if not any(
            low <= whole[0] and whole[-1] < high
            for wish in draft.wishes
            for low, high in wish.spans
        ):
            yield f"in pieces: {match[0]!r}"  # fmt: skip


def _plain(text: str) -> str:
    return "".join(filter(str.isalnum, text))


@cache
def _kind(name: str) -> str:
    return next((item.kind for item in templates.load_library() if item.name == name), "")


def _fresh(name: str) -> dict[str, Any]:
    return templates.load(name).fresh()
