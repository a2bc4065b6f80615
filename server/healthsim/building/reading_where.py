"""Rules that read who pays, and where people live."""

from __future__ import annotations

from healthsim.building.lexicon import Unit
from healthsim.building.reading import MEDICAL, Reading


def payers(reading: Reading) -> None:
    """A payer is read where no unknown word, "or", negation or relative may own it."""
    related = any(unit.letter == "R" for unit in reading.units)
    for match in list(reading.find(r"(?<![x|n/])y(?![x|/RckU]|d(?:[,.)]|$))")):
        value = None if related else reading.unit(match)[0].value
        reading.add("payer", value, reading.unit(match))
        reading.hide(match.start(), match.end())
    for match in list(reading.find("y")):
        reading.add("payer", None, reading.unit(match))  # it keeps the others from being certain


def plans(reading: Reading) -> None:
    """A plan's name is read where no unknown word, "or" or negation touches it."""
    for match in list(reading.find(r"(?<![x|nzd%/])p(?![x|/U]|d(?:[,.)]|$))")):
        reading.add("plans", reading.unit(match)[0].value, reading.unit(match))
        reading.hide(match.start(), match.end())


def _extent(units: list[Unit]) -> tuple[int, int]:
    return units[0].start, units[-1].end


def places(reading: Reading) -> None:
    """A place is read after "in" or "from", or alone between marks."""
    listed = r"(?P<list>[SCm](?:(?:,?&|,|,?&?i)[SCm])*)"
    kinds = {"S": "states", "C": "counties", "m": "metros"}
    around = r"(?:(?<![xUnjdz%il])[il]+|(?<=[,.&:_(])(?<!X,)(?<![SCm][&,])|^)"
    after = r"(?![x|%/UXdzrgSCm]|:[d%zrg]|\([^)]*[xdz]|[&,]+[SCm])"
    for match in list(reading.find(rf"{around}(?P<area>A?)[il]*{listed}{after}")):
        alone = match[0][0] not in "il" and len(match["list"]) == 1
        if alone and reading.text[slice(*_extent(reading.unit(match, "list")))] in MEDICAL:
            continue
        for unit in [*reading.unit(match, "area"), *reading.unit(match, "list")]:
            if unit.letter in kinds:
                reading.add(kinds[unit.letter], unit.value, [unit])
            elif unit.letter == "A":
                reading.add("area", unit.value, [unit])
        reading.hide(match.start(), match.end())


def other_places(reading: Reading) -> None:
    """A metropolitan area, the codes after "counties", and "rural" are read where they stand."""
    for match in list(reading.find(r"(?<![xn|])m(?![x|%/])")):
        reading.add("metros", reading.unit(match)[0].value, reading.unit(match))
        reading.hide(match.start(), match.end())
    for match in list(reading.find(r"X[:l]*(?P<list>#(?:,?&?#)*)(?!\|)")):
        for number, unit in enumerate(reading.unit(match, "list")):
            if unit.letter == "#":
                label = reading.unit(match)[:1] if number == 0 else []
                reading.add("counties", (unit.value, ""), [*label, unit])
        reading.hide(match.start(), match.end())
    for match in list(reading.find(r"iA(?![x|/])")):
        reading.add("area", reading.unit(match)[-1].value, reading.unit(match)[-1:])
