"""What the two guidelines that settle how guidelines are written promise of their cases."""

from __future__ import annotations

from cds.tester.focus import Focus
from cds.tester.mutation_run import mutate
from tests.content.guideline import Guideline


class PilotGuideline:
    """The tests of one guideline: `guideline` and `limit`, a definition that compares with a limit, say of which."""

    guideline: Guideline
    limit: str

    def test_every_case_of_the_guideline_passes(self):
        assert not self.guideline.failed()
        assert len(self.guideline.report.results) > 400

    def test_every_condition_was_seen_true_false_and_unknown_where_it_can_be(self):
        assert not self.guideline.report.gaps
        lacking = [one.expression for one in self.guideline.report.coverage if one.lacks_unknown]
        assert not lacking

    def test_every_definition_behind_a_condition_was_seen_as_all_it_can_be(self):
        assert len(self.guideline.report.definitions) > 250
        gaps = [(one.library, one.definition, one.missing) for one in self.guideline.report.definition_gaps]
        assert not gaps

    def test_a_wrong_limit_or_comparison_is_noticed(self):
        checked = mutate(self.guideline.paths, self.guideline.id, focus=Focus(definition=self.limit))
        assert len(checked.of("caught")) == len(checked.judged) > 0

    def test_every_action_was_shown_as_a_card(self):
        shown = {
            (card.source.topic.code, (card.extension or {}).get("org.example.fhir-cds.branch"))
            for card in self.guideline.cards()
        }
        assert shown == {
            (action["code"][0]["coding"][0]["code"], action["id"].partition(".")[2] or None)
            for action in self.guideline.actions
        }

    def test_every_card_is_whole_and_names_its_source(self):
        for card in self.guideline.cards():
            assert len(card.summary) < 140
            assert not card.summary.endswith("…"), card.summary
            assert "Source:" in card.detail, card.summary
            assert "could not be worked out" not in card.detail, card.summary
            assert card.override_reasons, card.summary
