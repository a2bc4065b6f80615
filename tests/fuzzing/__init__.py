"""Seeded calls of everything that the server offers, right and wrong, and what must hold for each.

`make fuzz` makes 5,000; `tests/tools/test_fuzzing.py` a few of them. A fault is printed with the
seed, the chapter and the number of its call, and `python -m fuzzing --seed ... --chapter ...`
makes it again.
"""
