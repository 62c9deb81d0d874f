//! Takes tokens from the buckets of rate limits, and gives them back.

use adapters::{milliseconds, store::Meter};

use crate::{
    kernel::Kernel,
    limits::{Limit, RateLimitStatus},
    problem::Problem,
    request::Request,
    route::Spec,
};

/// A token that was taken from a bucket, and can be given back.
#[derive(Debug)]
pub struct Token {
    pub limit: Limit,
    pub subject: String,
    /// Milliseconds since 1970.
    pub taken_at: u64,
}

/// Takes one token from the route's bucket for this client. Signing out of a session that has ended takes none.
pub(crate) async fn limit(
    kernel: &Kernel,
    spec: &Spec,
    request: &Request,
) -> Result<Option<RateLimitStatus>, Problem> {
    let Some(limit) = spec.limit else { return Ok(None) };
    if request.caller.is_some_and(|caller| caller.has_ended) {
        return Ok(None);
    }
    allowed(kernel.take(&request.meter, limit, &subject(limit, request)?).await?)
}

/// Returns the client, session or user whose bucket a request takes from.
pub fn subject(limit: Limit, request: &Request) -> Result<String, Problem> {
    Ok(match limit {
        Limit::Register | Limit::Login | Limit::SignIn | Limit::Account | Limit::Refresh | Limit::Failure => {
            request.client.clone()
        }
        // A bucket per session, so that another session of the user, perhaps a stolen one, cannot empty it.
        Limit::Logout | Limit::Password => {
            let caller = request.caller()?;
            format!("{} {}", caller.user, caller.session)
        }
        Limit::Write | Limit::Bulk => request.caller()?.user.to_string(),
    })
}

/// Returns 429 if the bucket was empty.
fn allowed(status: Option<RateLimitStatus>) -> Result<Option<RateLimitStatus>, Problem> {
    match status {
        Some(status) if !status.taken.is_allowed => Err(Problem::rate_limited(status)),
        status => Ok(status),
    }
}

impl Kernel {
    /// Takes one token from the bucket of `subject` for `limit`. Returns `None` if rate limits are off.
    pub async fn take(
        &self,
        meter: &Meter,
        limit: Limit,
        subject: &str,
    ) -> Result<Option<RateLimitStatus>, Problem> {
        let Some(limits) = &self.config.limits else { return Ok(None) };
        let bucket = limits.bucket(limit);
        let taken = Box::pin(self.accounts().take(meter, bucket, subject, milliseconds())).await?;
        Ok(Some(RateLimitStatus { bucket, taken }))
    }

    /// Takes a token from the bucket of `subject` for `limit`.
    ///
    /// # Errors
    /// 429 if the bucket is empty.
    pub async fn spend(&self, meter: &Meter, limit: Limit, subject: String) -> Result<Token, Problem> {
        let taken_at = milliseconds();
        allowed(self.take(meter, limit, &subject).await?)?;
        Ok(Token { limit, subject, taken_at })
    }

    /// Gives `token` back. A failure does not fail the request, because buckets refill over time.
    pub async fn give_back(&self, meter: &Meter, token: &Token) -> Option<RateLimitStatus> {
        let bucket = self.config.limits.as_ref()?.bucket(token.limit);
        let now = milliseconds();
        match self.accounts().give_back(meter, bucket, &token.subject, token.taken_at, now).await {
            Ok(taken) => taken.map(|taken| RateLimitStatus { bucket, taken }),
            Err(error) => {
                tracing::warn!(%error, bucket = bucket.name, "a token cannot be given back");
                None
            }
        }
    }
}
