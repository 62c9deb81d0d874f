//! How many requests of whom are answered in which time.

use adapters::store::accounts::{Bucket, Taken};
use http::{HeaderName, HeaderValue, StatusCode};

use crate::{Response, problem::Problem};

/// What is limited. Each has a bucket for each one whom it is limited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// Registrations from one address.
    Register,
    /// Sign-ins from one address.
    Login,
    /// Sign-ins to one account from one address: whoever tries passwords waits, and the account's owner, elsewhere, does not.
    Account,
    /// Refreshes from one address.
    Refresh,
    /// Passwords that a signed-in user is asked for again, in one session.
    Password,
    /// Changes by one user.
    Write,
    /// Changes by one user of up to a thousand things.
    Bulk,
    /// Sign-outs of one session.
    Logout,
    /// Requests from one address that authorization rejects: the session has ended, the account is deleted or frozen, or
    /// the resource is another user's or an administrator's.
    Failure,
}

/// Those whose defaults hold, and those that were set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits([Bucket; 9]);

/// What who has mistyped a password waits for at most, in milliseconds.
const LONGEST_DELAY: u64 = 15 * 60 * 1000;

impl Default for Limits {
    fn default() -> Self {
        let bucket = |name, capacity, seconds: u64| Bucket { name, capacity, refill: seconds * 1000 };
        Self([
            bucket("register", 5, 60),
            bucket("login", 5, 60),
            bucket("account", 10, 15 * 60),
            bucket("refresh", 30, 60),
            bucket("password", 5, 60),
            bucket("write", 120, 60),
            bucket("bulk", 5, 60),
            bucket("logout", 10, 60),
            bucket("failure", 30, 60),
        ])
    }
}

impl Limits {
    /// Limits such as `login=5/60,write=120/60`: so many at once, and so many in so many seconds (3,600 at most) after that.
    /// What is not named stays as it is by default.
    ///
    /// # Errors
    /// What is wrong, without the variable's name.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut limits = Self::default();
        for one in text.split(',').map(str::trim) {
            let wrong = || format!("holds {one:?}, which is not like login=5/60");
            let (name, rate) = one.split_once('=').ok_or_else(wrong)?;
            let (capacity, seconds) = rate.split_once('/').ok_or_else(wrong)?;
            let known = limits.0.iter_mut().find(|bucket| bucket.name == name);
            let bucket = known.ok_or_else(|| format!("names {name:?}, which is not limited"))?;
            let number = |text: &str| text.parse::<u32>().ok().filter(|n| (1..=3600).contains(n));
            bucket.capacity = number(capacity).ok_or_else(wrong)?;
            bucket.refill = u64::from(number(seconds).ok_or_else(wrong)?) * 1000;
            if bucket.name == "account" && bucket.refill > LONGEST_DELAY * u64::from(bucket.capacity) {
                return Err(format!(
                    "holds {one:?}, which keeps an account's owner waiting for longer than 15 minutes"
                ));
            }
        }
        Ok(limits)
    }

    #[must_use]
    pub const fn bucket(&self, limit: Limit) -> Bucket {
        let Self([register, login, account, refresh, password, write, bulk, logout, failure]) = self;
        match limit {
            Limit::Register => *register,
            Limit::Login => *login,
            Limit::Account => *account,
            Limit::Refresh => *refresh,
            Limit::Password => *password,
            Limit::Write => *write,
            Limit::Bulk => *bulk,
            Limit::Logout => *logout,
            Limit::Failure => *failure,
        }
    }
}

/// What a request has taken from a bucket.
#[derive(Clone, Copy, Debug)]
pub struct Seen {
    pub bucket: Bucket,
    pub taken: Taken,
}

impl Seen {
    /// 429.
    pub(crate) fn refusal(&self) -> Problem {
        let wait = self.taken.wait.div_ceil(1000).max(1);
        let detail = format!("Too many requests; please try again in {wait} seconds.");
        let problem = Problem::new(StatusCode::TOO_MANY_REQUESTS, "rate_limited", detail);
        Problem { retry_after: Some(wait as u32), ..problem }
    }

    pub(crate) fn tell(&self, response: &mut Response) {
        for (name, value) in [
            (HeaderName::from_static("x-ratelimit-limit"), self.bucket.capacity.into()),
            (HeaderName::from_static("x-ratelimit-remaining"), self.taken.remaining.into()),
            (HeaderName::from_static("x-ratelimit-reset"), self.taken.reset.div_ceil(1000)),
        ] {
            response.headers_mut().insert(name, HeaderValue::from(value));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_set_by_name() {
        let limits = Limits::parse("login=50/30, write=1/1").unwrap();
        let login = limits.bucket(Limit::Login);
        assert_eq!((login.name, login.capacity, login.refill), ("login", 50, 30_000));
        assert_eq!(limits.bucket(Limit::Write).capacity, 1);
        assert_eq!(limits.bucket(Limit::Register), Limits::default().bucket(Limit::Register));
        for wrong in
            ["", "login", "login=5", "login=0/60", "login=5/0", "login=5/3601", "logon=5/60", "login=-1/5"]
        {
            assert!(Limits::parse(wrong).is_err(), "{wrong}");
        }
    }
}
