//! Checkpoints against `tlog_tiles` 0.2.0.

use tlog::checkpoint::Checkpoint;
use tlog_tiles::Checkpoint as TheirCheckpoint;

const ROOT: &str = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=";

/// Origin, size, root and extension lines, if it is one.
type Read = Option<(String, u64, [u8; 32], String)>;

fn ours(bytes: &[u8]) -> Read {
    let text = std::str::from_utf8(bytes).ok()?;
    let checkpoint = Checkpoint::parse(text).ok()?;
    assert_eq!(checkpoint.to_text(), text);
    let lines = checkpoint.extensions().iter();
    Some((
        checkpoint.origin().into(),
        checkpoint.size(),
        checkpoint.root().0,
        lines.map(|line| format!("{line}\n")).collect(),
    ))
}

fn theirs(bytes: &[u8]) -> Read {
    let checkpoint = TheirCheckpoint::from_bytes(bytes).ok()?;
    assert_eq!(checkpoint.to_bytes(), bytes);
    Some((
        checkpoint.origin().into(),
        checkpoint.size(),
        checkpoint.hash().0,
        checkpoint.extension().into(),
    ))
}

#[test]
fn c1_both_read_the_same_checkpoints() {
    for text in [
        format!("o\n0\n{ROOT}\n"),
        format!("o\n1\n{ROOT}\n"),
        format!("o\n{}\n{ROOT}\n", u64::MAX),
        format!("log.example/v1\n70000\n{ROOT}\nfirst\nsecond line\n"),
        format!("go.sum database tree\n1\n{ROOT}\n \n"),
        format!(" \n1\n{ROOT}\n"),
    ] {
        let read = ours(text.as_bytes());
        assert!(read.is_some(), "{text:?}");
        assert_eq!(read, theirs(text.as_bytes()), "{text:?}");
    }
}

#[test]
fn c1_both_refuse_the_same_texts() {
    for text in [
        String::new(),
        "\n".into(),
        "\n\n\n".into(),
        "o\n".into(),
        "o\n1\n".into(),
        format!("o\n1\n{ROOT}"),
        format!("\n1\n{ROOT}\n"),
        format!("o\n\n{ROOT}\n"),
        format!("o\n01\n{ROOT}\n"),
        format!("o\n00\n{ROOT}\n"),
        format!("o\n+1\n{ROOT}\n"),
        format!("o\n-1\n{ROOT}\n"),
        format!("o\n 1\n{ROOT}\n"),
        format!("o\n1 \n{ROOT}\n"),
        format!("o\n1.0\n{ROOT}\n"),
        format!("o\n0x1\n{ROOT}\n"),
        format!("o\n1_0\n{ROOT}\n"),
        format!("o\n\u{ff11}\n{ROOT}\n"),
        format!("o\n18446744073709551616\n{ROOT}\n"),
        format!("o\n1\n{ROOT}\n\n"),
        format!("o\n1\n{ROOT}\nx"),
        format!("o\n1\n{ROOT}\nx\n\n"),
        format!("o\n1\n{ROOT}\n\nx\n"),
        format!("o\n1\n{ROOT}\nx\n\ny\n"),
        "o\n1\nAAAA\n".into(),
        format!("o\n1\n{ROOT}=\n"),
        format!("o\n1\n{}\n", ROOT.trim_end_matches('=')),
        format!("o\n1\n{}\n", ROOT.replace("2I=", "2J=")),
        format!("o\n1\n{}\n", ROOT.replace('/', "_")),
        format!("o\n1\n {ROOT}\n"),
        format!("o\n1\n{ROOT}\n").replace('\n', "\r\n"),
    ] {
        assert_eq!(ours(text.as_bytes()), None, "{text:?}");
        assert_eq!(theirs(text.as_bytes()), None, "{text:?}");
    }
}

#[test]
fn a3_every_other_byte_at_every_place_is_judged_alike() {
    let good = format!("lo\n10\n{ROOT}\nx y\n").into_bytes();
    let mut refused = 0;
    for at in 0..good.len() {
        for byte in 0..=0xff {
            let mut changed = good.clone();
            changed[at] = byte;
            let read = ours(&changed);
            refused += usize::from(read.is_none());
            assert_eq!(
                read,
                theirs(&changed),
                "{}",
                String::from_utf8_lossy(&changed)
            );
        }
        let read = ours(&good[..at]);
        assert_eq!(read, theirs(&good[..at]), "cut at {at}");
    }
    assert!(refused > 10_000, "{refused}");
}
