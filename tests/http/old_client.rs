//! The web client that was written against the first Pokédex, a Flask server: its calls, one after the other, as a browser makes them.
//! It does not use ETags, keys, limits or problem types. It needs a JSON body in every response, `message` on errors, pages with
//! `page`, `total` and `has_next`, users with `created_at`, and favorites with their whole Pokémon.

use std::{cell::RefCell, collections::BTreeSet};

use api::routes::SPECS;
use http::Method;
use serde_json::{Value, json};
use tests::{Answer, House};

use crate::workshop::Workshop;

const ORIGIN: &str = "https://pokedex.example";

/// Every call of the client.
const CALLS: [(&str, &str); 28] = [
    ("GET", "/pokemon"),
    ("GET", "/pokemon/{id}"),
    ("GET", "/pokemon/types"),
    ("GET", "/pokemon/generations"),
    ("POST", "/auth/register"),
    ("POST", "/auth/login"),
    ("POST", "/auth/refresh"),
    ("POST", "/auth/logout"),
    ("GET", "/auth/profile"),
    ("PUT", "/auth/profile"),
    ("GET", "/users/{id}/favorites"),
    ("POST", "/users/{id}/favorites"),
    ("DELETE", "/users/{id}/favorites"),
    ("POST", "/users/{id}/favorites/bulk"),
    ("DELETE", "/users/{id}/favorites/bulk"),
    ("GET", "/users"),
    ("GET", "/users/{id}"),
    ("PUT", "/users/{id}"),
    ("DELETE", "/users/{id}"),
    ("POST", "/pokemon"),
    ("PUT", "/pokemon/{id}"),
    ("DELETE", "/pokemon/{id}"),
    ("DELETE", "/users/{id}/favorites/{pokemon_id}"),
    ("GET", "/health"),
    ("GET", "/health/ready"),
    ("GET", "/openapi.json"),
    ("GET", "/api/version"),
    ("GET", "/.well-known/jwks.json"),
];

/// The client: an address, and the tokens that it received.
struct Client<'a> {
    house: &'a House,
    access: String,
    refresh: String,
    called: RefCell<BTreeSet<(&'static str, &'static str)>>,
}

impl Client<'_> {
    /// Status and body of a call; a browser sends a preflight first.
    async fn call(&self, method: Method, path: &str, body: Option<Value>) -> (u16, Value) {
        let is_whole = path.starts_with("/api/") || path.starts_with("/.well-known/");
        let target = if is_whole { path.to_owned() } else { format!("/api/v1{path}") };
        let bare = target.split('?').next().unwrap_or_default();
        let specs = SPECS.iter().filter(|spec| spec.method == method && spec.matches(bare));
        let spec = specs.min_by_key(|spec| spec.path.matches('{').count()).expect(path);
        let call = (spec.method.as_str(), spec.path.strip_prefix("/api/v1").unwrap_or(spec.path));
        self.called.borrow_mut().insert(call);
        let authorization = format!("Bearer {}", self.access);
        let mut headers = vec![("origin", ORIGIN)];
        if !self.access.is_empty() {
            headers.push(("authorization", &authorization));
        }
        if body.is_some() {
            headers.push(("content-type", "application/json"));
        }
        if headers.len() > 1 || method != Method::GET {
            let names = headers[1..].iter().map(|(name, _)| *name).collect::<Vec<_>>().join(",");
            let request_headers = [
                ("origin", ORIGIN),
                ("access-control-request-method", method.as_str()),
                ("access-control-request-headers", &names),
            ];
            let may = self.house.send(Method::OPTIONS, &target, &request_headers).await;
            let allowed = |header: &str, wanted: &str| {
                let allowed = may.header(header).unwrap_or_default().to_lowercase();
                let all: Vec<_> = allowed.split(',').map(str::trim).collect();
                wanted.to_lowercase().split(',').filter(|one| !one.is_empty()).all(|one| all.contains(&one))
            };
            assert!(may.status.is_success(), "{method} {path}");
            assert!(allowed("access-control-allow-methods", method.as_str()), "{method} {path}");
            assert!(allowed("access-control-allow-headers", &names), "{method} {path}: {names}");
        }
        let body = body.map(|body| body.to_string()).unwrap_or_default();
        let answer = self.house.send_body(method.clone(), &target, &headers, body).await;
        assert_eq!(answer.header("access-control-allow-origin"), Some(ORIGIN), "{method} {path}");
        self.read(&answer, &format!("{method} {path}"))
    }

    /// Reads a response like the client: JSON, and on an error the `message` that the client shows.
    fn read(&self, answer: &Answer, what: &str) -> (u16, Value) {
        let status = answer.status.as_u16();
        assert!(!answer.body.is_empty(), "{what}: {status} without a body");
        let body = answer.json();
        if status >= 400 {
            assert!(body["message"].as_str().is_some_and(|message| !message.is_empty()), "{what}: {body}");
        }
        (status, body)
    }

    async fn get(&self, path: &str) -> Value {
        let (status, body) = self.call(Method::GET, path, None).await;
        assert_eq!(status, 200, "GET {path}: {body}");
        body
    }

    fn signed_in(&mut self, body: &Value) -> String {
        self.access = body["access_token"].as_str().expect("a token").to_owned();
        self.refresh = body["refresh_token"].as_str().expect("a token").to_owned();
        body["user"]["id"].as_str().expect("an id, as text").to_owned()
    }
}

