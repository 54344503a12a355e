"""Cards of the catalogues: a rule of NetworkPolicy, and a mistake that learners make."""

from __future__ import annotations

from netpol_lab.display import card
from netpol_lab.model.phrases import listed
from netpol_lab.tell.catalogue import CatalogueRule, Mistake, mistakes


def draw_rule(rule: CatalogueRule) -> card.Picture:
    """A rule: who says so, how network plugins differ, and the mistakes that are made with it."""
    against = [f"{each.id}, {each.name}" for each in mistakes().values() if each.rule == rule]
    lines = [
        rule.text,
        f"Network plugins differ. {rule.plugins}" if rule.plugins else "",
        f"Source: {'; '.join(rule.sources)}.",
        f"Mistakes: {'; '.join(against)}." if against else "",
    ]
    return card.told(f"Rule {rule.id}", f"Lesson {rule.lesson}", filter(None, lines))


def draw_mistake(mistake: Mistake) -> card.Picture:
    """A mistake: what is wrong, how it shows, and the rule that holds."""
    lines = [
        mistake.sentence,
        f"How it shows: {mistake.seen}",
        f"Rule {mistake.rule.id}: {mistake.rule.text}",
        f"Asked in {listed(mistake.quiz)}." if mistake.quiz else "",
    ]
    return card.told(f"{mistake.id}: {mistake.name}", f"Lesson {mistake.lesson}", filter(None, lines))
