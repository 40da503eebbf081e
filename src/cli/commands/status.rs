//! `chatzuri-keys status`.

use jiff::SignedDuration;
use serde::Serialize;

use crate::cli::context::{Context, not_signed_in};
use crate::cli::exit::{CommandError, Exit, of_api_error};
use crate::cli::profile::{SettingSource, Settings};
use crate::config::Endpoints;
use crate::core::capability::{Capabilities, Capability};
use crate::core::key::Team;
use crate::core::team::{TeamIdentity, one_of};
use crate::core::text::clean;
use crate::ops::manual::CLICKS;
use crate::ops::sign_in::{CredentialSource, Session, find_session, kept};
use crate::ports::{ApiError, Operation, Ports};
use crate::present::json::{SCHEMA_VERSION, TeamShape};
use crate::present::words::counted;

#[derive(Serialize)]
struct SignInShape<'a> {
    schema_version: u32,
    profile: Chosen<'a>,
    base_url: Chosen<'a>,
    credential: CredentialShape,
    signed_in: Option<bool>,
    /// Null where it cannot be told which of the teams it is.
    team: Option<TeamShape<'a>>,
    teams: Option<Vec<TeamShape<'a>>>,
    clock_offset_seconds: Option<i64>,
    endpoints: Vec<EndpointShape<'a>>,
    /// Where a person lists, creates and revokes keys in a browser.
    page: String,
    error: Option<String>,
}

#[derive(Serialize)]
struct Chosen<'a> {
    value: &'a str,
    source: &'static str,
}

#[derive(Serialize)]
struct CredentialShape {
    source: Option<&'static str>,
    hint: Option<String>,
}

#[derive(Serialize)]
struct EndpointShape<'a> {
    operation: &'static str,
    request: &'a str,
    documented: bool,
    /// How it is done: `api`, `manual` or `unknown` yet.
    #[serde(rename = "way")]
    capability: &'static str,
    /// Who settled that: `config`, `server`, or nobody yet.
    #[serde(rename = "way_source")]
    capability_source: Option<&'static str>,
    /// Why it did not answer just now, where it was asked.
    error: Option<String>,
}

/// What was found out of the credential.
struct StatusFound {
    source: Option<CredentialSource>,
    hint: Option<String>,
    team: Option<Result<TeamIdentity, ApiError>>,
    offset: Option<SignedDuration>,
    capabilities: Capabilities,
    /// Why the list could not be asked for.
    list_error: Option<ApiError>,
    /// Why there is no credential, where that is an error.
    trouble: Option<CommandError>,
}

pub(super) async fn run(context: Context<'_>, json: bool) -> Result<Exit, CommandError> {
    let settings = context.settings;
    let found = look(context.ports, settings).await;
    let trouble = match (&found.trouble, &found.team) {
        (Some(trouble), _) => Some(trouble.clone()),
        (None, Some(Err(error))) => Some(CommandError::new(of_api_error(error), error.to_string())),
        (None, Some(Ok(_))) => None,
        (None, None) => Some(CommandError::new(Exit::Refused, not_signed_in(context.ports, settings))),
    };
    if json {
        context.output.json(&shape(settings, &found, trouble.as_ref()))?;
    } else {
        context.output.data(&text(settings, &found))?;
    }
    trouble.map_or(Ok(Exit::Ok), Err)
}

async fn look(ports: &Ports, settings: &Settings) -> StatusFound {
    let mut found = StatusFound {
        source: None,
        hint: None,
        team: None,
        offset: None,
        capabilities: settings.profile.manual.settled,
        list_error: None,
        trouble: None,
    };
    match find_session(ports, &settings.profile).await {
        Ok(Some(session)) => {
            found.source = Some(session.source);
            found.hint = hint(ports, settings, &session).await;
            let team = session.client.teams().await;
            // Without an answer there is no clock to compare.
            found.offset = team.is_ok().then(|| session.client.clock_offset());
            if team.is_ok() {
                found.list_error = session.client.look_again().await.err();
            }
            session.client.recall(Operation::Create).await;
            found.capabilities = session.client.known();
            found.team = Some(team);
        }
        Ok(None) => {}
        Err(error) => found.trouble = Some(error.into()),
    }
    found
}

