//! Which profile, server and credential a run works with, and who said so.

use std::ffi::OsString;
use std::fmt;
use std::sync::Arc;

use zeroize::Zeroizing;

use crate::cli::global::Global;
use crate::config::{Config, ConfigError, DEFAULT_BASE_URL, DEFAULT_PROFILE, is_profile_name};
use crate::core::secret::{NotASecret, Secret};
use crate::ops::manual::ManualSettings;
use crate::ops::sign_in::Profile;
use crate::ports::{BadBaseUrl, BaseUrl};
use crate::present::words;

/// The environment variable that holds the credential.
pub const API_KEY: &str = "CHATZURI_API_KEY";
/// The environment variable that says where the API is.
pub const BASE_URL: &str = "CHATZURI_BASE_URL";
/// The environment variable that names the profile.
pub const PROFILE: &str = "CHATZURI_PROFILE";

/// What the environment says, read once; an empty variable says nothing.
#[derive(Default)]
pub struct Environment {
    api_key: Option<Zeroizing<Vec<u8>>>,
    base_url: Option<OsString>,
    profile: Option<OsString>,
    /// Whether colours are unwanted.
    pub no_color: bool,
}

impl Environment {
    /// Asks `var` for each variable.
    #[must_use]
    pub fn read(var: impl Fn(&str) -> Option<OsString>) -> Self {
        let set = |name| var(name).filter(|value| !value.is_empty());
        Self {
            api_key: set(API_KEY).map(|value| Zeroizing::new(value.into_encoded_bytes())),
            base_url: set(BASE_URL),
            profile: set(PROFILE),
            no_color: set("NO_COLOR").is_some(),
        }
    }
}

/// Who said which value is used, in the order of their say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SettingSource {
    /// A flag of the command line.
    Flag(&'static str),
    /// A variable of the environment.
    Environment(&'static str),
    /// A setting of the config file.
    Config(String),
    /// Nobody.
    Default,
}

impl SettingSource {
    /// The word for machine output.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Flag(_) => "flag",
            Self::Environment(_) => "environment",
            Self::Config(_) => "config",
            Self::Default => "default",
        }
    }
}

impl fmt::Display for SettingSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(name) | Self::Environment(name) => f.write_str(name),
            Self::Config(setting) => f.write_str(setting),
            Self::Default => f.write_str("the default"),
        }
    }
}

/// Everything a run is told beforehand.
#[derive(Clone)]
pub struct Settings {
    /// The profile, ready for the ops.
    pub profile: Profile,
    /// Who named it.
    pub profile_source: SettingSource,
    /// Who said where the API is.
    pub base_url_source: SettingSource,
    /// The config.
    pub config: Config,
}

/// A setting that cannot be used, and who made it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SettingsError {
    /// Who said another host than the profile's own (the last), and what host that is: the key of the profile's
    /// `credential_command` would go there.
    Foreign(SettingSource, String, String, String),
    /// The address is none.
    BaseUrl(SettingSource, String, BadBaseUrl),
    /// The profile's name is none.
    Profile(SettingSource, String),
    /// A variable that is not UTF-8.
    NotText(&'static str),
    /// The config has profiles, and this is none of them; carries those it has.
    NoSuchProfile(SettingSource, String, Vec<String>),
    /// `CHATZURI_API_KEY` is no key; it is never quoted.
    ApiKey(NotASecret),
    /// A mistake in the config file at this path.
    Config(String, ConfigError),
}

impl fmt::Display for SettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BaseUrl(source, text, why) => {
                write!(f, "{source}: “{}” is not valid: {why}.", words::argument(text))
            }
            Self::Foreign(source, host, profile, own) => write!(
                f,
                "{source}: the key from the credential_command of profile “{profile}” is for {own}, and is not sent to \
                 {host}. Use another profile, or set {API_KEY}."
            ),
            Self::Profile(source, text) => write!(
                f,
                "{source}: “{}” is not a profile name. Use 1 to 64 letters, digits, dots, dashes and underscores.",
                words::argument(text)
            ),
            Self::NoSuchProfile(source, name, known) => write!(
                f,
                "{source}: the config has no profile “{name}”; it has {}.",
                known.join(", ")
            ),
            Self::NotText(name) => write!(f, "{name}: its value is not UTF-8 text."),
            Self::ApiKey(why) => write!(f, "{API_KEY}: {why}"),
            // The path stands at the front, as compilers put it.
            Self::Config(path, ConfigError { line: Some(line), why }) => write!(f, "{path} line {line}: {why}."),
            Self::Config(path, ConfigError { line: None, why }) => write!(f, "{path}: {why}."),
        }
    }
}

