//! Rate limits: who may send how many requests in what time.

use adapters::store::accounts::{Bucket, Taken};
use http::{HeaderName, HeaderValue};

use crate::response::Response;

/// The kinds of limited requests. Each limit has a bucket for each subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// Registrations from one address.
    Register,
    /// Failed sign-ins from one address.
    Login,
    /// Successful sign-ins from one address.
    SignIn,
    /// Failed sign-ins to one account from one address, by user name or e-mail address alike: a client that guesses passwords waits,
    /// while the account's owner at another address does not.
    Account,
    /// Refreshes from one address.
    Refresh,
    /// Wrong passwords in one session, on requests that require a signed-in user's password again.
    Password,
    /// Changes by one user.
    Write,
    /// Bulk changes by one user, of up to a thousand items each.
    Bulk,
    /// Sign-outs of one session.
    Logout,
    /// Requests from one address that authorization rejects: the session has ended, the account is deleted or frozen, or
    /// the resource is another user's or an administrator's.
    Failure,
}

/// The bucket of each limit, with its default or its configured value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits([Bucket; 10]);

/// The longest permitted wait after a wrong password, in milliseconds.
const LONGEST_DELAY: u64 = 15 * 60 * 1000;

impl Default for Limits {
    fn default() -> Self {
        let bucket = |name, capacity, seconds: u64| Bucket { name, capacity, refill: seconds * 1000 };
        Self([
            bucket("register", 5, 60),
            bucket("login", 5, 60),
            bucket("signin", 60, 60),
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
    /// Parses limits such as `login=5/60`, separated by commas: 5 requests at once, then 5 in each 60 seconds (3,600 at most).
    /// Limits that the text does not name keep their defaults.
    ///
    /// # Errors
    /// The error in the text, without the variable's name.
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
        let Self([register, login, sign_in, account, refresh, password, write, bulk, logout, failure]) = self;
        match limit {
            Limit::Register => *register,
            Limit::Login => *login,
            Limit::SignIn => *sign_in,
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

/// The bucket that a request took a token from, and its state afterwards.
#[derive(Clone, Copy, Debug)]
pub struct RateLimitStatus {
    pub bucket: Bucket,
    pub taken: Taken,
}

impl RateLimitStatus {
    /// Adds the headers that describe the bucket, unless the response describes one already.
    pub fn add_headers(&self, response: &mut Response) {
        for (name, value) in [
            (HeaderName::from_static("x-ratelimit-limit"), self.bucket.capacity.into()),
            (HeaderName::from_static("x-ratelimit-remaining"), self.taken.remaining.into()),
            (HeaderName::from_static("x-ratelimit-reset"), self.taken.reset.div_ceil(1000)),
        ] {
            response.headers_mut().entry(name).or_insert(HeaderValue::from(value));
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
