//! A server whose truth can be asked, and what it makes of a `DELETE`, of its list and of everybody's credentials after it.

use std::sync::{Arc, Mutex, MutexGuard};

use chatzuri_keys::core::key::{ApiKey, KeyId, KeyName, LastUse, Own, Team};
use chatzuri_keys::core::secret::Secret;
use chatzuri_keys::core::team::TeamIdentity;
use chatzuri_keys::core::text::Label;
use chatzuri_keys::ports::{
    Answer, ApiError, BaseUrl, Connect, Consequence, CreatedKey, Fault, KeyApi, KeyPage, Operation, Probe,
};
use jiff::SignedDuration;

/// What it makes of a `DELETE`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Delete {
    Works,
    DoesNothing,
    Fails503,
    /// It has its effect, and the answer gets lost.
    DropsAfter,
    /// It has none, and the answer gets lost.
    DropsBefore,
}

pub(super) const DELETES: [Delete; 5] = [
    Delete::Works,
    Delete::DoesNothing,
    Delete::Fails503,
    Delete::DropsAfter,
    Delete::DropsBefore,
];

/// What its list is like after the first `DELETE`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lists {
    Right,
    /// A key before the one that is looked for goes while the list is read, so that it slides onto a page already read.
    Shifted,
    /// Only its first page can be had.
    Cut,
    Unreadable,
}

pub(super) const LISTS: [Lists; 4] = [Lists::Right, Lists::Shifted, Lists::Cut, Lists::Unreadable];

/// What it makes of every credential after the first `DELETE`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum After {
    Right,
    RefusesAll,
}

#[derive(Debug, Clone)]
pub(super) struct Row {
    pub(super) number: usize,
    name: String,
    value: String,
    pub(super) alive: bool,
    listed: bool,
}

#[derive(Debug)]
pub(super) struct World {
    pub(super) rows: Vec<Row>,
    per_page: usize,
    delete: Delete,
    lists: Lists,
    after: After,
    /// Whether a `DELETE` has come.
    asked: bool,
}

/// The name of keys that somebody else takes away; they come first in the list.
const SPARE: &str = "Spare";
/// The number of the first of them.
const FIRST_SPARE: usize = 1000;

/// The server; its clones are the same one.
#[derive(Clone)]
pub(super) struct Server(Arc<Mutex<World>>);

pub(super) fn value(number: usize) -> String {
    format!("cz_{number:04}abcdefghijklmnopqrstuvwxyz{number:04}")
}

pub(super) fn id(number: usize) -> KeyId {
    KeyId::new(&format!("key_{number}")).unwrap()
}

pub(super) fn number(id: &KeyId) -> usize {
    id.raw().strip_prefix("key_").unwrap().parse().unwrap()
}

impl Server {
    /// With `keys` keys and, before them, twenty times as many spare ones as stand on a page.
    pub(super) fn new(keys: usize, per_page: usize, (delete, lists, after): (Delete, Lists, After)) -> Self {
        let row = |number: usize, name: String| Row {
            number,
            name,
            value: value(number),
            alive: true,
            listed: true,
        };
        let spare = (FIRST_SPARE..FIRST_SPARE + 20 * per_page).map(|number| row(number, SPARE.to_owned()));
        let rows = spare.chain((0..keys).map(|number| row(number, format!("Key {number}"))));
        Self(Arc::new(Mutex::new(World {
            rows: rows.collect(),
            per_page,
            delete,
            lists,
            after,
            asked: false,
        })))
    }

    pub(super) fn world(&self) -> MutexGuard<'_, World> {
        self.0.lock().unwrap()
    }

    pub(super) fn is_alive(&self, number: usize) -> bool {
        self.world().rows.iter().any(|row| row.number == number && row.alive)
    }

    /// What it can do wrong is over.
    pub(super) fn mend(&self) {
        let mut world = self.world();
        world.after = After::Right;
        world.lists = Lists::Right;
        world.delete = Delete::Works;
    }
}

impl Connect for Server {
    fn connect(&self, _: &BaseUrl, credential: Arc<Secret>) -> Result<Arc<dyn KeyApi>, ApiError> {
        Ok(Arc::new(ModelApi {
            server: self.clone(),
            credential,
        }))
    }
}

pub(super) struct ModelApi {
    server: Server,
    credential: Arc<Secret>,
}

impl World {
    fn takes(&self, value: &Secret) -> bool {
        let refuses_all = self.asked && self.after == After::RefusesAll;
        let known = |row: &Row| row.alive && row.value == value.expose();
        !refuses_all && self.rows.iter().any(known)
    }

