//! The person's config: one file, one struct, every default documented here.

use std::collections::BTreeMap;
use std::fmt;

use jiff::SignedDuration;
use jiff::civil::Date;
use serde::Deserialize;
use toml::value::Datetime;

use crate::core::capability::{Capabilities, Capability};
use crate::core::pattern::NamePattern;
use crate::core::policy::{Policies, RotationPolicy};
use crate::core::register::{KeyPlace, Register, RegisterEntry};
use crate::core::sink::{SinkFields, SinkSpec, Sinks};
use crate::core::target::is_sink_name;
use crate::core::text::{Label, clean};

/// The vendor's documented base URL.
pub const DEFAULT_BASE_URL: &str = "https://www.chatzuri.com/api/v1";
/// The profile used when none is named.
pub const DEFAULT_PROFILE: &str = "default";

/// `config.toml`, whole. An absent file is [`Config::default`].
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The profile used when neither `--profile` nor `CHATZURI_PROFILE` names one. Default: `default`.
    pub profile: Option<String>,
    /// The API: where it is, and what its endpoints are called.
    pub api: ApiConfig,
    /// The rotation policy.
    pub rotation: RotationConfig,
    /// Policies of keys by their names; the first that matches wins.
    pub policy: Vec<PolicyConfig>,
    /// What you know of keys by their names; the first that matches counts.
    pub key: Vec<KeyConfig>,
    /// The clipboard.
    pub clipboard: ClipboardConfig,
    /// How the dashboard looks.
    pub ui: UiConfig,
    /// Several teams or servers, by a name of your choice.
    pub profiles: BTreeMap<String, ProfileConfig>,
    /// Programs of yours that take a new key's value, by a name of your choice.
    pub sinks: BTreeMap<String, SinkFields>,
}

/// `[api]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub struct ApiConfig {
    /// Where the API is. Default: [`DEFAULT_BASE_URL`].
    pub base_url: Option<String>,
    /// How keys are listed: `auto` asks the server, once a day and at every refresh, whether it has the endpoint; `api`
    /// always uses it; `manual` never does: the list is the keys you track here. Default: `auto`.
    pub list: CapabilityChoice,
    /// How keys are created; `manual`: you make one in the browser and paste its value. Default: `auto`.
    pub create: CapabilityChoice,
    /// How keys are revoked; `manual`: you revoke one in the browser, and its value is tried until it is dead. Default:
    /// `auto`.
    pub revoke: CapabilityChoice,
    /// The page where a person manages keys. Default: the front page of the API's host, from which the vendor's guide
    /// says “Team settings → API Keys”.
    pub page: Option<String>,
    /// What the endpoints are called.
    pub endpoints: Endpoints,
}

/// `[api] list`, `create` and `revoke`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Default)]
#[serde(rename_all = "lowercase")]
pub enum CapabilityChoice {
    /// As the server answers.
    #[default]
    Auto,
    /// By the endpoint, whatever it answers.
    Api,
    /// By the person in the browser.
    #[serde(alias = "assisted")]
    Manual,
}

impl CapabilityChoice {
    /// What it settles; `Unknown` leaves it to the server.
    #[must_use]
    pub fn capability(self) -> Capability {
        match self {
            Self::Auto => Capability::Unknown,
            Self::Api => Capability::Endpoint,
            Self::Manual => Capability::Manual,
        }
    }
}

/// `[api.endpoints]`: method, path and parameter names. The defaults of the key endpoints are our contract, not a
/// documented fact; `teams` is documented by the vendor.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Endpoints {
    /// Default: `GET /get-api-keys`.
    pub list: String,
    /// Default: `POST /create-api-key`.
    pub create: String,
    /// Default: `DELETE /delete-api-key`.
    pub revoke: String,
    /// Default: `GET /get-teams`.
    pub teams: String,
    /// The parameter that names a key to revoke. Default: `keyId`.
    pub key_id: String,
    /// Where that parameter stands: `query`, `path` or `body` (JSON). Default: `path` where the path of `revoke` holds
    /// `{keyId}`, and else `query`.
    pub key_id_in: Option<String>,
    /// The query parameter of the page number, from 1. Default: `page`.
    pub page: String,
    /// The query parameter of the page size. Default: `size`.
    pub size: String,
}

