//! Cases of JSON in the manner of the well-known suites, written by us, and the vectors of RFC 8785.
//!
//! The classes are those of RFC 8259's readers: what every reader takes, what none may, and what the RFC leaves
//! open, where `evidence.md` S5 decides. The unit tests of `json` hold a further table, with the byte of each
//! refusal. Oracle beside ours: `serde_json` 1, which is laxer on purpose in the places named.
//!
//! Of RFC 8785 the sections 3.2.2.1 (literals), 3.2.2.2 (texts), 3.2.3 (order) and 3.2.4 (UTF-8) bear on us. Section
//! 3.2.2.3 and Appendix B (numbers) do as far as an integer within ±(2^53 − 1) goes; S6 refuses every other number
//! and `null`. Names are ASCII by S6, so the order by UTF-16 units is the order of bytes: the RFC's own example of
//! names, which shows the difference, is a unit test of `canonical`.

use evidence::canonical;
use evidence::json::{self, JsonErrorKind, Node};
use evidence::refusal::What;

fn refusal(text: &[u8]) -> JsonErrorKind {
    match json::parse(text) {
        Ok(value) => panic!("{} reads as {value:?}", String::from_utf8_lossy(text)),
        Err(error) => {
            assert!(error.at <= text.len());
            error.kind
        }
    }
}

fn they_read(text: &[u8]) -> bool {
    serde_json::from_slice::<serde_json::Value>(text).is_ok()
}

#[test]
fn s5_reads_what_every_reader_takes() {
    for text in [
        "[]",
        "{}",
        "[[]   ]",
        " [1] ",
        "\r\n\t [ \t1\r,\n2 ]\n",
        "{\"a\" : \t1 ,\n\"b\":[ ] }",
        "null",
        "true",
        "\"\"",
        "-0",
        "[0,-0,-1,12,123456789012345678901234567890]",
        "[0.0,-0.0,1.5,123.000]",
        "[0e1,0E1,0e+1,0E-1,1e007,1.5e+22]",
        "[1E400,-1e-400]",
        r#"["\u0000\u001f\u007F\uabCD\uAbcd"]"#,
        r#"["\"\\\/\b\f\n\r\t"]"#,
        r#"["\\u0000","\\n","\\\\"]"#,
        r#"["\uD83D\uDE00\ud834\udd1e\uDBFF\uDFFF"]"#,
        r#"["\uFDD0\uFFFE\uFFFF\uD83F\uDFFE"]"#,
        "[\"\u{7f}\u{80}\u{a0}\u{2028}\u{2029}\u{feff}\u{ffff}\u{10ffff}\"]",
        "[\"/*a*///b\"]",
        r#"{"":0,"\u0000":1," ":2,"a\u0000b":3,"a":4,"A":5}"#,
        "{\"\u{e9}\":1,\"e\u{301}\":2}",
        r#"{"__proto__":1,"constructor":2}"#,
    ] {
        let value = json::parse(text.as_bytes());
        assert!(value.is_ok(), "{text:?}: {value:?}");
        // Beyond the range of floats the other reader gives up; we keep the text of the number.
        assert_eq!(
            they_read(text.as_bytes()),
            !text.contains("E400"),
            "{text:?}"
        );
    }
}

