//! Sessions: all the refresh tokens that follow from one sign-in, of which one at a time is good.

use crate::Timestamp;

/// A session, as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Of the refresh token that was given last. It has not been shown yet, or there would be another.
    pub counter: u32,
    pub created_at: Timestamp,
    /// When the last token was given.
    pub rotated_at: Timestamp,
    pub expires_at: Timestamp,
    /// The account's own at the time: a change of the password raises it, and ends what came before.
    pub epoch: u32,
}

/// What a refresh token of a session is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presented {
    /// A new one.
    Rotate,
    /// The one that was given for it a moment ago, and may have been lost on the way.
    Repeat,
    /// Nothing: it was used before, and who shows it has stolen it, or was stolen from.
    Replayed,
    /// Nothing: the session is over.
    Over,
}

impl Session {
    /// Seconds for which a session lives on without being used.
    pub const IDLE: i64 = 30 * 24 * 3600;
    /// Seconds after which even one in use is over.
    pub const LONGEST: i64 = 180 * 24 * 3600;
    /// Seconds for which an answer that was lost can be had again.
    pub const GRACE: i64 = 10;

    #[must_use]
    pub const fn begin(now: Timestamp, epoch: u32) -> Self {
        let expires_at = Timestamp::from_unix(now.unix() + Self::IDLE);
        Self { counter: 0, created_at: now, rotated_at: now, expires_at, epoch }
    }

    /// Whether it goes on at `now`, in an account at `epoch`.
    #[must_use]
    pub fn is_alive(&self, now: Timestamp, epoch: u32) -> bool {
        self.epoch == epoch && now < self.expires_at
    }

    /// What its token number `counter` is good for at `now`, in an account at `epoch`.
    #[must_use]
    pub fn present(&self, counter: u32, now: Timestamp, epoch: u32) -> Presented {
        if !self.is_alive(now, epoch) {
            return Presented::Over;
        }
        let is_recent = now.seconds_since(self.rotated_at) <= Self::GRACE;
        match self.counter.checked_sub(counter) {
            Some(0) => Presented::Rotate,
            Some(1) if is_recent => Presented::Repeat,
            // A number that was never given is sealed all the same: by who has the key, or from before a loss of data.
            _ => Presented::Replayed,
        }
    }

    /// After its last token was shown. None where numbers have run out.
    #[must_use]
    pub fn rotated(&self, now: Timestamp) -> Option<Self> {
        let longest = self.created_at.unix() + Self::LONGEST;
        Some(Self {
            counter: self.counter.checked_add(1)?,
            rotated_at: now,
            expires_at: Timestamp::from_unix(longest.min(now.unix() + Self::IDLE)),
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
    fn a_token_is_good_for_one_successor() {
        let first = Session::begin(at(0), 3);
        assert_eq!(first.present(0, at(60), 3), Presented::Rotate);
        let second = first.rotated(at(60)).unwrap();
        assert_eq!(second.present(1, at(60), 3), Presented::Rotate);
        assert_eq!(second.present(0, at(70), 3), Presented::Repeat, "its successor is unused");
        assert_eq!(second.present(0, at(71), 3), Presented::Replayed);
        let third = second.rotated(at(65)).unwrap();
        assert_eq!(third.present(0, at(65), 3), Presented::Replayed, "its successor was used");
        assert_eq!(third.present(3, at(65), 3), Presented::Replayed, "never given");
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
