"""Names, numbers and addresses of people, none of which can belong to a real person."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from healthsim.dates import Days
from healthsim.execution.cohort.naming import draw_given_names, draw_names
from healthsim.execution.cohort.number_ranges import NEVER_ISSUED, sequence_numbers
from healthsim.execution.people.draws import Draws
from healthsim.execution.people.people import People
from healthsim.products.populationsim.names import middle_name, street
from healthsim.products.populationsim.reference import geography
from healthsim.tables import Coded

_AREA_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"  # no SSN has letters; without I and O
_LETTERED = len(_AREA_LETTERS) ** 3 * 10**6  # numbers such as ABC-12-3456: 1.4e10
_FEW = 10**9  # member numbers of nine digits; those beyond have eleven
_BEYOND = 10**10
_MBI_LETTERS = "ACDEFGHJKMNPQRTUVWXY"  # CMS format: without S, L, O, I, B, Z
_MBI_EITHER = "0123456789" + _MBI_LETTERS
_MBI = ("123456789", "S", _MBI_EITHER, "0123456789", _MBI_LETTERS, _MBI_EITHER, "0123456789",
        _MBI_LETTERS, _MBI_LETTERS, "0123456789", "0123456789")  # fmt: skip
# S in second place, where no real number has a letter S: CMS's own synthetic form
_NO_MIDDLE_NAME = 0.12  # assumption: share of people without one
_FIRST_PARENT = 600_000_000  # number of the parent of the first unit: beyond all of the data
_YOUNGEST_PARENT, _OLDEST_PARENT = 20, 40  # years at an insured child's birth: assumption
_MOTHERS = 0.45  # of children with a parent's policy, those whose mother holds it: assumption
_FIRST_CHILD = 3  # place in a household

Text = NDArray[np.bytes_]


@dataclass(frozen=True)
class Identity:
    """The face sheet of each person of a chunk; every array has shape (n,)."""

    ssn: Text
    mrn: Text
    given_name: Coded
    middle_name: Coded
    family_name: Coded
    street: Text
    city: Coded
    county_fips: Coded
    state: Coded
    zip: Coded
    phone: Text
    email: Text


def draw_identities(people: People, draws: Draws) -> Identity:
    """Give everyone names, numbers and an address that agree with each other."""
    geo, u = geography(), draws.uniform
    names = draw_names(people, draws)
    middle = middle_name(people.gender, u("identity.middle_name"))
    initials = Coded(
        np.where(u("identity.has_middle_name") < _NO_MIDDLE_NAME, np.int32(-1), middle.codes),
        middle.vocabulary,
    )
    return Identity(
        ssn=_ssn(people, draws),
        mrn=_numbered(b"MRN", people.person_id, 10),
        given_name=names.given,
        middle_name=_initial(initials),
        family_name=names.family,
        street=_of_household(
            people, street(u("identity.street.number"), u("identity.street.name"))
        ),
        city=geo.place_city.take(people.place),
        county_fips=Coded(people.county, geo.county_fips),
        state=Coded(people.state, geo.states),
        zip=Coded(people.place, geo.place_zip),
        phone=_phone_of(
            people,
            _phone(geo.area_code(people.state, u("identity.area_code")), u("identity.phone")),
        ),
        email=_email(names.mailbox, people.person_id),
    )


@dataclass(frozen=True)
class ParentIdentity:
    """A parent who holds the policy of an anchor and is not in the data; arrays of shape (n,)."""

    number: Text
    given_name: Coded
    birth: Days
    gender: Coded


def draw_parents(people: People, draws: Draws) -> ParentIdentity:
    """Return a parent of everyone's anchor, of the same surname: number, name, birth and sex."""
    rows = np.arange(len(people)) if people.households is None else people.households.anchor
    units = people.person_id // 100 - 1
    numbers = draws.permuted("identity.member_number", _FIRST_PARENT + units, 10**9)
    u = draws.uniform("subscriber.age")[rows]
    days = np.floor(365.25 * (_YOUNGEST_PARENT + u * (_OLDEST_PARENT - _YOUNGEST_PARENT)))
    mother = draws.uniform("subscriber.gender")[rows] < _MOTHERS
    gender = Coded(np.where(mother, np.int32(1), np.int32(0)), ("M", "F"))
    birth = (people.birth[rows] - days).astype(np.int32)
    return ParentIdentity(
        number=_numbered(b"SYN", numbers, 9),
        given_name=draw_given_names(people, draws, "subscriber.given_name", gender, birth, rows),
        birth=birth,
        gender=gender,
    )


def member_number(people: People, draws: Draws, medicare: NDArray[np.bool_]) -> Text:
    """Return the payer's number of each person, bytes, shape (n,): an MBI, or SYN and digits."""
    sequence = _sequence(people)
    far = sequence >= NEVER_ISSUED
    numbers = draws.permuted("identity.member_number", np.where(far, 0, sequence), _FEW)
    if far.any():
        numbers[far] = _FEW + draws.permuted(
            "identity.member_number/beyond", sequence[far] - NEVER_ISSUED, _BEYOND
        )
    member = np.where(medicare, _mbi(numbers), _numbered(b"SYN", numbers, 9))
    return np.asarray(member, dtype="S14" if far.any() else "S12")


