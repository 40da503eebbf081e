//! How a revocation ended: the one table of words, marks, sentences, next steps and exit codes for both faces, the log and
//! the report.

/// How the revocation of one key ended. "Revoked" is only said of what was proven.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The value is refused with 401 after the accepted `DELETE`.
    Dead,
    /// Accepted, and gone from the full list; its value is not known, so it was not probed.
    Revoked,
    /// The server knows no such id, and the full list lacks it.
    AlreadyGone,
    /// 401 or 403 to the `DELETE`; carries the sentence.
    Refused(String),
    /// Accepted but still listed, or the list cannot be read, or time ran out; carries what was seen.
    Unconfirmed(String),
    /// The request never had an effect; carries the sentence.
    Failed(String),
    /// The value still answers 200; carries what that can mean.
    StillAlive(String),
    /// A value that answers 401 and matches nothing; carries what is known of it.
    NotAccepted(String),
    /// Nothing was revoked, because it cannot be told which key it is; carries why.
    Ambiguous(String),
    /// A person says that they revoked it in the browser; carries who. Nothing was proven.
    Attested(String),
    /// They say so, and the server's list still has it; carries who.
    AttestedListed(String),
    /// Stopped while the server was asked: nothing is known.
    Interrupted,
    /// Stopped before the server was asked.
    NotBegun,
}

/// How an outcome is marked, without colour too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Proven.
    Proven,
    /// Somebody's word.
    Attested,
    /// Nothing was done, and a person has to look.
    Unclear,
    /// It may be alive.
    Unproven,
    /// It is alive.
    Alive,
    /// Nothing was done.
    Untouched,
}

impl Verdict {
    /// One column wide.
    #[must_use]
    pub fn sign(self) -> &'static str {
        match self {
            Self::Proven => "✓",
            Self::Attested => "◔",
            Self::Unclear => "?",
            Self::Unproven => "!",
            Self::Alive => "✗",
            Self::Untouched => "·",
        }
    }
}

/// What a script, the log and the mark tell of an outcome.
struct OutcomeRow {
    word: &'static str,
    exit_code: u8,
    verdict: Verdict,
}

impl Outcome {
    fn row(&self) -> OutcomeRow {
        let row = |word, exit_code, verdict| OutcomeRow {
            word,
            exit_code,
            verdict,
        };
        match self {
            Self::Dead => row("dead", 0, Verdict::Proven),
            Self::Revoked => row("revoked", 0, Verdict::Proven),
            Self::AlreadyGone => row("already_gone", 0, Verdict::Proven),
            Self::Failed(_) => row("failed", 1, Verdict::Alive),
            Self::Ambiguous(_) => row("ambiguous", 2, Verdict::Unclear),
            Self::Interrupted => row("interrupted", 3, Verdict::Unproven),
            Self::NotBegun => row("not_begun", 3, Verdict::Untouched),
            Self::Refused(_) => row("refused", 4, Verdict::Alive),
            Self::Unconfirmed(_) => row("unconfirmed", 7, Verdict::Unproven),
            Self::StillAlive(_) => row("still_alive", 7, Verdict::Alive),
            Self::Attested(_) | Self::AttestedListed(_) => row("attested", 7, Verdict::Attested),
            Self::NotAccepted(_) => row("not_accepted", 10, Verdict::Unclear),
        }
    }

    /// Whether the key can no longer be used, as far as was proven.
    #[must_use]
    pub fn is_proven(&self) -> bool {
        self.verdict() == Verdict::Proven
    }

