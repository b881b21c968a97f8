//! The kinds of statement that are read here: `evidence.md` §2.2, one row and one file each.
//!
//! A new kind is a variant of [`KindName`] and [`Kind`], a file beside this one with its row, and a JSON Schema. What
//! has no row is refused as unknown (S10) and carried by those who only carry.
//!
//! ```
//! use evidence::kind::KindName;
//!
//! assert_eq!(KindName::of("urn:vitrine:update:v1"), Some(KindName::Update));
//! assert!(KindName::Update.schema().is_some_and(|schema| schema.contains("everyoneBy")));
//! assert_eq!(KindName::of("urn:vitrine:update:v2"), None);
//! ```

pub mod update;
pub mod update_door;
pub mod update_row;

use crate::statement::ParseKind;
use crate::time::Time;
use crate::words::words;

pub use update::Update;

words! {
    /// The name of a kind.
    pub enum KindName {
        /// SLSA provenance v1: how a file was built, in a form that is not ours.
        Provenance = "provenance",
        /// An update of a line: `evidence.md` §3.
        Update = "update",
    }
}

/// What a statement says.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// A kind that is not ours: carried and shown.
    Foreign(KindName),
    /// An update.
    Update(Box<Update>),
}

impl KindName {
    /// The kind of that predicate type.
    pub fn of(predicate_type: &str) -> Option<Self> {
        let mut kinds = Self::TABLE.iter().map(|(_, kind)| *kind);
        kinds.find(|kind| kind.predicate_type() == predicate_type)
    }

    /// The predicate type, a URI. Inverse of [`KindName::of`].
    pub const fn predicate_type(self) -> &'static str {
        self.row().predicate_type
    }

    /// The JSON Schema (2020-12) of a statement of this kind, if the kind is ours.
    pub const fn schema(self) -> Option<&'static str> {
        match self.row().form {
            Form::Ours { schema, .. } => Some(schema),
            Form::Foreign => None,
        }
    }

    pub(crate) const fn row(self) -> &'static KindRow {
        match self {
            Self::Provenance => &PROVENANCE,
            Self::Update => &update::ROW,
        }
    }
}

impl Kind {
    /// The kind's name.
    pub const fn name(&self) -> KindName {
        match self {
            Self::Foreign(name) => *name,
            Self::Update(_) => KindName::Update,
        }
    }

    /// The word that is said, of kinds that say one.
    pub const fn says(&self) -> Option<&'static str> {
        match self {
            Self::Foreign(_) => None,
            Self::Update(update) => Some(update.state.as_str()),
        }
    }

    /// The update, if this is one.
    pub const fn as_update(&self) -> Option<&Update> {
        match self {
            Self::Update(update) => Some(update),
            Self::Foreign(_) => None,
        }
    }

    /// Times that the statement claims to be past already, with their pointers: none of them may lie ahead (D7). An
    /// update claims none; its times are plans.
    pub(crate) const fn claimed_times(&self) -> &[(&'static str, Time)] {
        match self {
            Self::Foreign(_) | Self::Update(_) => &[],
        }
    }
}

/// What all statements of a kind have in common.
pub(crate) struct KindRow {
    pub(crate) name: KindName,
    pub(crate) predicate_type: &'static str,
    pub(crate) form: Form,
    /// Whether a nonce is required; otherwise it is refused (S13).
    pub(crate) nonce: bool,
    /// The words that count against.
    pub(crate) negative: &'static [&'static str],
    /// Whether each statement of the kind binds, whatever it says.
    pub(crate) always_binding: bool,
}

/// Whose format the kind is.
pub(crate) enum Form {
    /// Ours: S5 to S14.
    Ours {
        /// Reads the predicate.
        parse: ParseKind,
        /// The JSON Schema.
        schema: &'static str,
    },
    /// Others': S5, and carried.
    Foreign,
}

const PROVENANCE: KindRow = KindRow {
    name: KindName::Provenance,
    predicate_type: "https://slsa.dev/provenance/v1",
    form: Form::Foreign,
    nonce: false,
    negative: &[],
    always_binding: false,
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_has_its_own_predicate_type_and_row() {
        for (_, kind) in KindName::TABLE {
            assert_eq!(KindName::of(kind.predicate_type()), Some(*kind));
            assert_eq!(kind.row().name, *kind);
            let ours = kind.predicate_type() == format!("urn:vitrine:{kind}:v1");
            assert_eq!(kind.schema().is_some(), ours, "{kind}");
        }
    }
}
