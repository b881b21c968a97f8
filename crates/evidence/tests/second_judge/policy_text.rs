//! The rules of a question as the text of a trust policy (`evidence.md` §7).

use std::fmt::Write as _;

use evidence::reason::CheckName;
use evidence::time::{Duration, Time};

use crate::build::KEYS;
use crate::facts::{By, KNOWN_WITNESSES, ORIGINS};
use crate::kit::NOW;
use crate::question::{ACME, Deny, PARTIES, Rules, Set};

impl Rules {
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        self.write(&mut text).unwrap();
        text
    }

    fn write(&self, text: &mut String) -> std::fmt::Result {
        let duration = |seconds: i64| Duration::from_seconds(seconds.unsigned_abs()).to_string();
        writeln!(text, "policy = 1\nname = \"example-hospital\"\nserial = 7")?;
        writeln!(
            text,
            "expires = \"{}\"\nclock-skew = \"{}\"\n",
            Time::from_seconds(NOW + self.expires),
            duration(self.skew)
        )?;
        writeln!(
            text,
            "[[line]]\npublisher = \"acme\"\nproduct = \"acme-shield\"\nkinds = [\"software\"]"
        )?;
        writeln!(
            text,
            "channels = {:?}\nplatforms = [\"linux-x86_64\"]\n",
            self.channels
        )?;
        writeln!(text, "[witnesses]\nregions = '''")?;
        for witness in 0..KNOWN_WITNESSES {
            let [one, two] = KEYS.witness_vkeys(witness);
            writeln!(
                text,
                "witness w{witness}e {one}\nwitness w{witness}m {two}\ngroup w{witness} any w{witness}e w{witness}m"
            )?;
        }
        writeln!(
            text,
            "group three {} w0 w1 w2\nquorum three\n'''\n\n[log]",
            self.quorum
        )?;
        for log in 0..2 {
            writeln!(
                text,
                "\"{}\" = {{ keys = {:?}, witnesses = \"regions\" }}",
                ORIGINS[log],
                KEYS.log_vkeys(log)
            )?;
        }
        let key = |by: By| KEYS.public(by).to_policy_text();
        let release: Vec<String> = (0..self.pinned).map(|at| key(By::Release(at))).collect();
        writeln!(
            text,
            "\n[publisher.acme]\noperator = \"{ACME}\"\njurisdiction = \"DE\"\nlog = \"{}\"",
            ORIGINS[0]
        )?;
        writeln!(text, "keys = {release:?}\nthreshold = {}\n", self.threshold)?;
        writeln!(
            text,
            "[publisher.rival]\noperator = \"Rival\"\njurisdiction = \"FR\"\nlog = \"{}\"",
            ORIGINS[0]
        )?;
        writeln!(
            text,
            "keys = [{:?}]\nthreshold = 1\n\n[party]",
            key(By::Rival)
        )?;
        for (party, (name, operator, log)) in PARTIES.iter().enumerate() {
            let rest = format!(
                "log = \"{}\", keys = [{:?}]",
                ORIGINS[*log],
                key(By::Party(party))
            );
            let roles = "[\"signer\", \"center\", \"rebuilder\", \"reviewer\", \"assessor\", \"coordinator\"]";
            writeln!(
                text,
                "{name} = {{ operator = \"{operator}\", jurisdiction = \"CH\", roles = {roles}, {rest} }}"
            )?;
        }
        writeln!(text, "\n[require.all]\nwhen = {{ publisher = \"acme\" }}")?;
        self.set.write(text)?;
        if let Some(beta) = &self.beta {
            writeln!(
                text,
                "\n[require.beta]\nwhen = {{ publisher = \"acme\", channel = \"beta\" }}"
            )?;
            beta.write(text)?;
        }
        for deny in &self.deny {
            writeln!(text, "\n[[deny]]\nreason = \"not here\"")?;
            match deny {
                Deny::Digest(digest) => writeln!(text, "digest = \"sha256:{digest}\"")?,
                Deny::Key(by) => writeln!(text, "key = \"{}\"", key(*by))?,
                Deny::Acme => writeln!(text, "party = \"acme\"")?,
                Deny::Party(party) => writeln!(text, "party = \"{}\"", PARTIES[*party].0)?,
                Deny::Statement(id) => writeln!(text, "statement = \"sha256:{id}\"")?,
                Deny::Serials(channel, serials) => {
                    let words = format!(
                        "product = \"acme-shield\", kind = \"software\", channel = \"{channel}\""
                    );
                    writeln!(
                        text,
                        "line = {{ publisher = \"acme\", {words}, platform = \"linux-x86_64\" }}\nserials = {serials:?}"
                    )?;
                }
            }
        }
        Ok(())
    }
}

impl Set {
    fn write(&self, text: &mut String) -> std::fmt::Result {
        let seconds = |seconds: i64| Duration::from_seconds(seconds.unsigned_abs()).to_string();
        let mut published = format!(
            "min-age = \"{}\", otherwise = \"{}\"",
            seconds(self.min_age),
            self.otherwise
        );
        if let Some(threshold) = self.threshold {
            write!(published, ", threshold = {threshold}")?;
        }
        if self.independent > 0 {
            write!(published, ", independent = {}", self.independent)?;
        }
        if let Some(signers) = &self.signers {
            let names: Vec<_> = signers.iter().map(|party| PARTIES[*party].0).collect();
            write!(published, ", signers = {names:?}")?;
        }
        writeln!(
            text,
            "published = {{ {published} }}\nserial = {{ chain = {} }}",
            self.chain
        )?;
        writeln!(
            text,
            "audience = {{ tiers = {:?} }}\nconsent = {{ allow = {:?} }}",
            self.tiers, self.allow
        )?;
        for (check, otherwise, grace) in &self.unjudged {
            let mut members = match check {
                CheckName::Advisories => "worst = \"low\"".to_owned(),
                _ => format!("otherwise = \"{otherwise}\""),
            };
            if has_grace(*check) {
                write!(members, ", grace = \"{}\"", seconds(*grace))?;
            }
            if *check == CheckName::Fresh {
                members.push_str(", max-age = \"P1D\"");
            }
            writeln!(text, "{check} = {{ {members} }}")?;
        }
        Ok(())
    }
}

/// Whether the requirement has `grace` (§7: every countable one, and provenance).
pub(crate) const fn has_grace(check: CheckName) -> bool {
    !matches!(
        check,
        CheckName::Newest
            | CheckName::Fresh
            | CheckName::Sbom
            | CheckName::RulesFingerprint
            | CheckName::Advisories
    )
}
