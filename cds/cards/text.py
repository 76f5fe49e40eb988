"""The words on a card: cut where they are too long, harmless where they come from a patient's record."""

from __future__ import annotations

import re
import unicodedata

MAX_SUMMARY = 139
_ELLIPSIS = "…"
_JOINERS = {"\u200d", "\ufe0e", "\ufe0f"}
_TAG = re.compile(r"<(?=[A-Za-z/!?])")
_IMAGE = re.compile(r"!\[([^\]]*)\](?=\()")
_BEGUN_IMAGE = re.compile(r"!\[")
_LINK = re.compile(r"\]\((?!https?://)")
_BRACKET = re.compile(r"\](?=[(:])")
# Marks that turn the direction of what follows: a name could make a card read backwards.
_TURNS = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_MARKUP = re.compile(r"([\\`*_\[\]<>#|~])")


def summary_of(text: str) -> str:
    """Return the text as one line of fewer than 140 characters (CH-092), cut at a word where one ends near the limit.

    It is plain text; what an EHR that shows it as more could act on is taken away. Length is counted in UTF-16 units,
    as browsers count, and never less than in characters.
    """
    line = _in_one_line(_BRACKET.sub("] ", _TAG.sub("‹", _TURNS.sub("", text))))
    if _units(line) <= MAX_SUMMARY:
        return line
    end = len(line)
    while _units(line[:end]) > MAX_SUMMARY - 1 or _splits(line, end):
        end -= 1
    word_end = line.rfind(" ", end - 20, end)
    return line[: word_end if word_end > 0 else end].rstrip(" ,;:") + _ELLIPSIS


def safe_markdown(text: str) -> str:
    """Return GitHub-flavoured Markdown in which nothing from a record can act (CH-093).

    Tags become text, pictures become their text and address, and links lead to http and https alone. A `<` before a
    number or a space, as in "< 30 mL/min", stays.
    """
    text = _TAG.sub("&lt;", _TURNS.sub("", text))
    if "![" in text:
        text = _BEGUN_IMAGE.sub(r"!\\[", _IMAGE.sub(r"\1 ", text))
    return _LINK.sub(r"]\\(", text) if "](" in text else text


def plain(text: str) -> str:
    """Return a text from a definition or a record as Markdown that shows it letter for letter."""
    return _MARKUP.sub(r"\\\1", _in_one_line(text))


def _in_one_line(text: str) -> str:
    return " ".join(text.split())


def _units(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _splits(text: str, end: int) -> bool:
    """Tell whether a cut before `end` would tear apart what is read as one character."""
    following, before = text[end], text[end - 1]
    return bool(unicodedata.combining(following)) or following in _JOINERS or before == "\u200d"
