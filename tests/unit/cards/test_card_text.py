"""Summaries stay under 140 characters without tearing a character; Markdown from records does nothing."""

from __future__ import annotations

import pytest

from cds.cards.text import plain, safe_markdown, summary_of


@pytest.mark.parametrize("length", [1, 138, 139])
def test_a_text_of_up_to_139_characters_stays_whole(length):
    assert summary_of("x" * length) == "x" * length


@pytest.mark.parametrize(
    "text", ["x" * 140, "x" * 141, "word " * 30, "é" * 200, "e\u0301" * 100, "👩\u200d⚕️" * 40, "𝒳" * 100]
)
def test_a_longer_text_is_cut_below_the_limit_even_as_browsers_count(text):
    cut = summary_of(text)
    assert cut.endswith("…")
    assert len(cut.encode("utf-16-le")) // 2 <= 139
    assert len(cut) > 60


def test_a_cut_leaves_combined_characters_and_words_whole():
    assert summary_of("e\u0301" * 100)[:-1].endswith("\u0301")
    family = "👩\u200d⚕️"
    assert summary_of(family * 40)[:-1] == family * (len(summary_of(family * 40)[:-1]) // len(family))
    assert summary_of("lenalidomide " * 12) == "lenalidomide " * 9 + "lenalidomide…"


def test_line_breaks_become_spaces():
    assert summary_of(" a\n b\t c ") == "a b c"


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("<script>alert(1)</script>", "&lt;script>alert(1)&lt;/script>"),
        ("clearance < 30 mL/min and <5", "clearance < 30 mL/min and <5"),
        ("![x](https://evil.example.org/p.png)", "x (https://evil.example.org/p.png)"),
        ("![x", "!\\[x"),
        ("[x](javascript:alert(1))", "[x]\\(javascript:alert(1))"),
        ("[SmPC](https://example.org/spc)", "[SmPC](https://example.org/spc)"),
        ("**24 mL/min**\n\n| a | b |", "**24 mL/min**\n\n| a | b |"),
    ],
)
def test_markdown_keeps_its_form_and_loses_what_acts(text, safe):
    assert safe_markdown(text) == safe


def test_plain_text_shows_letter_for_letter():
    assert plain("a_b *c* <d>\n[e]") == "a\\_b \\*c\\* \\<d\\> \\[e\\]"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("<script>alert(1)</script> daily", "‹script>alert(1)‹/script> daily"),
        ("[press](javascript:alert(1))", "[press] (javascript:alert(1))"),
        ("abc\u202egnirts\u2066x", "abcgnirtsx"),
        ("eGFR < 30, [a](b) >= 5", "eGFR < 30, [a] (b) >= 5"),
        ("[x]: https://evil.example", "[x] : https://evil.example"),
    ],
)
def test_a_summary_has_nothing_that_could_act_or_turn_the_line(text, line):
    assert summary_of(text) == line


def test_markdown_loses_the_marks_that_turn_a_line():
    assert safe_markdown("a\u202eb\u2069c") == "abc"
