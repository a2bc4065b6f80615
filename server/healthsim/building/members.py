"""A family as data: members as a model gives them or as a text says them, put into a profile."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from healthsim.building.calendar_words import iso_text
from healthsim.building.family import Member
from healthsim.building.family_words import CONDITION_WORDS, ROLES
from healthsim.codes.icd10cm import icd10cm
from healthsim.codes.pregnancy import GESTATION_DAYS
from healthsim.codes.search import search
from healthsim.errors import NotFound, Refused, near

_KEYS = ("role", "sex", "age", "born", "conditions", "due", "weeks")
_ADULTS, _YOUNG_MOTHER, _OLD_MOTHER = (25, 60), 20, 42  # years: assumption, where none is said
_AT_BIRTH = (20, 40)  # years of a parent at a child's birth, where none is said: assumption
_FIRST_SEEN = 56  # days since the last period on a new as_of: the journey pregnancy begins at 42-70


def typed_members(items: Sequence[Mapping[str, Any]]) -> list[Member]:
    """Return members from objects with role, sex, age or born, conditions, and due or weeks.

    A role is self, spouse or child, or a word such as father.

    Raises:
        Refused: a key, role, sex, age or condition cannot be understood; says which, and how to
            mend it.
        NotFound: a condition is in no code book; with the nearest codes.
    """
    members = [_typed(dict(item), f"members[{place}]") for place, item in enumerate(items)]
    adults = [one for one in members if one.role != "child"]
    if not adults:
        members.insert(0, Member("self"))
    elif all(one.role == "spouse" for one in adults):
        adults[0].role = "self"
    elif sum(one.role == "self" for one in adults) > 1:
        adults[1].role = "spouse"
    if len(adults) > 2:
        raise Refused(
            "members",
            f"has {len(adults)} adults",
            "a household is one or two adults and their children; make two families",
        )
    order = {"self": 0, "spouse": 1, "child": 2}
    return sorted(members, key=lambda one: order[one.role])


def _typed(item: dict[str, Any], where: str) -> Member:
    for key in item:
        if key not in _KEYS:
            raise Refused(f"{where}.{key}", f"unknown key {key!r}", near(key, _KEYS))
    member = _of_role(str(item.get("role", "")), where)
    sex = item.get("sex")
    if sex is not None:
        words = {"f": "F", "female": "F", "m": "M", "male": "M", "other": "other"}
        named = {**words, "unknown": "unknown"}.get(str(sex).lower())
        if named is None:
            raise Refused(f"{where}.sex", f"is {sex!r}", "use F, M, other or unknown")
        member.gender = named
    age, born = item.get("age"), item.get("born")
    is_number = isinstance(age, int | float) and not isinstance(age, bool)
    if age is not None and (not is_number or not 0 <= age <= 110):
        raise Refused(f"{where}.age", f"is {age!r}", "give years from 0 to 110")
    if isinstance(born, Mapping | list) or isinstance(item.get("due"), Mapping | list):
        key = "born" if isinstance(born, Mapping | list) else "due"
        raise Refused(f"{where}.{key}", "is no text", "write a year, month or day: 2015, 2015-03")
    member.age, member.born = age, None if born is None else str(born)
    member.ages = None if age is not None or born is not None else member.ages
    member.conditions = list(_codes(item.get("conditions"), f"{where}.conditions"))
    member.due = None if item.get("due") is None else str(item["due"])
    member.weeks = item.get("weeks")
    member.pregnant = member.due is not None or member.weeks is not None
    return member


def _codes(conditions: object, where: str) -> Iterator[str]:
    """Yield the codes of conditions: a text, or a list of texts or of objects with a code."""
    if conditions is None:
        return
    if not isinstance(conditions, str | list | tuple):
        raise Refused(where, f"is {conditions!r:.80}", 'give a list, such as ["E11.9"]')
    for one in (conditions,) if isinstance(conditions, str) else conditions:
        said = one.get("code", "") if isinstance(one, Mapping) else one
        yield condition_code(str(said), where)


def _of_role(role: str, where: str) -> Member:
    """Return a member of a role: self, spouse, child, or a word of families."""
    if role == "self":
        return Member("self")
    for words, plural, kind, gender, ages in ROLES:
        if re.fullmatch(rf"(?:{words}){plural and f'(?:{plural})?'}", role, re.IGNORECASE):
            return Member(
                "child" if kind == "child" else "spouse" if kind == "spouse" else "self",
                gender, ages=ages,
            )  # fmt: skip
    raise Refused(f"{where}.role", f"is {role!r}", "use self, spouse or child, or father, mother, "
                  "husband, wife, son, daughter")  # fmt: skip


def condition_code(text: str, where: str) -> str:
    """Return the ICD-10-CM code of a condition: a code, a usual name, or its text in the book.

    Raises:
        NotFound: nothing is certain; with the nearest codes and their texts.
    """
    said = text.strip()
    if (code := said.upper()) in icd10cm():
        return code
    for known, pattern in CONDITION_WORDS:
        if pattern.fullmatch(said):
            return known
    try:
        hits = search(said, ("icd10cm",), limit=4, where=where).hits
    except NotFound:
        hits = ()
    exact = [hit for hit in hits if hit.display.casefold() == said.casefold()]
    if exact:
        return exact[0].code
    nearest = "; ".join(f"{hit.code} ({hit.display})" for hit in hits)
    mend = f"use one of {nearest}" if nearest else "find its code with look_up"
    raise NotFound(where, f"{said[:80]!r} is no single ICD-10-CM code", mend)


def put_members(profile: dict[str, Any], members: Sequence[Member], *, seen: bool) -> list[str]:
    """Put members into a profile of families; return sentences about what was assumed.

    Args:
        profile: a document, changed in place.
        members: the anchor first.
        seen: whether a journey from the first months of a pregnancy is to follow it.
    """
    notes = list(_as_of(profile, members, seen=seen))
    anchor, as_of = members[0], date.fromisoformat(str(profile.get("as_of", "2025-01-01")))
    people = profile["demographics"] = dict(profile.get("demographics") or {})
    for name in ("age", "born", "gender"):
        people.pop(name, None)
    people |= _age(anchor, members, as_of)
    if anchor.gender or anchor.pregnant:
        people["gender"] = {anchor.gender or "F": 1.0}
    else:
        people["gender"] = {"M": 0.5, "F": 0.5}
    listed = [_document(one, members, as_of) for one in members]
    profile["unit"], profile["household"] = "family", {"members": listed}
    if any(one.role != "child" and one.age is None and one.born is None for one in members):
        notes.append("The adults' ages that were not said fit the children, or a pregnancy.")
    return notes


def _document(member: Member, members: Sequence[Member], as_of: date) -> dict[str, Any]:
    """Return a member as the profile states it."""
    document: dict[str, Any] = {"role": member.role}
    if member.role != "self":
        if member.gender or member.pregnant:
            document["gender"] = member.gender or "F"
        document |= _age(member, members, as_of)
    if member.conditions:
        document["conditions"] = [{"code": code} for code in member.conditions]
    if member.due is not None:
        document["pregnant"] = {"due": member.due}
    elif member.pregnant:
        document["pregnant"] = {"weeks": member.weeks or _FIRST_SEEN // 7}
    return document


def _age(member: Member, members: Sequence[Member], as_of: date) -> dict[str, Any]:
    """Return the key of a profile that gives a member's age; nothing for a child of any age."""
    if member.born is not None:
        return {"born": member.born}
    if member.age is not None:
        return {"age": member.age}
    if member.ages is not None:
        return {"age": _between(*member.ages)}
    return {} if member.role == "child" else {"age": _between(*_of_adult(member, members, as_of))}


