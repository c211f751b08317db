"""Class names in figures: in lines that fit, and in fonts that have their letters."""

import contextlib
import functools
import textwrap
import unicodedata
import warnings
from collections.abc import Iterator

from matplotlib import font_manager, ft2font
from matplotlib.figure import Figure
from matplotlib.text import Text

from pipeline.core.cli import say

NAMED = 20  # of the letters that no font has, how many are named


def in_lines(name: str, width: int, most: int = 2) -> str:
    """A name in at most so many lines of `width` letters, of which wide ones, as in Chinese, count for two.

    Of a longer name the middle is left out: names often begin alike, or end alike.
    """
    width = max(2, width * len(name) // max(1, cells(name)))
    if len(lines := textwrap.wrap(name, width)) <= most:
        return "\n".join(lines)
    room = width * most - 1
    head = name[: room - room // 3].rstrip()
    short = f"{head}…{name[len(name) - room // 3 :].lstrip()}"
    if len(lines := textwrap.wrap(short, width)) <= most:
        return "\n".join(lines)
    return "\n".join(short[start : start + width].strip() for start in range(0, len(short), width))


def cells(text: str) -> int:
    """How wide a text is, in letters of usual width."""
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


@contextlib.contextmanager
def fitting(figure: Figure) -> Iterator[None]:
    """Gives the texts of a figure, which is drawn in the block, fonts that have their letters; says what none has.

    Figures of other texts are left alone. A machine with other fonts draws other bytes of these.
    """
    texts = [text for text in figure.findobj(Text) if isinstance(text, Text)]
    letters = frozenset("".join(text.get_text() for text in texts)) - {"\n"}
    families, without = _fonts(frozenset(map(ord, letters)))
    if families:
        for text in texts:
            text.set_fontfamily([*text.get_fontfamily(), *families])
    with warnings.catch_warnings():
        if without:
            warnings.filterwarnings("ignore", "Glyph .* missing from font")
            _say_once(without)
        yield


@functools.cache
def _fonts(letters: frozenset[int]) -> tuple[tuple[str, ...], str]:
    """Families of the fewest further fonts that have the letters which the usual font lacks; letters that none has."""
    missing = letters - _letters(font_manager.findfont(font_manager.FontProperties()))
    families: list[str] = []
    installed = {
        font.name: font.fname
        for font in font_manager.fontManager.ttflist
        if font.weight in (400, "normal") and not font.name.startswith("Last Resort")  # has a box for every letter
    }
    while missing and installed:
        best = max(sorted(installed), key=lambda name: len(missing & _letters(installed[name])))
        if not missing & _letters(installed[best]):
            break
        families.append(best)
        missing -= _letters(installed.pop(best))
    return tuple(families), "".join(map(chr, sorted(missing)))


@functools.cache
def _letters(path: str) -> frozenset[int]:
    """The letters that a font has; those of a file that cannot be read are none."""
    with contextlib.suppress(RuntimeError, OSError):
        return frozenset(ft2font.FT2Font(path).get_charmap())
    return frozenset()


@functools.cache
def _say_once(letters: str) -> None:
    shown = letters[:NAMED] + ("…" if len(letters) > NAMED else "")
    say(f"note: no font on this machine has {shown}: figures show boxes (fonts-noto-cjk or fonts-noto may have them)")
