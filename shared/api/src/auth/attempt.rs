//! An attempt to sign in: the tokens that it takes before its password is hashed, and gives back afterwards.
//!
//! A wrong password costs one token of the address and one of the account at that address. A right one costs one of the address's
//! successful sign-ins. Everything is taken before the hash, so that simultaneous attempts cannot pass together, and what does not
//! apply is given back: those tokens only, never more.

use adapters::milliseconds;
use futures_util::future::join3;

use crate::{
    App, Request,
    limits::{Limit, Seen, Token},
    problem::Problem,
};

pub(super) struct Attempt {
    address: Token,
    success: Token,
    account: Option<Token>,
}

impl Attempt {
    /// Begins an attempt. The route's own limit, that of failures from one address, was taken a moment ago.
    pub(super) async fn begin(app: &App, request: &Request) -> Result<Self, Problem> {
        let whom = request.client.clone();
        let address = Token { limit: Limit::Login, whom, taken_at: milliseconds() };
        let success = app.spend(&request.meter, Limit::SignIn, request.client.clone()).await?;
        Ok(Self { address, success, account: None })
    }

    /// Takes a token of `account`: the id of one that exists, else what was typed, so that both are limited alike.
    pub(super) async fn on(self, app: &App, request: &Request, account: &str) -> Result<Self, Problem> {
        let whom = format!("{account} {}", request.client);
        match app.spend(&request.meter, Limit::Account, whom).await {
            Ok(token) => Ok(Self { account: Some(token), ..self }),
            Err(problem) => {
                app.give_back(&request.meter, &self.success).await;
                Err(problem)
            }
        }
    }

    /// The password was right. Returns what is left of the address's failures.
    pub(super) async fn succeeded(self, app: &App, request: &Request) -> Option<Seen> {
        self.give_back(app, request, false).await
    }

    /// The password was wrong.
    pub(super) async fn failed(self, app: &App, request: &Request) {
        app.give_back(&request.meter, &self.success).await;
    }

    /// The password was not checked. Returns what is left of the address's failures.
    pub(super) async fn was_not_made(self, app: &App, request: &Request) -> Option<Seen> {
        self.give_back(app, request, true).await
    }

    async fn give_back(self, app: &App, request: &Request, also_success: bool) -> Option<Seen> {
        let success = also_success.then_some(&self.success);
        let address = back(app, request, Some(&self.address));
        let others = (back(app, request, self.account.as_ref()), back(app, request, success));
        join3(address, others.0, others.1).await.0
    }
}

async fn back(app: &App, request: &Request, token: Option<&Token>) -> Option<Seen> {
    app.give_back(&request.meter, token?).await
}
