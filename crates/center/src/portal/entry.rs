//! Page 15c, one entry: the statement read aloud in a sentence, its JSON, its proof, its standing (`portal.md` §10).

use askama::Template;
use serde::Serialize;

use super::frame::{Crumb, Frame, Place, Shell};
use super::html::Html;
use super::link;
use super::part::answer::Answer;
use super::part::checks::{ProofLink, RAW_LIMIT};
use super::part::conclude::Conclude;
use super::part::digest;
use super::part::label::Label;
use super::part::quorum::Quorum;
use super::part::said::Said;
use super::text::{Value, filters, plain, say, t};
use super::time::Time;
use super::word::Standing;

/// What the page of an entry shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EntryView {
    /// The log.
    pub origin: String,
    /// Its index.
    pub index: u64,
    /// What it says.
    pub said: Said,
    /// Who signed, as the policy names the key.
    pub party: String,
    /// Key id in hex.
    pub key: String,
    /// Statement id in hex.
    pub statement: String,
    /// Hash of the leaf in hex.
    pub leaf: String,
    /// Whether it counts now.
    pub standing: Standing,
    /// The statement that replaced it.
    pub superseded_by: Option<super::part::timeline::EntryRef>,
    /// Log time; `None` while no quorum covers it.
    pub at: Option<Time>,
    /// The thing it is about, if this center has a page of it.
    pub about: Option<About>,
    /// Size of the tree that its proof leads to, and the hashes of the path; `None` while there is no proof.
    pub proof: Option<Proof>,
    /// Who signed that tree.
    pub quorum: Option<Quorum>,
    /// The statement's own text; `None` if its body is not public. Over [`RAW_LIMIT`] bytes a link stands for it.
    pub body: Option<String>,
    /// The entry's own text.
    pub entry: String,
    /// Files to take away.
    pub links: Vec<ProofLink>,
}

/// A page of this center.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct About {
    /// Its address.
    pub href: String,
    /// What it is called.
    pub name: String,
}

/// An inclusion proof.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Proof {
    /// Size of the tree.
    pub size: u64,
    /// Root of the tree in hex.
    pub root: String,
    /// Hashes of the path in hex, from the leaf upwards.
    pub path: Vec<String>,
}

/// The page as HTML.
pub fn render(frame: &Frame, view: &EntryView) -> String {
    let crumbs = vec![
        Crumb::to(Html::text(t("nav.log")), link::LOGS),
        Crumb::to(Html::foreign(&view.origin), link::log(&view.origin)),
        Crumb::here(say("number.plain", &[("n", Value::Number(view.index))])),
    ];
    let title = plain(
        "entry.title",
        &[
            ("index", Value::Number(view.index)),
            ("origin", Value::Foreign(&view.origin)),
        ],
    );
    let shell = Shell::new(frame, title)
        .at(Place::Log)
        .crumbs(crumbs)
        .scripts(&["copy.js"]);
    Html::template(&Page { shell, view }).to_string()
}

#[derive(Template)]
#[template(path = "entry.html")]
struct Page<'a> {
    shell: Shell<'a>,
    view: &'a EntryView,
}

impl Page<'_> {
    fn answer(&self) -> Html {
        let view = self.view;
        let mut basis = vec![Html::text(view.standing.meaning())];
        basis.extend(view.superseded_by.as_ref().map(|entry| {
            say(
                "entry.superseded-by",
                &[("entry", Value::Html(&entry.html()))],
            )
        }));
        basis.extend(view.about.as_ref().map(|about| {
            let page = Html::link(&about.href, &Html::foreign(&about.name));
            say("entry.about", &[("page", Value::Html(&page))])
        }));
        Answer {
            mark: view.standing.mark(),
            word: view.standing.word(),
            sentence: view.said.html(),
            basis,
        }
        .html()
    }

    fn label(&self) -> Html {
        let (view, all) = (self.view, self.shell.frame.open_all);
        let at = view
            .at
            .map_or_else(|| Html::text(t("log.not-yet")), Time::html);
        let mut kind = vec![Html::code(&view.said.kind())];
        kind.extend(view.said.machine());
        let mut rows = vec![
            (t("entry.signed-by"), vec![Html::foreign(&view.party)]),
            (t("entry.kind"), kind),
            (t("entry.logged"), vec![at]),
            (
                t("entry.statement"),
                vec![digest::digest(&view.statement, all)],
            ),
            (t("entry.key"), vec![digest::digest(&view.key, all)]),
            (t("entry.leaf"), vec![digest::digest(&view.leaf, all)]),
        ];
        if !view.links.is_empty() {
            let links = view.links.iter().map(ProofLink::html).collect();
            rows.push((t("entry.files"), links));
        }
        Label {
            title: say("entry.name", &[("index", Value::Number(view.index))]),
            under: say("entry.in", &[("origin", Value::Foreign(&view.origin))]),
            rows,
        }
        .html()
    }

    fn body(&self) -> Option<Html> {
        self.view
            .body
            .as_deref()
            .filter(|body| body.len() <= RAW_LIMIT)
            .map(Html::code)
    }

    /// Why the body is not shown.
    fn no_body(&self) -> &'static str {
        match self.view.body {
            Some(_) => t("entry.body-long"),
            None => t("entry.body-withheld"),
        }
    }

    fn raw_entry(&self) -> Html {
        Html::code(&self.view.entry)
    }

    fn proof(&self) -> Html {
        match &self.view.proof {
            Some(proof) => say(
                "entry.proof",
                &[
                    ("index", Value::Number(self.view.index)),
                    ("size", Value::Number(proof.size)),
                    (
                        "n",
                        Value::Number(u64::try_from(proof.path.len()).unwrap_or(u64::MAX)),
                    ),
                ],
            ),
            None => say("entry.no-proof", &[]),
        }
    }

    fn root(&self) -> Option<Html> {
        let proof = self.view.proof.as_ref()?;
        Some(say(
            "entry.root",
            &[(
                "root",
                Value::Html(&digest::digest(&proof.root, self.shell.frame.open_all)),
            )],
        ))
    }

    fn path(&self) -> Vec<Html> {
        self.view
            .proof
            .iter()
            .flat_map(|proof| proof.path.iter().map(|hash| Html::code(hash)))
            .collect()
    }

    fn conclude(&self) -> Html {
        Conclude::from_entry().html()
    }
}
