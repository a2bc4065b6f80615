"""Profiles of families for the tests."""

from __future__ import annotations

from typing import Any

from execution.running import Document

NUMBER = {"0": 0.3, "1": 0.3, "2": 0.25, "3": 0.15}


def family(**changes: Any) -> Document:
    """Families on two employer's plans, with some of the profile's keys changed."""
    of_age: Document = {"type": "conditional", "cases": [{"when": "age >= 18", "then": 0.4}]}
    return {
        "kind": "profile", "mortality": "none",
        "name": "families", "count": 60, "seed": 3, "unit": "family",
        "household": {"spouse": {"share": 0.6}, "children": {"number": NUMBER}},
        "demographics": {
            "age": {"type": "normal", "mean": 38, "sd": 9, "low": 22, "high": 64},
            "location": {"states": {"TX": 0.7, "OK": 0.3}}},
        "attributes": {"bmi": {
            "type": "conditional",
            "cases": [{"when": "role == 'child'", "then": {"type": "normal", "mean": 19, "sd": 2}}],
            "otherwise": {"type": "normal", "mean": 28, "sd": 5, "low": 15}}},
        "clinical": {
            "primary": {"code": "E11.9", "onset": {"years_before": 2}},
            "comorbidities": [{"code": "I10", "share": {**of_age, "otherwise": 0}}],
            "medications": [{"drug": "lisinopril 10 mg tablet", "share": {
                "type": "conditional", "cases": [{"when": "has('I10')", "then": 0.8}],
                "otherwise": 0}}]},
        "coverage": {"plan": {"Commercial-PPO": 0.5, "HDHP": 0.5}},
        **changes,
    }  # fmt: skip


def person(**changes: Any) -> Document:
    """The anchors of those families as persons."""
    found = family(unit="person", **changes)
    del found["household"]
    return found
