//! How an update is read and written: the members of `evidence.md` §3, one by one.
//!
//! Lists that are empty and values that are not there are left away, and lists that are sets ascend, so that each
//! update has one spelling.

use tlog::hash::Hash;

use super::{
    Actions, Activation, Audience, Class, Consent, EVERYONE, FULL, File, OFFERED, PART, PATCH,
    Predecessor, Requirement, Role, RulesSet, Sbom, SbomFormat, State, TIER, Update, WITHDRAWN,
    Withdrawal, WithdrawalReason,
};
use crate::canonical::Json;
use crate::json::Value;
use crate::kind::Kind;
use crate::limits;
use crate::line::{Line, LineKind};
use crate::name::Name;
use crate::read::{self, Object};
use crate::refusal::{Fault, Rule, What};
use crate::statement::Subject;
use crate::time::Duration;

pub(super) fn parse(
    predicate: &Value<'_>,
    subjects: &[Subject],
) -> Result<(Kind, Vec<Hash>), Fault> {
    let object = Object::exactly(predicate, REQUIRED, OPTIONAL)?;
    let word = |name| object.require(name).and_then(read::word);
    let digest = |name| object.find(name).map(read::sha256).transpose();
    let line = Line {
        publisher: word("publisher")?,
        product: word("product")?,
        kind: read::choice(object.require("kind")?, LineKind::TABLE, LineKind::WORDS)?,
        channel: word("channel")?,
        platform: word("platform")?,
    };
    let serial = read::integer(object.require("serial")?, 1, limits::INTEGER)?;
    let returns_to = object.find("returnsTo");
    let supersedes = object
        .find("supersedes")
        .map(read::supersedes)
        .transpose()?;
    let supersedes = supersedes.unwrap_or_default();
    let update = Update {
        version: version(object.require("version")?)?,
        predecessor: object
            .find("predecessor")
            .map(Predecessor::parse)
            .transpose()?,
        files: files(object.require("files")?, subjects)?,
        source: digest("source")?,
        recipe: digest("recipe")?,
        sbom: optional_list(object.find("sbom"), limits::SBOM, Sbom::parse)?,
        notes: digest("notes")?,
        rules: rules(&object, line.kind)?,
        requires: requires(object.find("requires"), &line)?,
        actions: Actions::parse(object.require("actions")?)?,
        audience: Audience::parse(object.require("audience")?)?,
        activation: Activation::parse(object.require("activation")?)?,
        state: state(&object)?,
        // Serial 1 has nothing to return to: the range is empty then and refuses every number.
        returns_to: returns_to
            .map(|value| read::integer(value, 1, serial - 1))
            .transpose()?,
        supersedes: supersedes.clone(),
        line,
        serial,
    };
    Ok((Kind::Update(Box::new(update)), supersedes))
}

impl Update {
    pub(super) fn to_json(&self) -> Json {
        let Line {
            publisher,
            product,
            kind,
            channel,
            platform,
        } = &self.line;
        let digest = |sha256: Hash| Json::object([("sha256", sha256.into())]);
        let withdrawal = match &self.state {
            State::Offered => None,
            State::Withdrawn(withdrawal) => Some(withdrawal.to_json()),
        };
        let mut files: Vec<_> = self.files.iter().collect();
        files.sort_by(|left, right| left.name.cmp(&right.name));
        Json::object_of_some([
            ("actions", Some(self.actions.to_json())),
            ("activation", Some(self.activation.to_json())),
            ("audience", Some(self.audience.to_json())),
            ("channel", Some(channel.as_str().into())),
            (
                "files",
                Some(Json::list(files.into_iter().map(File::to_json))),
            ),
            ("kind", Some(kind.as_str().into())),
            ("notes", self.notes.map(digest)),
            ("platform", Some(platform.as_str().into())),
            ("predecessor", self.predecessor.map(Predecessor::to_json)),
            ("product", Some(product.as_str().into())),
            ("publisher", Some(publisher.as_str().into())),
            ("recipe", self.recipe.map(digest)),
            (
                "requires",
                some_list(self.requires.iter().map(Requirement::to_json)),
            ),
            ("returnsTo", self.returns_to.map(Json::from)),
            ("rules", self.rules.map(RulesSet::to_json)),
            (
                "sbom",
                some_list(self.sbom.iter().copied().map(Sbom::to_json)),
            ),
            ("serial", Some(self.serial.into())),
            ("source", self.source.map(digest)),
            ("state", Some(self.state.as_str().into())),
            ("supersedes", some_list(self.supersedes.iter().copied())),
            ("version", Some(self.version.as_ref().into())),
            ("withdrawal", withdrawal),
        ])
    }
}

