//! The audit trail: which user did what, to which target, with which outcome. It contains ids only, no names and no addresses.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Timestamp, accounts::UserId};

crate::id::id!(
    /// The id of an event. Events sort by time.
    EventId,
    NotAnEventId,
    "an event id"
);

/// The action that was done or attempted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    Register,
    Login,
    Refresh,
    Logout,
    EndSession,
    UpdateProfile,
    ChangePassword,
    AddFavorite,
    RemoveFavorite,
    /// By an administrator.
    ChangeRole,
    /// By an administrator.
    Freeze,
    /// By an administrator.
    Unfreeze,
    DeleteAccount,
    Export,
    /// An administrator fetched a Pokémon from PokeAPI, which also shows it again if it was hidden.
    FetchPokemon,
    /// By an administrator.
    EditPokemon,
    /// By an administrator.
    HidePokemon,
    /// An administrator requested a run of the sync.
    StartSync,
    /// An administrator requested another attempt for the skipped resources.
    RetrySync,
    /// An administrator approved improbable changes at PokeAPI.
    ApprovePublication,
    /// The operator replaced the accounts by a copy of an earlier moment, and repeated the changes that the trail records since then.
    RestoreAccounts,
    /// An action that this release does not know.
    Unknown,
}

/// The result of an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Done,
    /// The password was wrong, the account does not exist, or the refresh token was forged.
    WrongCredentials,
    /// The account is frozen.
    Frozen,
    /// The response was repeated within the grace period for lost responses.
    Repeated,
    /// The refresh token had been used before, so it may be stolen. The session was ended.
    Replayed,
    /// The session had ended before.
    Ended,
    /// The user name or e-mail address belongs to another account, or is reserved for one.
    Taken,
    /// The password was not entered recently enough.
    PasswordRequired,
    /// An outcome that this release does not know.
    Unknown,
}

/// An audit event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Event {
    pub id: EventId,
    pub at: Timestamp,
    /// The user who acted; null if the account does not exist. For a rejected sign-in it is the account, because the client is unknown.
    pub actor: Option<UserId>,
    pub action: Action,
    /// `session:…`, `pokemon:25`; `username` or `email` for a changed profile; absent if the target is the actor.
    pub target: Option<String>,
    pub outcome: Outcome,
    pub request_id: String,
}

/// The retention in days of an event that records a change.
const KEPT: i64 = 400;
/// The retention in days of an event that records an attempt without effect.
const KEPT_WITHOUT_EFFECT: i64 = 30;

/// Shards of a day, so that no single partition receives every event.
pub const SHARDS: u8 = 16;

impl Event {
    /// The partition of the day that contains the event: `2026-11-23#07`.
    #[must_use]
    pub fn day(&self) -> String {
        let at = self.at.to_string();
        day(at.get(..10).unwrap_or_default(), self.shard())
    }

    /// The time after which the event is removed; `None` for actions of administrators and of the operator, which are kept permanently.
    #[must_use]
    pub const fn expires_at(&self) -> Option<Timestamp> {
        let days = match (self.action, self.outcome) {
            (
                Action::ChangeRole
                | Action::Freeze
                | Action::Unfreeze
                | Action::FetchPokemon
                | Action::EditPokemon
                | Action::HidePokemon
                | Action::StartSync
                | Action::RetrySync
                | Action::ApprovePublication
                | Action::RestoreAccounts,
                _,
            ) => return None,
            (_, Outcome::Done | Outcome::Replayed | Outcome::Unknown) => KEPT,
            (
                _,
                Outcome::WrongCredentials
                | Outcome::Frozen
                | Outcome::Repeated
                | Outcome::Ended
                | Outcome::Taken
                | Outcome::PasswordRequired,
            ) => KEPT_WITHOUT_EFFECT,
        };
        Some(Timestamp::from_unix(self.at.unix() + days * 86_400))
    }

    /// The shard of the event. It is random, as the last byte of the id is.
    #[must_use]
    pub fn shard(&self) -> u8 {
        self.id.as_bytes()[15] % SHARDS
    }
}

/// The partition of one shard of a day. The date has the form `2026-11-23`.
#[must_use]
pub fn day(date: &str, shard: u8) -> String {
    format!("{date}#{shard:02}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(last: u8) -> Event {
        Event {
            id: EventId::new(1_785_542_400_000, [1, 2, 3, 4, 5, 6, 7, 8, 9, last]),
            at: Timestamp::from_unix(1_785_542_400),
            actor: None,
            action: Action::Login,
            target: None,
            outcome: Outcome::Done,
            request_id: "request".to_owned(),
        }
    }

    #[test]
    fn changes_are_kept_longer_than_attempts_and_administrators_changes_forever() {
        let days = |action, outcome| {
            let event = Event { action, outcome, ..event(0) };
            event.expires_at().map(|at| (at.unix() - event.at.unix()) / 86_400)
        };
        assert_eq!(days(Action::Login, Outcome::Done), Some(400));
        assert_eq!(days(Action::Refresh, Outcome::Replayed), Some(400), "it ended a session");
        assert_eq!(days(Action::Login, Outcome::WrongCredentials), Some(30));
        assert_eq!(days(Action::Refresh, Outcome::Repeated), Some(30));
        for action in [Action::ChangeRole, Action::Freeze, Action::HidePokemon] {
            assert_eq!(days(action, Outcome::Done), None, "{action:?}");
        }
    }

    #[test]
    fn events_of_a_day_are_spread_over_shards() {
        assert_eq!(event(0).day(), "2026-08-01#00");
        let days: std::collections::BTreeSet<_> = (0..=255).map(|last| event(last).day()).collect();
        assert_eq!(days.len(), usize::from(SHARDS));
    }
}
