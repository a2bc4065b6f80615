"""Devices: what is implanted, worn or used, by which procedures and conditions, and their UDI."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from hashlib import blake2b

from healthsim.dates import day_of
from healthsim.medicine.datafiles import rows

SIDES = ("left", "right")
DEMONSTRATION = "952"
"""GS1 prefix for demonstrations and examples, which no company has."""
_ITEM_DIGITS = 9  # of a GTIN-14, after the indicator and a prefix of three digits
_NEVER = 999


@dataclass(frozen=True, slots=True)
class Device:
    """A kind of device, of `medicine/data/devices.csv`.

    Attributes:
        name: by which causes name it.
        implanted: it is put into the body; else worn or used.
        site: where, in words; empty where nowhere.
        sided: the site is one of two.
        one: a new one takes its place; of others, people may have several.
        life_years: after so many it is replaced; 0 where it stays.
        shelf_months: how long it may wait for use; 0 where that does not matter.
        has_lot, has_serial: how one is told from another.
        udi_from: day number since which labels bear a UDI.
    """

    name: str
    type_code: str
    type: str
    implanted: bool
    site: str
    sided: bool
    one: bool
    life_years: int
    shelf_months: int
    has_lot: bool
    has_serial: bool
    udi_from: int
    makers: tuple[str, ...]

    @property
    def identifiers(self) -> tuple[str, ...]:
        """GTIN-14 of each maker's device."""
        return tuple(gtin(f"{self.name}/{maker}") for maker in self.makers)


@dataclass(frozen=True, slots=True)
class DeviceCause:
    """Why somebody has a device, of `medicine/data/device_causes.csv`.

    Attributes:
        device: name of the device.
        by: "procedure", "had" (a code that says so), "condition", "drug" or "removal".
        codes: regular expression for the beginning of a code, or for an ingredient.
        side: left, right or empty: not told.
        share: of those with the cause, 0 to 1.
        least_age, below_age: completed years of who may have it.
        lag_days: most days from the cause to the device.
        kept_days: for how long it is kept after the cause has ended.
    """

    device: str
    by: str
    codes: str
    side: str
    share: float
    least_age: int
    below_age: int
    lag_days: int
    kept_days: int


@cache
def devices() -> tuple[Device, ...]:
    """Return every kind of device, in the table's order."""
    return tuple(
        Device(
            name=row["device"], type_code=row["type_code"], type=row["type"],
            implanted=row["kind"] == "implant", site=row["site"], sided=row["sided"] == "1",
            one=row["one"] == "1",
            life_years=int(row["life_years"] or 0), shelf_months=int(row["shelf_months"] or 0),
            has_lot=row["lot"] == "1", has_serial=row["serial"] == "1",
            udi_from=day_of(row["udi_from"]), makers=tuple(row["makers"].split("|")),
        )
        for row in rows("devices.csv")
    )  # fmt: skip


@cache
def device_causes() -> tuple[DeviceCause, ...]:
    """Return every cause, in the table's order."""
    return tuple(
        DeviceCause(
            device=row["device"], by=row["by"], codes=row["codes"], side=row["side"],
            share=float(row["share"] or 1), least_age=int(row["least_age"] or 0),
            below_age=int(row["below_age"] or _NEVER), lag_days=int(row["lag_days"] or 0),
            kept_days=int(row["kept_days"] or 0),
        )
        for row in rows("device_causes.csv")
    )  # fmt: skip


def gtin(name: str) -> str:
    """Return a GTIN-14 of the range for demonstrations, made from a name.

    >>> gtin("glucose meter/Example"), check_digit("0001234560001")
    ('09527769511376', '2')
    """
    digest = int.from_bytes(blake2b(name.encode(), digest_size=8).digest(), "little")
    body = f"0{DEMONSTRATION}{digest % 10**_ITEM_DIGITS:0{_ITEM_DIGITS}d}"
    return body + check_digit(body)


def check_digit(body: str) -> str:
    """Return the check digit of the first 13 digits of a GTIN-14 (GS1 General Specifications)."""
    total = sum(int(digit) * (3, 1)[place % 2] for place, digit in enumerate(body))
    return str(-total % 10)
