"""Run HL7's CQL suite over the engine and print a table per file: `python -m tools.conformance.cql [--write | name]`.

`name` restricts the run to tests whose key contains it and prints each with its values; `--write` writes the table and
the reasons into docs/engine-conformance.md.
"""

from __future__ import annotations

import sys
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from cds.authoring.translator import Translation
from cds.engine import Engine
from cds.errors import CDSError
from tools.conformance.cql_known import KNOWN
from tools.conformance.cql_suite import REPOSITORY, SuiteTest, read_suite, suite_folder, translate_suite
from tools.conformance.same_value import same_value

# The suite's expressions over Now() and Today() hold at any moment; a time with odd digits makes slips visible.
NOW = datetime(2026, 3, 2, 10, 11, 12, 345000, tzinfo=UTC)

PAGE = REPOSITORY / "docs" / "engine-conformance.md"
PAGE_TEXT = """# CQL conformance

HL7's CQL test suite over this engine, each expression translated by the official translator; written by
`python -m tools.conformance.cql --write`. An answer counts as right only if it is the expected one in type, precision
and text; CQL's own equivalence, which ignores the case of text, would be more lenient. Neither the suite nor what is
derived from it is part of this project.

{table}

## The tests that do not pass

{reasons}"""

PASS, FAIL, REFUSED = "pass", "fail", "refused by the translator"


@dataclass(frozen=True, slots=True)
class Verdict:
    """How one test came out, with what was seen."""

    test: SuiteTest
    kind: str
    seen: str


def value_of(translation: Translation, library: str) -> Any:
    """Evaluate the definition "Value" of a translated unit; raises the engine's own errors."""
    engine = Engine([translation.elm or {}])
    return engine.session([], now=NOW).evaluate(library, "Value")


def judge(test: SuiteTest, translations: dict[str, Translation]) -> Verdict:
    """Run one test.

    A test marked invalid passes when the translator refuses it or the evaluation fails with the engine's error; one
    without an output passes when it evaluates. Any other exception is a fault of the engine and fails the test.
    """
    actual = translations[f"{test.key}#actual"]
    must_fail = test.invalid not in (None, "false")
    if actual.errors or actual.elm is None:
        return Verdict(test, PASS if must_fail else REFUSED, actual.problems[0].message)
    try:
        value = value_of(actual, "Actual")
    except CDSError as error:
        return Verdict(test, PASS if must_fail else FAIL, f"{type(error).__name__}: {error}")
    except Exception as error:  # noqa: BLE001 - a crash is a verdict here
        return Verdict(test, FAIL, f"CRASH {type(error).__name__}: {error}")
    if must_fail:
        return Verdict(test, FAIL, f"no error but {value!r}")
    if test.expected is None:
        return Verdict(test, PASS, repr(value))
    return _compare(test, value, translations[f"{test.key}#expected"])


def _compare(test: SuiteTest, value: Any, expectation: Translation) -> Verdict:
    if expectation.errors:
        return Verdict(
            test, FAIL, f"{value!r}; the expected output does not translate: {expectation.errors[0].message}"
        )
    try:
        expected = value_of(expectation, "Expected")
    except Exception as error:  # noqa: BLE001 - a crash is a verdict here
        return Verdict(test, FAIL, f"the expected output does not evaluate: {type(error).__name__}: {error}")
    return Verdict(test, PASS if same_value(value, expected) else FAIL, f"{value!r}, expected {expected!r}")


def run_suite(only: str = "") -> list[Verdict]:
    """Run every test whose key contains `only`."""
    tests = read_suite(suite_folder())
    translations = translate_suite(tests)
    return [judge(test, translations) for test in tests if only in test.key]


def table(verdicts: Iterable[Verdict]) -> str:
    """Print the counts per file as a Markdown table."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for verdict in verdicts:
        counts[verdict.test.file][verdict.kind] += 1
        counts["**all**"][verdict.kind] += 1
    rows = ["| file | tests | pass | fail | refused by the translator |", "| --- | --- | --- | --- | --- |"]
    for file in sorted(counts, key=lambda name: (name == "**all**", name)):
        count = counts[file]
        rows.append(f"| {file} | {count.total()} | {count[PASS]} | {count[FAIL]} | {count[REFUSED]} |")
    return "\n".join(rows)


def page(verdicts: Iterable[Verdict]) -> str:
    """Write the documentation page: the table, then the tests that do not pass, by reason."""
    verdicts = list(verdicts)
    by_reason: dict[str, list[str]] = defaultdict(list)
    for verdict in verdicts:
        if verdict.kind != PASS:
            by_reason[KNOWN.get(verdict.test.key, "not yet explained")].append(verdict.test.key)
    reasons = "\n".join(
        f"- {reason[0].upper()}{reason[1:]}.\n" + "".join(f"    - `{key}`\n" for key in keys)
        for reason, keys in by_reason.items()
    )
    return PAGE_TEXT.format(table=table(verdicts), reasons=reasons)


def main(arguments: list[str]) -> int:
    """Print the table, then each test that does not pass with its reason; 1 if one of them has no known reason."""
    if not suite_folder().is_dir():
        sys.stdout.write(f"skipped: the CQL suite is not at {suite_folder()}\n")
        return 0
    write = "--write" in arguments
    only = "".join(argument for argument in arguments if argument != "--write")
    verdicts = run_suite(only)
    unexplained = 0
    for verdict in verdicts:
        if verdict.kind != PASS or only:
            reason = KNOWN.get(verdict.test.key)
            unexplained += verdict.kind != PASS and reason is None
            text = " ".join(verdict.test.expression.split())
            sys.stdout.write(f"{verdict.kind}: {verdict.test.key}: {text}\n    {verdict.seen}\n    {reason or ''}\n")
    sys.stdout.write(table(verdicts) + f"\n{unexplained} without a known reason\n")
    if write:
        PAGE.write_text(page(verdicts), encoding="utf-8")
    return 1 if unexplained else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
