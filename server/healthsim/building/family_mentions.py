"""Finds the words for the members of a family, and the clause that belongs to each."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from itertools import pairwise

from healthsim.building.family_words import ADJECTIVE, NUMBERS, OTHERS, ROLE, ROLES, UNBORN

MOST = 12
"""Most children of a family."""


@dataclass
class Mention:
    """A word for a role, with its clause."""

    start: int
    role_start: int
    end: int
    kind: str
    gender: str | None
    ages: tuple[int, int] | None
    count: int
    plural: bool
    clause_end: int = 0
    shared: bool = False  # joined by a bare "and" with the next one


def plain(text: str) -> str:
    """Return the text with brackets, and the comma inside a date or brackets, as blanks."""
    text = re.sub(r"([a-z]+\.? \d{1,2}),(?=\s*(?:19|20)\d\d\b)", r"\1 ", text, flags=re.IGNORECASE)
    text = re.sub(r"\([^()]*\)", lambda inner: " " + inner[0][1:-1].replace(",", "&") + " ", text)
    return re.sub(r"[\r\n\t\x00]", " ", text)


def mentions(text: str) -> list[Mention]:
    """Return the words for roles with their clauses, in the order of the text."""
    found = _joined(text, [one for match in ROLE.finditer(text) if (one := _mention(text, match))])
    edges = sorted([*(one.start for one in found), len(text),
                    *(match.start() for match in re.finditer(OTHERS, text, re.IGNORECASE)),
                    *(match.start() for match in re.finditer(r"[,;:!?]|\.(?=\s|$)", text)),
                    *(match.start() for match in ROLE.finditer(text))])  # fmt: skip
    for mention in found:
        mention.clause_end = next(edge for edge in edges if edge >= mention.end)
    for one, following in pairwise(found):
        joint = re.fullmatch(r"\s*(?:and|&|or)\s*", text[one.end : following.start], re.IGNORECASE)
        one.shared |= joint is not None
        following.shared |= joint is not None
    return found


def _joined(text: str, found: list[Mention]) -> list[Mention]:
    """Return the words for roles; two beside each other are one child: "newborn son"."""
    joined: list[Mention] = []
    for one in found:
        last = joined[-1] if joined else None
        if last is not None and last.kind == one.kind == "child" and (
            not text[last.end : one.role_start].strip() and last.count == 1
        ):  # fmt: skip
            joined[-1] = replace(one, start=last.start, ages=last.ages or one.ages,
                                 role_start=last.role_start)  # fmt: skip
        else:
            joined.append(one)
    return joined


def has_share(text: str, mention: Mention) -> bool:
    """Return whether a share stands beside a role: then it is of many families."""
    start = max(text.rfind(mark, 0, mention.start) for mark in ",;:") + 1
    return re.search(r"\d\s*%|\bper ?cent\b", text[start : mention.clause_end]) is not None


def _mention(text: str, match: re.Match[str]) -> Mention | None:
    """Return a word for a role; None for one of many, of a thing, or of somebody else."""
    place = next(int(name[1:]) for name, value in match.groupdict().items()
                 if name[0] == "r" and value)  # fmt: skip
    _, plural, kind, gender, ages = ROLES[place]
    many = bool(plural) and match.groupdict().get(f"s{place}") is not None
    word = match["count"]
    number = 1 if word is None else NUMBERS.get(word.lower()) or int(word)
    before, after = text[: match.start()], text[match.end() :]
    if re.match(r"['’]s?\b", after) or re.search(r"(?:['’]s|\bno|\bnot an?|\bwithout an?)\s+$",
                                                 before, re.IGNORECASE):  # fmt: skip
        return None
    if kind == "child" and re.search(UNBORN, before, re.IGNORECASE):
        return None
    is_number = many if word is None else many == (number > 1)
    if not 1 <= number <= MOST or (not is_number and (many or word is not None)):
        return None
    start = match.start()
    if word is None and (adjectives := ADJECTIVE.search(before)):
        start = adjectives.start("words")
    return Mention(start, match.start(), match.end(), kind, gender, ages, number, many)


def listed(text: str, mention: Mention) -> tuple[list[float] | list[str], str, int, int] | None:
    """Return the ages or births of a plural: as many as they are, in order."""
    if not mention.plural:
        return None
    after, end = text[mention.end :], r"(?=\s*(?:$|[,;.:&]|(?:and|with|who|all|years?)\b))"
    more = r"(?:\s*,\s*(?:and\s+)?|\s*&\s*|\s+and\s+|\s+)"
    ages = re.match(rf"\s*(?:aged?|ages|of)?\s*(\d{{1,2}}(?:{more}\d{{1,2}})+){end}", after,
                    re.IGNORECASE)  # fmt: skip
    year = r"(?:19|20)\d\d"
    years = re.match(rf"\s*born\s+(?:in\s+)?({year}(?:{more}{year})+){end}", after, re.IGNORECASE)
    if ages:
        figures = [float(one) for one in re.findall(r"\d+", ages[1])]
        return figures, "age", mention.end + ages.start(1), mention.end + ages.end(1)
    if years:
        start = mention.end + years.start() + len(years[0]) - len(years[0].lstrip())
        return re.findall(r"\d+", years[1]), "born", start, mention.end + years.end(1)
    return None
