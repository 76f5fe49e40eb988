"""The record of an answer: what was asked, of which data, with which outcome, so that every card can say why."""
