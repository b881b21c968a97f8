//! To whom, for when and on whose consent an update is offered.

use evidence::kind::update::{Activation, Audience, Class, Consent};
use evidence::state::Memory;
use evidence::time::Time;
use evidence::verdict::Word;

use crate::kit::{NOW, word};
use crate::{REQUIRE, assert_says, with};

#[test]
fn at_17_a_tier_is_refused_to_others_and_to_all_once_it_lapsed() {
    let tier = |days: i64| {
        with(|update| {
            let everyone_by = Time::from_seconds(NOW + days * 86_400);
            update.audience = Audience::Tier {
                name: word("early"),
                permille: 10,
                everyone_by,
            };
        })
    };
    let member = "published = true\naudience = { tiers = [\"early\"] }";
    assert_says(
        &tier(5).judge(42, REQUIRE),
        Word::Refused,
        "audience",
        "fail tier",
    );
    assert_says(&tier(5).judge(42, member), Word::Accepted, "audience", "ok");
    assert_says(
        &tier(-1).judge(42, member),
        Word::Refused,
        "audience",
        "fail tier-lapsed",
    );
}

#[test]
fn u6_a_tier_ends_thirty_days_after_its_log_time_whatever_it_says() {
    let world = with(|update| {
        let everyone_by = Time::from_seconds(NOW + 300 * 86_400);
        update.audience = Audience::Tier {
            name: word("early"),
            permille: 10,
            everyone_by,
        };
    });
    let member = "published = true\naudience = { tiers = [\"early\"] }";
    let within = world.judge_with(42, member, &Memory::NotKept, NOW + 29 * 86_400);
    assert_says(&within, Word::Accepted, "audience", "ok");
    let after = world.judge_with(42, member, &Memory::NotKept, NOW + 31 * 86_400);
    assert_says(&after, Word::Refused, "audience", "fail tier-lapsed");
}

#[test]
fn activation_begins_and_ends() {
    let from = |from: i64, until: Option<i64>| {
        with(|update| {
            let until = until.map(|until| Time::from_seconds(NOW + until));
            update.activation = Activation {
                from: Time::from_seconds(NOW + from),
                until,
            };
        })
    };
    assert_says(
        &from(1, None).judge(42, REQUIRE),
        Word::Undecided,
        "activation",
        "wait not-yet",
    );
    assert_says(
        &from(0, None).judge(42, REQUIRE),
        Word::Accepted,
        "activation",
        "ok",
    );
    assert_says(
        &from(-9, Some(-1)).judge(42, REQUIRE),
        Word::Refused,
        "activation",
        "fail expired",
    );
    assert_says(
        &from(-9, Some(0)).judge(42, REQUIRE),
        Word::Accepted,
        "activation",
        "ok",
    );
}

#[test]
fn consent_beyond_the_contract_and_a_product_change_are_refused() {
    let asks = |consent, class| {
        with(|update| {
            update.actions.consent = consent;
            update.actions.class = class;
        })
    };
    let allows =
        "published = true\nconsent = { allow = [\"contract\", \"opt-in\", \"ask-each-time\"] }";
    let opt_in = asks(Consent::OptIn, Class::Feature);
    assert_says(
        &opt_in.judge(42, REQUIRE),
        Word::Refused,
        "consent",
        "fail consent-needed",
    );
    assert_says(&opt_in.judge(42, allows), Word::Accepted, "consent", "ok");
    let change = asks(Consent::Contract, Class::ProductChange);
    assert_says(
        &change.judge(42, REQUIRE),
        Word::Refused,
        "consent",
        "fail product-change",
    );
    assert_says(&change.judge(42, allows), Word::Accepted, "consent", "ok");
}