    fn page(&mut self, page: usize) -> Result<KeyPage, Fault> {
        let lists = if self.asked { self.lists } else { Lists::Right };
        if lists == Lists::Unreadable {
            return Err(Fault::Unreadable {
                status: 200,
                why: "data is missing".to_owned(),
            });
        }
        if lists == Lists::Shifted && page > 1 {
            let spare = self.rows.iter().position(|row| row.name == SPARE);
            spare.map(|at| self.rows.remove(at));
        }
        let listed: Vec<&Row> = self.rows.iter().filter(|row| row.listed).collect();
        let cut = lists == Lists::Cut && page > 1;
        let rows = listed.chunks(self.per_page).nth(page - 1).filter(|_| !cut);
        let keys: Vec<ApiKey> = rows.unwrap_or_default().iter().map(|row| row.key()).collect();
        Ok(KeyPage {
            keys,
            total: Some(u64::try_from(listed.len()).unwrap()),
            size: Some(u64::try_from(self.per_page).unwrap()),
            odd: 0,
            strays: Vec::new(),
        })
    }

    fn revoke(&mut self, number: usize) -> Result<(), Fault> {
        self.asked = true;
        let lost = Err(Fault::Interrupted);
        let row = self.rows.iter_mut().find(|row| row.number == number && row.listed);
        let Some(row) = row else {
            return Err(Fault::NotFound(None));
        };
        if matches!(self.delete, Delete::Works | Delete::DropsAfter) {
            row.alive = false;
            row.listed = false;
        }
        match self.delete {
            Delete::Works | Delete::DoesNothing => Ok(()),
            Delete::Fails503 => Err(Fault::Server {
                status: 503,
                message: None,
            }),
            Delete::DropsAfter | Delete::DropsBefore => lost,
        }
    }
}

impl Row {
    fn key(&self) -> ApiKey {
        let value = Secret::parse(&self.value).unwrap();
        ApiKey {
            id: id(self.number),
            name: Label::new(&self.name),
            created_at: None,
            last_used_at: LastUse::Never,
            created_by: None,
            prefix: Some(value.prefix()),
            last_four: Some(value.last_four()),
        }
    }
}

impl ModelApi {
    /// Does it with our credential, where that is taken.
    fn authed<T>(
        &self,
        operation: Operation,
        work: impl FnOnce(&mut World) -> Result<T, Fault>,
    ) -> Result<T, ApiError> {
        let mut world = self.server.world();
        let answer = if world.takes(&self.credential) {
            work(&mut world)
        } else {
            Err(Fault::Unauthorized)
        };
        answer.map_err(|fault| {
            let may = matches!(fault, Fault::Interrupted | Fault::Server { .. }) && operation != Operation::List;
            ApiError {
                consequence: if may { Consequence::Possible } else { Consequence::None },
                ..self.failed(operation, fault)
            }
        })
    }
}

fn team() -> TeamIdentity {
    TeamIdentity::One(Team {
        id: Label::new("team_1"),
        name: Label::new("Acme"),
    })
}

impl KeyApi for ModelApi {
    fn list_page(&self, page: u32) -> Answer<'_, Result<KeyPage, ApiError>> {
        let page = usize::try_from(page).unwrap();
        let answer = self.authed(Operation::List, |world| world.page(page));
        Box::pin(async { answer })
    }

    fn create<'a>(&'a self, name: &'a KeyName) -> Answer<'a, Result<CreatedKey, ApiError>> {
        let answer = self.authed(Operation::Create, |world| {
            let number = 1 + world.rows.iter().map(|row| row.number).max().unwrap();
            let row = Row {
                number,
                name: name.as_str().to_owned(),
                value: value(number),
                alive: true,
                listed: true,
            };
            let created = CreatedKey {
                key: row.key(),
                secret: Secret::parse(&row.value).unwrap(),
            };
            world.rows.push(row);
            Ok(created)
        });
        Box::pin(async { answer })
    }

    fn revoke<'a>(&'a self, id: &'a KeyId) -> Answer<'a, Result<(), ApiError>> {
        let answer = self.authed(Operation::Revoke, |world| world.revoke(number(id)));
        Box::pin(async { answer })
    }

    fn teams(&self) -> Answer<'_, Result<TeamIdentity, ApiError>> {
        let answer = self.authed(Operation::Teams, |_| Ok(team()));
        Box::pin(async { answer })
    }

    fn probe<'a>(&'a self, value: &'a Secret) -> Answer<'a, Result<Probe, ApiError>> {
        let taken = self.server.world().takes(value);
        let answer = if taken { Probe::Alive(team()) } else { Probe::Refused };
        Box::pin(async { Ok(answer) })
    }

    fn speaks_with(&self, value: &Secret) -> bool {
        self.credential.expose() == value.expose()
    }

    fn is_own(&self, key: &ApiKey) -> Own {
        if self.credential.expose() == value(number(&key.id)) {
            Own::Yes
        } else {
            Own::No
        }
    }

    fn clock_offset(&self) -> SignedDuration {
        SignedDuration::ZERO
    }

    fn failed(&self, operation: Operation, fault: Fault) -> ApiError {
        ApiError {
            operation,
            endpoint: operation.word().to_owned(),
            host: "model".to_owned(),
            fault,
            consequence: Consequence::None,
        }
    }
}
