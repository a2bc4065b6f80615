"""What is wrong with a profile's choice of rules of safe drugs."""

from __future__ import annotations

from collections.abc import Iterator

from healthsim.errors import Problem, near
from healthsim.medicine.safety import safety_rules
from healthsim.specification.profiles.profile import ProfileSpec
from healthsim.specification.profiles.safety import Safety


def safety_problems(profile: ProfileSpec) -> Iterator[Problem]:
    """Yield names of rules that do not exist."""
    if not isinstance(profile.safety, Safety):
        return
    names = [rule.name for rule in safety_rules().rules]
    for place, name in enumerate(profile.safety.without):
        if name not in names:
            where = f"safety.without[{place}]"
            yield Problem(where, f"no rule of safe drugs is called {name!r}", near(name, names))