    /// The word for machine output and the log.
    #[must_use]
    pub fn word(&self) -> &'static str {
        self.row().word
    }

    /// The exit code of a command that ends so.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        self.row().exit_code
    }

    /// The mark beside its sentence.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        self.row().verdict
    }

    /// The mark of a word of the log; `None` for the outcome of another kind of action.
    #[must_use]
    pub fn verdict_of_word(word: &str) -> Option<Verdict> {
        let none = String::new;
        [
            Self::Dead,
            Self::Revoked,
            Self::AlreadyGone,
            Self::Failed(none()),
            Self::Ambiguous(none()),
            Self::Interrupted,
            Self::NotBegun,
            Self::Refused(none()),
            Self::Unconfirmed(none()),
            Self::StillAlive(none()),
            Self::Attested(none()),
            Self::NotAccepted(none()),
        ]
        .iter()
        .map(Self::row)
        .find(|row| row.word == word)
        .map(|row| row.verdict)
    }

    /// The sentence that came with it.
    #[must_use]
    pub fn why(&self) -> Option<&str> {
        match self {
            Self::Refused(why)
            | Self::Unconfirmed(why)
            | Self::Failed(why)
            | Self::StillAlive(why)
            | Self::NotAccepted(why)
            | Self::Ambiguous(why) => Some(why),
            // It is who, and not why.
            Self::Attested(_) | Self::AttestedListed(_) => None,
            Self::Dead | Self::Revoked | Self::AlreadyGone | Self::Interrupted | Self::NotBegun => None,
        }
    }

    /// What happened to the key `called` so, and what is true now.
    #[must_use]
    pub fn sentence(&self, called: &str) -> String {
        match self {
            Self::Dead => format!("DEAD: {called} is revoked, and its value gets 401."),
            Self::Revoked => format!("Revoked {called}: gone from the list; its value was not probed."),
            Self::AlreadyGone => format!("Already gone: {called} is not in the list."),
            Self::Refused(why) | Self::Failed(why) => format!("NOT revoked: {called} is still alive. {why}"),
            Self::Unconfirmed(why) => format!("NOT PROVEN: {called} may still be alive. {why}"),
            Self::StillAlive(why) => format!("STILL ALIVE: {called} answers 200. {why}"),
            Self::NotAccepted(why) => format!("Not accepted, so nothing was revoked: {why}"),
            Self::Ambiguous(why) => format!("Nothing was revoked: {why}"),
            Self::AttestedListed(who) => format!(
                "ATTESTED, not proven: {who} says that {called} was revoked in the browser, and the server's list still has it."
            ),
            Self::Attested(who) => format!(
                "ATTESTED, not proven: {who} says that {called} was revoked in the browser; its value was not tried."
            ),
            Self::Interrupted => format!("Interrupted: NOT PROVEN whether {called} was revoked."),
            Self::NotBegun => format!("Interrupted: {called} was not revoked."),
        }
    }

    /// What to do now; `None` where nothing is left, or where the sentence says it. `is_listed`: whether the server has a
    /// list that can show the key.
    #[must_use]
    pub fn next_step(&self, is_listed: bool) -> Option<&'static str> {
        const TRY_ITS_VALUE: &str = "Try its value: only a 401 is proof.";
        match self {
            Self::Unconfirmed(_) | Self::Interrupted if !is_listed => Some(TRY_ITS_VALUE),
            Self::Unconfirmed(_) => Some("Read the list again, and revoke the key again if it is there."),
            Self::Interrupted => Some("Look for it in the list, and revoke it again if it is there."),
            Self::StillAlive(_) => Some("Somebody may be using this value: try again."),
            Self::NotAccepted(_) => {
                Some("Compare it with where you found it. If it is complete, it is already dead here.")
            }
            Self::Ambiguous(_) => Some("Find the right key in the list and revoke it there."),
            Self::Attested(_) => Some("Revoke it again with its value to prove it dead."),
            Self::AttestedListed(_) => Some("Check on the page that the right key was revoked."),
            Self::Dead | Self::Revoked | Self::AlreadyGone | Self::Refused(_) | Self::Failed(_) | Self::NotBegun => {
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn every() -> [Outcome; 13] {
        let why = || "Because.".to_owned();
        [
            Outcome::Dead,
            Outcome::Revoked,
            Outcome::AlreadyGone,
            Outcome::Failed(why()),
            Outcome::Ambiguous(why()),
            Outcome::Interrupted,
            Outcome::NotBegun,
            Outcome::Refused(why()),
            Outcome::Unconfirmed(why()),
            Outcome::StillAlive(why()),
            Outcome::Attested("amina".to_owned()),
            Outcome::AttestedListed("amina".to_owned()),
            Outcome::NotAccepted(why()),
        ]
    }

    /// Word, exit code, mark, the beginning of its sentence, and whether something is left to do.
    #[test]
    fn whole_table_is_as_documented() {
        let rows: Vec<String> = every()
            .iter()
            .map(|outcome| {
                let (listed, unlisted) = (outcome.next_step(true), outcome.next_step(false));
                let step = match (listed, unlisted) {
                    (None, None) => "done".to_owned(),
                    (listed, unlisted) if listed == unlisted => listed.unwrap_or_default().to_owned(),
                    (listed, unlisted) => format!("{} / {}", listed.unwrap_or_default(), unlisted.unwrap_or_default()),
                };
                format!(
                    "{} {} {} | {} | {step}",
                    outcome.verdict().sign(),
                    outcome.word(),
                    outcome.exit_code(),
                    outcome.sentence("“Zapier” (key_1)")
                )
            })
            .collect();
        insta::assert_snapshot!(rows.join("\n"), @r"
        ✓ dead 0 | DEAD: “Zapier” (key_1) is revoked, and its value gets 401. | done
        ✓ revoked 0 | Revoked “Zapier” (key_1): gone from the list; its value was not probed. | done
        ✓ already_gone 0 | Already gone: “Zapier” (key_1) is not in the list. | done
        ✗ failed 1 | NOT revoked: “Zapier” (key_1) is still alive. Because. | done
        ? ambiguous 2 | Nothing was revoked: Because. | Find the right key in the list and revoke it there.
        ! interrupted 3 | Interrupted: NOT PROVEN whether “Zapier” (key_1) was revoked. | Look for it in the list, and revoke it again if it is there. / Try its value: only a 401 is proof.
        · not_begun 3 | Interrupted: “Zapier” (key_1) was not revoked. | done
        ✗ refused 4 | NOT revoked: “Zapier” (key_1) is still alive. Because. | done
        ! unconfirmed 7 | NOT PROVEN: “Zapier” (key_1) may still be alive. Because. | Read the list again, and revoke the key again if it is there. / Try its value: only a 401 is proof.
        ✗ still_alive 7 | STILL ALIVE: “Zapier” (key_1) answers 200. Because. | Somebody may be using this value: try again.
        ◔ attested 7 | ATTESTED, not proven: amina says that “Zapier” (key_1) was revoked in the browser; its value was not tried. | Revoke it again with its value to prove it dead.
        ◔ attested 7 | ATTESTED, not proven: amina says that “Zapier” (key_1) was revoked in the browser, and the server's list still has it. | Check on the page that the right key was revoked.
        ? not_accepted 10 | Not accepted, so nothing was revoked: Because. | Compare it with where you found it. If it is complete, it is already dead here.
        ");
    }

    #[test]
    fn only_a_proven_end_says_revoked_and_exits_zero() {
        for outcome in every() {
            let sentence = outcome.sentence("it");
            let says_so = ["Revoked", "DEAD", "Already gone"]
                .iter()
                .any(|word| sentence.starts_with(word));
            assert_eq!(outcome.is_proven(), says_so, "{sentence}");
            assert_eq!(outcome.is_proven(), outcome.exit_code() == 0, "{sentence}");
            assert_eq!(Outcome::verdict_of_word(outcome.word()), Some(outcome.verdict()));
        }
        assert_eq!(Outcome::verdict_of_word("created"), None);
    }

    #[test]
    fn no_list_is_spoken_of_where_the_server_has_none() {
        for outcome in every() {
            let step = outcome.next_step(false).unwrap_or_default();
            let speaks_of_it = step.contains("list") && !matches!(outcome, Outcome::Ambiguous(_));
            assert!(!speaks_of_it, "{step}");
        }
    }
}
