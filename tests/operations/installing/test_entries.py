"""An entry goes into a JSON document and out of it; every other character stays as it is."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from functools import partial
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from healthsim.operations.installing.entries import BrokenJson, Entries, Misshapen

ENTRY = {"command": "/opt/healthsim", "args": ["serve"]}
KEY = "mcpServers"


def with_entry(text: str, **more: Any) -> str:
    return Entries(text, KEY, **more).with_entry("healthsim", ENTRY)


def test_an_entry_is_added_after_the_last_one_in_the_indentation_of_the_document() -> None:
    text = '{\n\t"mcpServers": {\n\t\t"other": {"command": "x"}\n\t},\n\t"z": 1\n}'

    assert with_entry(text) == (
        '{\n\t"mcpServers": {\n\t\t"other": {"command": "x"},\n\t\t"healthsim": {\n'
        '\t\t\t"command": "/opt/healthsim",\n\t\t\t"args": [\n\t\t\t\t"serve"\n\t\t\t]\n\t\t}\n'
        '\t},\n\t"z": 1\n}'
    )


@pytest.mark.parametrize(
    "text",
    [
        '{"mcpServers": {"other": {"command": "x", "args": []}}}',
        '{"a": [1, {"b": "}"}], "mcpServers": {"other": 1}, "c": "\\"{"}',
        '{\r\n  "mcpServers": {\r\n    "other": 1\r\n  }\r\n}\r\n',
        '{\n    "mcpServers": {\n        "other": {}\n    },\n    "theme": "dark"\n}\n',
        '{\n  "mcpServers": {\n    "other": {}}}',
        '{\n  "theme": "dark"\n}',
        '{"theme":"dark"}',
    ],
)
def test_taking_out_what_was_put_in_gives_the_same_servers_and_all_else_to_the_character(
    text: str,
) -> None:
    entered = with_entry(text)
    gone = Entries(entered, KEY).without("healthsim")

    assert json.loads(entered)[KEY]["healthsim"] == ENTRY
    assert gone.replace("\r\n", "\n").count("\n") == gone.count("\n")
    if KEY in json.loads(text):
        assert gone == text or json.loads(gone) == json.loads(text)
    assert {**json.loads(gone), KEY: {}} == {**json.loads(text), KEY: {}}
    assert ("\r\n" in entered) == ("\r\n" in text)
    assert entered.count("\n") - entered.count("\r\n") == 0 or "\r\n" not in text


@pytest.mark.parametrize("text", ["{}", "{ }", '{"mcpServers": {}}', '{\n  "mcpServers": {}\n}',
                                  '{\n  "mcpServers": {\n  }\n}', "", "  \n"])  # fmt: skip
def test_an_entry_goes_into_an_empty_document(text: str) -> None:
    entered = with_entry(text)

    assert json.loads(entered) == {KEY: {"healthsim": ENTRY}}
    assert json.loads(Entries(entered, KEY).without("healthsim")) == {KEY: {}}


def test_comments_and_last_commas_stay_where_an_editor_allows_them() -> None:
    text = (
        '{\n  // mine\n  "mcpServers": {\n    "other": {"a": [1, 2,],}, // keep\n'
        '    /* the end */\n  },\n}\n'
    )  # fmt: skip
    entered = with_entry(text, comments=True)
    gone = Entries(entered, KEY, comments=True).without("healthsim")

    assert entered.startswith(text[: text.index("\n  },")])
    assert Entries(entered, KEY, comments=True).get("healthsim") == ENTRY
    assert Entries(entered, KEY, comments=True).get("other") == {"a": [1, 2]}
    assert gone == text


def test_a_comment_after_the_last_entry_stays_on_its_line() -> None:
    text = '{\n  "mcpServers": {\n    "other": {} // keep\n  }\n}\n'
    entered = with_entry(text, comments=True)

    assert '"other": {}, // keep\n    "healthsim"' in entered
    assert Entries(entered, KEY, comments=True).without("healthsim") == text


@pytest.mark.parametrize("place", [0, 1, 2])
@pytest.mark.parametrize("newline", ["\n", "\r\n", ""])
def test_an_entry_is_taken_out_from_any_place(place: int, newline: str) -> None:
    names = ["a", "b"]
    names.insert(place, "healthsim")
    members = f",{newline or ' '}".join(f'"{name}": {{"x": 1}}' for name in names)
    text = f'{{{newline}"mcpServers": {{{newline}{members}{newline}}}{newline}}}'
    gone = Entries(text, KEY).without("healthsim")

    assert json.loads(gone) == {KEY: {"a": {"x": 1}, "b": {"x": 1}}}
    assert gone.count("\n") == text.count("\n") - (1 if newline else 0)


def test_an_entry_that_is_there_is_written_in_its_place() -> None:
    text = '{\n  "mcpServers": {\n    "healthsim": {"command": "old"},\n    "z": 1\n  }\n}'
    entered = with_entry(text)

    assert list(json.loads(entered)[KEY]) == ["healthsim", "z"]
    assert entered.endswith(',\n    "z": 1\n  }\n}')
    assert Entries('{"mcpServers": {"health\\u0073im": {"a": 1}}}', KEY).get("healthsim")


@pytest.mark.parametrize(
    ("text", "line", "found"),
    [
        ('{"a": 1,}', 1, "a key in double quotes"),
        ('{\n "a": 1\n "b": 2}', 3, "a comma or }"),
        ('{\n// no\n}', 2, "a comment"),
        ('{"a": [1, 2}', 1, "a comma or ]"),
        ('{"a"', 1, "the end; a colon"),
        ("{", 1, "the end"),
        ("{'a': 1}", 1, "a key in double quotes"),
        ('{"a": tru}', 1, "a value"),
        ('{"a": 01}', 1, "a value"),
        ('{"a": NaN}', 1, "a value"),
        ('{"a": 1} x', 1, "after the end"),
        ("[" * 5000, 1, "levels"),
    ],
)  # fmt: skip
def test_a_text_that_is_not_json_is_answered_with_line_and_what_is_missing(
    text: str, line: int, found: str
) -> None:
    with pytest.raises(BrokenJson, match=found) as error:
        Entries(text, KEY)

    assert error.value.line == line


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("[]", "no object"),
        ("3", "no object"),
        ('{"mcpServers": []}', "mcpServers is no object"),
        ('{"mcpServers": {}, "mcpServers": {}}', "mcpServers stands there 2 times"),
        ('{"mcpServers": {"healthsim": 1, "healthsim": {}}}', "healthsim stands there 2 times"),
        ('{"mcpServers": {"healthsim": 1}}', "mcpServers.healthsim is no object"),
        ('{"mcpServers": {"healthsim": {"command": "\\ud800"}}}', "holds half a character"),
        (f'{{"mcpServers": {{"healthsim": {{"a": {"9" * 5000}}}}}}}', "thousands of digits"),
    ],
)
def test_a_document_in_which_the_entry_has_no_one_place_is_refused(text: str, found: str) -> None:
    with pytest.raises(Misshapen, match=found):
        Entries(text, KEY).get("healthsim")


_NAMES = st.text(alphabet=st.characters(codec="utf-8", exclude_categories=("Cs",)), max_size=8)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | _NAMES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_NAMES, inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.slow
@settings(max_examples=60)
@given(
    rest=st.dictionaries(_NAMES.filter(lambda name: name != KEY), _JSON, max_size=3),
    servers=st.none() | st.dictionaries(_NAMES.filter(lambda name: name != "healthsim"), _JSON,
                                        max_size=3),
    indent=st.sampled_from([None, 1, 2, 4, "\t"]),
    newline=st.sampled_from(["\n", "\r\n"]),
    ascii=st.booleans(),
)  # fmt: skip
def test_any_document_keeps_what_it_has(
    rest: dict[str, Any], servers: dict[str, Any] | None, indent: Any, newline: str, ascii: bool
) -> None:
    document = {**rest, **({} if servers is None else {KEY: servers})}
    text = json.dumps(document, indent=indent, ensure_ascii=ascii).replace("\n", newline)
    entered = with_entry(text)
    gone = Entries(entered, KEY).without("healthsim")

    assert json.loads(entered) == {**document, KEY: {**(servers or {}), "healthsim": ENTRY}}
    assert json.loads(gone) == {**document, KEY: servers or {}}
    if servers:
        assert gone == text


_GAP = st.lists(
    st.sampled_from([" ", "\n", "\r\n", "\t", '// a " { } ,\n', "/* b , }\n*/"]), max_size=3
).map("".join)
_SCALAR = st.sampled_from(["1", "-0.5e3", "true", "null", "[]", '"}"', '"// no"', '"\\""', '"/*"'])


@st.composite
def _object(draw: st.DrawFn, names: Sequence[str], values: Any = _SCALAR) -> str:
    """Return an object with these keys in any writing that editors allow."""
    gap = partial(draw, _GAP)
    parts = [f'{gap()}"{name}"{gap()}:{gap()}{draw(values)}{gap()}' for name in names]
    comma = "," + gap() if parts and draw(st.booleans()) else ""
    return f"{{{','.join(parts) or gap()}{comma}}}"


_KEYS = st.lists(st.sampled_from("abc"), unique=True, max_size=3)
_NESTED = _SCALAR | _KEYS.flatmap(_object)


@pytest.mark.slow
@settings(max_examples=60)
@given(data=st.data(), servers=_KEYS, before=_KEYS, known=st.booleans())
def test_any_writing_of_a_document_keeps_its_comments_and_all_that_it_has(
    data: st.DataObject, servers: list[str], before: list[str], known: bool
) -> None:
    holder = data.draw(_object(servers, _NESTED))
    inner = data.draw(_object([*before, *([KEY] if known else [])], st.just("@")))
    for _ in before:
        inner = inner.replace("@", data.draw(_NESTED), 1)
    text = data.draw(_GAP) + inner.replace("@", holder) + data.draw(_GAP)
    entered = with_entry(text, comments=True)
    gone = Entries(entered, KEY, comments=True).without("healthsim")
    expected = _read(text)
    expected.setdefault(KEY, {})

    assert _read(gone) == expected
    assert _read(entered) == {**expected, KEY: {**expected[KEY], "healthsim": ENTRY}}
    assert _comments(text) == _comments(entered) == _comments(gone)
    for name in expected[KEY]:
        without = Entries(entered, KEY, comments=True).without(name)
        kept = {**expected[KEY], "healthsim": ENTRY}
        assert _read(without)[KEY] == {key: kept[key] for key in kept if key != name}


def _read(text: str) -> Any:
    """Return a document as Python has it, without its comments and last commas."""
    spaced = _TOKEN.sub(lambda match: match[0] if match[0].startswith('"') else " ", text)
    return json.loads(_LAST_COMMA.sub(lambda match: match[1] or "", spaced))


def _comments(text: str) -> list[str]:
    return [match[0] for match in _TOKEN.finditer(text) if not match[0].startswith('"')]


_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|//[^\r\n]*|/\*.*?\*/', re.DOTALL)
_LAST_COMMA = re.compile(r'("(?:[^"\\]|\\.)*")|,(?=\s*[}\]])')
