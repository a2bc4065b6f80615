"""What stands on a device: maker, lot, serial number, days, and the UDI that says them all."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from healthsim.dates import NO_DAY, Days, add_months
from healthsim.execution.sync.chart.places import Numbers
from healthsim.execution.sync.context import SyncContext
from healthsim.medicine.devices import SIDES, devices
from healthsim.tables import Coded, Columns

_LETTERS = np.frombuffer(b"ABCDEFGHJKLMNPRSTUVWXYZ", dtype=np.uint8)
_SERIAL = np.frombuffer(b"0123456789ABCDEFGHJKLMNPQRSTUVWXYZ", dtype=np.uint8)
_SERIAL_LENGTH = 9
_YOUNGEST = 20  # days from making to use, least: assumption
_OLDEST = 0.6  # share of the shelf life, most, until use: assumption
_DURABLE_MONTHS = 24  # as a shelf life of what has none: assumption
_LOTS = 5  # lots of a product made in a quarter of a year: assumption
_MONTH = 30
_QUARTER = 91
_MIX = 2654435761  # spreads neighbours apart
Text = NDArray[np.bytes_]


def label_columns(
    ctx: SyncContext, rows: NDArray[np.intp], device: Numbers, side: Numbers, start: Numbers
) -> Columns:
    """Return the columns of `devices` that a label says.

    Args:
        ctx: the chunk.
        rows: positions of people.
        device: positions among the kinds.
        side: positions among the sides, or -1.
        start: day of first use.
    """
    kinds, draws = devices(), ctx.record.draws
    # one number for each person, day, kind and side, whatever other devices there are
    pairs = draws.pairs(rows, (start * len(kinds) + device) * (len(SIDES) + 1) + side + 1)
    u = draws.at("chart/device/maker", rows, pairs)
    serial = draws.at("chart/device/serial", rows, pairs)
    age = draws.at("chart/device/age", rows, pairs)
    count = np.array([len(one.makers) for one in kinds])[device]
    which = np.floor(u * count).astype(np.int64)
    shelf = np.array([one.shelf_months for one in kinds])[device]
    most = np.where(shelf > 0, shelf, _DURABLE_MONTHS) * _MONTH * _OLDEST
    made = (start - _YOUNGEST - np.floor(age * (most - _YOUNGEST))).astype(np.int32)
    expires = np.where(shelf > 0, add_months(made, shelf.astype(np.int32)) - 1, NO_DAY)
    place = np.array([0, *np.cumsum([len(one.makers) for one in kinds])])[device] + which
    makers = tuple(maker for one in kinds for maker in one.makers)
    gtins = tuple(number for one in kinds for number in one.identifiers)
    lot = np.where(np.array([one.has_lot for one in kinds])[device], _lots(place, made, u), b"")
    number = np.where(np.array([one.has_serial for one in kinds])[device], _serials(serial), b"")
    has_udi = start >= np.array([one.udi_from for one in kinds])[device]
    whole = _whole(np.array(gtins, dtype="S14")[place], made, expires.astype(np.int32), lot, number)
    return {
        "udi_di": Coded(np.where(has_udi, place, -1).astype(np.int32), gtins),
        "udi_hrf": np.where(has_udi, whole, b""),
        "lot": lot,
        "serial": number,
        "manufacturer": Coded(place.astype(np.int32), makers),
        "manufacture_date": made,
        "expiration_date": expires.astype(np.int32),
    }


def _lots(place: Numbers, made: Days, u: NDArray[np.float64]) -> Text:
    """Return a lot for each device: two letters and five digits, a few to a quarter of a year."""
    turn = np.floor(u * 10**6).astype(np.int64) % _LOTS
    key = ((made.astype(np.int64) // _QUARTER) * _LOTS + turn) * 1000 + place
    mixed = key * _MIX % 2**32
    letters = np.column_stack([_LETTERS[mixed % 23], _LETTERS[mixed // 23 % 23]])
    return _joined(letters, np.strings.zfill((mixed // 529 % 10**5).astype("S5"), 5))


def _joined(letters: NDArray[np.uint8], digits: Text) -> Text:
    head = np.ascontiguousarray(letters).view("S2").reshape(-1)
    joined: Text = np.strings.add(head, digits)
    return joined


def _serials(u: NDArray[np.float64]) -> Text:
    """Return serial numbers of nine digits and letters."""
    size = len(_SERIAL)
    rest = np.floor(u * size**_SERIAL_LENGTH).astype(np.int64)
    characters = np.empty((len(u), _SERIAL_LENGTH), dtype=np.uint8)
    for place in range(_SERIAL_LENGTH):
        characters[:, place] = _SERIAL[rest % size]
        rest //= size
    text: Text = characters.view(f"S{_SERIAL_LENGTH}").reshape(-1)
    return text


def _whole(gtin: Text, made: Days, expires: Days, lot: Text, serial: Text) -> Text:
    """Return the UDI as it is printed, in GS1's form: 01 item, 11 made, 17 until, 10 lot, 21."""
    parts = ((b"(01)", gtin), (b"(11)", _six(made)), (b"(17)", _six(expires)), (b"(10)", lot),
             (b"(21)", serial))  # fmt: skip
    whole: Text = np.full(len(gtin), b"", dtype="S1")
    for name, value in parts:
        told = np.where(value == b"", b"", np.strings.add(name, value))
        whole = np.strings.add(whole, told)
    return whole


def _six(days: Days) -> Text:
    """Return YYMMDD of days; nothing where there is none."""
    moment = np.where(days == NO_DAY, 0, days).astype("datetime64[D]")
    month = moment.astype("datetime64[M]")
    year = moment.astype("datetime64[Y]").astype(np.int64) + 1970
    of_year = month.astype(np.int64) % 12 + 1
    of_month = (moment - month.astype("datetime64[D]")).astype(np.int64) + 1
    number = year % 100 * 10**4 + of_year * 100 + of_month
    text = np.strings.zfill(number.astype("S6"), 6)
    return np.where(days == NO_DAY, b"", text)