impl Predecessor {
    fn parse(value: &Value<'_>) -> Result<Self, Fault> {
        let object = Object::exactly(value, PREDECESSOR, &[])?;
        Ok(Self {
            serial: read::integer(object.require("serial")?, 1, limits::INTEGER)?,
            statement: read::hash(object.require("statement")?)?,
        })
    }

    fn to_json(self) -> Json {
        Json::object([
            ("serial", self.serial.into()),
            ("statement", self.statement.into()),
        ])
    }
}

impl File {
    fn parse(value: &Value<'_>) -> Result<Self, Fault> {
        let role = Object::any(value)?.require("role")?;
        let is_patch = role.text() == Some(PATCH);
        let object = Object::exactly(value, if is_patch { PATCH_FILE } else { FILE }, &[])?;
        let role = match read::string(role)? {
            PATCH => Role::Patch {
                from: read::hash(object.require("from")?)?,
                to: read::hash(object.require("to")?)?,
            },
            FULL => Role::Full,
            PART => Role::Part,
            _ => return Err(read::expected(role, "one of the words full part patch")),
        };
        let name = object.require("name")?;
        let text = read::string(name)?;
        let parsed = Name::parse(text);
        Ok(Self {
            name: parsed.map_err(|error| Fault::new(name.at, Rule::S9, What::Name(error)))?,
            size: read::integer(object.require("size")?, 0, limits::INTEGER)?,
            role,
        })
    }

    fn to_json(&self) -> Json {
        let (from, to) = match self.role {
            Role::Patch { from, to } => (Some(from.into()), Some(to.into())),
            Role::Full | Role::Part => (None, None),
        };
        Json::object_of_some([
            ("from", from),
            ("name", Some(self.name.as_str().into())),
            ("role", Some(self.role.as_str().into())),
            ("size", Some(self.size.into())),
            ("to", to),
        ])
    }
}

impl Sbom {
    fn parse(value: &Value<'_>) -> Result<Self, Fault> {
        let object = Object::exactly(value, SBOM, &[])?;
        let format = object.require("format")?;
        Ok(Self {
            format: read::choice(format, SbomFormat::TABLE, SbomFormat::WORDS)?,
            sha256: read::hash(object.require("sha256")?)?,
        })
    }

    fn to_json(self) -> Json {
        Json::object([
            ("format", self.format.as_str().into()),
            ("sha256", self.sha256.into()),
        ])
    }
}

impl RulesSet {
    fn parse(value: &Value<'_>) -> Result<Self, Fault> {
        let object = Object::exactly(value, RULES, &[])?;
        Ok(Self {
            fingerprint: read::hash(object.require("fingerprint")?)?,
            set: read::hash(object.require("set")?)?,
        })
    }

    fn to_json(self) -> Json {
        Json::object([
            ("fingerprint", self.fingerprint.into()),
            ("set", self.set.into()),
        ])
    }
}

impl Requirement {
    fn parse(value: &Value<'_>) -> Result<Self, Fault> {
        let object = Object::exactly(value, REQUIREMENT, REQUIREMENT_OPTIONAL)?;
        let min = read::integer(object.require("min")?, 1, limits::INTEGER)?;
        let max = object
            .find("max")
            .map(|max| read::integer(max, min, limits::INTEGER));
        Ok(Self {
            kind: read::choice(object.require("kind")?, LineKind::TABLE, LineKind::WORDS)?,
            product: read::word(object.require("product")?)?,
            min,
            max: max.transpose()?,
        })
    }

    fn to_json(&self) -> Json {
        Json::object_of_some([
            ("kind", Some(self.kind.as_str().into())),
            ("max", self.max.map(Json::from)),
            ("min", Some(self.min.into())),
            ("product", Some(self.product.as_str().into())),
        ])
    }
}

impl Actions {
    fn parse(value: &Value<'_>) -> Result<Self, Fault> {
        let object = Object::exactly(value, ACTIONS, &[])?;
        Ok(Self {
            class: read::choice(object.require("class")?, Class::TABLE, Class::WORDS)?,
            consent: read::choice(object.require("consent")?, Consent::TABLE, Consent::WORDS)?,
        })
    }