def _between(low: float, high: float) -> dict[str, Any]:
    """Return ages from one to another, those of both ends included where they are whole years."""
    whole = {"decimals": 0} if low == int(low) and high == int(high) else {}
    return {"type": "uniform", "low": low, "high": high, **whole}


def _of_adult(member: Member, members: Sequence[Member], as_of: date) -> tuple[float, float]:
    """Return ages that fit the children, the other parent, and a pregnancy."""
    low: float
    high: float
    low, high = (_YOUNG_MOTHER, _OLD_MOTHER) if member.pregnant else _ADULTS
    children = [_years(one, as_of) for one in members if one.role == "child"]
    known = [years for years in children if years is not None]
    if known:
        low = max(low, max(most for _, most in known) + _AT_BIRTH[0])
        high = min(high, min(least for least, _ in known) + _AT_BIRTH[1])
    for other in members:
        own = _years(other, as_of) if other.role != "child" and other is not member else None
        if own is not None:
            low, high = max(low, own[0] - 4), min(high, own[1] + 4)
    if low >= high:  # the family is unusual; the oldest child alone decides
        low = max(18.0, *(most + 16 for _, most in known)) if known else 18.0
        high = low + 4
    return low, high


def _years(member: Member, as_of: date) -> tuple[float, float] | None:
    """Return the lowest and highest age that is said of a member; None where none is."""
    if member.age is not None:
        return member.age, member.age
    if member.born is not None and re.fullmatch(r"\d{4}(-\d\d){0,2}", member.born):
        year = as_of.year - int(member.born[:4])
        return max(year - 1, 0), year
    return member.ages


def _as_of(profile: dict[str, Any], members: Sequence[Member], *, seen: bool) -> Iterator[str]:
    """Move the profile's day into a pregnancy with a due date that it does not fit."""
    due = next((one.due for one in members if one.due is not None), None)
    if due is None or len(due) == len("2025") or iso_text(due) != due:
        return  # a year has many days; what is no date is refused by the profile's checks
    day = date.fromisoformat(due if len(due) > len("2025-08") else f"{due}-01")
    as_of = date.fromisoformat(str(profile.get("as_of", "2025-01-01")))
    since = GESTATION_DAYS - (day - as_of).days
    latest = 98 if seen else GESTATION_DAYS - 1
    if 4 * 7 <= since <= latest:
        return
    profile["as_of"] = (day - timedelta(days=GESTATION_DAYS - _FIRST_SEEN)).isoformat()
    profile.pop("through", None)
    yield (f"The data begin on {profile['as_of']}, when the pregnancy that is due {due} has just "
           "been found.")  # fmt: skip