impl Default for Endpoints {
    fn default() -> Self {
        Self {
            list: "GET /get-api-keys".to_owned(),
            create: "POST /create-api-key".to_owned(),
            revoke: "DELETE /delete-api-key".to_owned(),
            teams: "GET /get-teams".to_owned(),
            key_id: "keyId".to_owned(),
            key_id_in: None,
            page: "page".to_owned(),
            size: "size".to_owned(),
        }
    }
}

/// `[rotation]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RotationConfig {
    /// Days from creation until a key is due. Default: 90, the vendor's advice.
    pub days: u16,
    /// Days before the due date from which it is due soon. Default: 14.
    pub due_soon_days: u16,
    /// How long an old key has to be quiet before it may be revoked, as in `24h`, `7d`, `90m` or `20s`: longer than the
    /// rarest job that uses it. Default: `24h`.
    pub quiet: String,
}

impl Default for RotationConfig {
    fn default() -> Self {
        let RotationPolicy { days, due_soon_days } = RotationPolicy::default();
        Self {
            days,
            due_soon_days,
            quiet: "24h".to_owned(),
        }
    }
}

/// `[[policy]]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicyConfig {
    /// A pattern over names: `*` any text, `?` any character, `[ab]` one of these; in either case.
    #[serde(rename = "match")]
    pub pattern: String,
    /// Days from creation until such a key is due.
    pub days: u16,
    /// Days before the due date from which it is due soon. Default: `[rotation] due_soon_days`.
    pub due_soon_days: Option<u16>,
}

/// `[[key]]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyConfig {
    /// A pattern over names, as in `[[policy]]`. A successor (`Zapier 2026-11-22`) matches as its predecessor does.
    #[serde(rename = "match")]
    pub pattern: String,
    /// Who answers for such a key.
    pub owner: Option<String>,
    /// The day it was made, as in `2026-01-01`: used where the server does not say. A successor does not inherit it.
    pub created: Option<Datetime>,
    /// Where it is used: targets as `create --to` takes them, or words of your own.
    #[serde(default)]
    pub places: Vec<String>,
}

/// `[clipboard]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ClipboardConfig {
    /// Seconds after which a copied secret is cleared; 0 = never. Default: 45.
    pub clear_after: u32,
}

impl Default for ClipboardConfig {
    fn default() -> Self {
        Self { clear_after: 45 }
    }
}

/// `[ui]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub struct UiConfig {
    /// The theme. Default: `auto`.
    pub theme: ThemeChoice,
}

/// `[ui] theme`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Default)]
#[serde(rename_all = "lowercase")]
pub enum ThemeChoice {
    /// The terminal's own colours, or `mono` where `NO_COLOR` is set.
    #[default]
    Auto,
    /// The terminal's own sixteen colours.
    Ansi,
    /// No colour at all: marks and words only.
    Mono,
}

/// `[profiles.NAME]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub struct ProfileConfig {
    /// Where this profile's API is. Default: `[api] base_url`.
    pub base_url: Option<String>,
    /// A command (program and arguments, no shell) whose standard output is the key: for machines without a keyring.
    pub credential_command: Option<Vec<String>>,
}

/// What is wrong with a config file, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    /// Line, counted from 1, where one is known.
    pub line: Option<usize>,
    /// What is wrong, cleaned.
    pub why: String,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "line {line}: {}", self.why),
            None => f.write_str(&self.why),
        }
    }
}

impl std::error::Error for ConfigError {}

impl Config {
    /// Reads a config file's text.
    ///
    /// # Errors
    /// [`ConfigError`] names the line and what is wrong there.
    pub fn parse(text: &str) -> Result<Self, ConfigError> {
        let config: Self = toml::from_str(text).map_err(|error| ConfigError {
            line: error.span().map(|span| line_of(text, span.start)),
            why: clean(error.message()).into_owned(),
        })?;
        config.check()?;
        Ok(config)
    }

    /// The policy of every key. A rule that [`Config::parse`] would refuse is left out.
    #[must_use]
    pub fn policies(&self) -> Policies {
        let rules = self.policy.iter().filter_map(|rule| {
            let policy = RotationPolicy {
                days: rule.days,
                due_soon_days: rule.due_soon_days.unwrap_or(self.rotation.due_soon_days),
            };
            NamePattern::parse(&rule.pattern).ok().map(|pattern| (pattern, policy))
        });
        let default = RotationPolicy {
            days: self.rotation.days,
            due_soon_days: self.rotation.due_soon_days,
        };
        Policies::new(default, rules.collect()).with_register(self.register())
    }

