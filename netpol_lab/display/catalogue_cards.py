"""Cards of the catalogues: a rule of NetworkPolicy, a mistake that learners make, and a word of the glossary."""

from __future__ import annotations

from netpol_lab.display import card
from netpol_lab.model.phrases import listed
from netpol_lab.tell.catalogue import CatalogueRule, GlossaryTerm, Mistake, mistakes


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


def draw_term(term: GlossaryTerm) -> card.Picture:
    """A word of the glossary: what it means, what people get wrong about it, and the rules behind it."""
    lines = [term.means, f"Often wrong: {term.wrong}", *(f"Rule {rule.id}: {rule.text}" for rule in term.rules)]
    return card.told(term.name, f"Lesson {term.lesson}", lines)
