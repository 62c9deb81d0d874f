//! Each route accepts exactly the callers that its access column names.

use adapters::{
    aws, now,
    tokens::{FamilyId, Issuer, KeyRing},
};
use api::{App, routes};
use domain::{Timestamp, accounts::UserId};
use door::route::{Access, Authorization, DEFAULT, Spec};
use http::Method;
use tests::{SampleUsers, event, invoke_event, is_for_everybody};

use crate::workshop::Home;

/// A token with valid claims, signed with a key that no set contains.
pub(super) fn of_an_unknown_key(users: &SampleUsers) -> String {
    let (issuer, ring) = (users.config().door.issuer(), KeyRing::generate(now()));
    let issuer = Issuer { issuer: &issuer, keys: &ring };
    issuer.issue(users.ash, users.session, now()).expect("a token")
}

/// Sends every kind of token to every route.
#[tokio::test]
async fn each_route_admits_the_callers_in_the_table() {
    for route in routes::all() {
        let spec = &route.spec;
        // Each route has its own accounts: some routes delete the account.
        let users = Home::of(spec).await;
        for (who, token) in tokens(&users).await {
            let client = aws::at(&users.url);
            let app = App::new(users.without_limits(), || client);
            let mut event = users.fill(&event(&route));
            match token {
                Some(token) => event["headers"]["authorization"] = format!("Bearer {token}").into(),
                None => drop(event["headers"].as_object_mut().expect("headers").remove("authorization")),
            }
            let status = invoke_event(&app, &route, &event).await.status.as_u16();
            let expected = expected(spec, who);
            assert!(expected.contains(&status), "{} for {who}: {status}, not {expected:?}", spec.name);
        }
    }
}

/// Every kind of token, the user's own last.
async fn tokens(users: &SampleUsers) -> Vec<(&'static str, Option<String>)> {
    let (misty, hers) = (UserId::new(1_700_000_000_000, [2; 10]), FamilyId::random());
    users.add_user(misty, "misty_of_cerulean", hers).await;
    let (rocket, theirs) = (UserId::new(1_700_000_000_000, [3; 10]), FamilyId::random());
    users.add_user(rocket, "team_rocket", theirs).await;
    users.set_standing(rocket, false, true).await;
    let expired = {
        let (issuer, ring) = (users.config().door.issuer(), tests::ring());
        let long_ago = Timestamp::from_unix(now().unix() - 3600);
        let issuer = Issuer { issuer: &issuer, keys: &ring };
        issuer.issue(users.ash, users.session, long_ago).expect("a token")
    };
    vec![
        ("no token", None),
        ("expired", Some(expired)),
        ("wrong key", Some(of_an_unknown_key(users))),
        ("an ended session", Some(users.token_of(users.ash, FamilyId::random()))),
        ("a deleted account", Some(users.token_of(UserId::new(1, [9; 10]), FamilyId::random()))),
        ("refresh as access", Some(users.refresh_token())),
        ("another user", Some(users.token_of(misty, hers))),
        ("a frozen user", Some(users.token_of(rocket, theirs))),
        ("an administrator", Some(users.admin_token())),
        ("the user", Some(users.token())),
    ]
}

/// The statuses of the responses to `who`. On the caller's own resources, an earlier request may have made the same
/// change: 404 and 409.
fn expected(spec: &Spec, who: &str) -> &'static [u16] {
    const OPEN: &[u16] = &[200, 201, 202, 404, 409];
    // On routes that are also open to administrators; a body that only the user may send is refused.
    const OPEN_TO_ADMINS: &[u16] = &[200, 404, 422];
    match (spec.authorization, spec.access) {
        // The body of the sample contains the refresh token.
        (_, Access::Refresh) => return &[200, 401, 409],
        (_, Access::Public) if is_for_everybody(spec) && spec.path != DEFAULT => {
            return &[200];
        }
        (Authorization::Ignored | Authorization::ByHandler, _) => return OPEN,
        (Authorization::Checked, _) => {}
    }
    match (spec.access, who) {
        (_, "refresh as access") => &[422],
        (_, "no token" | "expired" | "wrong key" | "a deleted account") => &[401],
        (Access::Session, _) => &[200],
        (_, "an ended session") => &[401],
        (Access::OwnerOrAdmin, "an administrator") => OPEN_TO_ADMINS,
        (Access::Owner, "an administrator") => &[403],
        (Access::Owner | Access::OwnerOrAdmin, "another user" | "a frozen user") => &[403],
        (Access::User, "a frozen user") if spec.method != Method::GET => &[403],
        // An administrator has deleted the account.
        (_, "the user") if spec.name == "delete-user" => &[401],
        (Access::Admin, "an administrator") => OPEN,
        (Access::Admin, _) => &[403],
        _ => OPEN,
    }
}
