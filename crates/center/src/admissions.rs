//! Who may say what at this node's door: D2 of `evidence.md` §2.4.
//!
//! The list is a small document in the database, so that `vitrine-center publisher` changes it while the node runs; the
//! node reads it again every few seconds and when it meets a key that it does not know.

use evidence::key::{KeyId, PublicKey};
use serde::{Deserialize, Serialize};
use store::database::{Database, DatabaseError};
use tlog::hash::Hash;

/// All admitted publishers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Admissions {
    /// In order of names.
    pub publishers: Vec<Publisher>,
}

/// A publisher and the keys under which it may offer updates.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Publisher {
    /// The word that stands in its lines.
    pub name: String,
    /// Release keys, as `p256:…`.
    pub keys: Vec<String>,
    /// How many of them make an offer.
    pub threshold: u32,
    /// Statements a day.
    pub quota: u64,
}

/// A key that may speak here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Admitted {
    /// The key.
    pub key: PublicKey,
    /// Whose it is.
    pub party: String,
    /// Statements a day of that party.
    pub quota: u64,
}

impl Admissions {
    /// Reads the list.
    ///
    /// # Errors
    /// [`AdmissionsError`].
    pub async fn load(database: &Database) -> Result<Self, AdmissionsError> {
        match database.setting(SETTING).await? {
            Some(text) => serde_json::from_str(&text).map_err(|_| AdmissionsError::Damaged),
            None => Ok(Self::default()),
        }
    }

    /// Writes the list, durable when it returns.
    ///
    /// # Errors
    /// [`AdmissionsError`].
    pub async fn save(&self, database: &Database) -> Result<(), AdmissionsError> {
        let text = serde_json::to_string(self).map_err(|_| AdmissionsError::Damaged)?;
        Ok(database.set_setting(SETTING, &text).await?)
    }

    /// Adds a key to a publisher, and the publisher if it is new. The threshold and quota given replace former ones.
    ///
    /// # Errors
    /// [`AdmissionsError::OtherParty`] if the key is another publisher's (KY4: no key in two parties).
    pub fn add(
        &mut self,
        name: &str,
        key: &PublicKey,
        threshold: u32,
        quota: u64,
    ) -> Result<(), AdmissionsError> {
        let text = key.to_policy_text();
        let other = self
            .publishers
            .iter()
            .find(|publisher| publisher.keys.contains(&text));
        if let Some(other) = other.filter(|other| other.name != name) {
            return Err(AdmissionsError::OtherParty {
                party: other.name.clone(),
            });
        }
        let publisher = match self
            .publishers
            .iter()
            .position(|publisher| publisher.name == name)
        {
            Some(at) => self.publishers.get_mut(at),
            None => {
                let keys = Vec::new();
                self.publishers.push(Publisher {
                    name: name.into(),
                    keys,
                    threshold,
                    quota,
                });
                self.publishers.last_mut()
            }
        };
        if let Some(publisher) = publisher {
            publisher.threshold = threshold;
            publisher.quota = quota;
            if !publisher.keys.contains(&text) {
                publisher.keys.push(text);
            }
        }
        self.publishers
            .sort_by(|one, other| one.name.cmp(&other.name));
        Ok(())
    }

    /// Removes a key of a publisher, and the publisher with its last key. What it signed before stays in the log.
    ///
    /// # Errors
    /// [`AdmissionsError::NotAdmitted`].
    pub fn remove(&mut self, name: &str, key: KeyId) -> Result<(), AdmissionsError> {
        let publisher = self
            .publishers
            .iter_mut()
            .find(|publisher| publisher.name == name);
        let publisher = publisher.ok_or(AdmissionsError::NotAdmitted)?;
        let before = publisher.keys.len();
        publisher
            .keys
            .retain(|text| PublicKey::from_policy_text(text).is_ok_and(|known| known.id() != key));
        if publisher.keys.len() == before {
            return Err(AdmissionsError::NotAdmitted);
        }
        self.publishers
            .retain(|publisher| !publisher.keys.is_empty());
        Ok(())
    }

    /// The admitted key of that id.
    pub fn find(&self, id: Hash) -> Option<Admitted> {
        self.publishers.iter().find_map(|publisher| {
            let keys = publisher
                .keys
                .iter()
                .filter_map(|text| PublicKey::from_policy_text(text).ok());
            let key = keys.into_iter().find(|key| key.id().0 == id)?;
            Some(Admitted {
                key,
                party: publisher.name.clone(),
                quota: publisher.quota,
            })
        })
    }

    /// How many release keys of `party` make an offer; 1 for an unknown one.
    pub fn threshold(&self, party: &str) -> u32 {
        let publisher = self
            .publishers
            .iter()
            .find(|publisher| publisher.name == party);
        publisher.map_or(1, |publisher| publisher.threshold)
    }
}

/// Why the list could not be read or changed.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum AdmissionsError {
    /// The document in the database cannot be read.
    #[error("the list of admitted publishers is damaged")]
    Damaged,
    /// The database gave no answer.
    #[error("the list of admitted publishers is unavailable")]
    Database(#[from] DatabaseError),
    /// No such key.
    #[error("no such key is admitted for that publisher")]
    NotAdmitted,
    /// The key is another party's.
    #[error("the key is admitted for {party} already")]
    OtherParty {
        /// Whose key it is.
        party: String,
    },
}

impl AdmissionsError {
    /// What to do next.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Damaged => {
                "restore the database from a backup, or remove the setting and admit the publishers again"
            }
            Self::Database(error) => error.hint(),
            Self::NotAdmitted => "see `vitrine-center publisher list`",
            Self::OtherParty { .. } => "let each party make a key of its own",
        }
    }
}

const SETTING: &str = "admissions";

#[cfg(test)]
mod tests {
    use super::*;

    fn key(number: u8) -> PublicKey {
        let secret = p256::ecdsa::SigningKey::from_slice(&[number; 32]).unwrap();
        PublicKey::of(&secret)
    }

    #[test]
    fn finds_an_admitted_key_and_no_other() {
        let mut admissions = Admissions::default();
        admissions.add("acme", &key(1), 1, 5).unwrap();
        let found = admissions.find(key(1).id().0).unwrap();
        assert_eq!((found.party.as_str(), found.quota), ("acme", 5));
        assert_eq!(admissions.find(key(2).id().0), None);
        assert_eq!(admissions.threshold("nobody"), 1);
    }

    #[test]
    fn refuses_one_key_for_two_parties_and_removing_what_is_not_there() {
        let mut admissions = Admissions::default();
        admissions.add("acme", &key(1), 1, 5).unwrap();
        let other = AdmissionsError::OtherParty {
            party: "acme".into(),
        };
        assert_eq!(admissions.add("other", &key(1), 1, 5), Err(other));
        assert_eq!(
            admissions.remove("acme", key(2).id()),
            Err(AdmissionsError::NotAdmitted)
        );
        assert_eq!(
            admissions.remove("other", key(1).id()),
            Err(AdmissionsError::NotAdmitted)
        );
        admissions.remove("acme", key(1).id()).unwrap();
        assert_eq!(admissions, Admissions::default());
    }
}