impl std::error::Error for SettingsError {}

/// Reads a config file's text; `path` is its name in a sentence. An absent file is the default config.
///
/// # Errors
/// [`SettingsError::Config`] with path and line.
pub fn parse_config(file: Option<(&str, &str)>) -> Result<Config, SettingsError> {
    match file {
        Some((path, text)) => Config::parse(text).map_err(|error| {
            let why = error.why.trim_end().trim_end_matches('.').to_owned();
            SettingsError::Config(path.to_owned(), ConfigError { why, ..error })
        }),
        None => Ok(Config::default()),
    }
}

/// Flag, then environment, then config, then the default.
///
/// # Errors
/// [`SettingsError`] names who said what cannot be used.
pub fn resolve(flags: &Global, environment: &Environment, config: Config) -> Result<Settings, SettingsError> {
    let (name, profile_source) = profile_name(flags, environment, &config)?;
    let chosen = config.profiles.get(&name);
    let (base_url, base_url_source) = base_url(flags, environment, &config, &name)?;
    let from_environment = match &environment.api_key {
        Some(bytes) => Some(Arc::new(secret_of(bytes).map_err(SettingsError::ApiKey)?)),
        None => None,
    };
    let credential_command = chosen.and_then(|profile| profile.credential_command.clone());
    if credential_command.is_some() && from_environment.is_none() {
        stays_at_home(&base_url, &base_url_source, &config, &name)?;
    }
    let mut settings = Settings {
        profile: Profile {
            base_url,
            credential_command,
            from_environment,
            manual: manual(&config),
            name,
            peers: Vec::new(),
        },
        profile_source,
        base_url_source,
        config,
    };
    settings.profile.peers = peers(&registry(&settings).0, 0);
    Ok(settings)
}

/// Those of `profiles` that are of the same server as the one at `place`.
fn peers(profiles: &[Profile], place: usize) -> Vec<Profile> {
    let same_server = |other: &Profile| profiles.get(place).is_some_and(|one| one.base_url == other.base_url);
    let others = profiles.iter().enumerate().filter(|(other, _)| *other != place);
    let peers = others.map(|(_, other)| other).filter(|other| same_server(other));
    peers
        .map(|other| Profile {
            peers: Vec::new(),
            ..other.clone()
        })
        .collect()
}

/// Every team the dashboard can show: the chosen profile first, then the config's others. With a credential or an address
/// from outside, the chosen one alone: those say which team is meant. Beside them, those left out.
#[must_use]
pub fn registry(settings: &Settings) -> (Vec<Profile>, Vec<LeftOut>) {
    let mut registry = vec![settings.profile.clone()];
    let mut left_out = Vec::new();
    let pinned = match (&settings.base_url_source, &settings.profile.from_environment) {
        (SettingSource::Flag(flag), _) => Some(*flag),
        (SettingSource::Environment(variable), _) => Some(*variable),
        (_, Some(_)) => Some(API_KEY),
        _ => None,
    };
    let config = &settings.config;
    for (name, profile) in config
        .profiles
        .iter()
        .filter(|(name, _)| **name != settings.profile.name)
    {
        let left = |why| LeftOut {
            profile: name.clone(),
            why,
        };
        if let Some(pinned) = pinned {
            let active = &settings.profile.name;
            left_out.push(left(format!(
                "{pinned} is set and applies only to profile {active}. Unset it."
            )));
            continue;
        }
        let text = profile.base_url.as_ref().or(config.api.base_url.as_ref());
        // A bad address of a team that was not asked for does not stop the others; asked for, it is told.
        match BaseUrl::parse(text.map_or(DEFAULT_BASE_URL, String::as_str)) {
            Ok(base_url) => registry.push(Profile {
                name: name.clone(),
                base_url,
                credential_command: profile.credential_command.clone(),
                from_environment: None,
                manual: manual(config),
                peers: Vec::new(),
            }),
            Err(bad) => left_out.push(left(format!("its base_url is not valid: {bad}."))),
        }
    }
    let all: Vec<_> = (0..registry.len()).map(|place| peers(&registry, place)).collect();
    for (profile, peers) in registry.iter_mut().zip(all) {
        profile.peers = peers;
    }
    (registry, left_out)
}