def _sequence(people: People) -> NDArray[np.int64]:
    """Return a number for each person that no other person of the population has, int64."""
    families = people.households is not None and people.households.families
    return sequence_numbers(people.person_id // 100 - 1, people.person_id % 100, families=families)


def _of_household(people: People, values: Text) -> Text:
    """Return for everyone the value of the anchor of their unit."""
    return values if people.households is None else values[people.households.anchor]


def _phone_of(people: People, own: Text) -> Text:
    """Return everyone's own telephone; that of the anchor for children and newborns."""
    if people.households is None:
        return own
    rows = np.arange(len(people))
    return own[np.where(people.person_id % 100 < _FIRST_CHILD, rows, people.households.anchor)]


def _initial(names: Coded) -> Coded:
    letters = tuple(sorted({name[:1] for name in names.vocabulary}))
    codes = [letters.index(name[:1]) for name in names.vocabulary]
    return Coded(np.array([*codes, -1], dtype=np.int32)[names.codes], letters)


def _ssn(people: People, draws: Draws) -> Text:
    """Return numbers by keyed permutations of whole ranges, so that none repeats."""
    sequence = _sequence(people)
    far = sequence >= NEVER_ISSUED
    number = draws.permuted("identity.ssn", np.where(far, 0, sequence), NEVER_ISSUED)
    area, rest = number // (49 * 9_999), number % (49 * 9_999)
    group, serial = rest // 9_999 + 1, rest % 9_999 + 1
    digits = _digits((900 + area) * 10**6 + group * 10**4 + serial, 9)
    if far.any():
        beyond = sequence[far] - NEVER_ISSUED
        digits[far] = _lettered(draws.permuted("identity.ssn/beyond", beyond, _LETTERED))
    dash = np.full(len(digits), ord("-"), dtype=np.uint8)
    return _text(np.column_stack([digits[:, :3], dash, digits[:, 3:5], dash, digits[:, 5:]]))


def _lettered(numbers: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Return three letters and six digits of each number, as characters, shape (n, 9)."""
    letters = np.frombuffer(_AREA_LETTERS.encode(), dtype=np.uint8)
    area, base = numbers // 10**6, len(letters)
    first = [letters[area // base**2], letters[area // base % base], letters[area % base]]
    return np.column_stack([*first, _digits(numbers % 10**6, 6)])


def _mbi(numbers: NDArray[np.int64]) -> Text:
    columns, rest = [], numbers.copy()
    for letters in reversed(_MBI):
        table = np.frombuffer(letters.encode(), dtype=np.uint8)
        columns.append(table[rest % len(letters)])
        rest //= len(letters)
    return _text(np.column_stack(columns[::-1]))


def _phone(area_code: NDArray[np.int32], u: NDArray[np.float64]) -> Text:
    """Return numbers of the state's area code and 555-01xx, which is reserved for fiction."""
    digits = _digits(area_code.astype(np.int64) * 10**7 + 5550100 + np.floor(u * 100), 10)
    dash = np.full(len(digits), ord("-"), dtype=np.uint8)
    return _text(np.column_stack([digits[:, :3], dash, digits[:, 3:6], dash, digits[:, 6:]]))


def _email(mailbox: Text, person_id: NDArray[np.int64]) -> Text:
    numbered = np.strings.add(np.strings.add(mailbox, b"."), person_id.astype("S12"))
    return np.strings.add(numbered, b"@example.com")


def _numbered(prefix: bytes, numbers: NDArray[np.int64], width: int) -> Text:
    """Return numbers after a prefix: of `width` digits, or of more where they have more."""
    head = np.frombuffer(prefix, dtype=np.uint8)
    if not len(numbers) or int(numbers.max()) < 10**width:
        return _text(np.column_stack([np.tile(head, (len(numbers), 1)), _digits(numbers, width)]))
    texts = np.strings.zfill(numbers.astype("S19"), width)
    return np.strings.add(prefix, texts)


def _digits(numbers: NDArray[np.generic], width: int) -> NDArray[np.uint8]:
    """Return the decimal digits of each number as characters, shape (n, width)."""
    rest = np.asarray(numbers, dtype=np.int64).copy()
    digits = np.empty((len(rest), width), dtype=np.uint8)
    for position in range(width - 1, -1, -1):
        rest, digit = np.divmod(rest, 10)
        digits[:, position] = digit + ord("0")
    return digits


def _text(characters: NDArray[np.uint8]) -> Text:
    block = np.ascontiguousarray(characters)
    return block.view(f"S{block.shape[1]}").reshape(-1)
