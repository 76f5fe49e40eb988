"""FHIRPath tokens to syntax tree: precedence climbing over the table of the specification.

Strict: whatever the grammar does not derive is an error (`gender == 'male'`, a missing operand, text after the end).
https://hl7.org/fhirpath/#operator-precedence
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import TypeVar

from cds.engine.fhirpath.lexer import Kind, Token
from cds.engine.fhirpath.literals import CALENDAR_UNITS, integer, long, temporal
from cds.engine.fhirpath.syntax import (
    Binary,
    Call,
    Empty,
    Index,
    Indexer,
    Instance,
    Literal,
    Member,
    Node,
    SortKey,
    This,
    Total,
    TypeOperation,
    Unary,
    Variable,
)
from cds.engine.fhirpath.token_stream import TokenStream
from cds.engine.runtime.values import Quantity

T = TypeVar("T")

MAX_NESTING = 60
"""How deep parentheses, arguments and operands may nest; Python compiles what we emit and has limits of its own."""
MAX_CHAIN = 120
"""How many steps a path may have, and how many operands a run of one operator other than `and`, `or` and `|`."""

_PRECEDENCE = {
    "implies": 1,
    "or": 2,
    "xor": 2,
    "and": 3,
    "in": 4,
    "contains": 4,
    "=": 5,
    "~": 5,
    "!=": 5,
    "!~": 5,
    "<": 6,
    ">": 6,
    "<=": 6,
    ">=": 6,
    "|": 7,
    "is": 8,
    "as": 8,
    "+": 9,
    "-": 9,
    "&": 9,
    "*": 10,
    "/": 10,
    "div": 10,
    "mod": 10,
}
_WORD_OPERATORS = frozenset(name for name in _PRECEDENCE if name.isalpha())
_RESERVED = frozenset(("and", "or", "xor", "implies", "div", "mod", "true", "false"))
_ASSOCIATIVE = frozenset(("and", "or", "|"))
_TYPE_FUNCTIONS = frozenset(("is", "as", "ofType"))


def parse(text: str) -> Node:
    """The syntax tree of an expression; `FHIRPathSyntaxError` with line and column where the text is not FHIRPath."""
    parser = _Parser(text)
    tree = parser.expression(0)
    parser.expect_end()
    return tree


class _Parser(TokenStream):
    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._nesting = 0

    # expressions

    def _operator(self) -> str | None:
        token = self.token
        if token.kind is Kind.SYMBOL or (token.kind is Kind.IDENTIFIER and token.text in _WORD_OPERATORS):
            return token.text if token.text in _PRECEDENCE else None
        return None

    def expression(self, minimum: int) -> Node:
        self._nesting += 1
        if self._nesting > MAX_NESTING:
            message = f"the expression nests deeper than {MAX_NESTING} levels"
            raise self.error(message)
        left = self._unary()
        links = 0
        while (operator := self._operator()) is not None and _PRECEDENCE[operator] > minimum:
            links += 1
            if links > MAX_CHAIN:
                message = f"more than {MAX_CHAIN} operators in a row; use parentheses or variables"
                raise self.error(message)
            if operator in ("is", "as"):
                self.next()
                left = TypeOperation(left.start, operator, left, self._type_name())
            elif operator in _ASSOCIATIVE:
                left = _balanced(operator, self._run(operator, left))
            else:
                self.next()
                left = Binary(left.start, operator, left, self.expression(_PRECEDENCE[operator]))
        self._nesting -= 1
        return left

    def _run(self, operator: str, first: Node) -> list[Node]:
        """The operands of `a and b and c …`: an associative operator, so that a long run need not make a deep tree."""
        operands = [first]
        while self._operator() == operator:
            self.next()
            operands.append(self.expression(_PRECEDENCE[operator]))
        return operands

    def _unary(self) -> Node:
        signs: list[Token] = []
        while self.at("-") or self.at("+"):
            signs.append(self.next())
            if len(signs) > MAX_NESTING:
                raise self.error("too many signs in a row")
        node = self._postfix()
        for sign in reversed(signs):
            node = Unary(sign.start, sign.text, node)
        return node

    def _postfix(self) -> Node:
        node = self._term()
        for _ in range(MAX_CHAIN):
            if self.accept("."):
                node = self._invocation(node)
            elif self.at("["):
                start = self.next().start
                index = self.expression(0)
                self.expect("]")
                node = Indexer(start, node, index)
            else:
                return node
        message = f"a path of more than {MAX_CHAIN} steps"
        raise self.error(message)

    def _invocation(self, source: Node) -> Node:
        token = self.token
        if token.kind is Kind.SPECIAL:
            message = f"{token.text} cannot follow a '.'"
            raise self.error(message)
        name = self._identifier()
        if self.at("("):
            return self._call(source, name, token.start)
        return Member(token.start, source, name)

    def _identifier(self) -> str:
        token = self.next()
        if token.kind is Kind.DELIMITED and token.text:
            return token.text
        if token.kind is Kind.IDENTIFIER and token.text not in _RESERVED:
            return token.text
        message = f"expected a name but found {token}"
        raise self.error(message, token.start)

    def _type_name(self) -> str:
        name = self._identifier()
        return f"{name}.{self._identifier()}" if self.accept(".") else name

    # terms

    def _term(self) -> Node:
        token = self.token
        match token.kind:
            case Kind.SYMBOL:
                return self._symbol_term(token)
            case Kind.SPECIAL:
                self.next()
                return {"$this": This, "$index": Index, "$total": Total}[token.text](token.start)
            case Kind.IDENTIFIER if token.text in ("true", "false"):
                self.next()
                return Literal(token.start, token.text == "true")
            case Kind.IDENTIFIER | Kind.DELIMITED:
                return self._named_term(token)
            case Kind.STRING:
                self.next()
                return Literal(token.start, token.text)
            case Kind.INTEGER | Kind.DECIMAL | Kind.LONG:
                return self._number()
            case Kind.DATE | Kind.DATETIME | Kind.TIME:
                self.next()
                return Literal(token.start, self._checked(temporal, token.text, token.start))
            case _:
                raise self.error("the expression ends too early" if self.position else "the expression is empty")

    def _symbol_term(self, token: Token) -> Node:
        if self.accept("("):
            inner = self.expression(0)
            self.expect(")")
            return inner
        if self.accept("{"):
            self.expect("}")
            return Empty(token.start)
        if self.accept("%"):
            name = self.next().text if self.token.kind is Kind.STRING else self._identifier()
            return Variable(token.start, name)
        message = f"expected a value or a name but found {token}"
        raise self.error(message)

    def _named_term(self, token: Token) -> Node:
        name = self._identifier()
        if self.at("("):
            return self._call(None, name, token.start)
        if self._instance_follows():
            if self.accept("."):
                name = f"{name}.{self._identifier()}"
            return self._instance(name, token.start)
        return Member(token.start, None, name)

    def _number(self) -> Node:
        token = self.next()
        if token.kind is Kind.LONG:
            return Literal(token.start, self._checked(long, token.text[:-1], token.start))
        unit = self.token
        if unit.kind is Kind.STRING or (unit.kind is Kind.IDENTIFIER and unit.text in CALENDAR_UNITS):
            self.next()
            return Literal(token.start, Quantity(Decimal(token.text), unit.text or "1"))
        if token.kind is Kind.DECIMAL:
            return Literal(token.start, Decimal(token.text))
        return Literal(token.start, self._checked(integer, token.text, token.start))

    def _checked(self, read: Callable[[str], T], text: str, start: int) -> T:
        try:
            return read(text)
        except ValueError as error:
            raise self.error(str(error), start) from None

    # functions and instances

    def _call(self, source: Node | None, name: str, start: int) -> Node:
        self.expect("(")
        if name in _TYPE_FUNCTIONS:
            type_name = self._type_name()
            self.expect(")")
            return TypeOperation(start, name, source or This(start), type_name)
        arguments: list[Node] = []
        if not self.at(")"):
            arguments.append(self._argument(name))
            while self.accept(","):
                arguments.append(self._argument(name))
        self.expect(")")
        return Call(start, source, name, tuple(arguments))

    def _argument(self, function: str) -> Node:
        argument = self.expression(0)
        if function != "sort":
            return argument
        descending = False
        if self.token.kind is Kind.IDENTIFIER and self.token.text in ("asc", "desc"):
            descending = self.next().text == "desc"
        return SortKey(argument.start, argument, descending)

    def _instance_follows(self) -> bool:
        if self.at("{"):
            return True
        following = self.tokens[self.position : self.position + 3]
        return len(following) == 3 and following[0].text == "." and following[2].text == "{"

    def _instance(self, type_name: str, start: int) -> Node:
        self.expect("{")
        elements: list[tuple[str, Node]] = []
        if self.accept(":"):
            self.expect("}")
            return Instance(start, type_name, ())
        while True:
            name = self._identifier()
            self.expect(":")
            elements.append((name, self.expression(0)))
            if not self.accept(","):
                break
        self.expect("}")
        return Instance(start, type_name, tuple(elements))


def _balanced(operator: str, operands: list[Node]) -> Node:
    if len(operands) == 1:
        return operands[0]
    middle = (len(operands) + 1) // 2
    left, right = _balanced(operator, operands[:middle]), _balanced(operator, operands[middle:])
    return Binary(left.start, operator, left, right)
