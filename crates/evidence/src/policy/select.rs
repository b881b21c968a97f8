//! Which set of requirements applies to a line: rule PL5.
//!
//! Of the sets whose `when` matches, the one with most selectors applies, whole. Requirements of several sets are never
//! joined: a reader of one set sees all that is asked for.

use super::{LineRule, Policy, Set, When};
use crate::line::{Line, Word};

impl When {
    /// Whether every selector is the line's.
    pub fn matches(&self, line: &Line) -> bool {
        let word =
            |selector: &Option<Word>, word: &Word| selector.as_ref().is_none_or(|s| s == word);
        word(&self.publisher, &line.publisher)
            && word(&self.product, &line.product)
            && self.kind.is_none_or(|kind| kind == line.kind)
            && word(&self.channel, &line.channel)
            && word(&self.platform, &line.platform)
    }

    /// How many selectors it has, 0 to 5.
    pub fn selectors(&self) -> usize {
        let words = [
            &self.publisher,
            &self.product,
            &self.channel,
            &self.platform,
        ];
        words.iter().filter(|word| word.is_some()).count() + usize::from(self.kind.is_some())
    }
}

impl Policy {
    /// The rule that lets the machine receive this line; `None` if nothing does.
    pub fn rule_for(&self, line: &Line) -> Option<&LineRule> {
        self.lines.iter().find(|rule| rule.allows(line))
    }

    /// The set that applies to a line, with its name. Every line that [`Policy::rule_for`] allows has one.
    pub fn set_for(&self, line: &Line) -> Option<(&Word, &Set)> {
        let sets = self.sets.iter().map(|(name, set)| (name, &set.when));
        match select(sets, line) {
            Selected::One(name) => self.sets.get_key_value(name),
            Selected::None | Selected::Tie(..) => None,
        }
    }

    /// Whether a party's operator is not the publisher's: what `published.independent` counts. Ties do not matter there,
    /// since a customer who names a signer knows them; the example of §7 names one that the publisher pays.
    pub fn is_beside(&self, party: &Word, publisher: &Word) -> bool {
        match (self.parties.get(party), self.publishers.get(publisher)) {
            (Some(party), Some(of)) => *party.operator != *of.operator,
            _ => false,
        }
    }

    /// Whether a party may count where `independent = true`: another operator, and no tie that the policy names. What a
    /// statement itself declares comes on top.
    pub fn is_independent(&self, party: &Word, publisher: &Word) -> bool {
        let (Some(party), Some(of)) = (self.parties.get(party), self.publishers.get(publisher))
        else {
            return false;
        };
        party.is_independent(&of.operator, publisher)
    }
}

impl super::Party {
    pub(super) fn is_independent(&self, operator: &str, publisher: &Word) -> bool {
        *self.operator != *operator && self.conflicts.iter().all(|tie| tie.party != *publisher)
    }
}

/// What PL5 finds for a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Selected<'a> {
    None,
    One(&'a Word),
    Tie(&'a Word, &'a Word),
}

pub(super) fn select<'a>(
    sets: impl Iterator<Item = (&'a Word, &'a When)>,
    line: &Line,
) -> Selected<'a> {
    let mut best = Selected::None;
    let mut most = 0;
    for (name, when) in sets.filter(|(_, when)| when.matches(line)) {
        let selectors = when.selectors();
        best = match best {
            Selected::One(other) | Selected::Tie(other, _) if selectors == most => {
                Selected::Tie(other, name)
            }
            Selected::One(_) | Selected::Tie(..) if selectors < most => best,
            _ => Selected::One(name),
        };
        most = most.max(selectors);
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::line::LineKind;

    fn word(text: &str) -> Word {
        Word::parse(text).unwrap()
    }

    fn line() -> Line {
        Line {
            publisher: word("acme"),
            product: word("shield"),
            kind: LineKind::Software,
            channel: word("stable"),
            platform: word("any"),
        }
    }

    #[test]
    fn pl5_takes_the_set_with_most_selectors_and_finds_ties() {
        let (a, b, c) = (word("a"), word("b"), word("c"));
        let all = When::default();
        let one = When {
            channel: Some(word("stable")),
            ..When::default()
        };
        let other = When {
            kind: Some(LineKind::Software),
            ..When::default()
        };
        let two = When {
            publisher: Some(word("acme")),
            ..other.clone()
        };
        let none = When {
            platform: Some(word("linux")),
            ..two.clone()
        };
        for (sets, expected) in [
            (vec![], Selected::None),
            (vec![(&a, &none)], Selected::None),
            (vec![(&a, &all)], Selected::One(&a)),
            (vec![(&a, &all), (&b, &one), (&c, &none)], Selected::One(&b)),
            (vec![(&a, &two), (&b, &one), (&c, &all)], Selected::One(&a)),
            (vec![(&a, &one), (&b, &other)], Selected::Tie(&a, &b)),
            (vec![(&a, &all), (&b, &all)], Selected::Tie(&a, &b)),
            (
                vec![(&a, &one), (&b, &other), (&c, &two)],
                Selected::One(&c),
            ),
            (
                vec![(&a, &two), (&b, &one), (&c, &other)],
                Selected::One(&a),
            ),
        ] {
            assert_eq!(select(sets.iter().copied(), &line()), expected, "{sets:?}");
        }
    }
}