    fn to_json(self) -> Json {
        let class = self.class.as_str();
        Json::object([
            ("class", class.into()),
            ("consent", self.consent.as_str().into()),
        ])
    }
}

impl Audience {
    fn parse(value: &Value<'_>) -> Result<Self, Fault> {
        let kind = Object::any(value)?.require("kind")?;
        match read::string(kind)? {
            EVERYONE => {
                Object::exactly(value, AUDIENCE_EVERYONE, &[])?;
                Ok(Self::Everyone)
            }
            TIER => {
                let object = Object::exactly(value, AUDIENCE_TIER, &[])?;
                let permille = read::integer(object.require("permille")?, 1, PERMILLE);
                Ok(Self::Tier {
                    name: read::word(object.require("name")?)?,
                    permille: permille.map_err(|fault| fault.under(Rule::U6))?,
                    everyone_by: read::time(object.require("everyoneBy")?)?,
                })
            }
            _ => Err(read::expected(kind, "one of the words everyone tier")),
        }
    }

    fn to_json(&self) -> Json {
        match self {
            Self::Everyone => Json::object([("kind", EVERYONE.into())]),
            Self::Tier {
                name,
                permille,
                everyone_by,
            } => Json::object([
                ("everyoneBy", Json::text(everyone_by)),
                ("kind", TIER.into()),
                ("name", name.as_str().into()),
                ("permille", (*permille).into()),
            ]),
        }
    }
}

impl Activation {
    fn parse(value: &Value<'_>) -> Result<Self, Fault> {
        let object = Object::exactly(value, ACTIVATION, ACTIVATION_OPTIONAL)?;
        let from = read::time(object.require("from")?)?;
        let until = object.find("until").map(read::time).transpose()?;
        if until.is_some_and(|until| until <= from || until > from + LONGEST_ACTIVATION) {
            let at = object.require("until")?.at;
            return Err(Fault::new(at, Rule::U9, What::ActivationSpan));
        }
        Ok(Self { from, until })
    }

    fn to_json(self) -> Json {
        let until = self.until.map(Json::text);
        Json::object_of_some([("from", Some(Json::text(self.from))), ("until", until)])
    }
}

impl Withdrawal {
    fn parse(value: &Value<'_>) -> Result<Self, Fault> {
        let object = Object::exactly(value, WITHDRAWAL, &[])?;
        let reason = object.require("reason")?;
        Ok(Self {
            reason: read::choice(reason, WithdrawalReason::TABLE, WithdrawalReason::WORDS)?,
            text: read::text(object.require("text")?)?,
        })
    }

    fn to_json(&self) -> Json {
        let reason = self.reason.as_str();
        Json::object([
            ("reason", reason.into()),
            ("text", self.text.as_ref().into()),
        ])
    }
}

/// Text for people on one line.
fn version(value: &Value<'_>) -> Result<Box<str>, Fault> {
    let plain = |text: &&str| {
        (1..=limits::VERSION).contains(&text.len()) && !text.chars().any(char::is_control)
    };
    let wanted = "a text of 1 to 64 bytes on one line";
    let found = value.text().filter(plain).map(Box::from);
    found.ok_or_else(|| read::expected(value, wanted).under(Rule::S12))
}

/// Names and order of the subjects; a patch leads to a full file here.
fn files(value: &Value<'_>, subjects: &[Subject]) -> Result<Vec<File>, Fault> {
    let values = read::list(value, 1, limits::SUBJECTS)?;
    let files = values
        .iter()
        .map(File::parse)
        .collect::<Result<Vec<_>, _>>()?;
    let names = files.iter().map(|file| Some(&file.name));
    if !names.eq(subjects.iter().map(|subject| subject.name.as_ref())) {
        return Err(Fault::new(value.at, Rule::S11, What::FilesDiffer));
    }
    let is_full = |digest: Hash| {
        let mut pairs = files.iter().zip(subjects);
        pairs.any(|(file, subject)| file.role == Role::Full && subject.sha256 == digest)
    };
    for (file, value) in files.iter().zip(values) {
        if let Role::Patch { to, .. } = file.role
            && !is_full(to)
        {
            return Err(Fault::new(value.at, Rule::S11, What::PatchTo));
        }
    }
    Ok(files)
}

