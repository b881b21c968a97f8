//! Y1–Y6: what a policy text may say. One test a violation, and what is accepted beside it.

use proptest::prelude::*;

use super::Key;
use crate::key::VkeyRefused;
use crate::policy::{MAX_ITEMS, MAX_TEXT, Member, Policy, Refusals, Violation, Witnesses};

fn log(seed: u8) -> String {
    Key::log("log.example/v1", seed).vkey.to_string()
}

fn witness(seed: u8) -> String {
    Key::witness("w.example/w", seed).vkey.to_string()
}

/// Lines `w1 … wN` for witnesses of these seeds.
fn witnesses(seeds: std::ops::RangeInclusive<u8>) -> String {
    seeds
        .map(|seed| format!("witness w{seed} {}\n", witness(seed)))
        .collect()
}

/// The one violation of `text`, and the bytes that it marks.
fn refused(text: &str) -> (usize, usize, Violation, String) {
    let refusals = Policy::parse(text.as_bytes()).unwrap_err();
    let [refusal] = refusals.all() else {
        panic!("{:?}", refusals.all())
    };
    assert!(!refusal.violation.hint().is_empty());
    let marked = text.get(refusal.span.clone()).unwrap().to_owned();
    (refusal.line, refusal.column, refusal.violation, marked)
}

fn check(text: &str, line: usize, column: usize, violation: Violation, marked: &str) {
    assert_eq!(
        refused(text),
        (line, column, violation, marked.to_owned()),
        "{text}"
    );
}

fn accepts(text: &str) -> Policy {
    let policy = Policy::parse(text.as_bytes());
    policy.unwrap_or_else(|refusals: Refusals| panic!("{refusals}\n{text}"))
}

#[test]
fn y1_accepts_every_kind_of_line_in_any_order_of_definitions() {
    let policy = accepts(&format!(
        "# comment\n\n  # another\nwitness a {}\nlog {} https://log.example/v1\n\t\nwitness b {} https://b.example\n\
         group g 2 a b\nlog {}\nquorum g\nwitness late {}\n",
        witness(1),
        log(2),
        witness(3),
        log(4),
        witness(5),
    ));
    assert_eq!(
        (policy.logs().len(), policy.witnesses().witnesses().len()),
        (2, 3)
    );
    assert_eq!(
        policy.logs()[0].url.as_deref(),
        Some(&b"https://log.example/v1"[..])
    );
    assert_eq!(
        policy.witnesses().witnesses()[1].url.as_deref(),
        Some(&b"https://b.example"[..])
    );
    assert_eq!(policy.witnesses().quorum(), Some(Member::Group(0)));
}

#[test]
fn y1_accepts_a_quorum_of_one_witness_and_of_none() {
    let one = accepts(&format!("witness a {}\nquorum a\n", witness(1)));
    assert_eq!(
        (one.witnesses().need(), one.witnesses().tops().len()),
        (1, 1)
    );
    let none = accepts("quorum none\n");
    assert_eq!(
        (none.witnesses().quorum(), none.witnesses().need()),
        (None, 0)
    );
    assert!(none.witnesses().met_by(|_| false));
}

#[test]
fn y1_accepts_all_any_and_numbers_as_thresholds() {
    for (written, threshold) in [("any", 1), ("all", 3), ("1", 1), ("2", 2), ("3", 3)] {
        let policy = accepts(&format!(
            "{}group g {written} w1 w2 w3\nquorum g\n",
            witnesses(1..=3)
        ));
        assert_eq!(
            policy.witnesses().groups()[0].threshold,
            threshold,
            "{written}"
        );
    }
}

#[test]
fn y1_refuses_a_line_that_opens_with_another_word() {
    check(
        "quorum none\nLog x\n",
        2,
        1,
        Violation::UnknownKeyword,
        "Log",
    );
    check(
        "  mirror x\nquorum none\n",
        1,
        3,
        Violation::UnknownKeyword,
        "mirror",
    );
    check(
        "quorum\u{a0}none\nquorum none\n",
        1,
        1,
        Violation::UnknownKeyword,
        "quorum\u{a0}none",
    );
}

#[test]
fn y1_refuses_a_line_that_ends_too_early() {
    check(
        "log\nquorum none\n",
        1,
        4,
        Violation::ItemMissing("a vkey"),
        "",
    );
    check(
        "witness\nquorum none\n",
        1,
        8,
        Violation::ItemMissing("a name"),
        "",
    );
    check(
        "witness a\nquorum none\n",
        1,
        10,
        Violation::ItemMissing("a vkey"),
        "",
    );
    check(
        "group\nquorum none\n",
        1,
        6,
        Violation::ItemMissing("a name"),
        "",
    );
    check(
        "group g\nquorum none\n",
        1,
        8,
        Violation::ItemMissing("all, any or a number"),
        "",
    );
    check(
        "quorum\n",
        1,
        7,
        Violation::ItemMissing("a name or none"),
        "",
    );
    check(
        "quorum \t \n",
        1,
        10,
        Violation::ItemMissing("a name or none"),
        "",
    );
}

