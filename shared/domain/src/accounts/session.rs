//! Sessions: the chain of refresh tokens that starts with a sign-in. One token at a time is valid.

use crate::Timestamp;

/// A stored session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// The number of the latest refresh token. It is unused: its use would create a later one.
    pub counter: u32,
    pub created_at: Timestamp,
    /// The time at which the latest token was issued.
    pub rotated_at: Timestamp,
    pub expires_at: Timestamp,
    /// The account's epoch when the session began. A new password raises the account's epoch, which ends earlier sessions.
    pub epoch: u32,
    /// The time at which the account's password was last entered in this session. A refresh leaves it unchanged.
    pub password_at: Option<Timestamp>,
}

/// The use that a refresh token of a session permits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presented {
    /// A rotation: it is the latest token.
    Rotate,
    /// A replay of the successor: the answer that contained it may have been lost.
    Repeat,
    /// No use: the token was used before, so two parties have it.
    Replayed,
    /// No use: the session has ended.
    Over,
}

impl Session {
    /// Seconds after which an unused session ends.
    pub const IDLE: i64 = 30 * 24 * 3600;
    /// Seconds after which every session ends.
    pub const LONGEST: i64 = 180 * 24 * 3600;
    /// Seconds for which a lost answer is repeated. A request may take 30 seconds before its client gives up.
    pub const GRACE: i64 = 40;
    /// Seconds for which an entered password allows a change of user name or e-mail address.
    pub const RECENT: i64 = 10 * 60;

    /// A session that begins with an entered password.
    #[must_use]
    pub const fn begin(now: Timestamp, epoch: u32) -> Self {
        Self {
            counter: 0,
            created_at: now,
            rotated_at: now,
            expires_at: now.plus(Self::IDLE),
            epoch,
            password_at: Some(now),
        }
    }

    /// Whether the session is valid at `now`, in an account at `epoch`.
    #[must_use]
    pub fn is_alive(&self, now: Timestamp, epoch: u32) -> bool {
        self.epoch == epoch && self.expires_at.is_pending(now, Self::IDLE)
    }

    /// Whether the password was entered in this session within the last [`Self::RECENT`] seconds.
    #[must_use]
    pub fn has_recent_password(&self, now: Timestamp) -> bool {
        let age = self.password_at.and_then(|entered_at| now.elapsed_since(entered_at));
        age.is_some_and(|age| age <= Self::RECENT)
    }

    /// Returns the use that the session's token number `counter` permits at `now`, in an account at `epoch`.
    #[must_use]
    pub fn present(&self, counter: u32, now: Timestamp, epoch: u32) -> Presented {
        if !self.is_alive(now, epoch) {
            return Presented::Over;
        }
        let is_recent = now.elapsed_since(self.rotated_at).is_some_and(|age| age <= Self::GRACE);
        match self.counter.checked_sub(counter) {
            Some(0) => Presented::Rotate,
            Some(1) if is_recent => Presented::Repeat,
            // Either a holder of the key sealed a number that was never issued, or the number dates from before a loss of data.
            _ => Presented::Replayed,
        }
    }

    /// The session after its latest token was used; `None` when the numbers are exhausted.
    #[must_use]
    pub fn rotated(&self, now: Timestamp) -> Option<Self> {
        // A creation time in the future comes from a clock that ran ahead: the session counts as created now.
        let created_at = self.created_at.min(now);
        let longest = created_at.plus(Self::LONGEST);
        Some(Self {
            counter: self.counter.checked_add(1)?,
            created_at,
            rotated_at: now,
            expires_at: longest.min(now.plus(Self::IDLE)),
            ..self.clone()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: i64 = 1_785_542_400;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_unix(START + seconds)
    }

    #[test]
    fn a_token_rotates_once() {
        let first = Session::begin(at(0), 3);
        assert_eq!(first.present(0, at(60), 3), Presented::Rotate);
        let second = first.rotated(at(60)).unwrap();
        assert_eq!(second.present(1, at(60), 3), Presented::Rotate);
        assert_eq!(second.present(0, at(100), 3), Presented::Repeat, "its successor is unused");
        assert_eq!(second.present(0, at(101), 3), Presented::Replayed);
        let third = second.rotated(at(65)).unwrap();
        assert_eq!(third.present(0, at(65), 3), Presented::Replayed, "its successor was used");
        assert_eq!(third.present(3, at(65), 3), Presented::Replayed, "never given");
    }

    #[test]
    fn a_used_token_stays_used_after_a_clock_that_ran_ahead() {
        let first = Session::begin(at(0), 3);
        let ahead = first.rotated(at(3600)).unwrap();
        assert_eq!(
            ahead.present(0, at(3600 - Timestamp::SKEW), 3),
            Presented::Repeat,
            "clocks differ a little"
        );
        assert_eq!(ahead.present(0, at(60), 3), Presented::Replayed);
        assert_eq!(ahead.present(1, at(60), 3), Presented::Rotate, "the latest token stays valid");
    }

    #[test]
    fn a_clock_that_ran_ahead_extends_no_session() {
        let (day, year) = (24 * 3600, 365 * 24 * 3600);
        assert_eq!(Session::begin(at(year), 3).present(0, at(0), 3), Presented::Over);
        let session = Session::begin(at(day), 3).rotated(at(0)).unwrap();
        assert_eq!((session.created_at, session.expires_at), (at(0), at(Session::IDLE)));
    }

    #[test]
    fn a_password_is_recent_for_ten_minutes_and_no_refresh_renews_it() {
        let session = Session::begin(at(0), 3);
        let refreshed = session.rotated(at(500)).unwrap();
        for (seconds, expected) in [(-31, false), (0, true), (600, true), (601, false)] {
            assert_eq!(session.has_recent_password(at(seconds)), expected, "{seconds}");
            assert_eq!(refreshed.has_recent_password(at(seconds)), expected, "{seconds}, refreshed");
        }
        assert!(!Session { password_at: None, ..session }.has_recent_password(at(0)));
    }

    #[test]
    fn a_session_ends() {
        let session = Session::begin(at(0), 3);
        assert_eq!(session.present(0, at(Session::IDLE - 1), 3), Presented::Rotate);
        assert_eq!(session.present(0, at(Session::IDLE), 3), Presented::Over);
        assert_eq!(session.present(0, at(1), 4), Presented::Over, "the password was changed");
        assert_eq!(session.present(7, at(1), 4), Presented::Over);
        let mut used = session;
        for day in 1..=180 {
            used = used.rotated(at(day * 24 * 3600 - 1)).unwrap();
        }
        assert_eq!(used.expires_at, at(Session::LONGEST), "however often it is used");
        assert_eq!(Session { counter: u32::MAX, ..used }.rotated(at(1)), None);
    }
}
