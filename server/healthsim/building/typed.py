"""What the model understood of a request, as typed arguments beside the person's words."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from healthsim.building import diagnosing, lexicon
from healthsim.building.described import Described, Fact
from healthsim.building.ledger import LONGEST, Span, quote, tokens
from healthsim.building.vocabulary import PAYERS, STATES
from healthsim.errors import NotFound, Refused, near

_OLDEST = 120
_MOST_KEYS = 100  # of one argument
_SHORTEST_WORD = 4  # letters of a word that tells one condition from others


@dataclass(frozen=True)
class Typed:
    """The typed arguments of a builder; each is optional.

    Attributes:
        ages: the youngest and the oldest, or one age.
        sexes, plans: shares by "F" and "M", and by plan.
        places: shares by state, county, FIPS code or metropolitan area.
        conditions, drugs: shares by name or code; 1 is everybody.
        members: of one family: role, sex, age or born, conditions, due.
    """

    count: int | None = None
    ages: Sequence[int] = ()
    sexes: Mapping[str, float] = field(default_factory=dict)
    places: Mapping[str, float] = field(default_factory=dict)
    payer: str = ""
    plans: Mapping[str, float] = field(default_factory=dict)
    conditions: Mapping[str, float] = field(default_factory=dict)
    drugs: Mapping[str, float] = field(default_factory=dict)
    as_of: str = ""
    through: str = ""
    members: Sequence[Mapping[str, Any]] = ()


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Where an argument says something else than the words.

    Attributes:
        kind: the argument.
        words: what the server read in the request; `given` what the argument says.
    """

    kind: str
    words: str
    given: str


def merge(parsed: Described, typed: Typed) -> list[Contradiction]:
    """Put the arguments over what was read; they win, and each contradiction is returned.

    Raises:
        Refused: an argument cannot be understood; the error says which and how to mend it.
        NotFound: a payer, place or condition has no such name; with near names.
    """
    contradictions = []
    for kind, value in _values(typed):
        said = getattr(parsed, kind)
        if said not in (None, {}, ()) and not _agrees(said, value):
            kinds = ("ages", "aged") if kind == "ages" else (kind,)
            facts = [fact for fact in parsed.facts if fact.kind in kinds]
            words = " and ".join(quote(parsed.text, fact.spans) for fact in facts)
            contradictions.append(Contradiction(kind, words, str(value)))
            parsed.facts = [fact for fact in parsed.facts if fact not in facts]
            setattr(parsed, kind, value)
        elif isinstance(said, dict):
            setattr(parsed, kind, {**said, **value})
        else:
            setattr(parsed, kind, value)
        if kind in ("ages",):
            parsed.aged = False
        parsed.vague.pop(kind, None)
        _claim(parsed, kind, value)
    return contradictions


def _agrees(said: Any, given: Any) -> bool:
    """Return whether an argument repeats or completes what was read."""
    if isinstance(said, dict) and isinstance(given, dict):
        return all(said[key] in (None, given.get(key)) for key in said if key in given) and (
            set(said) <= set(given)
        )
    return bool(said == given)


def _values(typed: Typed) -> Iterator[tuple[str, Any]]:
    """Yield (field of `Described`, value) of each argument that is given."""
    if typed.count is not None:
        yield "count", typed.count
    readers: dict[str, Callable[[Any], Any]] = {
        "ages": _ages,
        "sexes": lambda value: _checked("sexes", value, ("F", "M")),
        "payer": _payer,
        "plans": lambda value: dict(_shares("plans", value)),
        "conditions": _conditions,
        "drugs": lambda value: dict(_shares("drugs", value)),
        "as_of": str,
        "through": str,
    }
    for name, reader in readers.items():
        value = getattr(typed, name)
        if isinstance(value, Mapping):
            _refuse_many(name, value)
        if value:
            yield name, reader(value)
    _refuse_many("places", typed.places)
    yield from _places(typed.places)


def _refuse_many(name: str, shares: Mapping[str, float]) -> None:
    if len(shares) > _MOST_KEYS:
        raise Refused(
            name, f"has {len(shares):,} keys", f"give the {_MOST_KEYS} that matter most, or fewer"
        )


def _payer(name: str) -> str:
    names = [payer.name for payer in PAYERS]
    if name.lower() not in names:
        raise NotFound("payer", f"no payer is called {name[:80]!r}", near(name.lower(), names))
    return name.lower()


def _conditions(shares: Mapping[str, float]) -> dict[str, float | None]:
    said = _shares("conditions", shares)
    return {condition(name): None if share == 1 else share for name, share in said}


def _ages(ages: Sequence[int]) -> tuple[int, int]:
    if not 1 <= len(ages) <= 2 or not 0 <= min(ages) <= max(ages) <= _OLDEST:
        raise Refused(
            "ages", f"is {list(ages)}", f"give one or two whole years from 0 to {_OLDEST}"
        )
    return min(ages), max(ages)


def _shares(name: str, shares: Mapping[str, float]) -> list[tuple[str, float]]:
    for key, share in shares.items():
        if not 0 <= share <= 1:
            raise Refused(
                f"{name}[{key[:80]}]", f"is {share:g}", "give a share from 0 to 1: 8 % is 0.08"
            )
    return list(shares.items())


def _checked(name: str, shares: Mapping[str, float], known: Sequence[str]) -> dict[str, float]:
    for key, _ in _shares(name, shares):
        if key not in known:
            raise NotFound(name, f"no such key: {key[:80]!r}", near(key, known))
    return dict(shares)


