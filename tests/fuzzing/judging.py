"""What must hold for every answer and every error, whatever was sent."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

LONGEST_ANSWER = 40_000
LONGEST_ERROR = 6_000
_ECHO = 300  # characters of one sent text that no error repeats
_FORM = re.compile(r"[^\n]*?\S: .*\S(?:; .*\S|\?|….*)", re.DOTALL)
_OPAQUE = re.compile(
    r"failed inside|Traceback|Error executing|[Ii]nput should be|pydantic|NoneType|"
    r"object has no attribute|<class |object at 0x|KeyError|ValueError|TypeError|IndexError|"
    r"site-packages|Internal server"
)
_PATHS = re.compile(r"(?<![\w.])/(?:home|root|tmp|usr|var|work|opt|proc)/\S+")


def of_result(result: Any, sent: Mapping[str, Any], *, tells_paths: bool) -> Iterator[str]:
    """Yield what is wrong with the result of a tool.

    Args:
        result: as the client has it.
        sent: the arguments.
        tells_paths: the tool answers with a folder of this machine, as an export does.
    """
    texts = [part.text for part in result.content if part.type == "text"]
    whole = result.model_dump_json(by_alias=True, exclude_none=True)
    if (size := size_of(result)) > LONGEST_ANSWER:
        yield f"the answer has {size:,} characters"
    if result.is_error:
        yield from of_error("\n".join(texts), sent)
        return
    if not tells_paths and (path := _of_machine(whole, sent)):
        yield f"a path of the machine: {path}"
    data = result.structured_content
    if not data or not texts:
        yield "an answer without data or without text"
    elif _read(texts[0]) != data:
        yield "data and text differ, or are no JSON"
    elif not data.get("next") and "text" not in data:
        yield "an answer does not say what is next"


def size_of(result: Any) -> int:
    """Return the characters of a result as it is sent, without its pictures."""
    pictures = sum(len(part.data) for part in result.content if part.type == "image")
    return len(result.model_dump_json(by_alias=True, exclude_none=True)) - pictures


def of_error(text: str, sent: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is wrong with an error: it says where, what was found and how to mend it."""
    if found := _OPAQUE.search(text):
        yield f"an opaque error ({found[0]!r}): {text[:300]!r}"
    if len(text) > LONGEST_ERROR:
        yield f"an error of {len(text):,} characters"
    lines = [line for line in text.split("\n") if line.strip()]
    if not lines or not _FORM.fullmatch(text):
        yield f"an error without a place, a fault or a mend: {text[:300]!r}"
    if path := _of_machine(text, sent):
        yield f"a path of the machine in an error: {path}"
    for one in _texts(sent):
        if len(one) > _ECHO and one[:_ECHO] in text:
            yield f"an error repeats {len(one):,} characters that were sent: {text[:120]!r}"


def _of_machine(text: str, sent: Mapping[str, Any]) -> str:
    """Return a path of the machine that was not sent by the caller."""
    whole = json.dumps(sent, ensure_ascii=False)
    return next((path for path in _PATHS.findall(text) if path.split('"')[0][:20] not in whole), "")


def _read(text: str) -> Any:
    def refuse(constant: str) -> Any:
        raise ValueError(constant)

    try:
        return json.loads(text, parse_constant=refuse)
    except ValueError:
        return None


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from (str(key), *_texts(item))
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