/// The ends of the credential's value. A `credential_command` is not run a second time for it.
async fn hint(ports: &Ports, settings: &Settings, session: &Session) -> Option<String> {
    match session.source {
        CredentialSource::Environment => settings.profile.from_environment.as_ref().map(|value| value.masked()),
        CredentialSource::Store => {
            let value = kept(&*ports.store, &settings.profile).await.ok()??;
            Some(value.masked())
        }
        CredentialSource::Command => None,
    }
}

fn shape<'a>(settings: &'a Settings, found: &'a StatusFound, trouble: Option<&CommandError>) -> SignInShape<'a> {
    let team = found.team.as_ref().and_then(|team| team.as_ref().ok());
    let refused = trouble.is_some_and(|trouble| trouble.exit == Exit::Refused);
    SignInShape {
        schema_version: SCHEMA_VERSION,
        profile: Chosen {
            value: &settings.profile.name,
            source: settings.profile_source.word(),
        },
        base_url: Chosen {
            value: settings.profile.base_url.as_str(),
            source: settings.base_url_source.word(),
        },
        credential: CredentialShape {
            source: found.source.map(CredentialSource::word),
            hint: found.hint.clone(),
        },
        signed_in: match (team, refused) {
            (Some(_), _) => Some(true),
            (None, true) => Some(false),
            (None, false) => None,
        },
        team: team.and_then(TeamIdentity::known).map(TeamShape::of),
        teams: team.map(|team| team.teams().iter().map(TeamShape::of).collect()),
        clock_offset_seconds: found.offset.map(|offset| offset.as_secs()),
        endpoints: endpoints(settings, found),
        page: settings.profile.manual.page(&settings.profile.base_url),
        error: trouble.map(|trouble| trouble.sentence.clone()),
    }
}

/// Only the vendor's own name of `get-teams` is documented; the rest is a contract.
fn endpoints<'a>(settings: &'a Settings, found: &StatusFound) -> Vec<EndpointShape<'a>> {
    let capabilities = found.capabilities;
    let named = &settings.config.api.endpoints;
    let settled = settings.profile.manual.settled;
    let documented = named.teams == Endpoints::default().teams;
    let shape = |operation, request, documented, capability: Capability, settled: Capability| EndpointShape {
        operation,
        request,
        documented,
        capability: capability.word(),
        capability_source: match (settled, capability) {
            (Capability::Unknown, Capability::Unknown) => None,
            (Capability::Unknown, _) => Some("server"),
            _ => Some("config"),
        },
        error: match operation {
            "list" => found.list_error.as_ref().map(ToString::to_string),
            _ => None,
        },
    };
    vec![
        shape(
            "teams",
            named.teams.as_str(),
            documented,
            Capability::Endpoint,
            Capability::Unknown,
        ),
        shape("list", &named.list, false, capabilities.list, settled.list),
        shape("create", &named.create, false, capabilities.create, settled.create),
        shape("revoke", &named.revoke, false, capabilities.revoke, settled.revoke),
    ]
}

