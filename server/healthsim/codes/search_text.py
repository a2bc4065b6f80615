"""A code book as one text with a line for each code, in which words are looked up."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable

from healthsim.codes import imported_books
from healthsim.codes.icd10cm import icd10cm
from healthsim.codes.search_books import SOURCES

_WITH_ENCOUNTER = 8  # characters of a diagnosis code that states the encounter of an injury


class BookText:
    """One book as text: a line for each code with display and further words, in lower case.

    Attributes:
        codes: the code of each line.
        rarity: rank of each line among lines with the same words; 0 is the most common.
    """

    def __init__(self, rows: Iterable[tuple[str, str, str, int]]) -> None:
        codes, starts, rarity, lines, start = [], [], [], ["\n"], 1
        for code, display, further_words, rank in rows:
            line = f"{code}\t{display}\t{further_words}\n".lower()
            codes.append(code)
            starts.append(start)
            lines.append(line)
            rarity.append(rank)
            start += len(line)
        self.codes, self.rarity = tuple(codes), rarity
        self.starts, self.text = [*starts, start], "".join(lines)
        self._counts: dict[str, int] = {}

    def lines(self, word: str, among: Collection[int] | None = None) -> dict[int, bool]:
        """Return the lines with a word that begins with `word`, and whether it is the whole word.

        Args:
            word: in lower case.
            among: the lines to search; all by default.
        """
        if among is None or len(among) > _MANY:
            return self._lines_between(word, 0, len(self.text), among)
        lines: dict[int, bool] = {}
        for line in among:
            lines |= self._lines_between(word, self.starts[line], self.starts[line + 1], None)
        return lines

    def _lines_between(
        self, word: str, place: int, end: int, among: Collection[int] | None
    ) -> dict[int, bool]:
        lines: dict[int, bool] = {}
        text, size, starts = self.text, len(word), self.starts
        place = text.find(word, place, end)
        while place >= 0:
            after = place + size
            if not text[place - 1].isalnum():
                line = bisect_right(starts, place) - 1
                whole = not text[after].isalnum() or text[after : after + 2] in _PLURALS
                if among is None or line in among:
                    lines[line] = lines.get(line, False) or whole
            place = text.find(word, after, end)
        return lines

    def size(self, line: int) -> int:
        """Return the number of characters of a line."""
        return self.starts[line + 1] - self.starts[line]

    def below(self, code: str) -> list[int]:
        """Return the lines of the codes that begin with `code`, in the order of the book."""
        lines: dict[int, None] = {}
        for beginning in dict.fromkeys((code, code.upper(), code.lower())):
            line = bisect_left(self.codes, beginning)
            while line < len(self.codes) and self.codes[line].startswith(beginning):
                lines[line] = None
                line += 1
        return list(lines)

    def most_lines(self, words: Collection[str]) -> int:
        """Return an upper limit of the number of lines with all of some words."""
        for word in words:
            if word not in self._counts:
                self._counts[word] = self.text.count(word)
        return min(self._counts[word] for word in words)


_PLURALS = ("s ", "s,", "s\t", "s\n")
_MANY = 2_000  # lines above which it is faster to search the whole text


@imported_books.cached_per_shelf
def book_text(system: str) -> BookText:
    """Return a book of `SOURCES` as text; made once for a shelf."""
    if system == "icd10cm":  # without making tens of thousands of rows
        rows = icd10cm().texts()
        return BookText((code, text, "", _rarity(code, common)) for code, text, common in rows)
    source = SOURCES[system]
    return BookText(
        (code, row.display, " ".join(source.words(row)), 0)
        for code, row in source.book().rows.items()
    )


def _rarity(code: str, common: bool) -> int:
    """Rank a diagnosis: common ones; others; later encounters and sequelae of an injury."""
    later = len(code) == _WITH_ENCOUNTER and not code.endswith("A")
    return 0 if common else 2 if later else 1
