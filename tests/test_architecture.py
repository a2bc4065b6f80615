"""The pages for contributors name what exists: files, names in them, make targets, other pages."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

import healthsim

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "server" / "healthsim"
DECISIONS = sorted((ROOT / "docs" / "decisions").glob("0*.md"))
PAGES = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md")),
    *sorted((ROOT / "docs").glob("*.md")),
    *sorted((ROOT / "docs" / "decisions").glob("*.md")),
]
_HOMES = (ROOT, PACKAGE, PACKAGE / "execution", PACKAGE / "specification", ROOT / "docs")
_SPAN = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
_FILE = re.compile(r"([\w./-]+\.(?:py|md|json|toml|txt|csv|yaml|duckdb))(?::([\w.]+))?")
_FOLDER = re.compile(r"(?:[\w.-]+/)+")
_DOTTED = re.compile(r"healthsim(?:\.\w+)+")
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_KEPT = ("reference.duckdb",)  # files of the home folder
_OF_HOSTS = ("mcp.json", ".mcp.json", "settings.json")  # names of files that hosts keep


def _id(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def _prose(page: Path) -> str:
    """Return a page without its fenced blocks."""
    text = page.read_text(encoding="utf-8")
    return re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)


def _found(name: str, page: Path) -> Path | None:
    """Return the file or folder that a page means; a bare name is looked for in the package."""
    places = [home / name for home in (*_HOMES, page.parent)]
    if "/" not in name:
        places += _in_package().get(name, ())
    return next((place for place in places if place.exists()), None)


@cache
def _in_package() -> dict[str, list[Path]]:
    """Return the files and folders of the package by their bare names."""
    found: dict[str, list[Path]] = {}
    for path in PACKAGE.rglob("*"):
        found.setdefault(path.name, []).append(path)
    return found


@cache
def _names(path: Path) -> frozenset[str]:
    """Return what a module defines at its top, and `Class.member` of its classes."""
    found: set[str] = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        found |= _defined(node)
        if isinstance(node, ast.ClassDef):
            found |= {f"{node.name}.{inner}" for part in node.body for inner in _defined(part)}
    return frozenset(found)


def _defined(node: ast.stmt) -> set[str]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return {node.name}
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
    return {one.id for target in targets if target is not None for one in ast.walk(target)
            if isinstance(one, ast.Name)}  # fmt: skip


def _dotted(name: str) -> bool:
    """Say whether `healthsim.a.b.c` is a package, a module, or a name that a module defines."""
    parts = name.split(".")[1:]
    for size in range(len(parts), 0, -1):
        place = PACKAGE.joinpath(*parts[:size])
        if place.is_dir() and size == len(parts):
            return True
        if place.with_suffix(".py").is_file():
            return size == len(parts) or ".".join(parts[size:]) in _names(place.with_suffix(".py"))
    return False


def _wrong(span: str, page: Path) -> str:
    """Say what is wrong with a code span of a page; nothing where it names no file."""
    if _DOTTED.fullmatch(span):
        return "" if _dotted(span) else f"{span} does not exist"
    if _FOLDER.fullmatch(span):
        return "" if _found(span, page) else f"there is no folder {span}"
    match = _FILE.fullmatch(span)
    if match is None or span in _KEPT or span.rpartition("/")[2] in _OF_HOSTS:
        return ""
    found = _found(match[1], page)
    if found is None:
        return f"there is no file {match[1]}"
    known = match[2] is None or match[2] in _names(found)
    return "" if known else f"{match[1]} has no {match[2]}"


def _anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as git hosts make them."""
    titles = re.findall(r"^#+ (.+)$", _prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES, ids=_id)
def test_every_file_folder_and_name_that_a_page_mentions_exists(page: Path) -> None:
    wrong = [_wrong(span, page) for span in _SPAN.findall(_prose(page))]

    assert [one for one in wrong if one] == []


@pytest.mark.parametrize("page", PAGES, ids=_id)
def test_every_link_of_a_page_leads_somewhere(page: Path) -> None:
    wrong = []
    for link in _LINK.findall(_prose(page)):
        target, _, anchor = link.partition("#")
        if "://" in target:
            continue
        other = page.parent / target if target else page
        if not other.exists() or (anchor and anchor not in _anchors(other)):
            wrong.append(link)

    assert wrong == []


@pytest.mark.parametrize("page", PAGES, ids=_id)
def test_every_make_target_that_a_page_names_exists(page: Path) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    named = {span.split()[1] for span in _SPAN.findall(_prose(page)) if span.startswith("make ")}

    assert named <= targets


def test_decisions_are_numbered_without_a_hole_and_the_index_lists_each_by_its_title() -> None:
    index = (ROOT / "docs" / "decisions" / "README.md").read_text(encoding="utf-8")
    titles = [page.read_text(encoding="utf-8").splitlines()[0].removeprefix("# ")
              for page in DECISIONS]  # fmt: skip

    assert [page.name[:4] for page in DECISIONS] == [
        f"{number:04d}" for number in range(1, len(DECISIONS) + 1)
    ]
    assert [line for line in index.splitlines() if line.startswith("| [")] == [
        f"| [{page.name[:4]}]({page.name}) | {title} |"
        for page, title in zip(DECISIONS, titles, strict=True)
    ]


def test_the_code_refers_to_the_design_in_this_repository() -> None:
    for path in sorted(PACKAGE.rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"\bDESIGN\b", text), f"{_id(path)}: write docs/design.md"
        for name in re.findall(r"docs/[\w/.-]+\.md", text):
            assert (ROOT / name).is_file(), f"{_id(path)} names {name}"


def test_the_two_places_of_the_version_agree() -> None:
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")

    assert f'version = "{healthsim.__version__}"' in project