    /// How long an old key has to be quiet. A span that [`Config::parse`] would refuse counts as the default.
    #[must_use]
    pub fn quiet(&self) -> SignedDuration {
        quiet(&self.rotation.quiet).unwrap_or(SignedDuration::from_hours(24))
    }

    /// What is known of keys. An entry that [`Config::parse`] would refuse is left out.
    fn register(&self) -> Register {
        Register::new(self.key.iter().filter_map(|entry| register_entry(entry).ok()).collect())
    }

    /// How each operation on keys is done, where the config settles it.
    #[must_use]
    pub fn capabilities(&self) -> Capabilities {
        Capabilities {
            list: self.api.list.capability(),
            create: self.api.create.capability(),
            revoke: self.api.revoke.capability(),
        }
    }

    fn missing_sink<'a>(&self, entry: &'a RegisterEntry) -> Option<&'a str> {
        entry.places.iter().find_map(|place| match place {
            KeyPlace::Target(target) => target.sink_name().filter(|name| !self.sinks.contains_key(*name)),
            KeyPlace::Words(_) => None,
        })
    }

    fn check_keys(&self) -> Result<(), ConfigError> {
        for (i, entry) in self.key.iter().enumerate() {
            let twice = self.key.iter().take(i).any(|before| before.pattern == entry.pattern);
            let why = match &register_entry(entry) {
                Err(why) => format!(": {why}"),
                Ok(entry) if let Some(sink) = self.missing_sink(entry) => format!(
                    ": places: “{sink}” is not a [sinks.NAME] in this config; if it is not a target, use several words"
                ),
                Ok(_) if twice => " appears twice; the first one wins, so remove the other".to_owned(),
                Ok(_) => continue,
            };
            return Err(ConfigError {
                line: None,
                why: format!("[[key]] match = “{}”{why}", clean(&entry.pattern)),
            });
        }
        Ok(())
    }

    fn check_policies(&self) -> Result<(), ConfigError> {
        let fail = |why: String| Err(ConfigError { line: None, why });
        for (i, rule) in self.policy.iter().enumerate() {
            let shown = clean(&rule.pattern);
            if rule.days == 0 {
                return fail(format!("[[policy]] match = “{shown}”: days must be at least 1"));
            }
            if let Err(bad) = NamePattern::parse(&rule.pattern) {
                return fail(format!("[[policy]] match = “{shown}”: {bad}"));
            }
            if self.policy.iter().take(i).any(|before| before.pattern == rule.pattern) {
                return fail(format!(
                    "[[policy]] match = “{shown}” appears twice; the first one wins, so remove the other"
                ));
            }
        }
        Ok(())
    }

    /// The sinks of `[sinks]`, ready for use.
    ///
    /// # Errors
    /// [`ConfigError`] names the sink and the mistake; never for a config that [`Config::parse`] gave.
    pub fn sinks(&self) -> Result<Sinks, ConfigError> {
        let fail = |why: String| ConfigError { line: None, why };
        let mut sinks = Sinks::new();
        for (name, sink) in &self.sinks {
            if !is_sink_name(name) {
                return Err(fail(format!(
                    "[sinks] “{}” is not a name: letters, digits, dots, dashes and underscores only, and no dash first",
                    clean(name)
                )));
            }
            let spec = SinkSpec::new(sink.clone()).map_err(|bad| fail(format!("[sinks.{name}] {bad}")))?;
            sinks.insert(name.clone(), spec);
        }
        Ok(sinks)
    }

    fn check(&self) -> Result<(), ConfigError> {
        let fail = |why: String| Err(ConfigError { line: None, why });
        if self.rotation.days == 0 {
            return fail("[rotation] days must be at least 1".to_owned());
        }
        if quiet(&self.rotation.quiet).is_none() {
            return fail(format!(
                "[rotation] quiet = “{}” is not a duration such as 24h, 7d, 90m or 20s, up to 90d",
                clean(&self.rotation.quiet)
            ));
        }
        if let Some(page) = &self.api.page
            && !is_page(page)
        {
            return fail(format!(
                "[api] page = “{}” is not the address of a page, as in “https://www.chatzuri.com/”",
                clean(page)
            ));
        }
        self.check_policies()?;
        self.check_keys()?;
        for (name, value) in [
            ("list", &self.api.endpoints.list),
            ("create", &self.api.endpoints.create),
            ("revoke", &self.api.endpoints.revoke),
            ("teams", &self.api.endpoints.teams),
        ] {
            if !is_endpoint(value) {
                return fail(format!(
                    "[api.endpoints] {name} = “{}” is not a method and a path such as “GET /get-api-keys”",
                    clean(value)
                ));
            }
        }
        for (name, profile) in &self.profiles {
            if !is_profile_name(name) {
                return fail(format!(
                    "[profiles] “{}” is not a name: letters, digits, dots, dashes and underscores only",
                    clean(name)
                ));
            }
            if profile.credential_command.as_ref().is_some_and(Vec::is_empty) {
                return fail(format!("[profiles.{name}] credential_command is empty"));
            }
        }
        self.sinks()?;
        Ok(())
    }
}

