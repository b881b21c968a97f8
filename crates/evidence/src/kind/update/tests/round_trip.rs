//! Every update that obeys the rules of form is read back as it was written.

use proptest::prelude::*;

use super::*;
use crate::time::Duration;

proptest! {
    #[test]
    fn parse_is_inverse_of_to_statement_bytes((update, subjects) in some_update()) {
        let bytes = update.to_statement_bytes(&subjects).expect("obeys the rules of form");
        let statement = Statement::parse(&bytes).expect("was read already");
        prop_assert_eq!(statement.subjects(), subjects);
        prop_assert_eq!(statement.supersedes(), &update.supersedes);
        prop_assert_eq!(statement.kind().as_update(), Some(&update));
    }

    #[test]
    fn order_of_files_and_subjects_does_not_matter_when_writing((update, subjects) in some_update()) {
        let bytes = update.to_statement_bytes(&subjects);
        let mut turned = update;
        turned.files.reverse();
        let reversed: Vec<_> = subjects.into_iter().rev().collect();
        prop_assert_eq!(turned.to_statement_bytes(&reversed), bytes);
    }
}

prop_compose! {
    fn some_update()(
        line in some_line(),
        (files, subjects) in some_files(),
        (version, serial) in ("[ -~é]{1,32}", 2..limits::INTEGER),
        predecessor in proptest::option::of((1..limits::INTEGER, digest())),
        digests in [proptest::option::of(digest()), proptest::option::of(digest()), proptest::option::of(digest())],
        sbom in proptest::collection::btree_set((one_of(SbomFormat::TABLE), digest()), 0..4),
        rules in (digest(), digest()),
        requires in proptest::collection::btree_map((one_of(LineKind::TABLE), "z[a-z]{0,3}"), (1..99_u64, proptest::option::of(99..200_u64)), 0..4),
        actions in (one_of(Class::TABLE), one_of(Consent::TABLE)),
        (audience, state) in (some_audience(), some_state()),
        (from, length) in (0..2_000_000_000_i64, proptest::option::of(1..=400 * 86_400_u64)),
        returns_to in proptest::option::of(Just(1)),
        supersedes in proptest::collection::btree_set(digest(), 0..4),
    ) -> (Update, Vec<Subject>) {
        let from = Time::from_seconds(from);
        let [source, recipe, notes] = digests;
        let rules = RulesSet { fingerprint: rules.0, set: rules.1 };
        let requires = requires.into_iter().map(|((kind, product), (min, max))| {
            Requirement { kind, product: word(&product), min, max }
        });
        let own = (line.kind, line.product.clone());
        let update = Update {
            version: version.into(),
            serial,
            predecessor: predecessor.map(|(serial, statement)| Predecessor { serial, statement }),
            files,
            source,
            recipe,
            sbom: sbom.into_iter().map(|(format, sha256)| Sbom { format, sha256 }).collect(),
            notes,
            rules: Some(rules).filter(|_| line.kind == LineKind::DetectionRules),
            requires: requires.filter(|other| (other.kind, other.product.clone()) != own).collect(),
            actions: Actions { class: actions.0, consent: actions.1 },
            audience,
            activation: Activation { from, until: length.map(|length| from + Duration::from_seconds(length)) },
            state,
            returns_to,
            supersedes: supersedes.into_iter().collect(),
            line,
        };
        (update, subjects)
    }
}

prop_compose! {
    fn some_line()(publisher in some_word(), product in some_word(), kind in one_of(LineKind::TABLE),
        channel in some_word(), platform in some_word()) -> Line {
        Line { publisher, product, kind, channel, platform }
    }
}

/// Files of different names, some of them patches to the first, which is full.
fn some_files() -> impl Strategy<Value = (Vec<File>, Vec<Subject>)> {
    let file = (digest(), 0..limits::INTEGER, 0..3_u8, digest());
    proptest::collection::btree_map("[a-z]{1,6}(/[ -!#-.0-\\[\\]-~é]{1,6}x)?", file, 1..6).prop_map(
        |rows| {
            let full = rows.values().next().map(|row| row.0).expect("one at least");
            let rows = rows.into_iter().enumerate().map(
                |(position, (text, (sha256, size, role, from)))| {
                    let role = match (position, role) {
                        (0, _) | (_, 0) => Role::Full,
                        (_, 1) => Role::Part,
                        _ => Role::Patch { from, to: full },
                    };
                    (
                        File {
                            name: name(&text),
                            size,
                            role,
                        },
                        Subject::file(name(&text), sha256),
                    )
                },
            );
            rows.unzip()
        },
    )
}

fn some_state() -> impl Strategy<Value = State> {
    let withdrawal = (one_of(WithdrawalReason::TABLE), "[ -~\n😀]{1,20}");
    prop_oneof![
        Just(State::Offered),
        withdrawal.prop_map(|(reason, text)| State::Withdrawn(Withdrawal {
            reason,
            text: text.into()
        })),
    ]
}

fn some_audience() -> impl Strategy<Value = Audience> {
    let tier = (some_word(), 1..=PERMILLE, 0..2_000_000_000_i64);
    prop_oneof![
        Just(Audience::Everyone),
        tier.prop_map(|(name, permille, by)| Audience::Tier {
            name,
            permille,
            everyone_by: Time::from_seconds(by)
        }),
    ]
}

fn some_word() -> impl Strategy<Value = Word> {
    "[a-z0-9][a-z0-9._-]{0,8}".prop_map(|text| word(&text))
}

fn digest() -> impl Strategy<Value = Hash> {
    any::<[u8; 32]>().prop_map(Hash)
}

fn one_of<T: Copy + std::fmt::Debug>(
    table: &'static [(&'static str, T)],
) -> impl Strategy<Value = T> {
    proptest::sample::select(table).prop_map(|(_, value)| value)
}
