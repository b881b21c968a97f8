//! Who asks: the address that pays for a request.

use std::borrow::Cow;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use axum::http::HeaderMap;

/// The address whose rate a request counts on: the peer's, or, if the peer is one of our own `proxies`, the last one in
/// `X-Forwarded-For` that is not. What stands further left anybody can write, and costs nobody else anything.
pub fn asker(peer: IpAddr, headers: &HeaderMap, proxies: &[IpAddr]) -> IpAddr {
    let peer = peer.to_canonical();
    let is_proxy = |address: &IpAddr| proxies.iter().any(|proxy| proxy.to_canonical() == *address);
    if !is_proxy(&peer) {
        return network(peer);
    }
    // Bytes that are no text spoil their own word alone: a reader writes the left of what our proxy adds.
    let lines: Vec<Cow<'_, str>> = headers
        .get_all(FORWARDED)
        .iter()
        .map(|value| String::from_utf8_lossy(value.as_bytes()))
        .collect();
    let forwarded: Vec<&str> = lines.iter().flat_map(|line| line.split(',')).collect();
    let asker = forwarded
        .iter()
        .rev()
        .map_while(|word| address(word.trim()))
        .find(|address| !is_proxy(address));
    network(asker.unwrap_or(peer))
}

/// An address as proxies write it: some add the port.
fn address(word: &str) -> Option<IpAddr> {
    let plain = word.parse::<IpAddr>();
    let with_port = || word.parse::<SocketAddr>().map(|address| address.ip());
    Some(plain.or_else(|_| with_port()).ok()?.to_canonical())
}

/// A household or a server has 2^64 addresses of IPv6, so they share one rate.
fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(six) => Ipv6Addr::from_bits(six.to_bits() & !u128::from(u64::MAX)).into(),
    }
}

const FORWARDED: &str = "x-forwarded-for";

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(peer: &str, forwarded: &[&str], proxies: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append(FORWARDED, value.parse().unwrap());
        }
        let proxies: Vec<IpAddr> = proxies.iter().map(|proxy| proxy.parse().unwrap()).collect();
        asker(peer.parse().unwrap(), &headers, &proxies).to_string()
    }

    #[test]
    fn a_stranger_cannot_name_another_address() {
        assert_eq!(ask("192.0.2.1", &["198.51.100.7"], &[]), "192.0.2.1");
        let proxies = ["192.0.2.9"];
        assert_eq!(ask("192.0.2.1", &["198.51.100.7"], &proxies), "192.0.2.1");
        // What the reader wrote stands left of what our proxy saw.
        let forwarded = ["203.0.113.5, 198.51.100.7"];
        assert_eq!(ask("192.0.2.9", &forwarded, &proxies), "198.51.100.7");
    }

    #[test]
    fn behind_our_proxies_the_reader_pays_and_not_the_proxy() {
        let proxies = ["192.0.2.9", "::1"];
        for (forwarded, asker) in [
            (&["198.51.100.7"][..], "198.51.100.7"),
            (&["198.51.100.7:5555"], "198.51.100.7"),
            (&["[2001:db8::7]:5555"], "2001:db8::"),
            (&["198.51.100.7, 192.0.2.9"], "198.51.100.7"),
            (&["198.51.100.7", "192.0.2.9"], "198.51.100.7"),
            (&["::ffff:198.51.100.7"], "198.51.100.7"),
        ] {
            assert_eq!(
                ask("192.0.2.9", forwarded, &proxies),
                asker,
                "{forwarded:?}"
            );
        }
        assert_eq!(ask("::1", &["198.51.100.7"], &proxies), "198.51.100.7");
        assert_eq!(
            ask("::ffff:192.0.2.9", &["198.51.100.7"], &proxies),
            "198.51.100.7"
        );
    }

    #[test]
    fn bytes_that_are_no_text_hide_no_address_behind_them() {
        let mut headers = HeaderMap::new();
        let value = axum::http::HeaderValue::from_bytes(b"\xff, 198.51.100.7").unwrap();
        headers.append(FORWARDED, value);
        let proxy: IpAddr = "192.0.2.9".parse().unwrap();
        let asker = asker(proxy, &headers, &[proxy]).to_string();
        assert_eq!(asker, "198.51.100.7");
    }

    #[test]
    fn what_cannot_be_read_counts_on_the_proxy() {
        let proxies = ["192.0.2.9"];
        for forwarded in [
            &[][..],
            &[""],
            &["unknown"],
            &["198.51.100.7, unknown"],
            &["192.0.2.9"],
        ] {
            assert_eq!(
                ask("192.0.2.9", forwarded, &proxies),
                "192.0.2.9",
                "{forwarded:?}"
            );
        }
    }

    #[test]
    fn addresses_of_one_ipv6_network_share_a_rate() {
        assert_eq!(
            ask("2001:db8:1:2::7", &[], &[]),
            ask("2001:db8:1:2:ffff::8", &[], &[])
        );
        assert_ne!(
            ask("2001:db8:1:2::7", &[], &[]),
            ask("2001:db8:1:3::7", &[], &[])
        );
        assert_eq!(ask("::ffff:192.0.2.1", &[], &[]), "192.0.2.1");
    }
}