/// Whether a browser can be sent there: the web, and nothing that a browser or a shell reads as more than an address.
fn is_page(text: &str) -> bool {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    rest.is_some_and(|rest| {
        rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '[')
            && !rest.split('/').next().unwrap_or_default().contains('@')
            && rest
                .chars()
                .all(|c| c.is_ascii_graphic() && !matches!(c, '"' | '\'' | '\\' | '`' | '<' | '>' | '|' | '^'))
    })
}

/// Whether a text can name a profile: 1 to 64 letters, digits, `.`, `-`, `_`.
#[must_use]
pub fn is_profile_name(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_'))
}

/// The longest that a key may have to be quiet, in days: longer ones never end before the next rotation.
const MOST_QUIET: i64 = 90;

/// A number with `s`, `m`, `h` or `d` behind it.
fn quiet(text: &str) -> Option<SignedDuration> {
    let text = text.trim();
    let unit = text.chars().last()?;
    let number: i64 = text.strip_suffix(unit)?.trim_end().parse().ok()?;
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        _ => return None,
    };
    let span = SignedDuration::from_secs(number.checked_mul(seconds)?);
    (SignedDuration::from_secs(1)..=SignedDuration::from_hours(24 * MOST_QUIET))
        .contains(&span)
        .then_some(span)
}

fn register_entry(entry: &KeyConfig) -> Result<RegisterEntry, String> {
    let pattern = NamePattern::parse(&entry.pattern).map_err(|bad| bad.to_string())?;
    let owner = entry.owner.as_deref().map(str::trim).map(Label::new);
    if owner.as_ref().is_some_and(Label::is_blank) {
        return Err("owner is empty; name somebody, or leave it out".to_owned());
    }
    let created = match &entry.created {
        Some(written) => {
            Some(day(written).ok_or_else(|| format!("created = {written} is not a day such as 2026-01-01"))?)
        }
        None => None,
    };
    let place =
        |text: &String| KeyPlace::parse(text).map_err(|bad| format!("places: “{}”: {}", clean(text), bad.why()));
    let places = entry.places.iter().map(place).collect::<Result<_, _>>()?;
    Ok(RegisterEntry {
        pattern,
        owner,
        created,
        places,
    })
}

fn day(written: &Datetime) -> Option<Date> {
    if written.time.is_some() || written.offset.is_some() {
        return None;
    }
    let date = written.date?;
    let (year, month, day) = (
        i16::try_from(date.year),
        i8::try_from(date.month),
        i8::try_from(date.day),
    );
    Date::new(year.ok()?, month.ok()?, day.ok()?).ok()
}

fn is_endpoint(text: &str) -> bool {
    text.split_once(' ').is_some_and(|(method, path)| {
        matches!(method, "GET" | "POST" | "PUT" | "PATCH" | "DELETE")
            && path.starts_with('/')
            && path.chars().all(|c| c.is_ascii_graphic() && !matches!(c, '#' | '\\'))
    })
}

