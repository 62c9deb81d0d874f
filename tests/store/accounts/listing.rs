//! The list of users, merged from its shards.

use adapters::store::Meter;
use domain::accounts::{User, UserId};

use super::support::{Fixture, register, user};

/// Registers `count` users, each in another shard than its neighbours; returns their ids in the order of registration.
async fn crowd(fixture: &Fixture, count: u64) -> Vec<UserId> {
    let mut ids = Vec::new();
    for nth in 0..count {
        let id = UserId::new(1_700_000_000_000 + nth, [9, 9, 9, 9, 9, 9, 9, 9, 9, (nth * 7 % 11) as u8]);
        register(&fixture.store, &User { id, ..user(&format!("trainer_{nth}")) })
            .await
            .expect("a registration");
        ids.push(id);
    }
    ids
}

#[tokio::test]
async fn pages_by_number_and_by_cursor_list_all_users_in_order() {
    let fixture = Fixture::new().await;
    assert_eq!(fixture.store.users(&fixture.meter, 0, 10).await.expect("a page").users, []);
    let ids = crowd(&fixture, 30).await;
    let (mut by_number, mut by_cursor) = (Vec::new(), Vec::new());
    for skip in [0, 8, 16, 24] {
        let page = fixture.store.users(&fixture.meter, skip, 8).await.expect("a page");
        assert_eq!((page.total, page.next.is_some()), (30, skip < 24));
        by_number.extend(page.users.into_iter().map(|stored| stored.user.id));
    }
    let mut page = fixture.store.users(&fixture.meter, 0, 8).await.expect("a page");
    loop {
        by_cursor.extend(page.users.iter().map(|stored| stored.user.id));
        let Some(next) = page.next else { break };
        page = fixture.store.users_after(&fixture.meter, next, 8).await.expect("a page");
    }
    assert_eq!((&by_number, &by_cursor), (&ids, &ids));
}

#[tokio::test]
async fn a_page_past_the_end_costs_one_call() {
    let fixture = Fixture::new().await;
    crowd(&fixture, 3).await;
    let meter = Meter::default();
    let page = fixture.store.users(&meter, 100, 8).await.expect("a page");
    assert_eq!((page.users.len(), page.total, page.next, meter.usage().calls), (0, 3, None, 1));
}