/// A profile of the config that cannot be used in this run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    /// Its name.
    pub profile: String,
    /// Why, in a sentence.
    pub why: String,
}

impl fmt::Display for LeftOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Profile {} was not read: {}", self.profile, self.why)
    }
}

/// What the config settles of how operations on keys are done.
fn manual(config: &Config) -> ManualSettings {
    ManualSettings {
        settled: config.capabilities(),
        page: config.api.page.clone(),
    }
}

/// Takes bytes for a key; where they are not text, the place of the first bad one is told.
pub(crate) fn secret_of(bytes: &[u8]) -> Result<Secret, NotASecret> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Secret::parse(text),
        Err(error) => Err(NotASecret::BadCharacter(error.valid_up_to() + 1)),
    }
}

fn profile_name(
    flags: &Global,
    environment: &Environment,
    config: &Config,
) -> Result<(String, SettingSource), SettingsError> {
    let (name, source) = if let Some(name) = &flags.profile {
        (name.clone(), SettingSource::Flag("--profile"))
    } else if let Some(name) = &environment.profile {
        (text_of(PROFILE, name)?, SettingSource::Environment(PROFILE))
    } else if let Some(name) = &config.profile {
        (name.clone(), SettingSource::Config("config: profile".to_owned()))
    } else {
        (DEFAULT_PROFILE.to_owned(), SettingSource::Default)
    };
    if !is_profile_name(&name) {
        return Err(SettingsError::Profile(source, name));
    }
    // Where profiles are written down, a name that is none of them is a slip, and would go to another server.
    if name != DEFAULT_PROFILE && !config.profiles.is_empty() && !config.profiles.contains_key(&name) {
        let known = config.profiles.keys().cloned().collect();
        return Err(SettingsError::NoSuchProfile(source, name, known));
    }
    Ok((name, source))
}

fn base_url(
    flags: &Global,
    environment: &Environment,
    config: &Config,
    profile: &str,
) -> Result<(BaseUrl, SettingSource), SettingsError> {
    let (text, source) = if let Some(text) = &flags.base_url {
        (text.clone(), SettingSource::Flag("--base-url"))
    } else if let Some(text) = &environment.base_url {
        (text_of(BASE_URL, text)?, SettingSource::Environment(BASE_URL))
    } else {
        configured_base_url(config, profile)
    };
    match BaseUrl::parse(&text) {
        Ok(url) => Ok((url, source)),
        Err(why) => Err(SettingsError::BaseUrl(source, text, why)),
    }
}

/// The address of a profile as its own config has it.
fn configured_base_url(config: &Config, profile: &str) -> (String, SettingSource) {
    let of_profile = config.profiles.get(profile).and_then(|chosen| chosen.base_url.as_ref());
    if let Some(text) = of_profile {
        let setting = format!("config: [profiles.{profile}] base_url");
        (text.clone(), SettingSource::Config(setting))
    } else if let Some(text) = &config.api.base_url {
        (text.clone(), SettingSource::Config("config: [api] base_url".to_owned()))
    } else {
        (DEFAULT_BASE_URL.to_owned(), SettingSource::Default)
    }
}

/// An address from outside must be of the profile's own host: it decides where the profile's key is sent.
fn stays_at_home(
    base_url: &BaseUrl,
    source: &SettingSource,
    config: &Config,
    profile: &str,
) -> Result<(), SettingsError> {
    if !matches!(source, SettingSource::Flag(_) | SettingSource::Environment(_)) {
        return Ok(());
    }
    let (text, own_source) = configured_base_url(config, profile);
    let own = match BaseUrl::parse(&text) {
        Ok(own) => own,
        Err(why) => return Err(SettingsError::BaseUrl(own_source, text, why)),
    };
    if own.host() == base_url.host() {
        return Ok(());
    }
    Err(SettingsError::Foreign(
        source.clone(),
        base_url.host().to_owned(),
        profile.to_owned(),
        own.host().to_owned(),
    ))
}