#[test]
fn y1_refuses_a_line_that_goes_on() {
    check(
        &format!("log {} url more\nquorum none\n", log(1)),
        1,
        log(1).len() + 10,
        Violation::ItemTooMany,
        "more",
    );
    let text = format!("witness a {} url # remark\nquorum none\n", witness(1));
    check(&text, 1, witness(1).len() + 16, Violation::ItemTooMany, "#");
    check("quorum none none\n", 1, 13, Violation::ItemTooMany, "none");
    check("quorum none # nobody\n", 1, 13, Violation::ItemTooMany, "#");
}

#[test]
fn y1_refuses_a_text_without_quorum() {
    check("", 1, 1, Violation::QuorumMissing, "");
    check("# quorum none\n", 2, 1, Violation::QuorumMissing, "");
    check(&witnesses(1..=1), 2, 1, Violation::QuorumMissing, "");
}

#[test]
fn y1_refuses_a_second_quorum() {
    check(
        "quorum none\nquorum none\n",
        2,
        1,
        Violation::QuorumTwice,
        "quorum",
    );
}

#[test]
fn y1_refuses_thresholds_that_are_no_number() {
    for written in [
        "ALL",
        "01",
        "+1",
        "-1",
        "1.0",
        "0x1",
        "",
        "one",
        "18446744073709551616",
    ] {
        let text = format!("{}group g {written} w1\nquorum w1\n", witnesses(1..=1));
        // Without a threshold the member stands in its place.
        let (marked, expected) = if written.is_empty() {
            ("w1", Violation::Threshold)
        } else {
            (written, Violation::Threshold)
        };
        let (line, column, violation, found) = refused(&text);
        assert_eq!(
            (line, violation, found.as_str()),
            (2, expected, marked),
            "{written}"
        );
        assert!(column >= 9);
    }
}

#[test]
fn y1_refuses_a_last_line_without_newline_since_it_may_be_cut_off() {
    check("quorum none", 1, 12, Violation::NoNewline, "");
    check("quorum none\n# cut", 2, 6, Violation::NoNewline, "");
}

#[test]
fn y1_refuses_vkeys_that_are_none() {
    check(
        "log x\nquorum none\n",
        1,
        5,
        Violation::Vkey(VkeyRefused::Form),
        "x",
    );
    let broken = witness(1).replace('A', "B");
    let (_, column, violation, marked) = refused(&format!("witness a {broken}\nquorum none\n"));
    assert_eq!((column, marked), (11, broken));
    assert!(matches!(violation, Violation::Vkey(_)));
    let bytes = b"log \xff+00000000+AQ==\nquorum none\n";
    let refusals = Policy::parse(bytes).unwrap_err();
    assert_eq!(
        refusals.all()[0].violation,
        Violation::Vkey(VkeyRefused::Name)
    );
}

#[test]
fn y2_refuses_control_characters() {
    for byte in (0..0x20)
        .chain([0x7f])
        .filter(|byte| !matches!(byte, b'\t' | b'\n'))
    {
        let text = format!("# a{}\nquorum none\n", char::from(byte));
        let marked = char::from(byte).to_string();
        check(&text, 1, 4, Violation::ForbiddenByte(byte), &marked);
    }
    let crlf = Policy::parse(b"# a\r\nquorum none\n").unwrap_err();
    assert_eq!(
        crlf.hint(),
        "save the text with line ends of one newline byte"
    );
}

#[test]
fn y2_accepts_tabs_and_runs_of_spaces_between_items_and_around_lines() {
    let text = format!("\t witness \t a\t{}  \n \tquorum\t\ta \t\n", witness(1));
    assert_eq!(accepts(&text).witnesses().need(), 1);
}

#[test]
fn y2_names_are_opaque_bytes_and_a_comment_opens_a_line() {
    let (k, kelvin) = ("K", "\u{212a}");
    let text = format!(
        "witness {k} {}\nwitness {kelvin} {}\nwitness a#b {}\ngroup g all {k} {kelvin} a#b\nquorum g\n",
        witness(1),
        witness(2),
        witness(3),
    );
    assert_eq!(accepts(&text).witnesses().witnesses().len(), 3);
    let mut bytes = b"witness \x80\xff\xfe ".to_vec();
    bytes.extend(format!("{} u\u{ff}\nquorum ", witness(1)).bytes());
    bytes.extend(b"\x80\xff\xfe\n");
    let policy = Policy::parse(&bytes).unwrap();
    assert_eq!(
        policy.witnesses().witnesses()[0].name.as_bytes(),
        b"\x80\xff\xfe"
    );
    assert_eq!(Policy::parse(&policy.to_bytes()).unwrap(), policy);
}

