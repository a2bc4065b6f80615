"""Procedures of hospital stays: the ICD-10-PCS codes, read from one compressed text."""

from __future__ import annotations

from collections.abc import ItemsView, Iterator, Mapping, ValuesView
from functools import cache
from pathlib import Path

from healthsim.codes.books import Code, CodeBook
from healthsim.codes.nearest import CodeIndex, nearest
from healthsim.codes.sorted_text import SortedText

_FILE = Path(__file__).parent / "data" / "icd10pcs.txt.gz"


class Icd10pcs(CodeBook[Code]):
    """The procedure codes, about 79,200; `rows` makes a row only when it is needed."""

    def __init__(self, path: Path = _FILE) -> None:
        self._text = SortedText(path)
        super().__init__("ICD-10-PCS", _Rows(self._text))

    @property
    def index(self) -> CodeIndex:
        """The codes, for the search of near ones."""
        return CodeIndex(bare=_bare, whole=self._whole, below=self._below)

    def _whole(self, bare: str) -> str | None:
        return bare if bare in self else None

    def _below(self, beginning: str) -> Iterator[str]:
        return (line[0] for line in self._text.below(beginning))

    def _mend(self, code: str) -> str:
        suggested = " or ".join(repr(near_code) for near_code in nearest(self.index, code)[:3])
        return f"did you mean {suggested}?" if suggested else "known: the codes of ICD-10-PCS"


class _Rows(Mapping[str, Code]):
    """The rows, read from the text when they are needed."""

    def __init__(self, text: SortedText) -> None:
        self._text = text

    def __getitem__(self, code: str) -> Code:
        line = self._text.find(code)
        if line is None:
            raise KeyError(code)
        return Code(line[0], line[1])

    def __iter__(self) -> Iterator[str]:
        return (line[0] for line in self._text.since())

    def __len__(self) -> int:
        return len(self._text)

    def items(self) -> ItemsView[str, Code]:
        return {code: Code(code, title) for code, title in self._text.since()}.items()

    def values(self) -> ValuesView[Code]:
        return dict(self.items()).values()


def _bare(code: str) -> str:
    return code.strip().upper().translate(_NO_LETTERS)


_NO_LETTERS = str.maketrans("OI", "01")  # neither letter is in any code


@cache
def icd10pcs() -> Icd10pcs:
    """Return the procedure codes.

    >>> icd10pcs().display("0SRD0J9")
    'Replacement of Left Knee Joint with Synthetic Substitute, Cemented, Open Approach'
    """
    return Icd10pcs()
