//! An attempt to sign in: the rate-limit tokens that it takes before its password is hashed, and gives back afterwards.
//!
//! A wrong password costs one token of the address and one of the account at that address. A right one costs one of the address's
//! successful sign-ins. An attempt takes all of them before the hash, so that simultaneous attempts cannot pass together. Afterwards
//! it gives back those that do not apply: only tokens that it took, never more. An attempt whose password was not checked gives back
//! all of them, whatever the reason; an attempt that a limit rejects does not give back the address's token.

use adapters::milliseconds;
use futures_util::future::{join, join3};
use http::StatusCode;

use crate::app::App;
use door::{
    Problem, Request, Token,
    limits::{Limit, RateLimitStatus},
};

pub(super) struct Attempt {
    address: Token,
    success: Option<Token>,
    account: Option<Token>,
}

impl Attempt {
    /// Begins an attempt. The request has already taken a token of the route's own limit, the failures from one address.
    pub(super) fn begin(request: &Request) -> Self {
        let address =
            Token { limit: Limit::Login, subject: request.client.clone(), taken_at: milliseconds() };
        Self { address, success: None, account: None }
    }

    /// Takes a token of the address's successful sign-ins.
    pub(super) async fn take_success(&mut self, app: &App, request: &Request) -> Result<(), Problem> {
        let taken = app.kernel.spend(&request.meter, Limit::SignIn, request.client.clone()).await?;
        self.success = Some(taken);
        Ok(())
    }

    /// Takes a token of `account`: the account's id if it exists, otherwise the name that was typed, so that both are limited alike.
    pub(super) async fn take_account(
        &mut self,
        app: &App,
        request: &Request,
        account: &str,
    ) -> Result<(), Problem> {
        let subject = format!("{account} {}", request.client);
        self.account = Some(app.kernel.spend(&request.meter, Limit::Account, subject).await?);
        Ok(())
    }

    /// Ends an attempt with the right password. Returns the state of the address's bucket of failures.
    pub(super) async fn succeeded(self, app: &App, request: &Request) -> Option<RateLimitStatus> {
        let address = back(app, request, Some(&self.address));
        join(address, back(app, request, self.account.as_ref())).await.0
    }

    /// Ends an attempt with a wrong password.
    pub(super) async fn failed(self, app: &App, request: &Request) {
        back(app, request, self.success.as_ref()).await;
    }

    /// Ends an attempt whose password was not checked because of `problem`. Returns `problem` with the state of the address's bucket of
    /// failures.
    pub(super) async fn was_rejected(self, app: &App, request: &Request, problem: Problem) -> Problem {
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

async fn back(app: &App, request: &Request, token: Option<&Token>) -> Option<RateLimitStatus> {
    app.kernel.give_back(&request.meter, token?).await
}
