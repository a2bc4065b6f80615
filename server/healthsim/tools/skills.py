"""Skills: folders of markdown for language models, served as files and by the Skills extension."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from mcp.server.context import ServerRequestContext
from mcp.server.extension import Extension, MethodBinding, ResourceBinding
from mcp.server.mcpserver.resources import FunctionResource
from mcp.shared.exceptions import MCPError
from mcp.types import INVALID_PARAMS, PaginatedRequestParams, RequestParams

from healthsim import library
from healthsim.tools.icons import icons

_KEEP_MS = 3_600_000


@dataclass(frozen=True)
class Skill:
    """One skill: its front matter and its files, as bytes.

    Attributes:
        files: path inside the folder -> bytes, as they are served and hashed.
    """

    name: str
    front: dict[str, str]
    files: dict[str, bytes]

    @property
    def description(self) -> str:
        """What it does and when to use it."""
        return self.front.get("description", "")

    @property
    def body(self) -> str:
        """The instructions, without the front matter."""
        return _split(self.files["SKILL.md"].decode())[1]


@cache
def skills() -> tuple[Skill, ...]:
    """Read every skill, the entry skill `healthsim` first."""
    loaded = []
    for path in sorted(library.library_folder("skills").glob("*/SKILL.md")):
        folder = path.parent
        files = {
            str(file.relative_to(folder).as_posix()): file.read_bytes()
            for file in sorted(folder.rglob("*"))
            if file.is_file()
        }
        front = _split(files["SKILL.md"].decode())[0]
        loaded.append(Skill(front.get("name", folder.name), front, files))
    return tuple(sorted(loaded, key=lambda skill: (skill.name != "healthsim", skill.name)))


def _split(text: str) -> tuple[dict[str, str], str]:
    """Return the front matter (flat keys and text, as the format has it) and the rest."""
    match = re.match(r"\A---\r?\n(.*?)\r?\n---\r?\n(.*)\Z", text, re.DOTALL)
    if not match:
        return {}, text
    pairs: dict[str, str] = {}
    last = ""
    for line in match[1].splitlines():
        if line[:1] in (" ", "\t") and last:
            pairs[last] = f"{pairs[last]} {line.strip()}".strip()
        elif ":" in line:
            last, _, value = line.partition(":")
            pairs[last] = value.strip().strip("\"'").removeprefix(">-").removeprefix(">").strip()
    return pairs, match[2].lstrip()


class GetSkill(RequestParams):
    """The skill to return."""

    uri: str


class ReadDirectory(PaginatedRequestParams):
    """The folder to list."""

    uri: str


class Skills(Extension):
    """The Skills extension of MCP: list, get, and read folders; each file is a resource as well."""

    identifier = "io.modelcontextprotocol/skills"

    def __init__(self, edited: Callable[[str], str] = str) -> None:
        """Serve the skills, each file of them edited: a server may not offer every tool."""
        self._skills = tuple(_edited(skill, edited) for skill in skills())

    def settings(self) -> dict[str, Any]:
        """Say that folders can be read."""
        return {"directoryRead": True}

    def resources(self) -> Sequence[ResourceBinding]:
        """Offer every file of every skill."""
        return [
            ResourceBinding(
                FunctionResource(
                    uri=_uri(skill, path),
                    name=skill.name if path == "SKILL.md" else f"{skill.name}/{path}",
                    description=skill.description if path == "SKILL.md" else None,
                    mime_type="text/markdown",
                    icons=list(icons("guide")),
                    fn=data.decode,
                )
            )
            for skill in self._skills
            for path, data in skill.files.items()
        ]

    def methods(self) -> Sequence[MethodBinding]:
        """Serve the extension's own requests."""
        return [
            MethodBinding("skills/list", PaginatedRequestParams, self._list),
            MethodBinding("skills/get", GetSkill, self._get),
            MethodBinding("resources/directory/read", ReadDirectory, self._directory),
        ]

    async def _list(
        self, _: ServerRequestContext[Any, Any], __: PaginatedRequestParams
    ) -> dict[str, Any]:
        return {"skills": [_entry(skill) for skill in self._skills], **_caching()}

    async def _get(self, _: ServerRequestContext[Any, Any], request: GetSkill) -> dict[str, Any]:
        for skill in self._skills:
            if request.uri in (_uri(skill, "SKILL.md"), f"skill://{skill.name}", skill.name):
                return {"skill": _entry(skill), **_caching()}
        raise MCPError(code=INVALID_PARAMS, message=f"no skill {request.uri}")

    async def _directory(
        self, _: ServerRequestContext[Any, Any], request: ReadDirectory
    ) -> dict[str, Any]:
        prefix = request.uri.rstrip("/") + "/"
        entries: dict[str, dict[str, Any]] = {}
        for skill in self._skills:
            for path in skill.files:
                uri = _uri(skill, path)
                if not uri.startswith(prefix):
                    continue
                name, deeper, _rest = uri.removeprefix(prefix).partition("/")
                kind = "inode/directory" if deeper else "text/markdown"
                entries[name] = {"uri": prefix + name, "name": name, "mimeType": kind}
        if not entries:
            raise MCPError(code=INVALID_PARAMS, message=f"no folder {request.uri}")
        return {"resources": list(entries.values()), **_caching()}


def _edited(skill: Skill, edited: Callable[[str], str]) -> Skill:
    files = {path: edited(data.decode()).encode() for path, data in skill.files.items()}
    return replace(skill, front=_split(files["SKILL.md"].decode())[0], files=files)


def _uri(skill: Skill, path: str) -> str:
    return f"skill://{skill.name}/{path}"


def _caching() -> dict[str, Any]:
    return {"ttlMs": _KEEP_MS, "cacheScope": "public", "resultType": "complete"}


def _entry(skill: Skill) -> dict[str, Any]:
    return {
        "uri": _uri(skill, "SKILL.md"),
        "frontmatter": dict(skill.front),
        "resources": [
            {
                "uri": _uri(skill, path),
                "digest": f"sha256:{hashlib.sha256(data).hexdigest()}",
                "size": len(data),
            }
            for path, data in skill.files.items()
        ],
    }