#[test]
fn y3_refuses_names_that_no_earlier_line_defines() {
    check("quorum a\n", 1, 8, Violation::NameUndefined, "a");
    check(
        &format!("quorum w1\n{}", witnesses(1..=1)),
        1,
        8,
        Violation::NameUndefined,
        "w1",
    );
    check(
        &format!("group g any w1\n{}quorum none\n", witnesses(1..=1)),
        1,
        13,
        Violation::NameUndefined,
        "w1",
    );
    check(
        "group g any g\nquorum none\n",
        1,
        13,
        Violation::NameUndefined,
        "g",
    );
}

#[test]
fn y3_refuses_a_name_defined_twice_across_witnesses_and_groups() {
    let one = witnesses(1..=1);
    check(
        &format!("{one}witness w1 {}\nquorum w1\n", witness(2)),
        2,
        9,
        Violation::NameTwice,
        "w1",
    );
    check(
        &format!("{one}group w1 any w1\nquorum w1\n"),
        2,
        7,
        Violation::NameTwice,
        "w1",
    );
    let text = format!("{one}group g any w1\nwitness g {}\nquorum g\n", witness(2));
    check(&text, 3, 9, Violation::NameTwice, "g");
}

#[test]
fn y3_refuses_none_as_a_name_and_as_a_member() {
    check(
        &format!("witness none {}\nquorum none\n", witness(1)),
        1,
        9,
        Violation::NameReserved,
        "none",
    );
    let one = witnesses(1..=1);
    check(
        &format!("{one}group none any w1\nquorum none\n"),
        2,
        7,
        Violation::NameReserved,
        "none",
    );
    check(
        &format!("{one}group g any none\nquorum w1\n"),
        2,
        13,
        Violation::NameReserved,
        "none",
    );
}

#[test]
fn y4_refuses_one_public_key_in_two_log_lines_under_whatever_name() {
    let other = Key::log("other.example/v1", 1).vkey.to_string();
    let text = format!("log {}\nlog {other}\nquorum none\n", log(1));
    check(&text, 2, 5, Violation::LogKeyTwice, &other);
}

#[test]
fn y4_refuses_one_public_key_in_two_witness_lines_under_whatever_name() {
    let other = Key::witness("other.example/w", 1).vkey.to_string();
    let text = format!("witness a {}\nwitness b {other}\nquorum a\n", witness(1));
    check(&text, 2, 11, Violation::WitnessKeyTwice, &other);
    let text = format!("witness a {}\nwitness b {0}\nquorum a\n", witness(1));
    check(&text, 2, 11, Violation::WitnessKeyTwice, &witness(1));
}

#[test]
fn y4_accepts_one_public_key_once_among_logs_and_once_among_witnesses() {
    accepts(&format!(
        "log {}\nwitness a {}\nquorum a\n",
        log(1),
        witness(1)
    ));
}

#[test]
fn y4_refuses_a_cosigners_key_as_log_and_a_logs_key_as_witness() {
    check(
        &format!("log {}\nquorum none\n", witness(1)),
        1,
        5,
        Violation::LogKeyType,
        &witness(1),
    );
    check(
        &format!("witness a {}\nquorum none\n", log(1)),
        1,
        11,
        Violation::WitnessKeyType,
        &log(1),
    );
    let both = Key::ml_dsa("x.example", 1).vkey;
    accepts(&format!("log {both}\nwitness a {both}\nquorum a\n"));
}

#[test]
fn y5_refuses_a_member_of_two_groups() {
    let text = format!(
        "{}group g any w1 w2\ngroup h any w2\nquorum g\n",
        witnesses(1..=2)
    );
    check(&text, 4, 13, Violation::MemberOfTwo, "w2");
    let text = format!(
        "{}group g any w1\ngroup h any g\ngroup i any g\nquorum h\n",
        witnesses(1..=1)
    );
    check(&text, 4, 13, Violation::MemberOfTwo, "g");
}

#[test]
fn y5_refuses_a_member_named_twice() {
    let text = format!("{}group g 2 w1 w1\nquorum g\n", witnesses(1..=1));
    check(&text, 2, 14, Violation::MemberTwice, "w1");
}

#[test]
fn y5_refuses_a_group_without_members() {
    check(
        "group g any\nquorum none\n",
        1,
        12,
        Violation::GroupEmpty,
        "",
    );
}

#[test]
fn y5_refuses_thresholds_outside_one_to_all() {
    for threshold in ["0", "3", "18446744073709551615"] {
        let text = format!("{}group g {threshold} w1 w2\nquorum g\n", witnesses(1..=2));
        check(&text, 3, 9, Violation::ThresholdRange, threshold);
    }
}

