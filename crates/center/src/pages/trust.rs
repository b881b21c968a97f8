//! Whose is what: the policy's names for keys, logs and witnesses.

use evidence::policy::Policy;
use tlog::hash::Hash;
use tlog::policy::Witnesses;

use crate::node::Node;
use crate::source::Source;

/// The logs whose updates pages list: those of the policy's publishers, as far as they are read here; else all.
pub(super) fn update_logs(node: &Node) -> Vec<&Source> {
    let is_publishers = |source: &&Source| {
        let policy = node.policy.as_ref().map(|portal| &portal.policy);
        let mut publishers = policy
            .into_iter()
            .flat_map(|policy| policy.publishers().values());
        publishers.any(|publisher| *publisher.log == *source.origin)
    };
    let named: Vec<&Source> = node.sources.iter().filter(is_publishers).collect();
    if named.is_empty() {
        node.sources.iter().collect()
    } else {
        named
    }
}

/// The log that stands behind pages which speak of no other.
pub(super) fn main_log(node: &Node) -> Option<&Source> {
    update_logs(node).into_iter().next()
}

/// Whose cosignatures count for a log, and how many: by the policy, or by the node's own configuration where the policy
/// does not name the log.
pub(super) fn witnesses<'a>(node: &'a Node, source: &'a Source) -> &'a Witnesses {
    let named = node
        .policy
        .as_ref()
        .and_then(|portal| portal.policy.log(&source.origin));
    named.map_or(&source.witnesses, |(_, witnesses)| witnesses)
}

/// The publisher's name for people, if the policy names one publisher only.
pub(super) fn only_publisher(policy: &Policy) -> Option<String> {
    let mut publishers = policy.publishers().values();
    let only = publishers.next().filter(|_| publishers.next().is_none())?;
    Some(only.operator.to_string())
}

/// The word of the publisher whose key this is.
pub(super) fn publisher_of(policy: &Policy, key: Hash) -> Option<&str> {
    let mut publishers = policy.publishers().iter();
    let (name, _) =
        publishers.find(|(_, publisher)| publisher.keys.iter().any(|known| known.id().0 == key))?;
    Some(name.as_str())
}

/// Who signed, as the policy names the key; else the key's id.
pub(super) fn party_of(node: &Node, key: Hash) -> String {
    let named = node.policy.as_ref().and_then(|portal| {
        let parties = portal.policy.parties().iter();
        let mut parties =
            parties.filter(|(_, party)| party.keys.iter().any(|known| known.id().0 == key));
        let party = parties.next().map(|(name, _)| name.as_str());
        publisher_of(&portal.policy, key).or(party)
    });
    named.map_or_else(|| key.to_hex(), str::to_owned)
}

/// Who runs a log, for people; of a log that nobody here knows the host in its name.
pub(super) fn owner_of(node: &Node, source: &Source) -> String {
    if node
        .log
        .as_ref()
        .is_some_and(|own| own.origin == source.origin)
    {
        return node.config.name.clone();
    }
    let policy = node.policy.as_ref().map(|portal| &portal.policy);
    let publishers = policy
        .into_iter()
        .flat_map(|policy| policy.publishers().values());
    let parties = policy
        .into_iter()
        .flat_map(|policy| policy.parties().values());
    let mut operators = publishers
        .map(|publisher| (&publisher.log, &publisher.operator))
        .chain(parties.map(|party| (&party.log, &party.operator)));
    if let Some((_, operator)) = operators.find(|(log, _)| ***log == *source.origin) {
        return operator.to_string();
    }
    let centers = node.config.portal.iter().flat_map(|portal| &portal.centers);
    let mut centers = centers.filter(|center| center.log.as_deref() == Some(&source.origin));
    let host = || {
        source
            .origin
            .split('/')
            .next()
            .unwrap_or_default()
            .to_owned()
    };
    centers
        .next()
        .map_or_else(host, |center| center.name.clone())
}
