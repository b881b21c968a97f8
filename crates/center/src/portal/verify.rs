//! Page 2, verify (`portal.md` §10): the field for a digest; how to get one on three systems; this center's policy or yours;
//! the command that needs no center.

use askama::Template;
use serde::Serialize;

use super::frame::{Frame, Shell};
use super::html::{self, Html};
use super::part::command;
use super::text::{Value, filters, plain, say, t};
use super::update::{FileLink, bundle_name};

/// What the page shows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct VerifyView {
    /// What was typed and is no SHA-256; it is kept in the field.
    pub refused: Option<String>,
    /// Name of the policy that this center judges by.
    pub policy: String,
    /// Its serial.
    pub policy_serial: u64,
    /// The policy as a file.
    pub policy_file: Option<FileLink>,
}

/// The page as HTML.
pub fn render(frame: &Frame, view: &VerifyView) -> String {
    let title = if view.refused.is_some() {
        t("verify.title-error")
    } else {
        t("verify.title")
    };
    let shell = Shell::new(frame, title.to_owned()).scripts(&["copy.js", "hash.js"]);
    Html::template(&Page { shell, view }).to_string()
}

#[derive(Template)]
#[template(path = "verify.html")]
struct Page<'a> {
    shell: Shell<'a>,
    view: &'a VerifyView,
}

impl Page<'_> {
    /// Name of the system, the lines to type there.
    fn systems(&self) -> [(&'static str, Html); 3] {
        [
            (
                t("verify.linux"),
                command::command(t("verify.linux-name"), t("verify.linux-command")),
            ),
            (
                t("verify.macos"),
                command::command(t("verify.macos-name"), t("verify.macos-command")),
            ),
            (
                t("verify.windows"),
                command::command(t("verify.windows-name"), t("verify.windows-command")),
            ),
        ]
    }

    /// What was typed; a character that is not seen is shown, for it may be what is wrong.
    fn typed(&self) -> String {
        html::visible(self.view.refused.as_deref().unwrap_or_default())
    }

    fn policy(&self) -> Html {
        say(
            "verify.policy-here",
            &[
                ("center", Value::Foreign(&self.shell.frame.center)),
                ("policy", Value::Foreign(&self.view.policy)),
                ("serial", Value::Number(self.view.policy_serial)),
            ],
        )
    }

    fn policy_link(&self) -> Option<Html> {
        self.view
            .policy_file
            .as_ref()
            .map(|file| Html::link(&file.href, &Html::text(t("verify.policy-read"))))
    }

    fn offline(&self) -> Html {
        let file = t("verify.file-name");
        let lines = plain(
            "update.command",
            &[
                ("file", Value::Plain(file)),
                ("bundle", Value::Plain(&bundle_name(file))),
            ],
        );
        command::command(t("command.name"), &lines)
    }
}