#[test]
fn s5_keeps_what_escapes_mean() {
    let text = |json: &str| {
        let value = json::parse(json.as_bytes()).expect(json);
        value.text().expect("a text").to_owned()
    };
    assert_eq!(text(r#""\u0000\u0022\u005c\u002F""#), "\0\"\\/");
    assert_eq!(text(r#""\b\f\n\r\t\/""#), "\u{8}\u{c}\n\r\t/");
    assert_eq!(text(r#""\\u0041\\""#), r"\u0041\");
    assert_eq!(text(r#""x\uD834\udd1Ey""#), "x\u{1d11e}y");
    assert_eq!(text(r#""\uFEFF\uFFFF""#), "\u{feff}\u{ffff}");
}

#[test]
fn s5_refuses_broken_structure() {
    use JsonErrorKind::{Ended, Trailing, Unexpected};
    for (text, expected) in [
        ("[", Ended),
        ("{", Ended),
        ("[[", Ended),
        ("[1", Ended),
        ("[1,", Ended),
        ("[\"a\",", Ended),
        ("{\"a\"", Ended),
        ("{\"a\":", Ended),
        ("{\"a\":1,", Ended),
        ("[[[[1]]]", Ended),
        ("\r\n", Ended),
        ("]", Unexpected),
        ("}", Unexpected),
        (",", Unexpected),
        (":", Unexpected),
        ("[}", Unexpected),
        ("{]", Unexpected),
        ("[1}", Unexpected),
        ("{\"a\":1]", Unexpected),
        ("[,]", Unexpected),
        ("[,1]", Unexpected),
        ("[1,,2]", Unexpected),
        ("[1,,]", Unexpected),
        ("[1;2]", Unexpected),
        ("[1:2]", Unexpected),
        ("[\"a\":1]", Unexpected),
        ("[1 true]", Unexpected),
        ("[\"a\" \"b\"]", Unexpected),
        ("{,}", Unexpected),
        ("{,\"a\":1}", Unexpected),
        ("{\"a\":1,,\"b\":2}", Unexpected),
        ("{\"a\"}", Unexpected),
        ("{\"a\",1}", Unexpected),
        ("{\"a\":}", Unexpected),
        ("{\"a\"::1}", Unexpected),
        ("{\"a\"=1}", Unexpected),
        ("{:1}", Unexpected),
        ("{1:1}", Unexpected),
        ("{null:1}", Unexpected),
        ("{'a':1}", Unexpected),
        ("{[]:1}", Unexpected),
        ("{\"a\":1 \"b\":2}", Unexpected),
        ("{\"a\":\"b\" c}", Unexpected),
        ("[1]]", Trailing),
        ("{}}", Trailing),
        ("[][]", Trailing),
        ("[1],", Trailing),
        ("1,", Trailing),
        ("\"a\"\"b\"", Trailing),
        ("{\"a\":1}#", Trailing),
        ("{\"a\":1}//", Trailing),
        ("{\"a\":1}/**/", Trailing),
        ("[]\0", Trailing),
        ("truefalse", Trailing),
        ("true1", Trailing),
        ("nulll", Trailing),
    ] {
        assert_eq!(refusal(text.as_bytes()), expected, "{text:?}");
        assert!(!they_read(text.as_bytes()), "{text:?}");
    }
}

#[test]
fn s5_refuses_words_and_numbers_of_other_languages() {
    use JsonErrorKind::{BadNumber, Trailing, Unexpected};
    for (text, expected) in [
        ("True", Unexpected),
        ("TRUE", Unexpected),
        ("tru", Unexpected),
        ("fals", Unexpected),
        ("nil", Unexpected),
        ("None", Unexpected),
        ("undefined", Unexpected),
        ("Infinity", Unexpected),
        ("-Infinity", BadNumber),
        ("-NaN", BadNumber),
        ("--1", BadNumber),
        ("-+1", BadNumber),
        ("- 1", BadNumber),
        ("-.5", BadNumber),
        ("-01", BadNumber),
        ("00", BadNumber),
        ("012", BadNumber),
        ("-2.", BadNumber),
        ("1.e1", BadNumber),
        ("0.e1", BadNumber),
        ("1.-5", BadNumber),
        ("1.+5", BadNumber),
        ("0e", BadNumber),
        ("0E+", BadNumber),
        ("1.0e-", BadNumber),
        ("1eE2", BadNumber),
        ("1e+-2", BadNumber),
        ("1e1.5", Trailing),
        ("1.2.3", Trailing),
        ("1..2", BadNumber),
        ("0x1F", Trailing),
        ("0b1", Trailing),
        ("0o7", Trailing),
        ("1_000", Trailing),
        ("1L", Trailing),
        ("1f", Trailing),
        ("1+2", Trailing),
        ("1-2", Trailing),
        ("1a", Trailing),
        ("1\u{ff11}", Trailing),
        ("\u{ff11}", Unexpected),
        ("\u{661}", Unexpected),
        ("\u{2212}1", Unexpected),
        ("'a'", Unexpected),
        ("`a`", Unexpected),
        ("\u{201c}a\u{201d}", Unexpected),
        ("a", Unexpected),
        ("\\n", Unexpected),
        ("\\u0031", Unexpected),
        ("<null>", Unexpected),
        ("@", Unexpected),
        ("*", Unexpected),
    ] {
        assert_eq!(refusal(text.as_bytes()), expected, "{text:?}");
        assert!(!they_read(text.as_bytes()), "{text:?}");
        let inside = format!("[0,{text}]");
        refusal(inside.as_bytes());
        assert!(!they_read(inside.as_bytes()), "{inside:?}");
    }
}

#[test]
fn s5_refuses_broken_texts() {
    use JsonErrorKind::{BadEscape, ControlCharacter, Ended, LoneSurrogate, NotUtf8};
    let cases: [(&[u8], JsonErrorKind); 38] = [
        (b"\"", Ended),
        (b"\"\\\"", Ended),
        (b"\"\\\\\\\"", Ended),
        (br#""\u"#, Ended),
        (br#""\uD800\u"#, Ended),
        (br#""\a""#, BadEscape),
        (br#""\0""#, BadEscape),
        (br#""\x41""#, BadEscape),
        (br#""\e""#, BadEscape),
        (br#""\v""#, BadEscape),
        (br#""\B""#, BadEscape),
        (br#""\N""#, BadEscape),
        (br#""\U0041""#, BadEscape),
        (br#""\u{41}""#, BadEscape),
        (br#""\u 041""#, BadEscape),
        (br#""\u+041""#, BadEscape),
        (br#""\u-041""#, BadEscape),
        (br#""\u00A""#, BadEscape),
        (br#""\u004""#, BadEscape),
        ("\"\\u\u{ff10}041\"".as_bytes(), BadEscape),
        ("\"\\\u{e9}\"".as_bytes(), BadEscape),
        (b"\"\\\t\"", BadEscape),
        (b"\"\\\n\"", BadEscape),
        (b"\"\t\"", ControlCharacter),
        (b"\"\r\n\"", ControlCharacter),
        (b"\"\0\"", ControlCharacter),
        (b"{\"a\x01\":1}", ControlCharacter),
        (br#"{"\uD800":1}"#, LoneSurrogate),
        (br#""\uDFFF""#, LoneSurrogate),
        (br#""\uDE00\uD83D""#, LoneSurrogate),
        (br#""\uD83Dx\uDE00""#, LoneSurrogate),
        (br#""\uD83D\\uDE00""#, LoneSurrogate),
        (br#""\uDBFF\uDC0""#, BadEscape),
        (br#""\uDBFF\uE000""#, LoneSurrogate),
        (b"\"\xc0\x80\"", NotUtf8),
        (b"\"\xe0\x80\xaf\"", NotUtf8),
        (b"\"\xf4\x90\x80\x80\"", NotUtf8),
        (b"\"\xe2\x82\"", NotUtf8),
    ];
    for (text, expected) in cases {
        let shown = String::from_utf8_lossy(text);
        assert_eq!(refusal(text), expected, "{shown}");
        assert!(!they_read(text), "{shown}");
    }
}

#[test]
fn s5_refuses_spaces_and_comments_that_json_does_not_know() {
    for space in [
        "\u{b}", "\u{c}", "\0", "\u{1}", "\u{7f}", "\u{85}", "\u{a0}", "\u{1680}", "\u{200b}",
        "\u{2028}", "\u{2060}", "\u{3000}", "\u{feff}", "//\n", "/**/", "#\n", "<!---->", ";",
    ] {
        for text in [
            format!("[{space}1]"),
            format!("[1{space}]"),
            format!("{space}[1]"),
            format!("[1]{space}"),
            format!("{{\"a\"{space}:1}}"),
            format!("{{\"a\":{space}1}}"),
        ] {
            refusal(text.as_bytes());
            assert!(!they_read(text.as_bytes()), "{text:?}");
        }
    }
}

/// What RFC 8259 leaves to the reader, and what S5 says.
#[test]
fn s5_decides_what_the_rfc_leaves_open() {
    use JsonErrorKind::{ByteOrderMark, MemberTwice, NotUtf8, TooDeep, Unexpected};
    // A member twice: the other reader takes the last one.
    for text in [
        r#"{"a":1,"a":1}"#,
        r#"{"a":{},"b":1,"a":{}}"#,
        r#"{"\u0061\/":1,"a/":2}"#,
        r#"{"\uD83D\uDE00":1,"😀":2}"#,
        r#"[{"a":[{"":null,"":null}]}]"#,
    ] {
        assert_eq!(refusal(text.as_bytes()), MemberTwice, "{text}");
        assert!(they_read(text.as_bytes()), "{text}");
    }
    // Names that only look alike are two names: nothing is normalized, no case is folded.
    assert!(json::parse("{\"\u{e9}\":1,\"e\u{301}\":2,\"E\":3}".as_bytes()).is_ok());

    // Depth: the other reader goes to 127.
    let nested =
        |open: &str, close: &str, depth| [open.repeat(depth), close.repeat(depth)].concat();
    for (open, close, depth) in [("[", "]", 33), ("[{\"a\":[", "]}]", 11), ("[", "]", 100)] {
        let text = nested(open, close, depth);
        assert_eq!(refusal(text.as_bytes()), TooDeep, "{text}");
        assert!(they_read(text.as_bytes()), "{text}");
    }
    assert_eq!(refusal("[".repeat(100_000).as_bytes()), TooDeep);
    assert_eq!(refusal("{\"a\":".repeat(100_000).as_bytes()), TooDeep);
    assert_eq!(refusal(nested("{", "}", 2).as_bytes()), Unexpected);

    // Encodings: one.
    assert_eq!(refusal(b"\xef\xbb\xbf[]"), ByteOrderMark);
    assert_eq!(refusal(b"\xef\xbb\xbf"), ByteOrderMark);
    assert_eq!(refusal(b"\xfe\xff\0[\0]"), NotUtf8);
    assert_eq!(refusal(b"[\0]\0"), Unexpected);
    assert_eq!(refusal(b"\0[\0]"), Unexpected);
    assert_eq!(refusal(b"\"\xe9\""), NotUtf8);
    assert_eq!(refusal(b"\"\xed\xb0\x80\""), NotUtf8);
    assert_eq!(refusal(b"\"\xed\xa0\xbd\xed\xb8\x80\""), NotUtf8);

    // Numbers of any size are kept as texts; nothing is rounded.
    for text in [
        "1e400",
        "-1E-400",
        "9007199254740993",
        "1234567890123456789012345678901234567890",
        "0.1000000000000000055511151231257827",
    ] {
        let value = json::parse(text.as_bytes()).expect(text);
        assert_eq!(value.node, Node::Number(text));
    }
}

#[test]
fn s5_refuses_every_beginning_of_a_text() {
    let whole = r#" {"a\u0041":[1.5e-3,true,false,null,-0,{"":"\ud83d\ude00é"}],"b":{}}"#;
    assert!(json::parse(whole.as_bytes()).is_ok());
    for cut in 0..whole.len() {
        let text = &whole.as_bytes()[..cut];
        refusal(text);
        assert!(!they_read(text), "{cut}");
    }
}

/// RFC 8785 section 3.2.2, the members `literals` and `string` of its sample, with the number of section 3.2.2.3 and
/// the `null` taken out, which S6 refuses. The bytes are those of section 3.2.4.
#[test]
fn s6_the_sample_of_rfc_8785_is_canonical_as_far_as_our_formats_go() {
    let sample = r#"{
        "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
        "literals": [true, false]
    }"#;
    let canonical = [
        br#"{"literals":[true,false],"string":""#.as_slice(),
        b"\xe2\x82\xac$",
        br#"\u000f\nA'B\"\\\\\"/""#,
        b"}",
    ]
    .concat();
    let value = json::parse(sample.as_bytes()).expect("the sample is JSON");
    assert_eq!(canonical::to_bytes(&value), canonical);
    assert!(canonical::check(sample.as_bytes(), &value).is_err());
    let read = json::parse(&canonical).expect("canonical text is JSON");
    assert_eq!(canonical::check(&canonical, &read), Ok(()));
}

#[test]
fn s6_refuses_what_the_sample_of_rfc_8785_has_beyond_our_formats() {
    for text in [
        "[null,true,false]",
        "[333333333.3333333]",
        "[1e+30]",
        "[4.5]",
        "[0.002]",
        "[1e-27]",
    ] {
        let value = json::parse(text.as_bytes()).expect(text);
        let fault = canonical::check(text.as_bytes(), &value).expect_err(text);
        assert_eq!((fault.at, fault.what), (1, What::NullOrInexact), "{text}");
    }
}

/// RFC 8785 Appendix B: of its numbers only zero is an integer that S6 allows. 2^53 and its negative are canonical by
/// the RFC and refused by us, since another reader may have rounded them.
#[test]
fn s6_of_the_numbers_of_rfc_8785_zero_is_read_and_each_other_refused() {
    let check = |text: &str| {
        let value = json::parse(text.as_bytes()).expect(text);
        canonical::check(text.as_bytes(), &value)
    };
    assert_eq!(check("0"), Ok(()));
    for text in [
        "-0",
        "5e-324",
        "-5e-324",
        "1.7976931348623157e+308",
        "-1.7976931348623157e+308",
        "9007199254740992",
        "-9007199254740992",
        "295147905179352830000",
        "9.999999999999997e+22",
        "1e+23",
        "1.0000000000000001e+23",
        "999999999999999700000",
        "999999999999999900000",
        "1e+21",
        "9.999999999999997e-7",
        "0.000001",
        "333333333.3333332",
        "333333333.33333325",
        "333333333.3333333",
        "333333333.3333334",
        "333333333.33333343",
        "-0.0000033333333333333333",
        "1424953923781206.2",
    ] {
        let fault = check(text).expect_err(text);
        assert_eq!((fault.at, fault.what), (0, What::NullOrInexact), "{text}");
    }
    // The borders of what we allow, in the one spelling.
    for text in ["1", "-1", "9007199254740991", "-9007199254740991"] {
        assert_eq!(check(text), Ok(()), "{text}");
    }
}

/// RFC 8785 section 3.2.2.2: which characters are escaped, and how.
#[test]
fn s6_each_ascii_character_has_the_one_spelling_of_rfc_8785() {
    for code in 0..=0x7f_u8 {
        let character = char::from(code);
        let expected = match code {
            0x08 => r"\b".to_owned(),
            0x09 => r"\t".to_owned(),
            0x0a => r"\n".to_owned(),
            0x0c => r"\f".to_owned(),
            0x0d => r"\r".to_owned(),
            0x22 => r#"\""#.to_owned(),
            0x5c => r"\\".to_owned(),
            0..=0x1f => format!(r"\u{code:04x}"),
            _ => character.to_string(),
        };
        let canonical = format!("\"{expected}\"");
        let written = canonical::Json::text(character).to_bytes();
        assert_eq!(written, canonical.as_bytes());
        for other in [
            format!(r#""\u{code:04x}""#),
            format!(r#""\u{code:04X}""#),
            format!("\"\\{character}\""),
        ] {
            let Ok(value) = json::parse(other.as_bytes()) else {
                continue;
            };
            // A letter behind a backslash may mean another character.
            if value.text() != Some(character.encode_utf8(&mut [0; 4])) {
                continue;
            }
            let accepted = canonical::check(other.as_bytes(), &value).is_ok();
            assert_eq!(accepted, other == canonical, "{other}");
        }
    }
}
