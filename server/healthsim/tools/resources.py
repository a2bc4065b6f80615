"""Resources: saved scenarios, drafts, templates, guides and schemas, for a person to attach.

Everything here can be had by a tool as well: hosts let people attach resources, and models seldom
read them. Lists open no file and load nothing heavy; what a scenario says of itself is data, and
is read when its resource is read.
"""

from __future__ import annotations

import base64
import functools
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, NamedTuple, TypeAlias

from mcp.server.context import ServerRequestContext
from mcp.server.mcpserver import Context
from mcp.server.mcpserver.exceptions import ResourceError, ResourceNotFoundError
from mcp.server.mcpserver.resources import FunctionResource, ResourceTemplate
from mcp.shared.exceptions import MCPError
from mcp.types import (
    INVALID_PARAMS,
    Annotations,
    ListResourcesResult,
    PaginatedRequestParams,
    Resource,
)

from healthsim.building import card, draft, templates
from healthsim.building.draft import Draft
from healthsim.errors import HealthSimError, NotFound, Refused
from healthsim.foreign import OF_THE_FILE, visible, visible_in
from healthsim.operations import scenarios, specs
from healthsim.operations.home import Home
from healthsim.tools import guide, links
from healthsim.tools.answers import compact
from healthsim.tools.icons import icons
from healthsim.tools.server import HealthSimServer, ServerContext

PAGE = 100
"""Resources of one page of the list."""
LONGEST = 39_000
"""Characters of one resource as it is sent, inside JSON; hosts cut longer ones."""
_SAMPLE = 5  # rows of a table
_MARKDOWN = "text/markdown"

Bare = Context[Any, Any]


def _home(ctx: Bare) -> Home:
    context: ServerContext = ctx.request_context.lifespan_context
    return context.home


def scenario(ctx: Bare, name: str) -> str:
    """What a saved scenario holds: people, seed, digest, tables with their rows, requests."""
    home = _home(ctx)
    summary = scenarios.describe(home, name)
    return _text({
        "name": name, "note": OF_THE_FILE,
        "description": summary.description, "people": summary.count,
        "seed": summary.seed, "digest": summary.digest, "made_by": summary.engine_version,
        "made_at": summary.created_at, "size_bytes": summary.size_bytes,
        "requests": list(summary.requests), "expectations": list(summary.expectations),
        "tables": _tables(home, name),
        "see": [f"{links.uri_of(name)}/{part}" for part in ("manifest", "tables", "table/{table}")],
    })  # fmt: skip


def manifest(ctx: Bare, name: str) -> str:
    """Where a saved scenario came from: its specifications, seed, versions and digests."""
    summary = scenarios.describe(_home(ctx), name)
    return _text({
        "name": name, "note": OF_THE_FILE,
        "description": summary.description, "tags": list(summary.tags),
        "seed": summary.seed, "digest": summary.digest, "engine_version": summary.engine_version,
        "created_at": summary.created_at, "references": dict(summary.references),
        "unlisted_codes": list(summary.unlisted_codes), "requests": list(summary.requests),
        "expectations": list(summary.expectations), "rows": dict(summary.counts),
        "profile": json.loads(summary.profile),
        "journeys": [json.loads(text) for text in summary.journeys],
        "wishes": list(summary.wishes),
    })  # fmt: skip


def tables(ctx: Bare, name: str) -> str:
    """The tables of a saved scenario: rows, and what one row is."""
    return _text({"name": name, "tables": _tables(_home(ctx), name)})


def table(ctx: Bare, name: str, table: str) -> str:
    """One table of a saved scenario: its columns, what they mean, and a few rows."""
    home = _home(ctx)
    columns = scenarios.columns(home, name, table)
    names, values = scenarios.sample_of(home, name, table, _SAMPLE)
    return _text({
        "name": name, "table": table,
        "columns": {"columns": ["column", "type", "meaning"], "rows": columns},
        "sample": {"columns": names, "rows": values},
    })  # fmt: skip


def spec(ctx: Bare, spec_id: str) -> str:
    """A draft as the card that a person confirms."""
    found = Draft.of(specs.load(_home(ctx), spec_id).document)
    return _cut(visible(card.page(found, draft.problems(found), draft.questions(found))))


def spec_document(ctx: Bare, spec_id: str) -> str:
    """The specifications of a draft as data: its profile and its journeys."""
    found = Draft.of(specs.load(_home(ctx), spec_id).document)
    return _text({
        "spec_id": spec_id, "profile": found.profile, "journeys": list(found.journeys),
    })  # fmt: skip


def template(ctx: Bare, template: str) -> str:
    """A specification of the library, to start from."""
    return _text(templates.load(template).fresh())


def topic(ctx: Bare, topic: str) -> str:
    """A guide: how to do something here."""
    return guide.text(topic)


def _tables(home: Home, name: str) -> dict[str, Any]:
    return {"columns": ["table", "rows", "grain"], "rows": scenarios.tables(home, name)}


def _text(parts: dict[str, Any]) -> str:
    """Return parts as JSON; of those that would make it too long, the longest are left out."""
    parts = visible_in(parts)
    lengths = {key: _length(compact(part)) for key, part in parts.items()}
    left = []
    while sum(lengths.values()) > LONGEST - 1_000:
        left.append(max(lengths, key=lambda key: lengths[key]))
        del lengths[left[-1]]
    kept = {key: part for key, part in parts.items() if key in lengths}
    return compact(kept | ({"too_long": left} if left else {}))


