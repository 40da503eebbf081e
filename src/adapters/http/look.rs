//! Whether an endpoint is there: it is asked for what it cannot do, so that no key is made or revoked.

use crate::adapters::http::api::{HttpApi, understood};
use crate::adapters::http::client::Lane;
use crate::adapters::http::decode;
use crate::adapters::http::exchange::Ask;
use crate::adapters::http::fault::{Failure, present};
use crate::core::key::{KeyId, KeyName};
use crate::core::text::Label;
use crate::ports::{Fault, Operation, Presence};

impl HttpApi {
    /// A key without a name: the contract answers 400. Sent once.
    pub(super) async fn look_for_create(&self) -> Result<Presence, Failure> {
        let operation = Operation::Create;
        let mut ask = self.ask(operation, self.names.plain_url(&self.base, operation), &self.credential)?;
        ask.body = Some(br#"{"name":""}"#.to_vec());
        let answered = self.once(operation, Lane::Own, &ask, self.end()).await;
        match answered {
            // It made one all the same: that one goes at once.
            Ok(reply) => {
                let status = reply.status;
                let left = |why: String| Failure::sent(Fault::Unreadable { status, why });
                let name = KeyName::parse("unnamed").map_err(|bad| left(bad.to_string()))?;
                let made = understood(&reply, &self.credential, |root| decode::created(root, &name))
                    .map_err(|_| left("it accepts a key without a name".to_owned()))?;
                let id = made.key.id;
                self.try_revoke(&id)
                    .await
                    .map_err(|_| left(format!("it created a key without a name, {id}; revoke that key")))?;
                Ok(Presence::There)
            }
            Err(failure) => present(failure),
        }
    }

    /// The end of a key that no server has. A server that answers 404 to whatever it does not know is asked for a path it
    /// cannot know, too: two answers alike do not tell an unknown path from an unknown key, so its methods are asked for.
    pub(super) async fn look_for_revoke(&self) -> Result<Presence, Failure> {
        let operation = Operation::Revoke;
        let Some(id) = KeyId::new(NOWHERE) else {
            return Ok(Presence::Untold);
        };
        let ask = self.ask_revoke(&id)?;
        let message = match self.once(operation, Lane::Kept, &ask, self.end()).await {
            Ok(_) => return Ok(Presence::There),
            Err(failure) => match failure.fault {
                Fault::NotFound(message) => message,
                _ => return present(failure),
            },
        };
        let mut elsewhere = ask.clone();
        let path = format!("{}-{}", ask.url.path(), NOWHERE);
        elsewhere.url.set_path(&path);
        match self.once(operation, Lane::Kept, &elsewhere, self.end()).await {
            Err(failure) => match failure.fault {
                Fault::NotFound(control) if alike(message.as_ref(), control.as_ref()) => self.by_method(ask).await,
                _ => Ok(Presence::There),
            },
            Ok(_) => Ok(Presence::Untold),
        }
    }

    /// A server that answers 405 where a path that it has is asked in a way that nothing has (RFC 9110, 15.5.6) says by it
    /// whether it has another one, too.
    async fn by_method(&self, revoke: Ask<'_>) -> Result<Presence, Failure> {
        let method = if revoke.method == reqwest::Method::PATCH {
            reqwest::Method::PUT
        } else {
            reqwest::Method::PATCH
        };
        let operation = Operation::Teams;
        let teams = self.ask(operation, self.names.plain_url(&self.base, operation), &self.credential)?;
        if self.answer_to(&method, operation, teams).await? != Some(405) {
            return Ok(Presence::Untold);
        }
        Ok(match self.answer_to(&method, Operation::Revoke, revoke).await? {
            Some(405) => Presence::There,
            Some(404) => Presence::Missing,
            _ => Presence::Untold,
        })
    }

    /// The status of a request with this method, where it is one of those of a missing endpoint.
    async fn answer_to(
        &self,
        method: &reqwest::Method,
        operation: Operation,
        ask: Ask<'_>,
    ) -> Result<Option<u16>, Failure> {
        let ask = Ask {
            method: method.clone(),
            ..ask
        };
        let Err(failure) = self.once(operation, Lane::Kept, &ask, self.end()).await else {
            return Ok(None);
        };
        match failure.fault {
            Fault::NoEndpoint(status) => Ok(Some(status)),
            Fault::NotFound(_) => Ok(Some(404)),
            Fault::Unauthorized | Fault::RateLimited(_) => Err(failure),
            _ => Ok(None),
        }
    }
}

/// What stands in a path and in an id that nobody has.
const NOWHERE: &str = "chatzuri-keys-looks-for-nothing";

/// Whether two messages say the same, the paths and ids in them left aside.
fn alike(one: Option<&Label>, other: Option<&Label>) -> bool {
    let words = |label: Option<&Label>| {
        let text = label.map(Label::raw).unwrap_or_default().to_ascii_lowercase();
        let words: Vec<String> = text
            .split_whitespace()
            .filter(|word| !word.contains(NOWHERE) && !word.contains('/'))
            .map(|word| word.trim_matches(|c: char| !c.is_alphanumeric()).to_owned())
            .collect();
        words
    };
    words(one) == words(other)
}
