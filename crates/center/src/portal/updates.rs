//! Page 3, the list of updates (`portal.md` §10): counts by verdict as links; a filter that is a GET form; rows with verdict,
//! version, what is missing, when released, how long until witnessed; cut by log index.

use askama::Template;
use serde::Serialize;

use super::frame::{Crumb, Frame, Place, Shell};
use super::home::Counts;
use super::html::{self, Html};
use super::link;
use super::number;
use super::part::mark;
use super::part::missing::Missing;
use super::part::pager::Pager;
use super::text::{Value, filters, say, t};
use super::time::{self, Time};
use super::word::Word;

/// What the list shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct UpdatesView {
    /// Verdicts under the filter's product and channel, whatever its verdict.
    pub counts: Counts,
    /// The filter.
    pub filter: Filter,
    /// Products that have updates, for the form.
    pub products: Vec<String>,
    /// Logs that have updates, for the form; empty where there is one.
    pub logs: Vec<String>,
    /// The rows, newest first.
    pub rows: Vec<UpdateRow>,
    /// Where the list is cut.
    pub pager: Pager,
}

/// What the list is restricted to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Filter {
    /// `product=`
    pub product: Option<String>,
    /// `verdict=`
    pub verdict: Option<Word>,
    /// `log=`, where updates stand in several logs.
    pub log: Option<String>,
    /// Beginning of an id that several updates share: the list of an ambiguous address.
    pub id: Option<String>,
}

/// One update.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct UpdateRow {
    /// Its id.
    pub id: String,
    /// The channel that its address must name, where the file stands on several lines.
    pub chosen: Option<String>,
    /// Product.
    pub product: String,
    /// Version.
    pub version: String,
    /// Serial on its line.
    pub serial: u64,
    /// Channel.
    pub channel: String,
    /// Platform.
    pub platform: String,
    /// Verdict by this center's policy.
    pub word: Word,
    /// What is missing.
    pub missing: Vec<Missing>,
    /// Log time.
    pub released: Time,
    /// Seconds from entry to quorum, if it was reached.
    pub witnessed_after: Option<u64>,
    /// Index in the publisher's log.
    pub index: u64,
}

impl UpdateRow {
    fn name(&self) -> Html {
        let name = say(
            "updates.name",
            &[
                ("product", Value::Foreign(&self.product)),
                ("version", Value::Foreign(&self.version)),
            ],
        );
        let chosen = self.chosen.as_deref().unwrap_or_default();
        let page = link::with_query(&link::update(&self.id), &[("channel", chosen)]);
        Html::link(&page, &name)
    }

    fn verdict(&self) -> Html {
        mark::verdict(self.word)
    }

    fn line(&self) -> Html {
        say(
            "updates.line",
            &[
                ("channel", Value::Foreign(&self.channel)),
                ("platform", Value::Foreign(&self.platform)),
                ("serial", Value::Number(self.serial)),
            ],
        )
    }

    fn missing(&self) -> Html {
        match self.missing.as_slice() {
            [] => Html::text(t("updates.nothing-missing")),
            [only] => only.short(),
            [first, others @ ..] => {
                let n = u64::try_from(others.len()).unwrap_or(u64::MAX);
                say(
                    "updates.missing-more",
                    &[
                        ("first", Value::Html(&first.short())),
                        ("n", Value::Number(n)),
                    ],
                )
            }
        }
    }

    fn lag(&self) -> String {
        self.witnessed_after
            .map_or_else(|| t("updates.no-lag").to_owned(), time::length)
    }
}

/// The list as HTML.
pub fn render(frame: &Frame, view: &UpdatesView) -> String {
    let crumbs = match &view.filter.product {
        Some(product) => vec![
            Crumb::to(Html::text(t("nav.updates")), link::UPDATES),
            Crumb::here(Html::foreign(product)),
        ],
        None => Vec::new(),
    };
    let shell = Shell::new(frame, t("nav.updates").to_owned())
        .at(Place::Updates)
        .crumbs(crumbs);
    Html::template(&Page { shell, view }).to_string()
}

struct Count {
    href: String,
    label: &'static str,
    class: &'static str,
    shape: &'static str,
    number: String,
    here: bool,
}

#[derive(Template)]
#[template(path = "updates.html")]
struct Page<'a> {
    shell: Shell<'a>,
    view: &'a UpdatesView,
}

impl Page<'_> {
    fn title(&self) -> Html {
        let counts = self.view.counts;
        // A list that is cut counts what stands on it.
        let key = if self.view.pager.of > counts.all {
            "updates.title-these"
        } else {
            "updates.title"
        };
        say(
            key,
            &[
                ("accepted", Value::Number(counts.accepted)),
                ("n", Value::Number(counts.all)),
            ],
        )
    }

    fn among(&self) -> Option<Html> {
        self.view
            .filter
            .id
            .as_ref()
            .map(|id| say("updates.among", &[("id", Value::Code(id))]))
    }

    fn counts(&self) -> Vec<Count> {
        let counts = self.view.counts;
        let product = self.view.filter.product.as_deref().unwrap_or_default();
        let log = self.view.filter.log.as_deref().unwrap_or_default();
        let count = |word: Option<Word>, number: u64| {
            let code = word.map_or("", Word::code);
            Count {
                href: link::with_query(
                    link::UPDATES,
                    &[("product", product), ("verdict", code), ("log", log)],
                ),
                label: word.map_or_else(|| t("updates.all"), Word::word),
                class: word.map_or("all", |word| word.mark().class()),
                shape: word.map_or("", |word| word.mark().shape()),
                number: number::grouped(number),
                here: self.view.filter.verdict == word,
            }
        };
        vec![
            count(None, counts.all),
            count(Some(Word::Accepted), counts.accepted),
            count(Some(Word::Undecided), counts.undecided),
            count(Some(Word::Refused), counts.refused),
        ]
    }

    fn pager(&self) -> Html {
        let filter = &self.view.filter;
        let query = [
            ("product", filter.product.as_deref().unwrap_or_default()),
            ("verdict", filter.verdict.map_or("", Word::code)),
            ("log", filter.log.as_deref().unwrap_or_default()),
        ];
        self.view.pager.html(link::UPDATES, &query)
    }

    fn is_product(&self, product: &str) -> bool {
        self.view.filter.product.as_deref() == Some(product)
    }

    fn is_log(&self, log: &str) -> bool {
        self.view.filter.log.as_deref() == Some(log)
    }

    fn is_verdict(&self, word: &Word) -> bool {
        self.view.filter.verdict == Some(*word)
    }

    fn words(&self) -> [Word; 3] {
        [Word::Accepted, Word::Undecided, Word::Refused]
    }

    fn released(&self, row: &UpdateRow) -> Html {
        row.released.html_ago(self.shell.frame.now)
    }

    /// Why the list is empty and what fills it.
    fn empty(&self) -> &'static str {
        let filter = &self.view.filter;
        if filter.product.is_some() || filter.verdict.is_some() || filter.id.is_some() {
            return t("updates.empty-filter");
        }
        t("updates.empty")
    }
}
