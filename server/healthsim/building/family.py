"""Reads the members of a family from words: who they are, and what each of them has.

Every rule binds inside one member's own clause, and what no rule is certain of is left:

- A clause runs from the word for a role to the next role or punctuation; brackets do not end it.
- A condition binds where only linking words and other traits stand between it and its role.
- An age, a birth, a due date or "pregnant" binds by its own word anywhere in the clause.
- Adjectives between an article and the role bind to the role.
- What follows two roles joined by a bare "and" may be of both, so it is left.
- A text with a share, or a number of people or patients, is about many families: nothing is read.
- Nor is anything where a relative has no role here, such as a grandmother.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from healthsim.building import family_mentions
from healthsim.building.calendar_words import iso_text
from healthsim.building.family_mentions import MOST, Mention
from healthsim.building.family_words import (
    ALONE,
    BARE_AGE,
    CODE,
    CONDITION_WORDS,
    FAMILY,
    LINKS,
    MANY,
    NOT,
    NOT_NOW,
    NUMBERS,
    OTHERS,
    SIZE,
    TRAITS,
)

Role = Literal["self", "spouse", "child"]
_OLDEST = 110
_YOUNGEST_MOTHER = 9


class Claim(NamedTuple):
    """A piece of the text, and the path in the profile that it binds to."""

    start: int
    end: int
    path: str


@dataclass
class Member:
    """One member of a family, as far as the words say.

    Attributes:
        age: years; a fraction for an age in months.
        ages: lowest age, and the first that is too high, where a word such as "toddler" gives it.
        born: ISO year, month or day of birth.
        conditions: ICD-10-CM codes.
        due: ISO month or day on which a pregnancy ends.
        weeks: of pregnancy on the profile's day.
        spans: the pieces of the text that say all this.
    """

    role: Role
    gender: str | None = None
    age: float | None = None
    ages: tuple[int, int] | None = None
    born: str | None = None
    conditions: list[str] = field(default_factory=list)
    pregnant: bool = False
    due: str | None = None
    weeks: int | None = None
    spans: list[Claim] = field(default_factory=list)


def read_family(text: str) -> list[Member]:
    """Return the members of the family that a text describes; none where it describes none.

    >>> words = "family of four, father diabetic, daughter with asthma born 2015"
    >>> [(one.role, one.gender, one.conditions, one.born) for one in read_family(words)]
    ... # doctest: +NORMALIZE_WHITESPACE
    [('self', 'M', ['E11.9'], None), ('spouse', None, [], None),
     ('child', 'F', ['J45.20'], '2015'), ('child', None, [], None)]
    """
    plain = family_mentions.plain(re.sub(r"[|…]|(?<=\s)/(?=\s)", ";", text))
    if re.search(MANY, plain, re.IGNORECASE) or re.search(OTHERS, plain, re.IGNORECASE):
        return []
    mentions = family_mentions.mentions(plain)
    if any(family_mentions.has_share(plain, mention) for mention in mentions):
        return []
    if not mentions and SIZE.search(plain) is None:
        return []
    if len(mentions) < 2 and not re.search(FAMILY, plain, re.IGNORECASE):
        return []
    members: list[Member] = []
    named: dict[str, Member] = {}
    for mention in mentions:
        word = plain[mention.role_start : mention.end].lower()
        again = named.get(word) if mention.count == 1 and not mention.plural else None
        is_same = mention.kind != "child" or re.search(r"\bthe\s+$", plain[: mention.role_start])
        if again is not None and is_same:  # "a son and a mother; the son has asthma"
            _add_traits(plain, mention, [again])
            continue
        members += (new := _members(plain, mention))
        if len(new) == 1:
            named[word] = new[0]
    if any(one.due and one.ages and one.ages[1] <= _YOUNGEST_MOTHER for one in members):
        return []  # "baby due in May" is the mother's, and she may not be named
    if not any(one.spans for one in members) and SIZE.search(plain) is None:
        return []  # of a family nothing is said but the word
    return _complete(plain, members)


def _members(text: str, mention: Mention) -> list[Member]:
    """Return the members whom a word for a role stands for, with the traits of its clause."""
    listed = family_mentions.listed(text, mention)
    number = mention.count
    if mention.plural and mention.count == 1:
        number = len(listed[0]) if listed else 2 if mention.kind == "parent" else 0
    role: Role = "child" if mention.kind == "child" else (
        "spouse" if mention.kind == "spouse" else "self")  # fmt: skip
    members = [Member(role, mention.gender, ages=mention.ages) for _ in range(number)]
    for member in members:
        member.spans.append(Claim(mention.role_start, mention.end, "role"))
    if listed and number == len(listed[0]):
        values, name, start, end = listed
        for member, value in zip(members, values, strict=True):
            setattr(member, name, value)
            member.spans.append(Claim(start, end, name))
    elif not mention.shared:
        _add_traits(text, mention, members)
    return members


def _add_traits(text: str, mention: Mention, members: list[Member]) -> None:
    """Give members what the clause of their word says; one age or birth is not of several."""
    for claim, value in _traits(text, mention):
        if len(members) > 1 and claim.path in ("born", "years", "months"):
            continue
        for member in members:
            _bind(member, claim, value)


def _traits(text: str, mention: Mention) -> Iterator[tuple[Claim, str]]:
    """Yield what the words of a clause, and the adjectives before it, say."""
    if re.match(r"\s+of\b", text[mention.end :]):
        return  # "mother of a 5-year-old with asthma": of somebody else
    taken: list[Claim] = []
    bare = None if mention.plural else BARE_AGE.match(text, mention.end)
    if bare:
        place = 1 if bare[1] else 2
        taken.append(Claim(bare.start(place), bare.end(place), "years"))
        yield taken[-1], bare[place]
    for low, high in ((mention.start, mention.role_start), (mention.end, mention.clause_end)):
        for name, pattern in TRAITS.items():
            for match in re.finditer(pattern, text[low:high], re.IGNORECASE):
                start, end = low + match.start(), low + match.end()
                overlaps = any(one.start < end and start < one.end for one in taken)
                if overlaps or _is_denied(name, text[mention.start : start]):
                    continue
                value = next((group for group in match.groups() if group is not None), "")
                taken.append(Claim(start, end, name))
                yield taken[-1], value
        yield from _conditions(text, low, high, taken)


def _is_denied(trait: str, before: str) -> bool:
    """Return whether the words of the clause before a trait say that it is not so, or not now."""
    if re.search(r"\d\s*(?:-|–|to|or)\s*$", before):
        return True  # the end of a range
    of_pregnancy = trait in ("due", "weeks", "pregnant")
    return re.search(NOT, before, re.IGNORECASE) is not None or (
        of_pregnancy and re.search(NOT_NOW, before, re.IGNORECASE) is not None
    )


def _conditions(text: str, low: int, high: int, taken: list[Claim]) -> Iterator[tuple[Claim, str]]:
    """Yield the conditions that follow by linking words and traits alone."""
    position, clause = low, text[:high]
    held: list[tuple[Claim, str]] = []
    while position < high:
        blank = re.compile(r"\s*").match(clause, position)
        position = blank.end() if blank else position
        claim = next((one for one in taken if one.start <= position < one.end), None)
        link = LINKS.match(clause, position)
        condition = _condition_at(clause, position)
        if claim is not None:
            yield from held
            held, position = [], claim.end
        elif condition is not None:
            yield from held
            code, end = condition
            held, position = [(Claim(position, end, "condition"), code)], end
        elif link is not None:
            yield from held
            held, position = [], link.end()
        else:
            break
    if position >= high:  # a word that is no link may make another condition of the last one
        yield from held


def _condition_at(text: str, position: int) -> tuple[str, int] | None:
    """Return the code of the condition that begins at a position, and its end."""
    if match := CODE.match(text, position):
        return match[0], match.end()
    for code, pattern in CONDITION_WORDS:
        if match := pattern.match(text, position):
            return code, match.end()
    return None


def _bind(member: Member, claim: Claim, value: str) -> None:
    """Give a member a trait, and keep the words; what is impossible stays unclaimed."""
    path = claim.path
    if path == "condition":
        if value not in member.conditions:
            member.conditions.append(value)
        path = f"conditions[{value}]"
    elif path in ("years", "months"):
        figure = NUMBERS.get(value.lower()) or float(value)
        years = figure / (12 if path == "months" else 1)
        if member.age is not None or years > _OLDEST:
            return
        member.age, member.ages, path = years, None, "age"
    elif path in ("born", "due"):
        day = iso_text(value)
        if day is None or getattr(member, path) is not None or (path == "due" and len(day) == 4):
            return
        setattr(member, path, day)
        member.pregnant |= path == "due"
        member.ages = None if path == "born" else member.ages
        path = "born" if path == "born" else "pregnant.due"
    elif path == "weeks":
        member.weeks, member.pregnant, path = int(value), True, "pregnant.weeks"
    else:
        member.pregnant = True
    member.spans.append(Claim(claim.start, claim.end, path))


def _complete(text: str, members: list[Member]) -> list[Member]:
    """Return parents first, with those who are unsaid, and paths of the whole profile."""
    adults = [one for one in members if one.role != "child"]
    children = _once([one for one in members if one.role == "child"])
    named = [one for one in adults if one.gender] if len(adults) > 2 else adults
    adults = named
    couple = re.search(r"\bcouple(?! of)\b", text, re.IGNORECASE)
    if not adults and couple:
        adults = [Member("self", spans=[Claim(*couple.span(), "role")]),
                  Member("spouse", spans=[Claim(*couple.span(), "role")])]  # fmt: skip
    if len(adults) > 2 or len(children) > MOST:
        return []
    size = SIZE.search(text)
    number = 0 if size is None else NUMBERS.get(size[1].lower()) or int(size[1])
    if not members and number >= 2:
        adults = [Member("self"), Member("spouse")]
    adults = _anchored(adults)
    whole = [*adults, *children]
    if len(whole) < number and len(adults) == 1 and not re.search(ALONE, text, re.IGNORECASE):
        adults.append(Member("spouse"))
        whole = [*adults, *children]
    if len(whole) <= number <= MOST + 2:
        whole += [Member("child") for _ in range(number - len(whole))]
        if size is not None:
            whole[0].spans.append(Claim(*size.span(), ""))
    for place, member in enumerate(whole):
        where = f"household.members[{place}]"
        member.spans = [Claim(start, end, f"{where}.{path}" if path else "household.members")
                        for start, end, path in member.spans]  # fmt: skip
    return whole


def _anchored(adults: list[Member]) -> list[Member]:
    """Return the adults with the insured first; a spouse alone is that of somebody unsaid."""
    if not adults:
        return [Member("self")]
    if len(adults) == 1 and adults[0].role == "spouse":
        other = {"M": "F", "F": "M"}.get(adults[0].gender or "")
        return [Member("self", other), *adults]
    first = next((one for one in adults if one.role == "self"), adults[0])
    first.role = "self"
    rest = [one for one in adults if one is not first]
    for one in rest:
        one.role = "spouse"
    return [first, *rest]


def _once(children: list[Member]) -> list[Member]:
    """Return the children without those who are counted and then named: two children, a son."""
    counted = [one for one in children if one.gender is None and one.ages is None]
    named = [one for one in children if one not in counted]
    if not counted or not named or len(named) > len(counted):
        return children
    for one, twice in zip(named, counted, strict=False):
        one.spans += twice.spans
    return [*named, *counted[len(named) :]]