fn line_of(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|&b| b == b'\n').count() + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_to_be_quiet_is_read_or_told() {
        let parse = |text: &str| Config::parse(&format!("[rotation]\nquiet = \"{text}\"")).map(|config| config.quiet());
        for (text, seconds) in [("20s", 20), ("90m", 5_400), (" 24h", 86_400), ("7 d", 604_800)] {
            assert_eq!(parse(text).unwrap().as_secs(), seconds, "{text}");
        }
        for bad in [
            "",
            "24",
            "h",
            "0s",
            "-3h",
            "91d",
            "1.5h",
            "24H",
            "9223372036854775807d",
            "é",
        ] {
            assert!(parse(bad).unwrap_err().why.contains("[rotation] quiet"), "{bad}");
        }
    }

    #[test]
    fn an_empty_file_is_the_default() {
        assert_eq!(Config::parse("").unwrap(), Config::default());
        assert_eq!(Config::default().policies(), Policies::from(RotationPolicy::default()));
    }

    #[test]
    fn a_mistake_is_told_with_its_line() {
        let error = Config::parse("profile = \"a\"\n[api]\nbase_ulr = \"x\"\n").unwrap_err();
        assert_eq!(error.line, Some(3));
        assert!(error.why.contains("base_ulr"), "{error}");
    }

    #[test]
    fn hostile_text_in_a_mistake_is_cleaned() {
        let error = Config::parse("\"a\\u001b[31m\" = 1\n").unwrap_err();
        assert!(!error.to_string().contains('\u{1b}'), "{error:?}");
    }

    #[test]
    fn how_an_operation_is_done_can_be_settled_and_is_left_to_the_server_otherwise() {
        let capabilities = |text: &str| Config::parse(text).map(|config| config.capabilities());
        assert_eq!(capabilities("").unwrap(), Capabilities::default());
        let settled = capabilities("[api]\ncreate = \"assisted\"\nlist = \"auto\"\nrevoke = \"api\"\n").unwrap();
        assert_eq!(
            (settled.list, settled.create, settled.revoke),
            (Capability::Unknown, Capability::Manual, Capability::Endpoint)
        );
        assert!(capabilities("[api]\ncreate = \"browser\"\n").is_err());
    }

    #[test]
    fn the_page_is_an_address_of_the_web() {
        for page in ["https://www.chatzuri.com/", "http://127.0.0.1:4010/?a=b&c=d"] {
            Config::parse(&format!("[api]\npage = \"{page}\"\n")).unwrap();
        }
        for bad in [
            "",
            "file:///etc/passwd",
            "javascript:alert(1)",
            "https://",
            "https://a b",
            "https://u@h/",
            "-x",
        ] {
            let error = Config::parse(&format!("[api]\npage = \"{bad}\"\n")).unwrap_err();
            assert!(error.why.contains("[api] page"), "{bad}: {error}");
        }
    }

    #[test]
    fn endpoints_and_profiles_are_checked() {
        for bad in [
            "[api.endpoints]\nlist = \"/get-api-keys\"\n",
            "[api.endpoints]\ncreate = \"POST create\"\n",
            "[rotation]\ndays = 0\n",
            "[[policy]]\nmatch = \"Zap[\"\ndays = 30\n",
            "[[policy]]\nmatch = \"Zap*\"\ndays = 0\n",
            "[[policy]]\nmatch = \"Zap*\"\ndays = -3\n",
            "[[policy]]\nmatch = \"a\"\ndays = 3\n[[policy]]\nmatch = \"a\"\ndays = 4\n",
            "[profiles.\"a b\"]\n",
            "[profiles.a]\ncredential_command = []\n",
        ] {
            assert!(Config::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_is_known_of_a_key_is_read_and_counts_where_the_server_is_silent() {
        let config = Config::parse("[[key]]\nmatch = \"Zapier\"\nowner = \"ops\"\ncreated = 2026-01-01\n").unwrap();
        let policies = config.policies();
        assert_eq!(policies.register().owner("zapier").map(Label::raw), Some("ops"));
        let mut key = crate::core::key::ApiKey {
            id: crate::core::key::KeyId::new("k").unwrap(),
            name: Label::new("Zapier"),
            created_at: None,
            last_used_at: crate::core::key::LastUse::Unknown,
            created_by: None,
            prefix: None,
            last_four: None,
        };
        let now = "2026-04-02T00:00:00Z".parse().unwrap();
        assert_eq!(policies.standing(&key, now).days_left, Some(-1));
        key.created_at = Some(now);
        assert_eq!(
            policies.standing(&key, now).days_left,
            Some(90),
            "the server knows better"
        );
    }

    #[test]
    fn the_places_of_a_key_are_targets_sinks_and_words() {
        let config = Config::parse(
            "[sinks.box]\ncommand = [\"x\"]\n[[key]]\nmatch = \"Zapier\"\n\
             places = [\"gh:acme/app/CHATZURI_API_KEY\", \"box\", \"zapier.com › Connections\"]\n",
        );
        let policies = config.unwrap().policies();
        assert_eq!(policies.register().places("Zapier 2026-11-22").len(), 3);
        assert!(policies.register().places("Web").is_empty());
    }

    #[test]
    fn a_wrong_entry_of_a_key_is_told_by_name() {
        for (text, why) in [
            ("match = \"Zap[\"", "[[key]] match = “Zap[”: character 4"),
            ("match = \"a\"\nowner = \" \"", "[[key]] match = “a”: owner is empty"),
            (
                "match = \"a\"\ncreated = 2026-01-01T10:00:00Z",
                "created = 2026-01-01T10:00:00Z is not a day",
            ),
            ("match = \"a\"\ncreated = 10:00:00", "created = 10:00:00 is not a day"),
            ("match = \"a\"\ncreated = \"soon\"", "expected a TOML datetime"),
            ("match = \"a\"\ncreated = 2026-02-30", "line 3"),
            ("match = \"a\"\nownr = \"x\"", "ownr"),
            (
                "match = \"a\"\nplaces = [\"gh:acme\"]",
                "[[key]] match = “a”: places: “gh:acme”: ",
            ),
            (
                "match = \"a\"\nplaces = [\"\"]",
                "[[key]] match = “a”: places: “”: it is empty",
            ),
            (
                "match = \"a\"\nplaces = [\"box\"]",
                "places: “box” is not a [sinks.NAME]",
            ),
            ("owner = \"x\"", "match"),
            ("match = \"a\"\n[[key]]\nmatch = \"a\"", "“a” appears twice"),
        ] {
            let error = Config::parse(&format!("[[key]]\n{text}\n")).unwrap_err().to_string();
            assert!(error.contains(why), "{text}: {error}");
        }
    }

    #[test]
    fn a_sink_is_read_with_its_defaults() {
        let config = Config::parse(
            "[sinks.box]\ncommand = [\"tool\", \"put\", \"{key_id}\"]\n\
             [sinks.json]\ncommand = [\"t\"]\nstdin = '{\"v\":\"{secret:json}\"}'\nnewline = true\nlimit = 5\n\
             preflight = [\"t\", \"ok\"]\nverify = [\"t\", \"get\", \"{name}\"]\n",
        )
        .unwrap();
        let sinks = config.sinks().unwrap();
        assert_eq!(sinks.keys().collect::<Vec<_>>(), ["box", "json"]);
        let plain = SinkSpec::new(SinkFields::new(&["tool", "put", "{key_id}"])).unwrap();
        assert_eq!(sinks.get("box"), Some(&plain));
    }

    #[test]
    fn a_wrong_sink_is_told_with_its_name_and_the_mistake() {
        for (text, why) in [
            ("[sinks.\"a b\"]\ncommand = [\"x\"]\n", "[sinks] “a b” is not a name"),
            ("[sinks.a]\ncommand = []\n", "[sinks.a] command is empty"),
            (
                "[sinks.a]\ncommand = [\"x\", \"{secret}\"]\n",
                "[sinks.a] command contains {secret}",
            ),
            (
                "[sinks.a]\ncommand = [\"x\", \"{nmae}\"]\n",
                "[sinks.a] command contains {nmae}",
            ),
            (
                "[sinks.a]\ncommand = [\"x\"]\nlimit = 0\n",
                "[sinks.a] limit must be 1 to",
            ),
            (
                "[sinks.a]\ncommand = [\"x\"]\nstdin = \"k=v\"\n",
                "[sinks.a] stdin contains no {secret}",
            ),
            ("[sinks.a]\nstdin = \"{secret}\"\n", "command"),
            ("[sinks.a]\ncommand = [\"x\"]\nshell = true\n", "shell"),
        ] {
            let error = Config::parse(text).unwrap_err().to_string();
            assert!(error.contains(why), "{text}: {error}");
        }
    }
}
