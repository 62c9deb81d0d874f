//! Exports of everything that a user owns, as a file that is deleted together with the account.

use std::io::{Cursor, Read as _};

use adapters::{export::Exports, store::Meter};
use api::{Config, jobs::deletions::finish_deletions};
use domain::audit::{Action, Outcome};
use http::Method;
use serde_json::{Value, json};
use tests::{Answer, Bucket, House, PASSWORD, SampleUsers, some_event};

const PATH: &str = "/api/v1/auth/export";

/// A house that stores exports in `exports`.
async fn house(users: &SampleUsers, exports: Exports) -> House {
    let config = Config { exports: Some(exports), ..users.without_limits() };
    House::at(&users.url, config).await
}

async fn ask(house: &House, users: &SampleUsers, password: &str) -> Answer {
    let body = json!({"password": password});
    house.call(Method::POST, PATH, Some(&users.token()), Some(&body)).await
}

/// Reads a file of the archive.
fn file(archive: &[u8], name: &str) -> String {
    let mut archive = zip::ZipArchive::new(Cursor::new(archive)).expect("a zip");
    assert_eq!(archive.len(), 4);
    let mut text = String::new();
    archive.by_name(name).expect(name).read_to_string(&mut text).expect("text");
    text
}

fn rows(archive: &[u8], name: &str) -> Vec<Vec<String>> {
    let text = file(archive, name);
    let mut table = csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
    let rows = table.records().map(|row| row.expect("a row").iter().map(str::to_owned).collect());
    rows.collect()
}

#[tokio::test]
async fn without_a_bucket_the_response_is_the_complete_export() {
    let users = SampleUsers::new().await;
    let house = users.house().await;
    let (token, email) = (users.token(), "+ash@example.com");
    let change = json!({"email": email});
    let renamed = house.call(Method::PUT, "/api/v1/auth/profile", Some(&token), Some(&change)).await;
    assert_eq!(renamed.status, 200);
    let record = |_: &[u32]| some_event(users.ash).into();
    // One of these ids is not a Pokémon that exists.
    let ids = [1, 669, 99_999].into_iter().collect();
    users.accounts.add_favorites(&Meter::default(), users.ash, &ids, record).await.unwrap();

    let answer = ask(&house, &users, PASSWORD).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), Some("application/zip"));
    assert_eq!(answer.header("content-disposition"), Some("attachment; filename=\"pokedex.zip\""));
    assert_eq!(answer.header("cache-control"), Some("private, no-store"));

    let all: Value = serde_json::from_str(&file(&answer.body, "pokedex.json")).expect("JSON");
    let profile = house.call(Method::GET, "/api/v1/auth/profile", Some(&token), None).await.json();
    assert_eq!(all["user"], profile);
    let favorites: Vec<_> =
        all["favorites"].as_array().unwrap().iter().map(|f| (&f["pokemon_id"], &f["name"])).collect();
    assert_eq!(
        favorites,
        [
            (&json!(1), &json!("bulbasaur")),
            (&json!(25), &json!("pikachu")),
            (&json!(669), &json!("flabebe")),
            (&json!(99_999), &Value::Null),
        ]
    );
    let listed = house.call(Method::GET, "/api/v1/auth/sessions", Some(&token), None).await.json();
    let ids = |rows: &Value| -> std::collections::BTreeSet<String> {
        rows.as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(ids(&all["sessions"]), ids(&listed["sessions"]));

    let profile = rows(&answer.body, "profile.csv");
    assert_eq!(profile[0], ["id", "username", "email", "is_admin", "created_at", "updated_at"]);
    // Spreadsheets do not treat the value as a formula.
    assert_eq!(profile[1][2], "'+ash@example.com");
    let favorites = rows(&answer.body, "favorites.csv");
    assert_eq!(favorites[0], ["pokemon_id", "name", "display_name", "created_at"]);
    assert_eq!((favorites.len(), favorites[3][2].as_str(), favorites[4][1].as_str()), (5, "Flabébé", ""));
    assert_eq!(rows(&answer.body, "sessions.csv").len(), 3);

    let trail = users.trail(users.ash).await;
    assert_eq!(trail.last(), Some(&(Action::Export, Outcome::Done)));
    let text = file(&answer.body, "pokedex.json");
    assert!(!text.contains("$argon2") && !text.contains("rt_"), "{text}");
}

#[tokio::test]
async fn an_export_without_the_password_fails() {
    let users = SampleUsers::new().await;
    let house = users.house().await;
    let wrong = ask(&house, &users, "pallet town, route 2").await;
    assert_eq!((wrong.status.as_u16(), wrong.json()["code"].clone()), (403, json!("wrong_password")));
    for (body, field) in
        [(json!({}), "password"), (json!({"password": ""}), "password"), (json!({"pass": 1}), "pass")]
    {
        let answer = house.call(Method::POST, PATH, Some(&users.token()), Some(&body)).await;
        assert_eq!(answer.status, 422);
        assert_eq!(answer.json()["errors"][0]["field"], field);
    }
    assert_eq!(users.trail(users.ash).await, [(Action::Export, Outcome::WrongCredentials)]);
}

