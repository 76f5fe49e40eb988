"""Value sets the other way round: from a code to those that hold it."""

from __future__ import annotations

from cds.engine.listed_value_sets import ListedValueSets


class Pattern(frozenset):
    """Codes that can be asked for and not listed."""

    def __contains__(self, code):
        return code.startswith("a")


class Known:
    def __init__(self, **members):
        self.members = members
        self.asked = []

    def codes(self, url, version):
        self.asked.append((url, version))
        return self.members.get(url)


def test_a_code_leads_to_every_value_set_that_holds_it():
    known = Known(v={"s": frozenset({"a", "b"})}, w={"s": frozenset({"b"}), "t": frozenset({"b"})})
    listed = ListedValueSets(known, ["v", "w"])
    assert listed.holding("s", "a") == [("v", None)]
    assert sorted(listed.holding("s", "b")) == [("v", None), ("w", None)]
    assert list(listed.holding("t", "b")) == [("w", None)]
    assert not listed.holding(None, "b")
    assert not listed.holding("u", "b")
    assert sorted(listed.holding_any("b")) == [("v", None), ("w", None), ("w", None)]


def test_what_is_unknown_or_a_pattern_is_not_listed():
    listed = ListedValueSets(Known(v={"s": frozenset({"a"})}, p={"s": Pattern()}), ["v", "p", "unknown"])
    assert set(listed.members) == {("v", None)}


def test_the_terminology_is_asked_once_for_the_version_named_and_not_before_it_matters():
    known = Known(v={"s": frozenset({"a"})})
    listed = ListedValueSets(known, ["v|2", "v|2"])
    assert known.asked == []
    assert listed.holding("s", "a") == [("v", "2")]
    assert listed.members
    assert known.asked == [("v", "2")]