fn rules(object: &Object<'_, '_>, kind: LineKind) -> Result<Option<RulesSet>, Fault> {
    match (object.find("rules"), kind == LineKind::DetectionRules) {
        (None, false) => Ok(None),
        (Some(value), true) => RulesSet::parse(value).map(Some),
        (Some(value), false) => Err(Fault::new(value.at, Rule::S11, What::RulesWithKind)),
        (None, true) => Err(Fault::new(object.at, Rule::S11, What::RulesWithKind)),
    }
}

/// Ascending by (kind, product), each other line once.
fn requires(value: Option<&Value<'_>>, line: &Line) -> Result<Vec<Requirement>, Fault> {
    let Some(value) = value else {
        return Ok(Vec::new());
    };
    let values = read::list(value, 1, limits::REQUIRES)?;
    let requirements = values
        .iter()
        .map(Requirement::parse)
        .collect::<Result<Vec<_>, _>>()?;
    let other = |requirement: &Requirement| (requirement.kind, requirement.product.clone());
    let keys: Vec<_> = requirements.iter().map(other).collect();
    read::ascending(values, &keys)?;
    let own = (line.kind, line.product.clone());
    match keys.iter().zip(values).find(|(key, _)| **key == own) {
        Some((_, value)) => Err(Fault::new(value.at, Rule::S11, What::RequiresItself)),
        None => Ok(requirements),
    }
}

fn state(object: &Object<'_, '_>) -> Result<State, Fault> {
    let state = object.require("state")?;
    match (read::string(state)?, object.find("withdrawal")) {
        (OFFERED, None) => Ok(State::Offered),
        (WITHDRAWN, Some(value)) => Ok(State::Withdrawn(Withdrawal::parse(value)?)),
        (OFFERED | WITHDRAWN, _) => Err(Fault::new(state.at, Rule::S11, What::WithdrawalWithState)),
        _ => Err(read::expected(state, "one of the words offered withdrawn")),
    }
}

/// A list that is left away when empty, so that each update has one spelling.
fn optional_list<T: PartialOrd>(
    value: Option<&Value<'_>>,
    most: usize,
    parse: impl Fn(&Value<'_>) -> Result<T, Fault>,
) -> Result<Vec<T>, Fault> {
    let Some(value) = value else {
        return Ok(Vec::new());
    };
    let values = read::list(value, 1, most)?;
    let items = values.iter().map(parse).collect::<Result<Vec<_>, _>>()?;
    read::ascending(values, &items)?;
    Ok(items)
}

fn some_list<T: Into<Json>>(items: impl ExactSizeIterator<Item = T>) -> Option<Json> {
    if items.len() == 0 {
        None
    } else {
        Some(Json::list(items))
    }
}

/// Most customers that a tier may reach, per thousand (U6): a tenth, so that "some first" never becomes "most".
pub(super) const PERMILLE: u64 = 100;

/// U9: a year and a month of grace. What nobody renewed by then should not be installed any more.
const LONGEST_ACTIVATION: Duration = Duration::from_days(400);

// The members of each object; a test compares them with the JSON Schema.
pub(super) const REQUIRED: &[&str] = &[
    "actions",
    "activation",
    "audience",
    "channel",
    "files",
    "kind",
    "platform",
    "product",
    "publisher",
    "serial",
    "state",
    "version",
];
pub(super) const OPTIONAL: &[&str] = &[
    "notes",
    "predecessor",
    "recipe",
    "requires",
    "returnsTo",
    "rules",
    "sbom",
    "source",
    "supersedes",
    "withdrawal",
];
pub(super) const ACTIONS: &[&str] = &["class", "consent"];
pub(super) const ACTIVATION: &[&str] = &["from"];
pub(super) const ACTIVATION_OPTIONAL: &[&str] = &["until"];
pub(super) const AUDIENCE_EVERYONE: &[&str] = &["kind"];
pub(super) const AUDIENCE_TIER: &[&str] = &["everyoneBy", "kind", "name", "permille"];
pub(super) const FILE: &[&str] = &["name", "role", "size"];
pub(super) const PATCH_FILE: &[&str] = &["from", "name", "role", "size", "to"];
pub(super) const PREDECESSOR: &[&str] = &["serial", "statement"];
pub(super) const REQUIREMENT: &[&str] = &["kind", "min", "product"];
pub(super) const REQUIREMENT_OPTIONAL: &[&str] = &["max"];
pub(super) const RULES: &[&str] = &["fingerprint", "set"];
pub(super) const SBOM: &[&str] = &["format", "sha256"];
pub(super) const WITHDRAWAL: &[&str] = &["reason", "text"];
