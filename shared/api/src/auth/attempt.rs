//! An attempt to sign in: the tokens that it takes before its password is hashed, and gives back afterwards.
//!
//! A wrong password costs one token of the address and one of the account at that address. A right one costs one of the address's
//! successful sign-ins. Everything is taken before the hash, so that simultaneous attempts cannot pass together, and what does not
//! apply is given back: those tokens only, never more. An attempt whose password was not checked gives back everything, whatever
//! the reason; one that a limit refused keeps the address's token.

use adapters::milliseconds;
use futures_util::future::{join, join3};
use http::StatusCode;

use crate::{
    App, Request,
    limits::{Limit, Seen, Token},
    problem::Problem,
};

pub(super) struct Attempt {
    address: Token,
    success: Option<Token>,
    account: Option<Token>,
}

impl Attempt {
    /// Begins an attempt. The route's own limit, that of failures from one address, was taken a moment ago.
    pub(super) fn begin(request: &Request) -> Self {
        let address = Token { limit: Limit::Login, whom: request.client.clone(), taken_at: milliseconds() };
        Self { address, success: None, account: None }
    }

    /// Takes a token of the address's successful sign-ins.
    pub(super) async fn take_success(&mut self, app: &App, request: &Request) -> Result<(), Problem> {
        let taken = app.spend(&request.meter, Limit::SignIn, request.client.clone()).await?;
        self.success = Some(taken);
        Ok(())
    }

    /// Takes a token of `account`: the id of one that exists, else what was typed, so that both are limited alike.
    pub(super) async fn take_account(
        &mut self,
        app: &App,
        request: &Request,
        account: &str,
    ) -> Result<(), Problem> {
        let whom = format!("{account} {}", request.client);
        self.account = Some(app.spend(&request.meter, Limit::Account, whom).await?);
        Ok(())
    }

    /// The password was right. Returns what is left of the address's failures.
    pub(super) async fn succeeded(self, app: &App, request: &Request) -> Option<Seen> {
        let address = back(app, request, Some(&self.address));
        join(address, back(app, request, self.account.as_ref())).await.0
    }

    /// The password was wrong.
    pub(super) async fn failed(self, app: &App, request: &Request) {
        back(app, request, self.success.as_ref()).await;
    }

    /// The password was not checked, because of `problem`. Returns it with what is left of the address's failures.
    pub(super) async fn was_not_made(self, app: &App, request: &Request, problem: Problem) -> Problem {
        let success = back(app, request, self.success.as_ref());
        if problem.status == StatusCode::TOO_MANY_REQUESTS {
            success.await;
            return problem;
        }
        let address = back(app, request, Some(&self.address));
        let account = back(app, request, self.account.as_ref());
        let limit = join3(address, account, success).await.0;
        Problem { limit, ..problem }
    }
}

async fn back(app: &App, request: &Request, token: Option<&Token>) -> Option<Seen> {
    app.give_back(&request.meter, token?).await
}
