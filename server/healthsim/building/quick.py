"""A family that is made at once: from the words of a request, or from members as data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from healthsim.building import templates
from healthsim.building.family import Claim, Member, read_family
from healthsim.building.members import put_members, typed_members

TEMPLATE = "commercial-family"
"""The profile of a family of which nothing else is said: its plans, places and drugs."""
_PREGNANCY = "pregnancy"


@dataclass(frozen=True)
class QuickFamily:
    """A family that was described.

    Attributes:
        members: the anchor first.
        rest: the request without the words that describe members.
        claims: the pieces of the request that describe them, with the path of each.
    """

    members: tuple[Member, ...]
    rest: str
    claims: tuple[Claim, ...]


def described_family(request: str, items: Sequence[Mapping[str, Any]]) -> QuickFamily | None:
    """Return the family that members as data, or else the words of a request, describe.

    The words of members as data are taken out of the request too: data say what they mean.

    Raises:
        Refused: members cannot be understood; says which, and how to mend it.
        NotFound: a condition is in no code book; with the nearest codes.
    """
    read = read_family(request)
    members = typed_members(items) if items else read
    if not members:
        return None
    claims = sorted({claim for member in read for claim in member.spans})
    rest = list(request)
    for start, end, _ in claims:
        rest[start:end] = " " * (end - start)
    return QuickFamily(tuple(members), "".join(rest), tuple(claims))


def put_family(
    profile: dict[str, Any], journeys: list[Any], family: QuickFamily, template: str
) -> list[str]:
    """Put a family into a profile, and a pregnancy into its journeys; return what was assumed.

    Args:
        profile: a document, changed in place.
        journeys: of the draft; one is added for a pregnancy where there is none.
        family: who is in it.
        template: that was asked for; without one, nobody has a condition that was not said.
    """
    pregnant = any(member.pregnant for member in family.members)
    if not template:
        profile["clinical"] = {
            "medications": list((profile.get("clinical") or {}).get("medications", ()))
        }
    notes = put_members(profile, family.members, seen=pregnant)
    if pregnant and not journeys:
        journeys.append(templates.load(_PREGNANCY, "journey").fresh())
        notes.append("The pregnancy is followed to a birth near the due date (journey pregnancy).")
    return notes