/// The fields of a Pokémon that the client shows in lists, details and favorites alike.
fn assert_pokemon(pokemon: &Value) {
    for (field, is_right) in [
        ("id", Value::is_u64 as fn(&Value) -> bool),
        ("pokemon_id", Value::is_u64),
        ("name", Value::is_string),
        ("height", Value::is_u64),
        ("weight", Value::is_u64),
        ("types", Value::is_array),
        ("abilities", Value::is_array),
        ("created_at", Value::is_string),
        ("updated_at", Value::is_string),
    ] {
        assert!(is_right(&pokemon[field]), "{field} of {pokemon}");
    }
    assert!(pokemon.get("base_experience").is_some(), "{pokemon}");
    for stat in ["hp", "attack", "defense", "special-attack", "special-defense", "speed"] {
        assert!(pokemon["stats"][stat].is_u64(), "{stat} of {pokemon}");
    }
    assert!(
        pokemon["sprites"].as_object().is_some_and(|all| all.values().all(Value::is_string)),
        "{pokemon}"
    );
    assert!(pokemon["types"].as_array().is_some_and(|all| all.iter().all(Value::is_string)), "{pokemon}");
}

fn assert_user(user: &Value) {
    let created = user["created_at"].as_str().expect("when it came");
    assert!(created.ends_with('Z') && created.contains('T'), "{user}");
    assert!(user["id"].is_string() && user["username"].is_string() && user["email"].is_string(), "{user}");
    assert!(user["is_admin"].is_boolean() && user["updated_at"].is_string(), "{user}");
}

#[tokio::test]
async fn the_first_web_client_runs_unchanged() {
    let workshop = Workshop::open().await;
    let mut config = workshop.users.without_limits();
    config.door.cors_origins = vec![ORIGIN.parse().expect("an origin")];
    let house = House::at(&workshop.users.url, config).await;
    let mut client =
        Client { house: &house, access: String::new(), refresh: String::new(), called: RefCell::default() };

    browse(&client).await;
    let (id, password) = sign_up(&mut client).await;
    like(&client, &id).await;
    let granted = local::admin::grant(&workshop.users.accounts, "misty").await;
    assert_eq!(granted.expect("a role"), "misty is an administrator now");
    rule(&client, &id).await;
    leave(&mut client, &id, &password).await;

    let called = client.called.borrow();
    let expected: BTreeSet<_> = CALLS.into_iter().collect();
    assert_eq!(*called, expected, "every call, and no other");
}

/// The calls before a user has signed in.
async fn browse(client: &Client<'_>) {
    let first = client.get("/pokemon?page=1&per_page=4").await;
    let page = &first["pagination"];
    assert_eq!((&page["page"], &page["per_page"], &page["has_next"]), (&json!(1), &json!(4), &json!(true)));
    let total = page["total"].as_u64().expect("how many");
    let mut seen = 0;
    // It scrolls as long as there is more.
    for number in 1.. {
        let page = client.get(&format!("/pokemon?page={number}&per_page=4")).await;
        page["pokemon"].as_array().expect("rows").iter().for_each(assert_pokemon);
        seen += page["pokemon"].as_array().map_or(0, Vec::len) as u64;
        assert_eq!(page["pagination"]["total"], total);
        if page["pagination"]["has_next"] == false {
            break;
        }
    }
    assert_eq!(seen, total);
    let found = client.get("/pokemon?search=char&type=fire&generation=1&sort=name&page=1&per_page=20").await;
    let names: Vec<_> = found["pokemon"].as_array().unwrap().iter().map(|row| &row["name"]).collect();
    assert_eq!(names, ["charizard", "charmander", "charmeleon"]);
    for filter in ["type=all", "search=", "type=", "sort=favorites"] {
        assert!(client.get(&format!("/pokemon?{filter}")).await["pagination"]["total"] == total, "{filter}");
    }
    assert_pokemon(&client.get("/pokemon/1").await);
    assert_eq!(client.get("/pokemon/bulbasaur").await["id"], 1);
    assert!(client.get("/pokemon/types").await.as_array().unwrap().contains(&json!("fire")));
    let generations = client.get("/pokemon/generations").await;
    // The client prints "Kanto Region".
    assert_eq!(generations["generations"][0]["name"], "Kanto");
    assert!(generations["generations"][0]["pokemon_count"].is_u64() && generations["total_pokemon"].is_u64());
    assert_eq!(client.get("/health").await["status"], "ok");
    assert_eq!(client.get("/health/ready").await["status"], "ok");
    assert!(client.get("/openapi.json").await["paths"].is_object());
    assert_eq!(client.get("/api/version").await["api"], "v1");
    assert!(client.get("/.well-known/jwks.json").await["keys"].is_array());
    for (path, status) in [("/pokemon/9999", 404), ("/pokemon?page=0", 422), ("/auth/profile", 401)] {
        assert_eq!(client.call(Method::GET, path, None).await.0, status, "{path}");
    }
}