def condition(name: str) -> str:
    """Return the code of a condition by its code or its usual name.

    Raises:
        NotFound: no rule knows it; the error suggests the nearest codes.
    """
    units = [unit for unit in lexicon.units(name) if unit.letter not in "f1"]
    if len(units) == 1 and units[0].letter in "ck":
        return str(units[0].value)
    from healthsim.codes.search import search  # noqa: PLC0415  the books are large

    try:
        hits = search(name, ("icd10cm",), limit=3).hits
    except NotFound:
        hits = ()
    meant = " or ".join(f"{hit.code!r} ({hit.display})" for hit in hits)
    raise NotFound(
        "conditions", f"{name[:80]!r} is no code and no usual name of a condition",
        f"write its code: {meant}" if meant else "find its code with look_up, and write the code",
    )  # fmt: skip


def _places(places: Mapping[str, float]) -> Iterable[tuple[str, Any]]:
    from healthsim.products.reference_names import built_in_names  # noqa: PLC0415  numpy is heavy

    known = built_in_names()
    states = {name.casefold(): code for code, (name, _) in STATES.items()}
    by_kind: dict[str, dict[Any, float]] = {}
    for name, share in _shares("places", places):
        if (code := states.get(name.casefold(), name.upper())) in STATES:
            by_kind.setdefault("states", {})[code] = share
        elif name in known.counties or name in known.county_titles:
            key = (name, "") if name.isdigit() else tuple(name.rsplit(", ", 1))
            by_kind.setdefault("counties", {})[key] = share
        elif name in known.metro_titles:
            by_kind.setdefault("metros", {})[(name,)] = share
        else:
            raise NotFound(
                "places",
                f"no place is called {name[:80]!r}",
                near(
                    name,
                    [
                        *(item[0] for item in STATES.values()),
                        *known.county_titles,
                        *known.metro_titles,
                    ],
                ),
            )
    if len(by_kind) > 1:
        raise Refused("places", f"mixes {' and '.join(by_kind)}", "name places of one kind")
    yield from by_kind.items()


def _claim(parsed: Described, kind: str, value: Any) -> None:
    """Give the words of the request that say what an argument says to that argument."""
    taken = {span for fact in parsed.facts for span in fact.spans}
    free = [
        (token.start, token.end)
        for token in tokens(parsed.text[:LONGEST])
        if (token.start, token.end) not in taken
    ]
    pairs = value.items() if isinstance(value, dict) else [(value, None)]
    for key, share in pairs:
        spans = _spans(parsed.text, kind, key, share, free)
        parsed.facts.append(Fact(kind, key, share, spans))
        free = [span for span in free if span not in spans]


_LETTERS = {
    "count": "d",
    "sexes": "s3",
    "states": "S",
    "counties": "C#",
    "metros": "m",
    "payer": "y",
    "plans": "p4",
    "conditions": "ckK",
    "as_of": "D",
    "through": "D",
}


def _spans(
    text: str, kind: str, key: Any, share: float | None, free: Sequence[Span]
) -> tuple[Span, ...]:
    """Return the free tokens that name a thing, and those of its share beside them."""
    found = lexicon.units(text)
    named = [
        number
        for number, unit in enumerate(found)
        if _names(unit, kind, key, text) and not _is_of_journey(found, number)
    ]
    if kind in ("drugs", "conditions") and not named:
        words = _words_of(kind, str(key))
        named = [
            number
            for number, unit in enumerate(found)
            if text[unit.start : unit.end].lower() in words
        ]
    beside = [
        at
        for number in named
        for at in range(max(number - 4, 0), min(number + 5, len(found)))
        if share is not None
        and found[at].letter == "%"
        and abs(found[at].value - share) < 1e-9
        and not any(unit.letter in ",.;?" for unit in found[min(at, number) : max(at, number)])
    ]
    units = [found[number] for number in sorted({*named, *beside})]
    return tuple(span for span in lexicon.spans_of(units, text) if span in free)


def _is_of_journey(found: Sequence[lexicon.Unit], number: int) -> bool:
    """Return whether a unit is of a journey's name, as in "first-year diabetes journey"."""
    return found[number].letter in "ck" and "j" in {
        unit.letter for unit in found[number + 1 : number + 2]
    }


def _words_of(kind: str, key: str) -> set[str]:
    """Return the words of a drug's name, or of a condition's text in the book."""
    name = diagnosing.name_of(key) if kind == "conditions" else key
    words = {token.text.lower() for token in tokens(name.replace("-", " "))}
    return {word for word in words if len(word) >= _SHORTEST_WORD}


def _names(unit: lexicon.Unit, kind: str, key: Any, text: str) -> bool:
    """Return whether a unit says a value of a kind."""
    if kind == "ages":
        figures = unit.value if unit.letter == "r" else (unit.value,)
        is_figure = unit.letter in "rdg" and set(figures) <= set(key)
        return bool(is_figure or (unit.letter == "b" and unit.value == key))
    if kind == "plans" and unit.letter == "y":
        return any(payer.name == unit.value and key in payer.plans for payer in PAYERS)
    if unit.letter not in _LETTERS.get(kind, ""):
        return False
    if kind == "counties":
        return bool(unit.value == key or unit.value == key[0])
    if kind == "metros":
        return bool(key[0] in unit.value)
    if kind == "conditions":
        return bool(str(unit.value)[:3] == key[:3])
    return bool(unit.value == key)