/// How an operation is done, and what would change that.
fn capability_words(endpoint: &EndpointShape<'_>) -> &'static str {
    match (endpoint.capability, endpoint.capability_source, endpoint.operation) {
        (_, _, "teams") => "",
        ("api", Some("config"), _) => "api, by [api] in the config",
        ("api", ..) => "api",
        ("manual", Some("config"), _) => "manual, by [api] in the config",
        ("manual", ..) => "manual: the server has no such endpoint",
        _ => "not checked yet: the first use will tell",
    }
}

fn text(settings: &Settings, found: &StatusFound) -> String {
    let credential = match (found.source, &found.hint) {
        (None, _) => "none".to_owned(),
        (Some(source), None) => source.word().to_owned(),
        (Some(source), Some(hint)) if hint.is_empty() => source.word().to_owned(),
        (Some(source), Some(hint)) => format!("{}, {hint}", source.word()),
    };
    let alive = match &found.team {
        None => "no".to_owned(),
        Some(Err(error)) if of_api_error(error) == Exit::Refused => "no: the server refuses the key".to_owned(),
        Some(Err(_)) => "unknown: the server's answer does not say".to_owned(),
        Some(Ok(TeamIdentity::Unknown)) => "yes, to no team".to_owned(),
        Some(Ok(TeamIdentity::One(team))) => format!("yes, to {}", display_name(team)),
        Some(Ok(TeamIdentity::OneOf(teams))) => format!("yes, to {}", one_of(teams, display_name)),
    };
    let mut lines = vec![
        (
            "Profile",
            format!("{} ({})", settings.profile.name, said_by(&settings.profile_source)),
        ),
        (
            "Server",
            format!(
                "{} ({})",
                settings.profile.base_url.as_str(),
                said_by(&settings.base_url_source)
            ),
        ),
        ("Credential", credential),
        ("Signed in", alive),
    ];
    if let Some(offset) = found.offset {
        lines.push(("Clock", clock(offset)));
    }
    let endpoints = endpoints(settings, found);
    for endpoint in &endpoints {
        let label = if endpoint.operation == "teams" { "Endpoints" } else { "" };
        let standing = if endpoint.documented {
            "documented by the vendor"
        } else {
            "not documented: this product's contract, set in [api.endpoints]"
        };
        lines.push((label, format!("{:<24} {standing}", clean(endpoint.request))));
    }
    for endpoint in endpoints.iter().filter(|endpoint| endpoint.operation != "teams") {
        let label = if endpoint.operation == "list" { "Ways" } else { "" };
        lines.push((
            label,
            format!("{:<24} {}", endpoint.operation, capability_words(endpoint)),
        ));
        if let Some(error) = &endpoint.error {
            lines.push(("", format!("{:<24} {error}", "")));
        }
    }
    if !found.capabilities.manual().is_empty() {
        let page = settings.profile.manual.page(&settings.profile.base_url);
        lines.push(("Page", format!("{} → {CLICKS}", clean(&page))));
        lines.push((
            "",
            "If the server names an endpoint differently, set it in [api.endpoints]; [api] list, create and revoke settle"
                .to_owned(),
        ));
        lines.push((
            "",
            "how each is done: auto, api or manual; [api] page is the page.".to_owned(),
        ));
    }
    lines
        .iter()
        .map(|(label, value)| format!("{label:<11} {value}\n"))
        .collect()
}

fn display_name(team: &Team) -> String {
    format!("“{}” ({})", team.name, team.id)
}

fn said_by(source: &SettingSource) -> String {
    match source {
        SettingSource::Default => source.to_string(),
        source => format!("from {source}"),
    }
}

fn clock(offset: SignedDuration) -> String {
    let seconds = offset.as_secs();
    let amount = counted(seconds.saturating_abs(), "second");
    match seconds {
        // A Date header counts whole seconds, and the answer travels.
        -1..=1 => "the server's and this machine's agree".to_owned(),
        2.. => format!("the server's is {amount} ahead of this machine's"),
        _ => format!("the server's is {amount} behind this machine's"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::global::Global;
    use crate::cli::profile::{Environment, resolve};
    use crate::config::Config;

    #[test]
    fn status_says_which_endpoints_are_documented() {
        let settings = resolve(&Global::default(), &Environment::default(), Config::default()).unwrap();
        let found = StatusFound {
            source: None,
            hint: None,
            team: None,
            offset: None,
            capabilities: Capabilities::default(),
            list_error: None,
            trouble: None,
        };
        let text = text(&settings, &found);
        assert!(
            text.contains("GET /get-teams           documented by the vendor"),
            "{text}"
        );
        for contract in ["GET /get-api-keys", "POST /create-api-key", "DELETE /delete-api-key"] {
            let line = text.lines().find(|line| line.contains(contract)).unwrap();
            assert!(line.contains("not documented"), "{line}");
        }
        let shape = serde_json::to_value(shape(&settings, &found, None)).unwrap();
        assert_eq!(shape["endpoints"][0]["documented"], true);
        assert!(shape["credential"]["source"].is_null());
    }

    #[test]
    fn a_clock_apart_is_told_with_its_direction() {
        assert!(clock(SignedDuration::from_secs(1)).contains("agree"));
        assert!(clock(SignedDuration::from_hours(48)).contains("172800 seconds ahead"));
        assert!(clock(SignedDuration::from_secs(-5)).contains("5 seconds behind"));
    }
}