/// Registers, signs in, returns later, changes the profile.
async fn sign_up(client: &mut Client<'_>) -> (String, String) {
    let someone =
        json!({"username": "misty", "email": "misty@example.com", "password": "cerulean city, route 24"});
    let (status, body) = client.call(Method::POST, "/auth/register", Some(someone.clone())).await;
    assert_eq!(status, 201, "{body}");
    assert_user(&body["user"]);
    assert!(body["message"].is_string() && body["expires_in"].is_u64(), "{body}");
    let id = client.signed_in(&body);
    client.access.clear();
    assert_eq!(client.call(Method::POST, "/auth/register", Some(someone)).await.0, 409);
    let short = json!({"username": "", "email": "nowhere", "password": "x"});
    assert_eq!(client.call(Method::POST, "/auth/register", Some(short)).await.0, 422);

    let wrong = json!({"username": "misty", "password": "pewter city"});
    let (status, body) = client.call(Method::POST, "/auth/login", Some(wrong)).await;
    assert_eq!((status, &body["message"]), (401, &json!("Invalid username or password")));
    for name in ["misty", "misty@example.com"] {
        let right = json!({"username": name, "password": "cerulean city, route 24"});
        let (status, body) = client.call(Method::POST, "/auth/login", Some(right)).await;
        assert_eq!(status, 200, "{body}");
        // It sends no password with a profile: the password that was just entered counts.
        client.access = body["access_token"].as_str().expect("a token").to_owned();
        let profile = json!({"username": "misty", "email": format!("{}@example.com", name.len())});
        let (status, renamed) = client.call(Method::PUT, "/auth/profile", Some(profile)).await;
        assert_eq!(status, 200, "{renamed}");
        let profile = json!({"username": "misty", "email": "misty@example.com"});
        let (status, changed) = client.call(Method::PUT, "/auth/profile", Some(profile)).await;
        assert_eq!(status, 200, "{changed}");
        assert_eq!(client.signed_in(&body), id);
    }
    // It presents the refresh token in the same way as an access token; later clients send it in the body.
    client.access = client.refresh.clone();
    let (status, body) = client.call(Method::POST, "/auth/refresh", Some(json!({}))).await;
    assert_eq!(status, 200, "{body}");
    client.signed_in(&body);
    let refresh = json!({"refresh_token": client.refresh});
    let (status, body) = client.call(Method::POST, "/auth/refresh", Some(refresh)).await;
    assert_eq!(status, 200, "{body}");
    client.signed_in(&body);

    let profile = client.get("/auth/profile").await;
    assert_user(&profile);
    assert_eq!((&profile["id"], &profile["username"]), (&json!(id), &json!("misty")));
    let password = "cerulean city, the gym".to_owned();
    let change = json!({
        "username": "misty", "email": "gym@example.com",
        "password": password, "current_password": "cerulean city, route 24",
    });
    let (status, changed) = client.call(Method::PUT, "/auth/profile", Some(change)).await;
    assert_eq!((status, &changed["email"]), (200, &json!("gym@example.com")));
    assert_user(&changed);
    (id, password)
}

