"""A position in a list of tokens, and the questions a parser asks there."""

from __future__ import annotations

from cds.engine.errors import FHIRPathSyntaxError
from cds.engine.fhirpath.lexer import Kind, Token, syntax_error, tokenize


class TokenStream:
    """The tokens of a text, read one by one."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = tokenize(text)
        self.position = 0

    @property
    def token(self) -> Token:
        """Give the token at the position."""
        return self.tokens[self.position]

    def next(self) -> Token:
        """Take the token and go on; the end is never passed."""
        token = self.tokens[self.position]
        if token.kind is not Kind.END:
            self.position += 1
        return token

    def at(self, symbol: str) -> bool:
        """Say whether a symbol is next."""
        return self.token.kind is Kind.SYMBOL and self.token.text == symbol

    def accept(self, symbol: str) -> bool:
        """Take a symbol if it is next."""
        if self.at(symbol):
            self.position += 1
            return True
        return False

    def expect(self, symbol: str) -> None:
        """Take a symbol that must be next."""
        if not self.accept(symbol):
            message = f"expected '{symbol}' but found {self.token}"
            raise self.error(message)

    def expect_end(self) -> None:
        """Insist that everything is read."""
        if self.token.kind is not Kind.END:
            message = f"unexpected {self.token}"
            raise self.error(message)

    def error(self, message: str, start: int | None = None) -> FHIRPathSyntaxError:
        """Make an error at the position, or at another place."""
        return syntax_error(message, self.text, self.token.start if start is None else start)
