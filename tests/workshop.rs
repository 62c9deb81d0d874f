//! A house whose catalogue may be written: the small world, its source, and the function that writes.

use std::ops::Deref;

use adapters::{
    aws::{self, Endpoint},
    invoke::Function,
    store::{Meter, Tables, accounts::OverrideChange},
};
use api::sync::SyncFunction;
use door::{route::Spec, telemetry::Telemetry};
use local::{
    engine::listen,
    functions::{Functions, SYNC},
    guard::AccessKey,
    port::Port,
};
use tests::{SampleUsers, engine_url, some_event};

use crate::{
    stand_in::{StandIn, World},
    sync::support::{client, config, synced},
};

/// Sample users with a separate catalogue.
pub struct Workshop {
    pub users: SampleUsers,
    pub source: StandIn,
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
            telemetry: Telemetry::default(),
        });
        let functions = functions.expect("a thread");
        let listener = listen(0).await.expect("a free port");
        let port = functions.serve(listener, AccessKey::known(aws::ANYBODY)).expect("an address");
        users.sync_function =
            Some(Function { name: format!("{SYNC}:live"), endpoint: Endpoint::at(&port.url) });
        Self { users, source, _functions: port }
    }
}

impl Workshop {
    /// Hides a Pokémon in the stored overrides, and does not publish the change.
    pub async fn hide_quietly(&self, id: u32) {
        let oak = self.users.oak;
        let record = some_event(oak).into();
        let (accounts, meter) = (&self.users.accounts, Meter::default());
        accounts.override_pokemon(&meter, oak, id, &OverrideChange::Hide, &record).await.expect("a change");
    }
}

/// The accounts that call a route.
pub enum Home {
    /// Accounts with the shared catalogue, which is read-only.
    Shared(SampleUsers),
    Own(Workshop),
}

impl Home {
    pub async fn of(spec: &Spec) -> Self {
        match spec.name {
            "fetch-pokemon" | "update-pokemon" | "hide-pokemon" => Self::Own(Workshop::open().await),
            _ => Self::Shared(SampleUsers::new().await),
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