#[test]
fn y6_accepts_thirty_two_logs_witnesses_and_groups() {
    let mut text: String = (1..=32)
        .map(|seed| format!("log {}\n", log(seed)))
        .collect();
    text.push_str(&witnesses(33..=64));
    for group in 33..=63 {
        text.push_str(&format!("group g{group} any w{group}\n"));
    }
    let members: Vec<_> = (33..=63).map(|group| format!("g{group}")).collect();
    text.push_str(&format!(
        "group all 16 {} w64\nquorum all\n",
        members.join(" ")
    ));
    let policy = accepts(&text);
    let count = (
        policy.logs().len(),
        policy.witnesses().witnesses().len(),
        policy.witnesses().groups().len(),
    );
    assert_eq!(count, (32, 32, 32));
    assert_eq!(
        (policy.witnesses().need(), policy.witnesses().tops().len()),
        (16, 32)
    );
}

#[test]
fn y6_accepts_the_deepest_nesting_without_recursion() {
    let mut text = witnesses(1..=1).replace("w1", "g0");
    for depth in 1..=MAX_ITEMS {
        text.push_str(&format!("group g{depth} all g{}\n", depth - 1));
    }
    let nested = accepts(&format!("{text}quorum g{MAX_ITEMS}\n"));
    assert!(nested.witnesses().met_by(|_| true) && !nested.witnesses().met_by(|_| false));
    let one_more = format!("{text}group more all g{MAX_ITEMS}\nquorum none\n");
    check(&one_more, MAX_ITEMS + 2, 7, Violation::TooMany, "more");
}

#[test]
fn y6_refuses_a_text_beyond_its_limit() {
    let text = format!("quorum none\n{}", "#\n".repeat(MAX_TEXT / 2));
    check(&text, 1, 1, Violation::TooLong, "");
}

#[test]
fn a_text_about_witnesses_refuses_log_lines() {
    let text = format!("log {}\nquorum none\n", log(1));
    let refusals = Witnesses::parse(text.as_bytes()).unwrap_err();
    assert_eq!(refusals.all()[0].violation, Violation::LogHere);
    assert_eq!(
        refusals.to_string(),
        "line 1, column 1: a text about witnesses has no log lines"
    );
}

#[test]
fn every_mistake_is_reported_once_and_all_at_once() {
    let text = format!(
        "witness a broken\ngroup g any a\nmirror m\nwitness b {} url more\ngroup h 2 b g\n",
        witness(1)
    );
    let refusals = Policy::parse(text.as_bytes()).unwrap_err();
    let found: Vec<_> = refusals
        .all()
        .iter()
        .map(|refusal| (refusal.line, refusal.violation))
        .collect();
    assert_eq!(
        found,
        [
            (1, Violation::Vkey(VkeyRefused::Form)),
            (3, Violation::UnknownKeyword),
            (4, Violation::ItemTooMany),
            (6, Violation::QuorumMissing),
        ]
    );
    assert_eq!(
        refusals.to_string(),
        "line 1, column 11: vkey is not name+id+key (and 3 more)"
    );
    // A text that is something else altogether does not fill the memory.
    let noise = Policy::parse("x\n".repeat(10_000).as_bytes()).unwrap_err();
    assert_eq!(noise.all().len(), 100);
}

proptest! {
    #[test]
    fn parse_is_inverse_of_to_bytes(count in 1_usize..6, split in 0_usize..6, threshold in 1_usize..6, url: bool) {
        let split = split.min(count - 1);
        let mut text = String::new();
        for seed in 1..=count {
            let key = witness(u8::try_from(seed).unwrap());
            text.push_str(&format!("witness  w{seed} {key}{}\n# x\n", if url { " u" } else { "" }));
        }
        let names = |range: std::ops::Range<usize>| range.map(|at| format!("w{}", at + 1)).collect::<Vec<_>>().join(" ");
        if split > 0 {
            text.push_str(&format!("group left {} {}\n", threshold.min(split), names(0..split)));
        }
        let rest = count - split + usize::from(split > 0);
        let left = if split > 0 { "left" } else { "" };
        text.push_str(&format!("group top {} {left} {}\nquorum top\n", threshold.min(rest), names(split..count)));
        let policy = accepts(&text);
        prop_assert_eq!(&Policy::parse(&policy.to_bytes()).unwrap(), &policy);
        prop_assert_eq!(policy.to_string().into_bytes(), policy.to_bytes());
    }

    #[test]
    fn no_bytes_make_the_parser_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = Policy::parse(&bytes);
    }

    #[test]
    fn no_words_make_the_parser_panic(words in prop::collection::vec("log|witness|group|quorum|none|any|all|a|b|1|\n|#|\t", 0..40)) {
        let _ = Policy::parse(words.join(" ").as_bytes());
    }
}
