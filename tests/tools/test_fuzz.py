"""Anything at all may be sent: it is answered or refused in words, and never fails inside.

`make proofs` tries many more examples (proofs/test_more_examples.py).
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import anyio
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mcp import Client

from healthsim.app import TOOLS, build_server
from healthsim.building import card, draft, journeying, refining, starting
from healthsim.building.draft import Draft
from healthsim.errors import HealthSimError
from storing import spec
from talking import text_of

NAMES = [tool.__name__ for tool, _ in TOOLS]
PARAMETERS = sorted(
    {name for tool, _ in TOOLS for name in tool.__annotations__ if name not in ("ctx", "return")}
)
QUIET = settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)

scalars = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=30),
    st.sampled_from(["medicare-diabetic", "../x", "run-0", "schema: profile", "csv", "SELECT 1"]),
)  # fmt: skip
values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=6,
)
calls = st.lists(
    st.tuples(
        st.sampled_from(NAMES),
        st.dictionaries(st.sampled_from(PARAMETERS), values, max_size=5),
    ),
    min_size=5,
    max_size=10,
)


@pytest.mark.slow
@QUIET
@given(calls)
def test_no_call_fails_inside(made: list[tuple[str, dict[str, Any]]]) -> None:
    async def talk(home: Path) -> None:
        async with Client(build_server(home)) as client:
            for tool, arguments in made:
                result = await client.call_tool(tool, arguments)
                text = text_of(result)
                assert "failed inside" not in text, (tool, arguments)
                assert str(home) not in text or tool == "export_scenario"

    with tempfile.TemporaryDirectory() as home:
        anyio.run(talk, Path(home))


WHOLE = starting.start_profile("20 Medicare patients with diabetes in Texas").draft
WHOLE = journeying.start_journey(WHOLE, "", "diabetic-first-year").draft

EVERY = Draft(profile=spec("every-household"), journeys=(spec("every-step"),))
TRIAL = Draft(profile=spec("trial-candidates"), journeys=(spec("trial"),))


def _places(value: Any, place: list[str]) -> list[list[str]]:
    inner = (
        value.items() if isinstance(value, dict)
        else enumerate(value) if isinstance(value, list) else ()
    )  # fmt: skip
    return [place, *(found for key, part in inner for found in _places(part, [*place, str(key)]))]


PLACES = [
    (number, place)
    for number, whole in enumerate((WHOLE, EVERY, TRIAL))
    for document, first in ((whole.profile, ["profile"]), (whole.journeys[0], ["journeys", "0"]))
    for place in _places(document, first)
]
WEIRD: list[Any] = [
    None, True, 0, -1, 10**30, 1e308, "", "\x00", "age > 5", "(" * 300, "9999-99-99", [], {}, [{}],
    {"type": "normal"}, {"type": "poisson", "mean": 1e300}, {"type": "formula", "value": "1 / 0"},
    {"after": "quarter/visit#99"}, {"day": 1e12}, {"exactly": {"M": 5}}, {"a": 1},
    {"parameter": "x"}, {"do": "include", "id": "x", "part": "flu-shot"},
    {"per_year": -1}, {"share": 0.5, "within_days": 10}, [{"to": "dead"}], {"years": 1e9},
    {"type": "conditional", "cases": [], "otherwise": 1}, {"type": "mixture", "parts": []},
]  # fmt: skip
CHANGES = (
    st.sampled_from(PLACES), st.sampled_from(["set", "remove", "append"]),
    st.one_of(st.sampled_from(WEIRD), values),
)  # fmt: skip
"""Where, how, and to what a draft is changed."""


@pytest.mark.slow
@settings(QUIET, max_examples=20)
@given(*CHANGES)
def test_any_change_is_made_or_refused_in_words(
    at: tuple[int, list[str]], op: str, value: Any
) -> None:
    old, place = (WHOLE, EVERY, TRIAL)[at[0]], at[1]
    pointer = "/" + "/".join(piece.replace("~", "~0").replace("/", "~1") for piece in place)
    before = json.dumps(old.document())
    try:
        new, changed = refining.refine(old, [{"op": op, "path": pointer, "value": value}])
    except HealthSimError as error:
        refusal = error.problem
        said = bool(refusal.where and refusal.found and refusal.mend)
    else:
        page = card.page(new, draft.problems(new), draft.questions(new))
        said = bool(changed and page) and Draft.of(new.document()) == new
    assert said
    assert json.dumps(old.document()) == before
