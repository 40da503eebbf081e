//! `chatzuri-keys login`.

use std::io::IsTerminal;

use zeroize::Zeroizing;

use crate::cli::args::LoginArgs;
use crate::cli::exit::{Exit, Trouble};
use crate::cli::profile::{API_KEY, secret_of};
use crate::cli::{Context, prompt};
use crate::core::key::Team;
use crate::ops::sign_in::sign_in;

pub(super) async fn run(context: Context<'_>, args: &LoginArgs) -> Result<Exit, Trouble> {
    if context.switches.dry_run {
        return Err(Trouble::new(Exit::Usage, "login has no dry run; nothing was done."));
    }
    let profile = &context.settings.profile;
    let host = profile.base_url.host();
    let typed = if args.with_token && !std::io::stdin().is_terminal() {
        prompt::all_of_stdin().await?
    } else if context.switches.interactive {
        prompt::hidden(&format!("API key for {host} (not shown): ")).await?
    } else {
        return Err(Trouble::new(
            Exit::Usage,
            "Nobody can be asked for the key here. Give it on standard input: chatzuri-keys login --with-token < FILE",
        ));
    };
    let value = secret_of(unwrapped(&typed)).map_err(|why| Trouble::new(Exit::Error, why.to_string()))?;
    drop::<Zeroizing<Vec<u8>>>(typed);
    let signed = sign_in(context.ports, profile, value).await?;
    context.output.say(&format!(
        "Signed in{} at {host}. The key is kept in {} as {}.",
        to_teams(&signed.teams),
        context.ports.store.called(),
        profile.account().as_str()
    ));
    context.output.unrecorded(&signed.recorded);
    if profile.from_environment.is_some() {
        context
            .output
            .warn(&format!("{API_KEY} is set and overrides the key kept now; unset it."));
    } else if profile.credential_command.is_some() {
        context
            .output
            .warn("This profile has a credential_command, which overrides the key kept now.");
    }
    Ok(Exit::Ok)
}

fn to_teams(teams: &[Team]) -> String {
    let names: Vec<String> = teams.iter().map(|team| format!("“{}”", team.name)).collect();
    match names.as_slice() {
        [] => String::new(),
        names => format!(" to {}", names.join(", ")),
    }
}

/// The value without what is copied along with it: white space, quotes, and the words of an HTTP header.
fn unwrapped(bytes: &[u8]) -> &[u8] {
    let mut rest = bytes.trim_ascii();
    loop {
        let before = rest.len();
        for word in ["authorization:", "bearer "] {
            if let Some((head, tail)) = rest.split_at_checked(word.len())
                && head.eq_ignore_ascii_case(word.as_bytes())
            {
                rest = tail.trim_ascii();
            }
        }
        if let [first @ (b'"' | b'\'' | b'`'), inner @ .., last] = rest
            && first == last
        {
            rest = inner.trim_ascii();
        }
        if rest.len() == before {
            return rest;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_copied_along_with_a_key_is_dropped() {
        for text in [
            "cz_a",
            " cz_a\r\n",
            "Bearer cz_a",
            "bearer  cz_a\n",
            "\"cz_a\"",
            "'Bearer cz_a'",
            "Authorization: Bearer cz_a",
            "\"Authorization: Bearer 'cz_a'\"",
        ] {
            assert_eq!(unwrapped(text.as_bytes()), b"cz_a", "{text}");
        }
        assert_eq!(unwrapped(b"\"cz_a"), b"\"cz_a");
        assert_eq!(unwrapped(b"\""), b"\"");
        assert_eq!(unwrapped(b"\"\""), b"");
    }
}
