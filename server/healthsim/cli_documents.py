"""How commands name a profile or a journey: a template, or a JSON file."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from healthsim.errors import Refused, quoted

# Every operation is imported inside its command: `--help` needs none of them.


def document_named(name: str, kind: Literal["profile", "journey"]) -> dict[str, Any]:
    """Return a document from a file, where one is meant, or from the template of that name."""
    from healthsim.building import templates  # noqa: PLC0415  see the top

    if not is_file(name):
        return templates.load(name, kind).fresh()
    path = Path(name)
    document = read_file(path)
    if document.get("kind", kind) != kind:
        raise Refused(f"--{kind}", f"{path.name} is a {quoted(document['kind'])}", f"give a {kind}")
    return document


def is_file(name: str) -> bool:
    """Tell whether a name means a file, not a template."""
    return Path(name).suffix == ".json" or Path(name).is_file()


def read_file(path: Path) -> dict[str, Any]:
    """Return the JSON object of a file.

    Raises:
        Refused: it cannot be read, or holds something else.
    """
    from healthsim.specification.document import parse_json  # noqa: PLC0415  see the top

    try:
        document = parse_json(path.read_bytes(), path.name)
    except OSError as error:
        raise Refused(path.name, f"cannot be read ({error.strerror})", "give a JSON file") from None
    if not isinstance(document, dict):
        raise Refused(path.name, "holds no JSON object", "give a profile or a journey")
    return document
