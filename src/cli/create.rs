//! `chatzuri-keys create NAME`.

use std::io;

use jiff::Timestamp;
use serde::Serialize;

use crate::cli::args::CreateArgs;
use crate::cli::exit::{Exit, Trouble};
use crate::cli::interrupt::Interrupts;
use crate::cli::json::{KeyShape, time};
use crate::cli::output::{Output, SCHEMA_VERSION, nobody_reads};
use crate::cli::{Context, until_interrupted};
use crate::core::key::{KeyName, Own};
use crate::core::listing::ListedKey;
use crate::core::policy::RotationPolicy;
use crate::ops::create::create;
use crate::ops::review::server_now;
use crate::ports::CreatedKey;

#[derive(Serialize)]
struct CreatedShape<'a> {
    schema_version: u32,
    as_of: String,
    key: KeyShape<'a>,
    secret: &'a str,
    receipts: [(); 0],
}

pub(super) async fn run(context: Context<'_>, args: &CreateArgs, interrupts: &mut Interrupts) -> Result<Exit, Trouble> {
    let name = KeyName::parse(&args.name).map_err(|bad| Trouble::new(Exit::Usage, bad.to_string()))?;
    if !args.show {
        return Err(Trouble::new(
            Exit::Usage,
            "Nothing was created: say where the new key's value goes. --show prints it to standard output, for the only \
             time.",
        ));
    }
    let host = context.settings.profile.base_url.host();
    if context.switches.dry_run {
        context.output.say(&format!("Would create “{name}” at {host}."));
        return Ok(Exit::Ok);
    }
    if nobody_reads() {
        return Err(Trouble::new(
            Exit::Error,
            "Nothing was created: nobody reads standard output, where the value would go.",
        ));
    }
    let session = until_interrupted(interrupts, super::session(context.ports, context.settings)).await?;
    // Not dropped at a signal: a key would be left behind whose value nobody has. The request has its own time limit.
    let created = create(&*session.api, name).await?;
    let now = server_now(&*session.api, &*context.ports.clock);
    let policy = context.settings.config.policy();
    deliver(created, args.json, policy, now, context.output)
}

fn deliver(
    created: CreatedKey,
    json: bool,
    policy: RotationPolicy,
    now: Timestamp,
    output: &mut Output,
) -> Result<Exit, Trouble> {
    let CreatedKey { key, secret } = created;
    let listed = ListedKey { key, own: Own::No };
    let called = listed.key.called();
    let written = if json {
        output.secret_json(&CreatedShape {
            schema_version: SCHEMA_VERSION,
            as_of: time(now),
            key: KeyShape::of(&listed, policy, now),
            secret: secret.expose(),
            receipts: [],
        })
    } else {
        output.secret(&secret)
    };
    drop(secret);
    written.map_err(|error| undelivered(&called, listed.key.id.shown(), &error))?;
    output.say(&format!(
        "Created {called}. Its value was printed for the only time: store it now."
    ));
    Ok(Exit::Ok)
}

fn undelivered(called: &str, id: &str, error: &io::Error) -> Trouble {
    Trouble::new(
        Exit::Error,
        format!(
            "{called} was created, but its value was not delivered: standard output takes nothing ({error}). The value is \
             lost; revoke the key and create another: chatzuri-keys revoke {id}"
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::testing::{Capture, Closed, at, key};
    use crate::core::secret::Secret;

    const VALUE: &str = "cz_Iz1P0123456789abcdefCpSn";

    fn created() -> CreatedKey {
        CreatedKey {
            key: key("key_1", "Zapier").key,
            secret: Secret::parse(VALUE).unwrap(),
        }
    }

    fn delivered(json: bool, data: Box<dyn io::Write + Send>) -> (Result<Exit, Trouble>, String) {
        let words = Capture::default();
        let mut output = Output::to(data, Box::new(words.clone()));
        let now = at("2026-11-22T12:00:00Z");
        let ended = deliver(created(), json, RotationPolicy::default(), now, &mut output);
        (ended, words.text())
    }

    #[test]
    fn the_value_alone_is_data() {
        let data = Capture::default();
        let (ended, words) = delivered(false, Box::new(data.clone()));
        assert_eq!(ended, Ok(Exit::Ok));
        assert_eq!(data.text(), format!("{VALUE}\n"));
        assert!(!words.contains(VALUE) && words.contains("“Zapier” (key_1)"), "{words}");
    }

    #[test]
    fn json_holds_the_key_and_its_value() {
        let data = Capture::default();
        delivered(true, Box::new(data.clone())).0.unwrap();
        let shape: serde_json::Value = serde_json::from_str(&data.text()).unwrap();
        assert_eq!(shape["secret"], VALUE);
        assert_eq!(shape["key"]["id"], "key_1");
        assert_eq!(shape["receipts"], serde_json::json!([]));
    }

    #[test]
    fn a_reader_that_has_left_means_the_value_was_not_delivered() {
        let (ended, words) = delivered(false, Box::new(Closed));
        let trouble = ended.unwrap_err();
        assert_eq!(trouble.exit, Exit::Error);
        assert!(
            trouble
                .sentence
                .contains("was created, but its value was not delivered")
        );
        assert!(trouble.sentence.contains("revoke key_1"));
        assert!(!trouble.sentence.contains(VALUE) && words.is_empty());
    }
}
