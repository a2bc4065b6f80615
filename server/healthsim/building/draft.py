"""A draft: an unfinished specification, the requests for it, and what is still open.

A builder computes its answers (phase, problems, questions) from this state alone.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, get_args

from healthsim.building import paths, surprises
from healthsim.building.ledger import (
    FOR_JOURNEY,
    SAID_BEFORE,
    SAYS_NOTHING,
    Fate,
    Wish,
    unsettled,
)
from healthsim.building.question import Question
from healthsim.errors import Problem, SpecError, StorageError

_MOST_SUGGESTED = 3
_LONGEST = 500  # characters that are quoted of what was not understood

Phase = Literal["intent", "scope", "refine", "confirm"]


@dataclass(frozen=True, slots=True)
class Assumption:
    """A figure that nobody gave: the words, the value assumed for them, what to ask."""

    path: str
    said: str
    took: Any
    ask: str
    instead: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True)
class Draft:
    """A profile, its journeys, and the state of the conversation about them.

    Attributes:
        settled: paths that a person has decided.
        assumptions: figures assumed for a vague word; open until their path is settled.
        wishes: what became of every word and figure of the requests.
    """

    profile: dict[str, Any] | None = None
    journeys: tuple[dict[str, Any], ...] = ()
    requests: tuple[str, ...] = ()
    settled: tuple[str, ...] = ()
    assumptions: tuple[Assumption, ...] = ()
    wishes: tuple[Wish, ...] = ()
    save_as: str = ""
    templates: tuple[str, ...] = field(default=())

    def document(self) -> dict[str, Any]:
        """Return the draft as plain JSON."""
        plain: dict[str, Any] = json.loads(json.dumps(asdict(self)))
        return plain

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Draft:
        """Read back what `document` returned."""
        try:
            fields = dict(copy.deepcopy(dict(document)))
            fields["assumptions"] = tuple(
                Assumption(**{**item, "instead": tuple(item["instead"])})
                for item in fields.get("assumptions", ())
            )
            unread = fields.pop("not_understood", ())  # of drafts that are older than the ledger
            fields["wishes"] = (
                *(Wish.of(item) for item in fields.get("wishes", ())),
                *(Wish(0, words, (), "open") for words in unread),
            )
            for name in ("journeys", "requests", "settled", "templates"):
                fields[name] = tuple(fields.get(name, ()))
            draft = cls(**fields)
            if not _is_whole(draft):
                raise TypeError("a part of it is not what it should be")
            return draft
        except (TypeError, KeyError, ValueError, AttributeError) as error:
            raise StorageError(
                "spec", f"the stored draft cannot be read ({error})", "start a new draft"
            ) from None

    def ledger(self) -> dict[str, Any]:
        """Return the requests and what became of them, as a scenario keeps it: fillers left out."""
        return {
            "requests": list(self.requests),
            "wishes": [
                {"request": wish.request, "words": wish.words, "fate": wish.fate,
                 "path": wish.path, "note": wish.note}
                for wish in self.wishes if wish.note not in (SAYS_NOTHING, SAID_BEFORE)
            ],
        }  # fmt: skip

    @property
    def kind(self) -> Literal["profile", "journey"]:
        """The kind of its first document."""
        return "profile" if self.profile is not None else "journey"

    @property
    def name(self) -> str:
        """The name of its first document."""
        first = self.profile if self.profile is not None else self.journeys[0]
        return str(first.get("name", "draft"))

    def is_settled(self, path: str) -> bool:
        """Whether a person has decided `path`, a part of it, or what it is part of."""
        return any(_within(settled, path) or _within(path, settled) for settled in self.settled)


_PARTS = {"demographics": dict, "clinical": dict, "attributes": dict, "products": list}


def _is_whole(draft: Draft) -> bool:
    """Whether the parts of a draft that was read back are of their types."""
    documents = [*draft.journeys, *([] if draft.profile is None else [draft.profile])]
    texts = [draft.save_as, *draft.requests, *draft.settled, *draft.templates]
    texts += [text for item in draft.assumptions for text in (item.path, item.said, item.ask)]
    texts += [text for wish in draft.wishes
              for text in (wish.words, wish.path, wish.note, wish.took)]  # fmt: skip
    changes = [change for item in draft.assumptions for change in item.instead]
    changes += [change for wish in draft.wishes for change in wish.suggestions]
    places = [number for wish in draft.wishes for span in wish.spans for number in span]
    profile = draft.profile or {}
    return (
        bool(documents)
        and all(isinstance(profile.get(key, kind()), kind) for key, kind in _PARTS.items())
        and all(isinstance(document, dict) for document in (*documents, *changes))
        and all(isinstance(text, str) for text in texts)
        and all(isinstance(place, int) for place in places)
        and all(wish.fate in get_args(Fate) for wish in draft.wishes)
        and all(wish.request in range(max(len(draft.requests), 1)) for wish in draft.wishes)
    )


def _within(inner: str, outer: str) -> bool:
    inner_pieces, outer_pieces = paths.parse(inner), paths.parse(outer)
    return inner_pieces[: len(outer_pieces)] == outer_pieces


def problems(draft: Draft) -> list[Problem]:
    """Return every problem that keeps the draft from running."""
    # Heavy: the specification's models draw with numpy, and this module is on the way to tools/list
    from healthsim.products.reference_names import built_in_names  # noqa: PLC0415
    from healthsim.specification.checks import check  # noqa: PLC0415
    from healthsim.specification.document import read  # noqa: PLC0415
    from healthsim.specification.journeys.journey import JourneySpec  # noqa: PLC0415
    from healthsim.specification.profiles.profile import ProfileSpec  # noqa: PLC0415

    problems_found: list[Problem] = []
    profile, journeys = None, []
    try:
        profile = None if draft.profile is None else read(ProfileSpec, draft.profile, "profile")
    except SpecError as error:
        problems_found += error.problems
    for number, document in enumerate(draft.journeys):
        try:
            journeys.append(read(JourneySpec, document, f"journeys[{number}]"))
        except SpecError as error:
            problems_found += error.problems
    if problems_found:
        return problems_found
    if profile is not None:
        return check.check_job(profile, journeys, built_in_names())
    return [
        problem
        for journey in journeys
        for problem in check.check_journey(journey, built_in_names())
    ]


def questions(draft: Draft) -> list[Question]:
    """Return the open questions: about assumptions first, then about what was never said."""
    open_questions = [
        Question(item.path, item.ask, item.instead, assumed=True)
        for item in draft.assumptions
        if not draft.is_settled(item.path)
    ]
    open_questions += _of_wishes(draft)
    open_questions += surprises.questions(draft)
    return open_questions + _of_profile(draft) + _of_journeys(draft)


def _of_wishes(draft: Draft) -> list[Question]:
    """Ask about the words that are not in the draft: those of a journey first."""
    waiting = unsettled(draft.wishes)
    of_journey = [wish.words for wish in waiting if wish.note == FOR_JOURNEY]
    others = [wish for wish in waiting if wish.note != FOR_JOURNEY]
    open_questions = []
    if of_journey:
        words = "; ".join(map(repr, of_journey))[:_LONGEST]
        open_questions.append(
            Question("journeys", f"Asked for: {words}. Pass these words to start_journey_builder.",
                     assumed=True)
        )  # fmt: skip
    if others:
        unread = "; ".join(repr(wish.words) for wish in others)[:_LONGEST]
        suggested = tuple(change for wish in others for change in wish.suggestions)
        open_questions.append(
            Question("not_understood",
                     f"Not in the draft: {unread}. Change the draft with refine_spec, for=<the "
                     "words>; or go on without them?",
                     (*suggested[:_MOST_SUGGESTED], {"op": "remove", "path": "not_understood"}),
                     assumed=True)
        )  # fmt: skip
    return open_questions


def _of_profile(draft: Draft) -> list[Question]:
    if draft.profile is None:
        return [
            Question("profile", "Which people does this happen to? Call start_profile_builder "
                     "for them, then start_journey_builder with the spec_id that it returns.")
        ]  # fmt: skip
    open_questions = []
    if not says_who(draft.profile):
        open_questions.append(
            Question("clinical.primary", "Who are they: which condition, which coverage?",
                     (_set("clinical.primary", {"code": "E11.9"}),
                      _set("coverage.plan", {"MA-HMO": 0.5, "Original": 0.5})))
        )  # fmt: skip
    if not draft.is_settled("count") and "count" not in {item.path for item in draft.assumptions}:
        count = draft.profile.get("count", 100)
        open_questions.append(
            Question("count", f"How many people? {count} unless you say otherwise.",
                     (_set("count", count),))
        )  # fmt: skip
    places = draft.profile.get("demographics", {}).get("location") or {}
    if not places and not draft.is_settled("demographics.location"):
        open_questions.append(
            Question("demographics.location.states",
                     "Where do they live? The whole United States, by population, "
                     "unless you say otherwise.",
                     (_set("demographics.location.states", {"TX": 0.8, "OK": 0.2}),))
        )  # fmt: skip
    if not draft.profile.get("coverage"):
        open_questions.append(
            Question("coverage.plan", "Who pays? Nobody does yet, so no claims and no fills.",
                     (_set("coverage.plan", {"MA-HMO": 0.35, "MA-PPO": 0.25, "Original": 0.4}),
                      _set("products", ["patientsim", "membersim", "rxmembersim"])))
        )  # fmt: skip
    return open_questions


def _of_journeys(draft: Draft) -> list[Question]:
    open_questions = []
    for number, journey in enumerate(draft.journeys):
        if next(paths.steps(journey, []), None) is None:
            open_questions.append(
                Question(f"journeys[{number}].phases[0].steps",
                         "What happens, and when? The journey has no steps yet; "
                         "find_templates shows journeys to start from.",
                         ({"op": "append", "path": f"journeys[{number}].phases[0].steps",
                           "value": {"do": "event", "id": "visit", "type": "encounter", "at": 0,
                                     "details": {"encounter_class": "office",
                                                 "procedures": ["99213"]}}},))
            )  # fmt: skip
    return open_questions


def _set(path: str, value: Any) -> dict[str, Any]:
    return {"op": "set", "path": path, "value": value}


def says_who(profile: Mapping[str, Any]) -> bool:
    """Whether a profile says anything about who its people are."""
    clinical = profile.get("clinical") or {}
    return bool(
        clinical.get("primary") or clinical.get("comorbidities") or profile.get("coverage")
    ) or "age" in (profile.get("demographics") or {})


def empty(draft: Draft) -> list[Question]:
    """Return the open questions that leave a part of a run empty: journeys in which nothing is."""
    return _of_journeys(draft)


def phase(problems: list[Problem], open_questions: list[Question]) -> Phase:
    """Return how far the conversation is.

    *intent*: who, or what happens, is not known. *scope*: how many, where or who pays is not
    known. *refine*: something is wrong or was assumed. *confirm*: ready to be shown and run.
    """
    unanswered = {question.path for question in open_questions if not question.assumed}
    if "clinical.primary" in unanswered or any(path.endswith(".steps") for path in unanswered):
        return "intent"
    if unanswered:
        return "scope"
    return "refine" if problems or open_questions else "confirm"
