//! The changes by users since the moment of a copy, from the trail.

use std::collections::{BTreeMap, BTreeSet};

use adapters::{
    now,
    store::{AccountStore, Meter, accounts::Later},
};
use anyhow::{Context as _, Result};
use domain::{
    Timestamp,
    accounts::UserId,
    audit::{Action, Event, Outcome},
};

/// The users whose number of changes a dry run shows.
const SHOWN: usize = 5;

/// Reads what users did since `moment`. The changes of the users in `without` are not made again: they are among the lost ones.
///
/// # Errors
/// If the trail cannot be read.
pub async fn later(
    accounts: &AccountStore,
    meter: &Meter,
    moment: Timestamp,
    without: &[UserId],
) -> Result<Later> {
    Ok(divided(since(accounts, meter, moment).await?, moment, without))
}

/// Reads the events since `moment`.
///
/// # Errors
/// If the trail cannot be read.
pub async fn since(accounts: &AccountStore, meter: &Meter, moment: Timestamp) -> Result<Vec<Event>> {
    let events = accounts.events_since(meter, moment.plus(-Timestamp::SKEW), now()).await;
    events.context("the trail cannot be read")
}

/// Sums up `events` without those of the users in `without`, which are among the lost changes.
pub fn divided(events: Vec<Event>, moment: Timestamp, without: &[UserId]) -> Later {
    let is_left_out = |event: &Event| event.actor.is_some_and(|actor| without.contains(&actor));
    let deleted = events.iter().filter(|event| event.action == Action::DeleteAccount && is_left_out(event));
    let deleted: BTreeSet<String> = deleted.filter_map(|event| event.target.clone()).collect();
    // A job completes deletions, without an actor.
    let completes = |event: &Event| {
        let target = event.target.as_ref().filter(|_| event.action == Action::DeleteAccount);
        event.actor.is_none() && target.is_some_and(|target| deleted.contains(target))
    };
    let (left_out, others): (Vec<_>, Vec<_>) =
        events.into_iter().partition(|event| is_left_out(event) || completes(event));
    let mut later = Later::of(&others, moment);
    later.lost.extend(left_out.into_iter().filter(|event| event.outcome == Outcome::Done));
    later.lost.sort_by_key(|event| event.id);
    later
}

/// Returns the users with the most changes, each with the number: an account that a script used is among them.
pub fn busiest(events: &[Event]) -> Vec<(UserId, usize)> {
    let mut changes = BTreeMap::<UserId, usize>::new();
    for actor in events.iter().filter(|event| event.outcome == Outcome::Done).filter_map(|event| event.actor)
    {
        *changes.entry(actor).or_default() += 1;
    }
    let mut changes: Vec<_> = changes.into_iter().collect();
    changes.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    changes.truncate(SHOWN);
    changes
}

#[cfg(test)]
mod tests {
    use domain::audit::EventId;

    use super::*;

    const MOMENT: i64 = 1_785_542_400;

    fn user(nth: u8) -> UserId {
        UserId::new(u64::from(nth), [nth; 10])
    }

    fn event(nth: i64, actor: Option<u8>, action: Action, target: Option<u8>) -> Event {
        Event {
            id: EventId::new(u64::try_from(MOMENT + nth).expect("a time") * 1000, [0; 10]),
            at: Timestamp::from_unix(MOMENT + nth),
            actor: actor.map(user),
            action,
            target: target.map(|nth| format!("user:{}", user(nth))),
            outcome: Outcome::Done,
            request_id: "test".to_owned(),
        }
    }

    /// A script of user 1 deletes 2 and freezes 3; user 4 leaves, and a job completes both deletions.
    fn events() -> Vec<Event> {
        vec![
            event(40, Some(1), Action::DeleteAccount, Some(2)),
            event(41, Some(1), Action::Freeze, Some(3)),
            event(42, Some(4), Action::DeleteAccount, Some(4)),
            event(43, None, Action::DeleteAccount, Some(2)),
            event(44, None, Action::DeleteAccount, Some(4)),
        ]
    }

    #[test]
    fn changes_of_a_script_are_left_out_and_reported() {
        let moment = Timestamp::from_unix(MOMENT);
        let all = divided(events(), moment, &[]);
        assert_eq!((all.deleted.len(), all.frozen.len(), all.lost.len()), (2, 1, 0));
        let later = divided(events(), moment, &[user(1)]);
        assert_eq!(later.deleted.into_iter().collect::<Vec<_>>(), [user(4)], "a user who left stays so");
        assert!(later.frozen.is_empty());
        let lost: Vec<_> = later.lost.iter().map(|event| event.at.unix() - MOMENT).collect();
        assert_eq!(lost, [40, 41, 43], "the oldest first");
    }

    #[test]
    fn the_users_with_the_most_changes_are_counted() {
        assert_eq!(busiest(&events()), [(user(1), 2), (user(4), 1)]);
    }
}
