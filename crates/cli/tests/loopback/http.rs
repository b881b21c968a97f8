//! What any server may do to the client: answer slowly, not whole, too much, from elsewhere, compressed.

use std::io::Write;

use crate::kit::Place;
use crate::server::{Exchange, Server, head};

fn show(
    handler: impl Fn(&mut Exchange) + Send + Sync + 'static,
    more: &str,
    code: i32,
    said: &[&str],
) {
    let server = Server::start(handler);
    Place::new()
        .run(&format!("log show {} {more}", server.url()))
        .ends(code, said);
}

const NOTE: &str = "log.acme.example/v1\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n\n\u{2014} log.acme.example/v1 AAAAAAA=\n";

#[test]
fn an_answer_that_is_cut_off_is_not_taken() {
    for cut in [0, 1, 50, NOTE.len() - 1] {
        show(
            move |exchange| {
                exchange.raw(head(200, &[], NOTE.len()).as_bytes());
                exchange.raw(&NOTE.as_bytes()[..cut]);
            },
            "",
            3,
            &[
                "error: no usable answer from http://127.0.0.1",
                "/checkpoint: ",
            ],
        );
    }
    show(
        |exchange| exchange.raw(b"HTTP/1.1 20"),
        "",
        3,
        &["error: no usable answer"],
    );
    show(|_| {}, "", 3, &["error: no usable answer"]);
}

#[test]
fn at07_a_server_that_sends_nothing_is_left() {
    let slow = "nothing came for 1 seconds";
    show(
        |exchange| exchange.wait_for_the_end(),
        "--patience 1",
        3,
        &[slow],
    );
    show(
        |exchange| {
            exchange.raw(head(200, &[], NOTE.len()).as_bytes());
            exchange.raw(&NOTE.as_bytes()[..5]);
            exchange.wait_for_the_end();
        },
        "--patience 1",
        3,
        &[slow],
    );
}

#[test]
fn at07_a_server_that_trickles_is_left() {
    show(
        |exchange| {
            exchange.raw(head(200, &[], 100_000).as_bytes());
            for _ in 0..40 {
                exchange.raw(b"x");
                std::thread::sleep(std::time::Duration::from_millis(100));
            }
        },
        "--patience 1",
        3,
        &["less than 1 KiB a second came or went for 1 seconds"],
    );
}

#[test]
fn at06_an_answer_that_is_too_large_is_not_read() {
    show(
        |exchange| exchange.answer(200, &[], &vec![b'x'; 300_000]),
        "",
        3,
        &["the answer is larger than 262144 bytes"],
    );
    show(
        |exchange| {
            let mut encoder =
                flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
            encoder.write_all(&vec![b'x'; 10_000_000]).unwrap();
            exchange.answer(
                200,
                &[("content-encoding", "gzip".into())],
                &encoder.finish().unwrap(),
            );
        },
        "",
        3,
        &["the answer is larger than 262144 bytes"],
    );
}

#[test]
fn t6_gzip_is_read_without_being_asked_for_and_nothing_else_is() {
    show(
        |exchange| {
            let mut encoder =
                flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
            encoder.write_all(NOTE.as_bytes()).unwrap();
            exchange.answer(
                200,
                &[("content-encoding", "gzip".into())],
                &encoder.finish().unwrap(),
            );
        },
        "",
        0,
        &["log.acme.example/v1: 0 entries"],
    );
    for encoding in ["br", "deflate"] {
        show(
            move |exchange| {
                exchange.answer(
                    200,
                    &[("content-encoding", encoding.into())],
                    NOTE.as_bytes(),
                )
            },
            "",
            3,
            &["the answer's encoding is broken or unknown"],
        );
    }
    show(
        |exchange| exchange.answer(200, &[("content-encoding", "gzip".into())], NOTE.as_bytes()),
        "",
        3,
        &["the answer's encoding is broken or unknown"],
    );
}

#[test]
fn redirects_are_followed_on_the_same_server_alone() {
    show(
        |exchange| match exchange.path.as_str() {
            "/checkpoint" => exchange.answer(302, &[("location", "/moved/checkpoint".into())], b""),
            _ => exchange.answer(200, &[], NOTE.as_bytes()),
        },
        "",
        0,
        &["0 entries"],
    );
    for elsewhere in [
        "http://127.0.0.1:1/checkpoint",
        "https://center.example/",
        "//center.example/",
        "next",
        "http://localhost/",
    ] {
        show(
            move |exchange| exchange.answer(307, &[("location", elsewhere.into())], b""),
            "",
            3,
            &["it sends us to another server, ", elsewhere],
        );
    }
    show(
        |exchange| exchange.answer(301, &[("location", "/checkpoint".into())], b""),
        "",
        3,
        &["it redirects more than 5 times"],
    );
}

#[test]
fn other_statuses_are_told() {
    show(
        |exchange| exchange.answer(404, &[], b""),
        "",
        2,
        &["error: no log is at http://127.0.0.1"],
    );
    show(
        |exchange| exchange.answer(500, &[], b""),
        "",
        3,
        &["error: the server answered 500 for checkpoint"],
    );
    show(
        |exchange| exchange.answer(200, &[], b"<html>"),
        "",
        1,
        &["has no checkpoint that can be used"],
    );
}

/// `log show` over TLS, with these certificate authorities.
fn show_tls(host: &str, roots: &[u8], code: i32, said: &[&str]) {
    let server = Server::start_tls(|exchange| exchange.answer(200, &[], NOTE.as_bytes()));
    let url = server
        .url()
        .replace("http://127.0.0.1", &format!("https://{host}"));
    let place = Place::new();
    place.write("roots.pem", roots);
    place
        .run_in(
            &[("SSL_CERT_FILE", &place.path("roots.pem"))],
            &format!("log show {url}"),
        )
        .ends(code, said);
}

const AUTHORITY: &[u8] = include_bytes!("../../testdata/tls/ca.pem");
const STRANGER: &[u8] = include_bytes!("../../testdata/tls/server.pem");

#[test]
fn https_is_spoken_with_a_server_that_the_machine_knows() {
    show_tls(
        "127.0.0.1",
        AUTHORITY,
        0,
        &["log.acme.example/v1: 0 entries"],
    );
    show_tls(
        "localhost",
        AUTHORITY,
        0,
        &["log.acme.example/v1: 0 entries"],
    );
}

#[test]
fn https_with_a_stranger_is_refused() {
    let said = [
        "error: no usable answer from https://",
        "no TLS connection",
        "hint: ",
        "SSL_CERT_FILE",
    ];
    show_tls("127.0.0.1", STRANGER, 3, &said);
}

#[test]
fn https_needs_certificates_and_says_where_to_get_them() {
    let said = [
        "no list of certificate authorities",
        "hint: install the package ca-certificates",
    ];
    show_tls("127.0.0.1", b"", 3, &said);
}

#[test]
fn https_is_not_mixed_up_with_http() {
    let server = Server::start(|exchange| exchange.answer(200, &[], NOTE.as_bytes()));
    let url = server.url().replace("http:", "https:");
    let place = Place::new();
    place.write("roots.pem", AUTHORITY);
    place
        .run_in(
            &[("SSL_CERT_FILE", &place.path("roots.pem"))],
            &format!("log show {url} --patience 5"),
        )
        .ends(3, &["error: no usable answer from https://"]);
}
