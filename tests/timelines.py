"""The page of one sample person for every template, as the generator tells it now."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

from healthsim.building import templates
from healthsim.operations.timeline import page, person_story

FOLDER = Path(__file__).parents[1] / "docs" / "timelines"


def pairs() -> dict[str, tuple[str, str]]:
    """Return template -> the profile and the journey that its page shows."""
    found = json.loads((FOLDER / "pairs.json").read_text(encoding="utf-8"))
    return {name: (profile, journey) for name, (profile, journey) in found.items()}


@cache
def told(profile: str, journey: str) -> str:
    """Return the page of a pair."""
    who, what = templates.load(profile, "profile"), templates.load(journey, "journey")
    story = f"`{profile}` with `{journey}`. {what.description.strip()}"
    people, happens = who.fresh(), what.fresh()
    if "trial" in happens:
        people["products"] = list(dict.fromkeys([*people["products"], "trialsim"]))
    return page(f"{what.title}: one person", story, person_story(people, [happens]))


def stale(pair: tuple[str, str]) -> list[str]:
    """Return the templates whose page shows this pair, and not as the generator tells it now."""
    mine = [name for name, shown in pairs().items() if shown == pair]
    assert mine
    return [
        name for name in mine if (FOLDER / f"{name}.md").read_text(encoding="utf-8") != told(*pair)
    ]


def main() -> None:
    """Write every page anew, and remove those of no template."""
    for path in FOLDER.glob("*.md"):
        path.unlink()
    for name, (profile, journey) in pairs().items():
        (FOLDER / f"{name}.md").write_text(told(profile, journey), encoding="utf-8")


if __name__ == "__main__":
    main()