def _length(text: str) -> int:
    return len(compact(text))


def _cut(text: str) -> str:
    if _length(text) <= LONGEST:
        return text
    while _length(text) > LONGEST - 100:
        text = text[: len(text) * 9 // 10]
    return f"{text}\n\n… (the rest is cut)\n"


class Kind(NamedTuple):
    """One kind of resources that are addressed by a name."""

    uri: str
    name: str
    title: str
    read: Callable[..., str]
    icon: str
    mime: str = links.JSON


TEMPLATES = (
    Kind("healthsim://scenario/{name}", "scenario", "Saved scenario", scenario, "scenario"),
    Kind("healthsim://scenario/{name}/manifest", "scenario-manifest", "Origin of a scenario",
         manifest, "scenario"),
    Kind("healthsim://scenario/{name}/tables", "scenario-tables", "Tables of a scenario",
         tables, "scenario"),
    Kind("healthsim://scenario/{name}/table/{table}", "scenario-table", "Table of a scenario",
         table, "scenario"),
    Kind("healthsim://spec/{spec_id}", "spec", "Card of a draft", spec, "draft", _MARKDOWN),
    Kind("healthsim://spec/{spec_id}/document", "spec-document", "Specifications of a draft",
         spec_document, "draft"),
    Kind("healthsim://template/{template}", "template", "Template", template, "template"),
    Kind("healthsim://guide/{+topic}", "guide", "Guide", topic, "guide", _MARKDOWN),
)  # fmt: skip


def add_resources(server: HealthSimServer) -> None:
    """Offer the schemas, and what is addressed by a name; skills come with their own extension."""
    for kind in ("profile", "journey"):
        server.add_resource(
            FunctionResource(
                uri=f"healthsim://schema/{kind}",
                name=f"schema-{kind}",
                title=f"Schema of a {kind}",
                description=f"JSON schema of a {kind} specification.",
                mime_type="application/schema+json",
                icons=list(icons("schema")),
                fn=functools.partial(guide.schema, kind),
            )
        )
    for one in TEMPLATES:
        server.add_template(_made(one))


@functools.cache
def _made(one: Kind) -> ResourceTemplate:
    """Return a kind as the SDK offers it: it is the same in every server of a process."""
    return ResourceTemplate.from_function(
        _explaining(one.read), one.uri, name=one.name, title=one.title,
        description=one.read.__doc__, mime_type=one.mime, icons=list(icons(one.icon)),
    )  # fmt: skip


def _explaining(read: Callable[..., str]) -> Callable[..., str]:
    """Return a function whose errors reach the reader with their mend."""

    @functools.wraps(read)
    def explained(*arguments: Any, **named: Any) -> str:
        try:
            return read(*arguments, **named)
        except (NotFound, Refused) as error:
            raise ResourceNotFoundError(str(error)) from error
        except HealthSimError as error:
            raise ResourceError(str(error)) from error

    return explained


def list_pages(server: HealthSimServer, home: Home) -> None:
    """Answer resources/list page by page, with scenarios and drafts after what is always there.

    A page begins after the last entry of the page before, so that what is saved or deleted
    meanwhile moves no other.
    """

    async def answer(
        _: ServerRequestContext[Any, Any], request: PaginatedRequestParams | None
    ) -> ListResourcesResult:
        after = _place(request.cursor) if request and request.cursor else (-1, "")
        fixed = await server.list_resources()
        listed: dict[Place, Callable[[], Resource]] = {
            (0, f"{number:06}"): functools.partial(_same, item) for number, item in enumerate(fixed)
        }
        for name in scenarios.names(home):
            listed[1, name] = functools.partial(_entry, home, name)
        for spec_id in specs.names(home):
            listed[2, spec_id] = functools.partial(_draft_entry, spec_id)
        rest = [place for place in sorted(listed) if place > after]
        return ListResourcesResult(
            resources=[listed[place]() for place in rest[:PAGE]],
            next_cursor=_cursor(rest[PAGE - 1]) if len(rest) > PAGE else None,
        )

    server.answer("resources/list", PaginatedRequestParams, answer)


Place: TypeAlias = tuple[int, str]
"""Where an entry stands in the list: its group, and its name in it."""


def _same(item: Resource) -> Resource:
    return item


def _cursor(place: Place) -> str:
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode()


def _place(cursor: str) -> Place:
    try:
        group, name = json.loads(base64.urlsafe_b64decode(cursor.encode()))
    except (ValueError, TypeError, RecursionError):
        group = name = None
    if not isinstance(group, int) or not isinstance(name, str):
        raise MCPError(
            code=INVALID_PARAMS,
            message="cursor: it is none that resources/list gave; leave it out to begin again",
        )
    return group, name


def _entry(home: Home, name: str) -> Resource:
    """Return the entry of a saved scenario in a list; its file is not opened."""
    changed = scenarios.changed_at(home, name)
    at = datetime.fromtimestamp(changed, UTC).isoformat(timespec="seconds")
    return Resource(**links.about(name), annotations=Annotations(last_modified=at))


def _draft_entry(spec_id: str) -> Resource:
    return Resource(
        uri=f"healthsim://spec/{spec_id}", name=spec_id, title=f"Draft {spec_id}",
        description="A draft, as the card that a person confirms.", mime_type=_MARKDOWN,
        icons=list(icons("draft")),
    )  # fmt: skip
