//! The visitors of a load: they act on the catalogue and on their accounts.

use std::time::Instant;

use anyhow::Result;
use fastrand::Rng;

use crate::{
    catalogue::{self, Catalogue},
    client::{Checked, Http},
    plan::{Act, Plan},
    trainers::Trainers,
};

#[derive(Debug)]
pub struct Visitors {
    pub plan: Plan,
    pub http: Http,
    catalogue: Catalogue,
    trainers: Trainers,
}

impl Visitors {
    /// Reads every page once, and registers the accounts.
    ///
    /// # Errors
    /// If the server refuses a page or an account.
    pub async fn arrive(plan: Plan, base: &str) -> Result<Self> {
        let http = Http::new(base);
        catalogue::ready(&http).await?;
        let routes = plan.kinds.iter().filter(|kind| kind.act == Act::Read).map(|kind| kind.name.as_str());
        let catalogue = Catalogue::read_all(&http, routes).await?;
        let trainers = Trainers::register(&http, plan.trainers).await?;
        http.take_statuses();
        Ok(Self { plan, http, catalogue, trainers })
    }

    /// Makes a request of this kind. Returns the time of the answer if it is the expected one.
    pub async fn act(&self, kind: usize, mut random: Rng) -> Checked<Instant> {
        let (http, kind) = (&self.http, &self.plan.kinds[kind]);
        let random = &mut random;
        match kind.act {
            Act::Read => self.catalogue.read(http, &kind.name, random).await,
            Act::Refused => catalogue::refused(http, random).await,
            Act::Register => self.trainers.register_another(http).await,
            Act::Profile => self.trainers.free().await.profile(http).await,
            Act::Favorites => self.trainers.free().await.favorites(http).await,
            Act::Refresh => self.trainers.free().await.refresh(http).await,
            Act::AddFavorite => self.trainers.free().await.change(http, true, random).await,
            Act::DeleteFavorite => self.trainers.free().await.change(http, false, random).await,
            Act::SignIn => self.trainers.free().await.sign_in(http).await,
            Act::Export => self.trainers.free().await.export(http).await,
        }
    }

    /// Ends the visits, and returns the accounts.
    pub fn leave(self) -> Trainers {
        self.trainers
    }
}