async fn like(client: &Client<'_>, id: &str) {
    let favorites = format!("/users/{id}/favorites");
    let (status, added) = client.call(Method::POST, &favorites, Some(json!({"pokemon_id": 4}))).await;
    assert_eq!((status, &added["pokemon_id"]), (201, &json!(4)));
    assert_pokemon(&added["pokemon"]);
    assert_eq!(client.call(Method::POST, &favorites, Some(json!({"pokemon_id": 4}))).await.0, 409);
    assert_eq!(client.call(Method::POST, &favorites, Some(json!({"pokemon_id": 4711}))).await.0, 404);
    let many = json!({"pokemon_ids": [1, 133, 4711]});
    assert_eq!(client.call(Method::POST, &format!("{favorites}/bulk"), Some(many)).await.0, 200);
    let mine = client.get(&favorites).await;
    assert_eq!(mine["user_id"], id);
    let rows = mine["favorites"].as_array().expect("favorites");
    assert_eq!(rows.iter().map(|row| &row["pokemon_id"]).collect::<Vec<_>>(), [1, 4, 133]);
    for row in rows {
        assert_pokemon(&row["pokemon"]);
        assert_eq!(row["pokemon"]["id"], row["pokemon_id"]);
        assert!(row["id"].is_string() && row["user_id"] == id && row["created_at"].is_string(), "{row}");
    }
    let first = client.get("/pokemon?sort=favorites&per_page=4").await;
    let ids: Vec<_> = first["pokemon"].as_array().unwrap().iter().map(|row| &row["id"]).collect();
    assert_eq!(ids, [1, 4, 133, 2], "the user's favorites first");
    assert_eq!(client.call(Method::DELETE, &favorites, Some(json!({"pokemon_id": 1}))).await.0, 200);
    // The new favorite is visible at once, not only after a cache expires.
    let first = client.get("/pokemon?sort=favorites&per_page=2").await;
    let ids: Vec<_> = first["pokemon"].as_array().unwrap().iter().map(|row| &row["id"]).collect();
    assert_eq!(ids, [4, 133]);
    assert_eq!(client.call(Method::DELETE, &format!("{favorites}/133"), None).await.0, 200);
    let some = json!({"pokemon_ids": [133, 1]});
    assert_eq!(client.call(Method::DELETE, &format!("{favorites}/bulk"), Some(some)).await.0, 200);
    assert_eq!(client.get(&favorites).await["favorites"].as_array().map(Vec::len), Some(1));
    let strangers = "/users/01890a5d-ac96-774b-bcce-b302099a8057/favorites";
    assert_eq!(client.call(Method::GET, strangers, None).await.0, 403);
}

/// The calls that administrators make.
async fn rule(client: &Client<'_>, id: &str) {
    let users = client.get("/users").await;
    users["users"].as_array().expect("users").iter().for_each(assert_user);
    assert_eq!((&users["pagination"]["page"], &users["pagination"]["total"]), (&json!(1), &json!(4)));
    let last = client.get("/users?page=2&per_page=3").await;
    assert_eq!(
        (last["users"].as_array().map(Vec::len), &last["pagination"]["has_next"]),
        (Some(1), &json!(false))
    );
    assert_user(&client.get(&format!("/users/{id}")).await);
    let other = "/users/01890a5d-ac96-774b-bcce-b302099a8057";
    let (status, promoted) = client.call(Method::PUT, other, Some(json!({"is_admin": true}))).await;
    assert_eq!((status, &promoted["is_admin"]), (200, &json!(true)));
    let (status, demoted) = client.call(Method::PUT, other, Some(json!({"is_admin": false}))).await;
    assert_eq!((status, &demoted["is_admin"]), (200, &json!(false)));
    assert_eq!(client.call(Method::DELETE, other, None).await.0, 200);
    assert_eq!(client.call(Method::GET, other, None).await.0, 404);

    assert_eq!(client.call(Method::DELETE, "/pokemon/4", None).await.0, 200);
    assert_eq!(client.call(Method::GET, "/pokemon/4", None).await.0, 404);
    // A favorite whose Pokémon no longer exists breaks no list.
    assert_eq!(client.get(&format!("/users/{id}/favorites")).await["favorites"], json!([]));
    let (status, fetched) = client.call(Method::POST, "/pokemon", Some(json!({"pokemon_id": 4}))).await;
    assert_eq!(status, 201, "{fetched}");
    assert_pokemon(&fetched);
    let (status, fetched) = client.call(Method::PUT, "/pokemon/4", Some(json!({}))).await;
    assert_eq!(status, 200, "{fetched}");
    assert_pokemon(&fetched);
    assert_eq!(client.get(&format!("/users/{id}/favorites")).await["favorites"][0]["pokemon"]["id"], 4);
}

async fn leave(client: &mut Client<'_>, id: &str, password: &str) {
    assert_eq!(client.call(Method::POST, "/auth/logout", None).await.0, 200);
    let refresh = json!({"refresh_token": client.refresh});
    assert_eq!(client.call(Method::POST, "/auth/refresh", Some(refresh)).await.0, 401, "it has ended");
    client.access.clear();
    let again = json!({"username": "misty", "password": password});
    let (_, body) = client.call(Method::POST, "/auth/login", Some(again)).await;
    client.signed_in(&body);
    let gone =
        client.call(Method::DELETE, &format!("/users/{id}"), Some(json!({"password": password}))).await;
    assert_eq!(gone.0, 200, "{}", gone.1);
    assert_eq!(client.call(Method::GET, "/auth/profile", None).await.0, 401);
}
