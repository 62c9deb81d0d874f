//! The audit trail: each event once, listed by actor and by day.

use std::collections::BTreeSet;

use adapters::{
    now,
    store::accounts::{Condition, EventPage},
};
use aws_sdk_dynamodb::types::AttributeValue;
use domain::{
    Timestamp,
    accounts::UserId,
    audit::{Action, Event, EventId, Outcome},
};

use super::support::{Fixture, assert_refused, event};

const ACTOR: [u8; 10] = [3; 10];
const NOON: Timestamp = Timestamp::from_unix(1_785_542_400);

/// Event number `nth` of `actor`, in one of 16 shards of its day.
fn numbered(actor: Option<UserId>, nth: u64) -> Event {
    let mut rest = [9; 10];
    rest[9] = (nth * 7) as u8;
    Event {
        id: EventId::new(1_785_542_400_000 + nth, rest),
        at: NOON,
        actor,
        target: Some(format!("{nth}")),
        ..event(UserId::new(1, ACTOR), Action::Login, None)
    }
}

async fn note(fixture: &Fixture, events: &[Event]) {
    for event in events {
        fixture.store.note(&fixture.meter, event).await.expect("a note");
    }
}

fn targets(trail: &EventPage) -> Vec<&str> {
    trail.events.iter().filter_map(|event| event.target.as_deref()).collect()
}

#[tokio::test]
async fn the_events_of_an_actor_are_listed_in_pages_the_latest_first() {
    let fixture = Fixture::new().await;
    let actor = UserId::new(1, ACTOR);
    let events: Vec<_> = (0..7).map(|nth| numbered(Some(actor), nth)).collect();
    note(&fixture, &events).await;
    note(&fixture, &[numbered(Some(UserId::new(2, ACTOR)), 8), numbered(None, 9)]).await;
    let mut before = None;
    let mut found = Vec::new();
    for expected in [&["6", "5", "4"][..], &["3", "2", "1"], &["0"]] {
        let page = fixture.store.trail_of(&fixture.meter, actor, before, 3).await.expect("a page");
        assert_eq!(targets(&page), expected);
        before = page.next;
        found.extend(page.events);
    }
    found.reverse();
    assert_eq!((found, before), (events, None), "they come back as they were stored");
}

#[tokio::test]
async fn the_events_of_a_day_are_merged_from_all_shards() {
    let fixture = Fixture::new().await;
    let actor = UserId::new(1, ACTOR);
    let events: Vec<_> = (0..40).map(|nth| numbered(Some(actor).filter(|_| nth % 2 == 0), nth)).collect();
    note(&fixture, &events).await;
    note(&fixture, &[Event { at: NOON.plus(24 * 3600), ..numbered(None, 50) }]).await;
    let day = NOON.to_string()[..10].to_owned();
    let (mut before, mut found) = (None, Vec::new());
    loop {
        let page = fixture.store.trail_on(&fixture.meter, &day, before, 15).await.expect("a page");
        found.extend(targets(&page).into_iter().map(str::to_owned));
        before = page.next;
        if before.is_none() {
            break;
        }
    }
    assert_eq!(found, (0..40).rev().map(|nth| nth.to_string()).collect::<Vec<_>>());
    let shards: BTreeSet<_> = events.iter().map(Event::shard).collect();
    assert_eq!(shards.len(), 16);
}

#[tokio::test]
async fn an_event_that_is_noted_twice_is_stored_once_and_never_changed() {
    let fixture = Fixture::new().await;
    let actor = UserId::new(1, ACTOR);
    let first = numbered(Some(actor), 1);
    note(&fixture, &[first.clone(), Event { outcome: Outcome::Frozen, ..first.clone() }]).await;
    assert_eq!(fixture.events(actor).await, [first]);
}

#[tokio::test]
async fn an_event_whose_answer_is_lost_is_stored_once() {
    let fixture = Fixture::new().await;
    let ash = fixture.user("ash").await.user.id;
    let (store, tap) = fixture.tapped().await;
    tap.lose_answers(2);
    store
        .note_by(&fixture.meter, ash, event(ash, Action::Export, None))
        .await
        .expect("the third attempt is answered");
    assert_eq!(fixture.targets(ash, Action::Export).await.len(), 1);
}

#[tokio::test]
async fn an_action_of_a_frozen_account_is_not_noted() {
    let fixture = Fixture::new().await;
    let ash = fixture.user("ash").await.user.id;
    fixture.freeze(ash).await;
    let refused = fixture.store.note_by(&fixture.meter, ash, event(ash, Action::Export, None)).await;
    assert_refused(refused, Condition::Active);
    assert_eq!(fixture.targets(ash, Action::Export).await.len(), 0);
}

#[tokio::test]
async fn an_unreadable_event_hides_no_other_and_a_later_action_is_unknown() {
    let fixture = Fixture::new().await;
    let actor = UserId::new(1, ACTOR);
    note(&fixture, &[numbered(Some(actor), 1)]).await;
    let pk = format!("ACTOR#{actor}");
    fixture.put(&fixture.tables.audit, &pk, "of an older form", &[]).await;
    let text = |text: &str| AttributeValue::S(text.to_owned());
    let later = [
        ("at", AttributeValue::N(now().unix().to_string())),
        ("action", text("evolve")),
        ("outcome", text("postponed")),
        ("request_id", text("later")),
    ];
    let id = numbered(None, 2).id.to_string();
    fixture.put(&fixture.tables.audit, &pk, &id, &later).await;
    let actions: Vec<_> = fixture.events(actor).await.into_iter().map(|event| event.action).collect();
    assert_eq!(actions, [Action::Login, Action::Unknown]);
}
