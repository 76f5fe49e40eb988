"""The functions that FHIR adds to FHIRPath.

https://hl7.org/fhir/R4/fhirpath.html#functions
"""

from __future__ import annotations

from cds.engine import build, ir
from cds.engine.fhirpath import syntax, types
from cds.engine.fhirpath.functions import fhir
from cds.engine.fhirpath.lowering.coercion import bare_value, carrying, item, listed, one, value_type
from cds.engine.fhirpath.lowering.expr import EMPTY, Expr, boolean, is_empty
from cds.engine.fhirpath.lowering.navigation import Choice, step
from cds.engine.fhirpath.lowering.registry import Invocation, function


@function("extension", 1)
def extension(call: Invocation) -> Expr:
    """Take the extensions with a URL."""
    if is_empty(call.source):
        return EMPTY
    url = item(one(call.argument(0, value=True), call.at))
    found = step(call.lowering, call.source, syntax.Member(call.call.start, None, "extension"), value=False)
    assert not isinstance(found, Choice)
    node = build.call(fhir.extensions_with, listed(found), url)
    return Expr(node, found.type, many=True)


@function("hasValue")
def has_value(call: Invocation) -> Expr:
    """Say whether there is one primitive with a value."""
    return boolean(build.call(fhir.has_value, listed(carrying(call.source))))


@function("getValue", value_source=True)
def get_value(call: Invocation) -> Expr:
    """Take the System value of a primitive."""
    source = one(call.source, call.at)
    if source.type is not None and types.is_primitive(source.type):
        return Expr(item(bare_value(source)), value_type(source))
    return Expr(build.call(fhir.primitive_value, item(source)), None)


@function("resolve")
def resolve(call: Invocation) -> Expr:
    """Follow references."""
    node = build.call(fhir.resolve, listed(carrying(call.source)), with_run=True, at=call.at)
    return Expr(node, None, many=True)


@function("memberOf", 1)
def member_of(call: Invocation) -> Expr:
    """Say whether a code is in a value set."""
    return _with_other(call, fhir.member_of, item(one(call.argument(0, value=True), call.at)))


@function("subsumes", 1)
def subsumes(call: Invocation) -> Expr:
    """Say whether a coding is another one or more general."""
    return _with_other(call, fhir.subsumes, carrying(one(call.argument(0), call.at)).node)


@function("subsumedBy", 1)
def subsumed_by(call: Invocation) -> Expr:
    """Say whether a coding is another one or more special."""
    return _with_other(call, fhir.subsumed_by, carrying(one(call.argument(0), call.at)).node)


def _with_other(call: Invocation, decide: object, other: ir.Node) -> Expr:
    assert callable(decide)
    source = carrying(one(call.source, call.at)).node
    return boolean(build.call(decide, source, other, with_run=True, at=call.at))


@function("conformsTo", 1)
def conforms_to(call: Invocation) -> Expr:
    """Say whether an item is of a type of FHIR."""
    source = carrying(one(call.source, call.at)).node
    structure = item(one(call.argument(0, value=True), call.at))
    return boolean(build.call(fhir.conforms_to, source, structure, foldable=False, at=call.at))


@function("htmlChecks")
def html_checks(call: Invocation) -> Expr:
    """Say whether a narrative is as FHIR allows it."""
    return boolean(build.call(fhir.html_checks, carrying(one(call.source, call.at)).node, at=call.at))
