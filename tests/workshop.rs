//! A house whose catalogue may be written: the small world, its source, and the function that writes.

use std::{ops::Deref, time::Duration};

use adapters::{
    aws::{self, Endpoint},
    invoke::Function,
    store::{CatalogStore, Meter, Tables, accounts::OverrideChange},
};
use api::{Config, sync::SyncFunction};
use domain::audit::{Action, Outcome};
use door::{route::Spec, telemetry::Telemetry};
use http::Method;
use local::{
    engine::listen,
    functions::{Functions, SYNC},
    guard::AccessKey,
    port::Port,
};
use serde_json::{Value, json};
use tests::{Answer, House, SampleUsers, engine_url, some_event};

use crate::{
    stand_in::{Fault, StandIn, World},
    sync::support::{client, config, state, sync, synced},
};

/// The document that tests change.
pub const BULBASAUR: &str = "/api/v2/pokemon/1/";

/// Sample users with a separate catalogue.
pub struct Workshop {
    pub users: SampleUsers,
    pub source: StandIn,
    /// The publication that [`Self::hold`] left.
    held: Option<String>,
    _functions: Port,
}

impl Workshop {
    pub async fn open() -> Self {
        Self::open_in(World::small()).await
    }

    pub async fn open_in(world: World) -> Self {
        let source = StandIn::start(world).await;
        let store = synced(&source).await;
        let mut users = SampleUsers::among(&engine_url(), Tables::beside(store.table())).await;
        let functions = Functions::start(SyncFunction {
            store,
            api: client(config(&source)),
            min_age: 3600,
            notices: None,
            telemetry: Telemetry::default(),
        });
        let functions = functions.expect("a thread");
        let listener = listen(0).await.expect("a free port");
        let port = functions.serve(listener, AccessKey::known(aws::ANYBODY)).expect("an address");
        users.sync_function =
            Some(Function { name: format!("{SYNC}:live"), endpoint: Endpoint::at(&port.url) });
        Self { users, source, held: None, _functions: port }
    }
}

impl Workshop {
    pub async fn house(&self) -> House {
        self.house_with(|_| {}).await
    }

    pub async fn house_with(&self, change: impl FnOnce(&mut Config)) -> House {
        let mut config = self.users.without_limits();
        change(&mut config);
        House::at(&self.users.url, config).await
    }

    /// Sends a request as an administrator.
    pub async fn ask(&self, house: &House, method: Method, path: &str, body: Option<&Value>) -> Answer {
        house.call(method, path, Some(&self.users.admin_token()), body).await
    }

    pub fn store(&self) -> CatalogStore {
        CatalogStore::new(aws::at(&self.users.url), &self.users.tables)
    }

    /// The actions of the administrator.
    pub async fn trail(&self) -> Vec<(Action, Outcome)> {
        self.users.trail(self.users.oak).await
    }

    /// The response of the function to its schedule.
    pub async fn scheduled(&self) -> Value {
        let function = self.users.sync_function.clone().expect("a function");
        let answer =
            function.connect().ask(b"{}".to_vec(), Duration::from_secs(20)).await.expect("an answer");
        serde_json::from_slice(&answer).expect("JSON")
    }

    /// Runs a sync over everything, in this process.
    pub async fn refresh(&self) {
        sync(&self.store(), &self.source).await;
    }

    /// Leaves a resource that the last run has skipped.
    pub async fn skip_one(&self) {
        self.source.always(BULBASAUR, Fault::Status(404));
        self.refresh().await;
        self.source.behave();
    }

    /// Leaves a publication that an improbable change holds; returns its id.
    pub async fn hold(&mut self) -> String {
        self.source.edit(BULBASAUR, |document| document["stats"][1]["base_stat"] = json!(9_999));
        self.refresh().await;
        let held = state(&self.store()).await.held.expect("a publication is held");
        self.held.insert(held.publication).clone()
    }

    /// Hides a Pokémon in the stored overrides, and does not publish the change.
    pub async fn hide_quietly(&self, id: u32) {
        let oak = self.users.oak;
        let record = some_event(oak).into();
        let (accounts, meter) = (&self.users.accounts, Meter::default());
        accounts.override_pokemon(&meter, oak, id, &OverrideChange::Hide, &record).await.expect("a change");
    }
}

/// The publication of the sample event, which does not exist.
const PUBLICATION: &str = "0123456789abcdef0123456789abcdef";

/// The accounts that call a route.
pub enum Home {
    /// Accounts with the shared catalogue, which is read-only.
    Shared(SampleUsers),
    Own(Workshop),
}

impl Home {
    pub async fn of(spec: &Spec) -> Self {
        match spec.name {
            "fetch-pokemon" | "update-pokemon" | "hide-pokemon" | "start-sync" => {
                Self::Own(Workshop::open().await)
            }
            "retry-sync" => {
                let workshop = Workshop::open().await;
                workshop.skip_one().await;
                Self::Own(workshop)
            }
            "approve-sync" => {
                let mut workshop = Workshop::open().await;
                workshop.hold().await;
                Self::Own(workshop)
            }
            _ => Self::Shared(SampleUsers::new().await),
        }
    }
}

impl Home {
    /// A sample event with the tokens of the users and, if one is held, the id of the publication.
    pub fn fill(&self, event: &Value) -> Value {
        let event = SampleUsers::fill(self, event);
        match self {
            Self::Own(Workshop { held: Some(held), .. }) => {
                serde_json::from_str(&event.to_string().replace(PUBLICATION, held)).expect("JSON")
            }
            _ => event,
        }
    }
}

impl Deref for Home {
    type Target = SampleUsers;

    fn deref(&self) -> &SampleUsers {
        match self {
            Self::Shared(users) => users,
            Self::Own(workshop) => &workshop.users,
        }
    }
}
