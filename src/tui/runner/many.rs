//! The run that revokes several keys: each step is told as it is made.

use std::sync::Arc;

use tokio::sync::mpsc::UnboundedSender;
use tokio_util::sync::CancellationToken;

use crate::core::listing::ListedKey;
use crate::core::outcome::Outcome;
use crate::ops::client::TeamClient;
use crate::ops::revoke::{Pace, Progress, Revoked, revoke_many};
use crate::ops::sign_in::Profile;
use crate::ports::{ApiError, Ports};
use crate::tui::message::{Message, RequestId, TeamIndex};

/// Which run of which team it is, and where its steps are told.
pub(super) struct Many {
    pub(super) request: RequestId,
    pub(super) team: TeamIndex,
    pub(super) messages: UnboundedSender<Message>,
}

impl Many {
    /// Revokes `targets` in this order, unless `stop` comes first.
    pub(super) async fn revoke(
        self,
        ports: &Ports,
        profile: &Profile,
        api: Result<Arc<TeamClient>, ApiError>,
        targets: Vec<ListedKey>,
        pace: Pace,
        stop: CancellationToken,
    ) -> Message {
        let Self {
            request,
            team,
            messages,
        } = self;
        let on_progress = move |progress: Progress| {
            // The dashboard may have ended meanwhile.
            let _ = messages.send(Message::ManyProgress { request, progress });
        };
        let results = match api {
            Ok(api) => {
                let stop = stop.cancelled();
                revoke_many(ports, profile, &api, &targets, pace, &on_progress, stop).await
            }
            Err(error) => without_api(targets, &error),
        };
        Message::ManyRevoked { request, team, results }
    }
}

/// What became of keys that no request could be made for.
fn without_api(targets: Vec<ListedKey>, error: &ApiError) -> Vec<Revoked> {
    let failed = |target| Revoked {
        target,
        outcome: Outcome::Failed(error.to_string()),
        recorded: Ok(()),
    };
    targets.into_iter().map(failed).collect()
}