fn text_of(name: &'static str, value: &OsString) -> Result<String, SettingsError> {
    value.to_str().map(str::to_owned).ok_or(SettingsError::NotText(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONFIG: &str = "profile = \"acme\"\n[api]\nbase_url = \"https://api.example\"\n\
                          [profiles.acme]\nbase_url = \"https://acme.example\"\ncredential_command = [\"pass\", \"x\"]\n\
                          [profiles.flag]\n[profiles.env]\n[profiles.other]\n";

    fn environment(pairs: &'static [(&str, &str)]) -> Environment {
        Environment::read(|name| {
            pairs
                .iter()
                .find(|(key, _)| *key == name)
                .map(|(_, value)| OsString::from(value))
        })
    }

    fn flags(profile: Option<&str>, base_url: Option<&str>) -> Global {
        Global {
            profile: profile.map(str::to_owned),
            base_url: base_url.map(str::to_owned),
            ..Global::default()
        }
    }

    fn resolved(
        flags: &Global,
        environment: &Environment,
        config: &str,
    ) -> (String, &'static str, String, &'static str) {
        let config = parse_config(Some(("config.toml", config))).unwrap();
        let settings = resolve(flags, environment, config).unwrap();
        (
            settings.profile.name.clone(),
            settings.profile_source.word(),
            settings.profile.base_url.as_str().to_owned(),
            settings.base_url_source.word(),
        )
    }

    #[test]
    fn the_registry_holds_the_other_teams_unless_one_is_meant_from_outside() {
        let names = |flags: &Global, environment: &Environment| {
            let config = parse_config(Some(("config.toml", CONFIG_OF_TWO))).unwrap();
            let settings = resolve(flags, environment, config).unwrap();
            registry(&settings)
                .0
                .into_iter()
                .map(|profile| profile.name)
                .collect::<Vec<_>>()
        };
        assert_eq!(names(&flags(None, None), &environment(&[])), ["acme", "kijani"]);
        assert_eq!(
            names(&flags(Some("kijani"), None), &environment(&[])),
            ["kijani", "acme"]
        );
        assert_eq!(
            names(&flags(None, Some("https://x.example")), &environment(&[])),
            ["acme"]
        );
        assert_eq!(
            names(&flags(None, None), &environment(&[(API_KEY, "cz_0123456789abcdef")])),
            ["acme"]
        );
    }

    const CONFIG_OF_TWO: &str = "profile = \"acme\"\n[profiles.acme]\n[profiles.kijani]\n";

    #[test]
    fn a_flag_goes_before_the_environment_before_the_config_before_the_default() {
        let nothing = || environment(&[]);
        let everything = || environment(&[(PROFILE, "env"), (BASE_URL, "https://env.example")]);
        let by_flag = flags(Some("flag"), Some("https://flag.example"));
        let none = flags(None, None);
        let table = [
            (
                resolved(&by_flag, &everything(), CONFIG),
                ("flag", "flag", "https://flag.example", "flag"),
            ),
            (
                resolved(&none, &everything(), CONFIG),
                ("env", "environment", "https://env.example", "environment"),
            ),
            (
                resolved(&none, &nothing(), CONFIG),
                ("acme", "config", "https://acme.example", "config"),
            ),
            (
                resolved(&flags(Some("other"), None), &nothing(), CONFIG),
                ("other", "flag", "https://api.example", "config"),
            ),
            (
                resolved(&none, &nothing(), ""),
                (DEFAULT_PROFILE, "default", DEFAULT_BASE_URL, "default"),
            ),
            (
                resolved(&none, &environment(&[(PROFILE, ""), (BASE_URL, "")]), ""),
                (DEFAULT_PROFILE, "default", DEFAULT_BASE_URL, "default"),
            ),
        ];
        for ((name, name_source, url, url_source), expected) in table {
            assert_eq!((&*name, name_source, &*url, url_source), expected);
        }
    }

    #[test]
    fn the_config_says_which_of_its_settings_is_used() {
        let config = parse_config(Some(("c", CONFIG))).unwrap();
        let settings = resolve(&flags(None, None), &environment(&[]), config).unwrap();
        assert_eq!(settings.base_url_source.to_string(), "config: [profiles.acme] base_url");
        assert_eq!(settings.profile.credential_command.unwrap(), ["pass", "x"]);
    }

    #[test]
    fn a_bad_value_is_told_with_its_source() {
        let error = |flags: &Global, environment: &Environment, config: &str| {
            let config = parse_config(Some(("c", config))).unwrap();
            resolve(flags, environment, config).err().unwrap().to_string()
        };
        let none = flags(None, None);
        let said = error(&none, &environment(&[(BASE_URL, "http://evil.example")]), "");
        assert!(said.starts_with("CHATZURI_BASE_URL: “http://evil.example”"), "{said}");
        let said = error(&flags(None, Some("nonsense\u{1b}[31m")), &environment(&[]), "");
        assert!(said.starts_with("--base-url: ") && !said.contains('\u{1b}'), "{said}");
        let said = error(&none, &environment(&[]), "[api]\nbase_url = \"ftp://x\"\n");
        assert!(said.starts_with("config: [api] base_url: "), "{said}");
        let said = error(&none, &environment(&[(PROFILE, "a b")]), "");
        assert!(said.starts_with("CHATZURI_PROFILE: "), "{said}");
    }

    #[test]
    fn the_key_of_a_credential_command_is_sent_to_the_host_of_its_profile_only() {
        let said = |flags: &Global, environment: &Environment| {
            let config = parse_config(Some(("c", CONFIG))).unwrap();
            resolve(flags, environment, config).err().map(|error| error.to_string())
        };
        let elsewhere = flags(None, Some("https://elsewhere.example/api"));
        let by_flag = said(&elsewhere, &environment(&[])).unwrap();
        assert!(
            by_flag.starts_with("--base-url: ")
                && by_flag.contains("acme.example, and is not sent to elsewhere.example"),
            "{by_flag}"
        );
        let by_variable = said(
            &flags(None, None),
            &environment(&[(BASE_URL, "https://acme.example:8443")]),
        );
        assert!(by_variable.unwrap().starts_with("CHATZURI_BASE_URL: "));
        let same_host = flags(None, Some("https://ACME.example/other/path"));
        assert_eq!(said(&same_host, &environment(&[])), None);
        let other_key = environment(&[(API_KEY, "cz_0123456789abcdef")]);
        assert_eq!(said(&elsewhere, &other_key), None, "the command is not asked");
        let without_command = flags(Some("other"), Some("https://elsewhere.example"));
        assert_eq!(said(&without_command, &environment(&[])), None);
    }

    #[test]
    fn a_name_that_is_none_of_the_configs_profiles_is_refused() {
        let config = || parse_config(Some(("config.toml", CONFIG_OF_TWO))).unwrap();
        let error = resolve(&flags(Some("nope"), None), &environment(&[]), config())
            .err()
            .unwrap();
        assert_eq!(
            error.to_string(),
            "--profile: the config has no profile “nope”; it has acme, kijani."
        );
        assert!(resolve(&flags(Some(DEFAULT_PROFILE), None), &environment(&[]), config()).is_ok());
        assert!(resolve(&flags(Some("nope"), None), &environment(&[]), Config::default()).is_ok());
    }

    #[test]
    fn a_bad_key_in_the_environment_is_told_without_quoting_it() {
        let error = resolve(
            &flags(None, None),
            &environment(&[(API_KEY, "cz_not a key")]),
            Config::default(),
        );
        let said = error.err().unwrap().to_string();
        assert!(
            said.starts_with("CHATZURI_API_KEY: ") && !said.contains("cz_"),
            "{said}"
        );
    }

    #[test]
    fn a_mistake_in_the_config_is_told_with_path_and_line() {
        let error = parse_config(Some(("~/.config/chatzuri-keys/config.toml", "\n\nprofil = 1\n")));
        let said = error.unwrap_err().to_string();
        assert!(
            said.starts_with("~/.config/chatzuri-keys/config.toml line 3: "),
            "{said}"
        );
    }
}
