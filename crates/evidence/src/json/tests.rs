use proptest::prelude::*;

use super::*;

fn refused(text: impl AsRef<[u8]>) -> (usize, JsonErrorKind) {
    let error = parse(text.as_ref()).expect_err("refused");
    (error.at, error.kind)
}

#[test]
fn s5_refuses_what_is_not_the_strict_form() {
    use JsonErrorKind::*;
    let cases: [(&[u8], (usize, JsonErrorKind)); 40] = [
        (b"", (0, Ended)),
        (b"  ", (2, Ended)),
        (b"\xef\xbb\xbf{}", (0, ByteOrderMark)),
        (b"\"a\xff\"", (2, NotUtf8)),
        (b"\"\xed\xa0\x80\"", (1, NotUtf8)),
        (b"\xff\xfe{\0}\0", (0, NotUtf8)),
        (br#"{"a":1,"a":1}"#, (7, MemberTwice)),
        (br#"{"a":1,"\u0061":2}"#, (7, MemberTwice)),
        (br#"{"b":1,"a":2,"b":3,"a":4}"#, (13, MemberTwice)),
        (br#"{"x":{"":1,"":1}}"#, (11, MemberTwice)),
        (br#""\ud800""#, (1, LoneSurrogate)),
        (br#""\udc00""#, (1, LoneSurrogate)),
        (br#""\ud800\n""#, (1, LoneSurrogate)),
        (br#""\ud800\ud800""#, (1, LoneSurrogate)),
        (br#""\ud800\u0041""#, (1, LoneSurrogate)),
        (br#""\ud800\u00""#, (7, BadEscape)),
        (br#""\u12g4""#, (1, BadEscape)),
        (br#""\u12"#, (5, Ended)),
        (br#""\x""#, (1, BadEscape)),
        (br#""\'""#, (1, BadEscape)),
        (b"\"\\", (2, Ended)),
        (b"\"a", (2, Ended)),
        (b"\"a\nb\"", (2, ControlCharacter)),
        (b"\"\\n\x1f\"", (3, ControlCharacter)),
        (b"01", (1, BadNumber)),
        (b"-", (1, BadNumber)),
        (b"-a", (1, BadNumber)),
        (b"1.", (2, BadNumber)),
        (b"1e+", (3, BadNumber)),
        (b"+1", (0, Unexpected)),
        (b".5", (0, Unexpected)),
        (b"NaN", (0, Unexpected)),
        (b"nul", (0, Unexpected)),
        (b"{} {}", (3, Trailing)),
        (b"1 2", (2, Trailing)),
        (b"[1,]", (3, Unexpected)),
        (b"[1 2]", (3, Unexpected)),
        (br#"{"a":1,}"#, (7, Unexpected)),
        (br#"{"a" 1}"#, (5, Unexpected)),
        (br#"{"a":1"#, (6, Ended)),
    ];
    for (text, expected) in cases {
        assert_eq!(refused(text), expected, "{}", String::from_utf8_lossy(text));
    }
    assert_eq!(refused("/* a */ 1"), (0, Unexpected));
    assert_eq!(refused("1\u{a0}"), (1, Trailing));
    assert_eq!(refused("{a:1}"), (1, Unexpected));
}

#[test]
fn s5_reads_32_levels_and_refuses_33() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert!(parse(nested(32).as_bytes()).is_ok());
    assert_eq!(refused(nested(33)), (32, JsonErrorKind::TooDeep));
    assert_eq!(refused("[".repeat(1 << 20)), (32, JsonErrorKind::TooDeep));
    // Depth is left again: siblings do not add up.
    assert!(parse(format!("[{}]", vec![nested(31); 9].join(",")).as_bytes()).is_ok());
}

#[test]
fn s5_reads_100_000_values_and_refuses_one_more() {
    let values = |count: usize| format!("[{}]", vec!["0"; count].join(","));
    assert!(parse(values(99_999).as_bytes()).is_ok());
    assert_eq!(
        refused(values(100_000)),
        (199_999, JsonErrorKind::TooManyValues)
    );
}

#[test]
fn a_hostile_object_with_many_unsorted_members_is_read_in_one_sort() {
    let members: Vec<_> = (0..99_999)
        .rev()
        .map(|number| format!("\"{number}\":0"))
        .collect();
    assert!(parse(format!("{{{}}}", members.join(",")).as_bytes()).is_ok());
}

#[test]
fn integers_are_exact_or_stay_text() {
    let node = |text: &'static str| parse(text.as_bytes()).expect("a number").node;
    assert_eq!(
        node("9007199254740991"),
        Node::Integer(9_007_199_254_740_991)
    );
    assert_eq!(
        node("-9007199254740991"),
        Node::Integer(-9_007_199_254_740_991)
    );
    for text in [
        "9007199254740992",
        "-9007199254740992",
        "-0",
        "1.0",
        "1e3",
        "0e0",
        "99999999999999999999",
    ] {
        assert_eq!(node(text), Node::Number(text));
    }
}

#[test]
fn pointer_names_values_and_member_names() {
    let text = br#"{"a/b":[1,{"~c":"x"}]}"#;
    let root = parse(text).expect("JSON");
    let at = |needle: &[u8]| {
        text.windows(needle.len())
            .position(|part| part == needle)
            .expect("there")
    };
    assert_eq!(root.pointer(0).as_deref(), Some(""));
    assert_eq!(root.pointer(at(b"\"a/b")).as_deref(), Some("/a~1b"));
    assert_eq!(root.pointer(at(b"[")).as_deref(), Some("/a~1b"));
    assert_eq!(root.pointer(at(b"1")).as_deref(), Some("/a~1b/0"));
    assert_eq!(root.pointer(at(b"\"x")).as_deref(), Some("/a~1b/1/~0c"));
    assert_eq!(root.pointer(at(b"}")), None);
}

/// Equal values in the eyes of another parser; numbers that it keeps as floats are compared by their text.
fn equal(ours: &Value<'_>, theirs: &serde_json::Value) -> bool {
    match (&ours.node, theirs) {
        (Node::Null, serde_json::Value::Null) => true,
        (Node::Bool(one), serde_json::Value::Bool(other)) => one == other,
        (Node::Integer(one), serde_json::Value::Number(other)) => other.as_i64() == Some(*one),
        (Node::Number(one), serde_json::Value::Number(other)) => {
            one.parse::<f64>().ok() == other.as_f64()
        }
        (Node::Text(one), serde_json::Value::String(other)) => one == other,
        (Node::Array(one), serde_json::Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| equal(one, other))
        }
        (Node::Object(one), serde_json::Value::Object(other)) => {
            one.len() == other.len()
                && one.iter().all(|member| {
                    other
                        .get(member.name.as_ref())
                        .is_some_and(|value| equal(&member.value, value))
                })
        }
        _ => false,
    }
}

proptest! {
    #[test]
    fn what_we_accept_a_second_parser_reads_equally(text in r#"([\[\]{}:,"\\ntrue0-9.\-e]|\\u[0-9a-fD]{4}|"[a-c]":|"\\u006[1-3]"|[0-9]{1,3}|null|é|\n){0,12}"#) {
        if let Ok(ours) = parse(text.as_bytes()) {
            let theirs: serde_json::Value = serde_json::from_str(&text).expect("the second parser accepts too");
            prop_assert!(equal(&ours, &theirs), "{text}");
        }
    }

    #[test]
    fn what_a_second_parser_writes_we_read_equally(theirs in tree()) {
        for text in [theirs.to_string(), serde_json::to_string_pretty(&theirs).expect("JSON")] {
            let ours = parse(text.as_bytes()).expect("strict enough");
            prop_assert!(equal(&ours, &theirs), "{text}");
        }
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
        let _ = parse(&bytes);
    }
}

fn tree() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<f32>()
            .prop_filter("finite", |number| number.is_finite())
            .prop_map(Into::into),
        any::<String>().prop_map(Into::into),
    ];
    leaf.prop_recursive(4, 32, 6, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..6).prop_map(Into::into),
            proptest::collection::btree_map(any::<String>(), inner, 0..6)
                .prop_map(|members| serde_json::Value::Object(members.into_iter().collect())),
        ]
    })
}