#[tokio::test]
async fn with_a_bucket_the_response_is_a_link_that_is_valid_for_ten_minutes() {
    let (users, bucket) = (SampleUsers::new().await, Bucket::new().await);
    let house = house(&users, bucket.exports()).await;
    let answer = ask(&house, &users, PASSWORD).await;
    assert_eq!(answer.status, 202);
    assert_eq!(answer.header("cache-control"), Some("private, no-store"));
    let body = answer.json();
    let url = body["url"].as_str().expect("a link");
    assert!(url.contains("X-Amz-Expires=600"), "{url}");
    assert_eq!(bucket.objects(), [format!("{}.zip", users.ash)]);
    let fetched = reqwest::get(url).await.expect("an answer");
    assert_eq!(fetched.status(), 200);
    let header =
        |name: &str| fetched.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    assert_eq!(header("content-type").as_deref(), Some("application/zip"));
    assert_eq!(header("content-disposition").as_deref(), Some("attachment; filename=\"pokedex.zip\""));
    let file_of = file(&fetched.bytes().await.expect("a file"), "pokedex.json");
    assert!(file_of.contains("ash_ketchum"), "{file_of}");
    // The link works for every client that holds it; any other URL is refused.
    let bare = url.split('?').next().expect("an address");
    let modified = url.replace("X-Amz-Expires=600", "X-Amz-Expires=6000");
    for other in [bare, modified.as_str()] {
        assert_eq!(reqwest::get(other).await.expect("an answer").status(), 403, "{other}");
    }
    // A later export replaces it.
    assert_eq!(ask(&house, &users, PASSWORD).await.status, 202);
    assert_eq!(bucket.objects().len(), 1);
    assert_eq!(users.trail(users.ash).await, [(Action::Export, Outcome::Done); 2]);
}

#[tokio::test]
async fn an_unreachable_bucket_is_503_and_leaves_no_event() {
    let users = SampleUsers::new().await;
    let nobody = Exports { bucket: "exports".to_owned(), endpoint: Some("http://127.0.0.1:9".to_owned()) };
    let house = house(&users, nobody).await;
    let answer = ask(&house, &users, PASSWORD).await;
    assert_eq!((answer.status.as_u16(), answer.header("retry-after")), (503, Some("2")));
    assert_eq!(users.trail(users.ash).await, []);
    // An account whose file may still exist is not deleted either.
    let body = json!({"password": PASSWORD});
    let deleted = house.call(Method::DELETE, "/api/v1/auth/profile", Some(&users.token()), Some(&body)).await;
    assert_eq!(deleted.status, 503);
    assert!(users.accounts.user(&Meter::default(), users.ash).await.unwrap().is_some());
    let bucket = Bucket::new().await;
    let ended = finish_deletions(&users.accounts, Some(&bucket.exports()), &Meter::default()).await;
    assert_eq!(ended.expect("an end"), 1);
    assert!(users.accounts.user(&Meter::default(), users.ash).await.unwrap().is_none());
}

#[tokio::test]
async fn deleting_an_account_deletes_its_export() {
    let (users, bucket) = (SampleUsers::new().await, Bucket::new().await);
    let house = house(&users, bucket.exports()).await;
    assert_eq!(ask(&house, &users, PASSWORD).await.status, 202);
    let body = json!({"password": PASSWORD});
    let deleted = house.call(Method::DELETE, "/api/v1/auth/profile", Some(&users.token()), Some(&body)).await;
    assert_eq!(deleted.status, 200);
    assert_eq!(bucket.objects(), [""; 0]);
}

#[tokio::test]
async fn an_export_stored_after_the_deletion_is_deleted() {
    let (users, bucket) = (SampleUsers::new().await, Bucket::new().await);
    let house = house(&users, bucket.exports()).await;
    let (accounts, exports, ash) = (users.accounts.clone(), bucket.exports(), users.ash);
    bucket.when_put(async move {
        let meter = Meter::default();
        accounts.begin_deletion(&meter, ash, ash, false, &some_event(ash).into()).await.expect("a beginning");
        finish_deletions(&accounts, Some(&exports), &meter).await.expect("an end");
    });
    let answer = ask(&house, &users, PASSWORD).await;
    assert_eq!(answer.status, 403, "{}", answer.json());
    assert_eq!(bucket.objects(), [""; 0]);
    assert_eq!(users.trail(users.ash).await, []);
}
