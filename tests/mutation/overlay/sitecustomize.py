"""Python imports this at its start: it carries the mutation into processes that tests start."""

from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

_spec = spec_from_file_location("mutation_hook", Path(__file__).parents[1] / "hook.py")
assert _spec is not None
assert _spec.loader is not None
_hook = module_from_spec(_spec)
_spec.loader.exec_module(_hook)
_hook.begin()
