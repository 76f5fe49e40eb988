"""FHIRPath text to tokens.

The lexical rules are those of the grammar; a date or time directly followed by a letter is an error.
https://hl7.org/fhirpath/grammar.html
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

from cds.engine.errors import FHIRPathSyntaxError

MAX_LENGTH = 100_000
_LONGEST_SHOWN = 200


class Kind(Enum):
    """What a token is."""

    IDENTIFIER = "identifier"
    DELIMITED = "delimited identifier"
    STRING = "string"
    INTEGER = "integer"
    LONG = "long"
    DECIMAL = "decimal"
    DATE = "date"
    DATETIME = "datetime"
    TIME = "time"
    SYMBOL = "symbol"
    SPECIAL = "special variable"
    END = "end of expression"


@dataclass(frozen=True, slots=True)
class Token:
    """A token: its kind, its text (without quotes and escapes), where it starts."""

    kind: Kind
    text: str
    start: int

    def __str__(self) -> str:
        return self.kind.value if self.kind is Kind.END else f"'{self.text}'"


_TIME_OF_DAY = r"\d\d(?::\d\d(?::\d\d(?:\.\d+)?)?)?"
_DAY = r"\d{4}(?:-\d\d(?:-\d\d)?)?"
_TOKEN = re.compile(
    rf"""
      (?P<space>[ \t\r\n]+ | //[^\r\n]* | /\*.*?\*/)
    | (?P<time>@T{_TIME_OF_DAY})
    | (?P<datetime>@{_DAY}T(?:{_TIME_OF_DAY}(?:Z|[+-]\d\d:\d\d)?)?)
    | (?P<date>@{_DAY})
    | (?P<decimal>[0-9]+\.[0-9]+)
    | (?P<long>[0-9]+L(?![A-Za-z0-9_]))
    | (?P<integer>[0-9]+)
    | (?P<identifier>[A-Za-z_][A-Za-z0-9_]*)
    | (?P<delimited>`(?:\\.|[^`\\])*`)
    | (?P<string>'(?:\\.|[^'\\])*')
    | (?P<special>\$(?:this|index|total)(?![A-Za-z0-9_]))
    | (?P<symbol><=|>=|!=|!~|/(?!\*)|[-+*&|=~<>().,\[\]{{}}%:])
    """,
    re.VERBOSE | re.DOTALL,
)
_KINDS = {
    "time": Kind.TIME,
    "datetime": Kind.DATETIME,
    "date": Kind.DATE,
    "decimal": Kind.DECIMAL,
    "long": Kind.LONG,
    "integer": Kind.INTEGER,
    "identifier": Kind.IDENTIFIER,
    "delimited": Kind.DELIMITED,
    "string": Kind.STRING,
    "special": Kind.SPECIAL,
    "symbol": Kind.SYMBOL,
}
_QUOTED = frozenset(("delimited", "string"))
_TEMPORAL = frozenset(("time", "datetime", "date"))
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|.)", re.DOTALL)
_ESCAPED = {"r": "\r", "n": "\n", "t": "\t", "f": "\f"}


def tokenize(text: str) -> list[Token]:
    """Cut an expression into tokens, the last one of kind END; `FHIRPathSyntaxError` where no token fits."""
    if len(text) > MAX_LENGTH:
        message = f"the expression has {len(text)} characters; at most {MAX_LENGTH} are read"
        raise FHIRPathSyntaxError(message, expression=f"{text[:40]}…")
    tokens: list[Token] = []
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise syntax_error(_complaint(text, position), text, position)
        group = match.lastgroup or ""
        if group in _TEMPORAL and text[match.end() : match.end() + 1].isalnum():
            message = f"'{text[position : match.end() + 1]}' is not a date or time"
            raise syntax_error(message, text, position)
        if group != "space":
            lexeme = match.group()
            if group in _QUOTED:
                lexeme = _unescape(lexeme[1:-1], text, position)
            tokens.append(Token(_KINDS[group], lexeme, position))
        position = match.end()
    tokens.append(Token(Kind.END, "", len(text)))
    return tokens


def syntax_error(message: str, text: str, position: int) -> FHIRPathSyntaxError:
    """Make an error that says where in the text it is."""
    shown = text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"
    return FHIRPathSyntaxError(message, expression=shown, position=position)


def _complaint(text: str, position: int) -> str:
    rest = text[position:]
    if rest.startswith("/*"):
        return "a comment is not closed"
    if rest[0] in "'`":
        return f"a {'string' if rest[0] == chr(39) else 'delimited identifier'} is not closed"
    if rest[0] == "$":
        return "only $this, $index and $total begin with '$'"
    if rest[0] == "@":
        return "'@' begins a date or time such as @2026-01-31"
    return f"unexpected character {rest[0]!r}"


def _unescape(body: str, text: str, position: int) -> str:
    if "\\" not in body:
        return body

    def replace(match: re.Match[str]) -> str:
        escape = match.group(1)
        if len(escape) == 5:
            return chr(int(escape[1:], 16))
        return _ESCAPED.get(escape, escape)

    value = _ESCAPE.sub(replace, body)
    try:  # a pair of \u surrogates is one character; a lone one is none
        return value.encode("utf-16", "surrogatepass").decode("utf-16")
    except UnicodeDecodeError:
        message = "a \\u escape is half of a surrogate pair"
        raise syntax_error(message, text, position) from None
