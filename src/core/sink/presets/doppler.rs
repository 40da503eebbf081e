//! `doppler:PROJECT/CONFIG/NAME`: a secret of Doppler.
//!
//! Names: <https://docs.doppler.com/docs/secrets>. Programs: <https://docs.doppler.com/docs/cli>.

use crate::core::sink::parts::{Parts, is_plain, part, three, variable};
use crate::core::sink::preset::{DEFAULT_LIMIT, Preflight, Preset, ReadBack, Stdin, VALUE_ALONE, succeeds};

/// What Doppler sets by itself in every config.
const OWN: [&str; 3] = ["DOPPLER_PROJECT", "DOPPLER_ENVIRONMENT", "DOPPLER_CONFIG"];

pub(super) static DOPPLER: Preset = Preset {
    scheme: "doppler",
    form: "doppler:PROJECT/CONFIG/NAME",
    parse,
    pin: None,
    on_windows: true,
    limit: DEFAULT_LIMIT,
    preflights: &[Preflight {
        argv: "doppler secrets --only-names -p {project} -c {config}",
        agrees: succeeds,
        hint: "Sign in with “doppler login”; project and config must exist",
    }],
    // Not silent, it prints the value.
    command: "doppler secrets set {name} -p {project} -c {config} --silent --no-interactive",
    // Releases before this way of reading it store an empty value instead, which reading it back shows.
    // https://github.com/DopplerHQ/cli/pull/262
    stdin: Stdin::Text("{secret}"),
    read_back: ReadBack {
        argv: "doppler secrets get {name} -p {project} -c {config} --plain",
        shows: VALUE_ALONE,
    },
};

fn parse(rest: &str) -> Result<Parts, String> {
    let [project, config, name] = three(rest, "PROJECT/CONFIG/NAME")?;
    part("the project", project, 128, is_plain)?;
    part("the config", config, 128, is_plain)?;
    variable("the secret's name", name)?;
    if OWN.contains(&name) {
        return Err(format!("Doppler sets {name} itself"));
    }
    Ok(Parts::new([
        ("project", Some(project)),
        ("config", Some(config)),
        ("name", Some(name)),
    ]))
}
