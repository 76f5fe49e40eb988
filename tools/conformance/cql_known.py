"""The tests of HL7's CQL suite that do not pass, each with the reason; the runner fails on any other.

Keys are `<file>/<group>/<test>`. An entry whose test passes again must be removed: tests/conformance checks it.
"""

from __future__ import annotations

from typing import Final

_SLICE = "the translator has no operator Slice: it is an ELM operator, CQL reaches it through Skip, Tail and Take"
_LITERAL = (
    "the literal is out of range for an Integer and refused, as the suite itself asks of the same literal in "
    "ValueLiteralsAndSelectors/Integer and in Ceiling"
)
_TUPLE = (
    "the suite expects null because one pair of elements is null; CQL Reference, Equal, makes tuple equality a "
    "conjunction of the elements' equalities, and null and false is false"
)
_NULL_MEMBER = (
    "the translator chooses the overload for one element, and for that the CQL Reference (Includes, Included In and "
    "their proper forms) says: false unless the list holds a null; the suite expects the null of the list overload"
)
_NULL_CONTAINER = (
    "the translator reads the untyped null as an interval and chooses the overload for one element, for which a null "
    "container gives false; the suite expects the null of the list overload"
)
_DECIMAL = (
    "the suite computes with 36 digits; a Decimal has 28 of them, 8 after the point, and a result beyond is null "
    "(CQL Reference, Decimal; the suite itself refuses the literal 10^28)"
)
_DAY = (
    "the suite counts a DateTime of day or hour precision from its first instant here; Language Semantics, Determining "
    "Difference and Duration, takes the greatest possible first and the least possible second value, as the suite does "
    "in DateTimeDurationBetweenUncertainAdd and Multiply (16, not 17)"
)

KNOWN: Final[dict[str, str]] = {
    "CqlArithmeticFunctionsTest/Floor/FloorIntegerGreaterThanMaxInteger": _LITERAL,
    "CqlArithmeticFunctionsTest/Floor/FloorIntegerLessThanMinInteger": _LITERAL,
    "CqlComparisonOperatorsTest/Equal/TupleEqDifferentNamesWithOneNullId": _TUPLE,
    "CqlComparisonOperatorsTest/Not Equal/TupleNotEqDifferingNamesWithOneNullId": _TUPLE,
    "CqlDateTimeOperatorsTest/DateTimeComponentFrom/DateTimeComponentFromTimezoneOffset": (
        "the translator refuses `timezone from`: since CQL 1.4 the component is called timezoneoffset"
    ),
    "CqlDateTimeOperatorsTest/Uncertainty tests/DateTimeDurationBetweenUncertainInterval": _DAY,
    "CqlDateTimeOperatorsTest/Uncertainty tests/TimeDurationBetweenHourDiffPrecision2": _DAY,
    "CqlDateTimeOperatorsTest/Uncertainty tests/DateTimeDurationBetweenUncertainDiv": (
        "the suite expects an error; Language Semantics, Uncertainty, defines the basic arithmetic operators for "
        "uncertain numbers, so that the quotient is a range here, and unknown rather than an error at the bedside"
    ),
    "CqlIntervalOperatorsTest/In/TestInNullBoundaries": (
        "CQL Reference, In: at a closed boundary that is null the comparison is true; the suite expects false"
    ),
    "CqlListOperatorsTest/Includes/IncludesNullRight": _NULL_MEMBER,
    "CqlListOperatorsTest/IncludedIn/IncludedInNullLeft": _NULL_MEMBER,
    "CqlListOperatorsTest/ProperlyIncludes/ProperlyIncludesNullLeft": _NULL_CONTAINER,
    "CqlListOperatorsTest/ProperlyIncludedIn/ProperlyIncludedInNulRight": _NULL_CONTAINER,
    **{
        f"CqlListOperatorsTest/Slice/{name}": _SLICE
        for name in (
            "SliceAll",
            "SliceEmpty",
            "SliceNull",
            "SliceStart",
            "SliceStartNull",
            "SliceEnd",
            "SliceEndNull",
            "SliceNegative",
            "SliceStartAndNegative",
            "SlicePast",
        )
    },
    "CqlStringOperatorsTest/toString tests/DateTimeToString2": (
        "CQL Reference, ToString, writes the offset of a DateTime with a time; the suite expects none"
    ),
    "CqlTypeOperatorsTest/ToConcept/CodeToConcept1": (
        "the expected output is not CQL: Concept.codes is a list, the suite gives a single Code"
    ),
    "CqlTypesTest/Time/TimeMillisParsing": (
        "the translator turns the five digits of the fraction into 10000 milliseconds, which is no time of day"
    ),
    "ValueLiteralsAndSelectors/Decimal/Decimal10Pow28ToZeroOneStepDecimalMaxValue": _DECIMAL,
    "ValueLiteralsAndSelectors/Decimal/DecimalPos10Pow28ToZeroOneStepDecimalMaxValue": _DECIMAL,
    "ValueLiteralsAndSelectors/Decimal/DecimalNeg10Pow28ToZeroOneStepDecimalMinValue": _DECIMAL,
}
