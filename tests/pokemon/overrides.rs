//! Administrators' overrides: visible everywhere, kept through syncs, and reversible.

use std::collections::BTreeSet;

use adapters::store::{
    Meter,
    accounts::{Condition, OverrideChange},
};
use domain::{
    accounts::UserId,
    audit::{Action, Outcome},
    catalog::Edits,
};
use http::Method;
use serde_json::{Value, json};
use tests::{Answer, House, problem, some_event};

use crate::{
    stand_in::{Fault, World},
    sync::support::{facts, sync},
    workshop::Workshop,
};

pub(super) const LIST: &str = "/api/v1/pokemon";

impl Workshop {
    pub(super) async fn fetch(&self, house: &House, id: u32) -> Answer {
        self.ask(house, Method::POST, LIST, Some(&json!({"pokemon_id": id}))).await
    }

    pub(super) async fn put(&self, house: &House, key: &str, body: &Value) -> Answer {
        self.ask(house, Method::PUT, &format!("{LIST}/{key}"), Some(body)).await
    }

    pub(super) async fn hide(&self, house: &House, key: &str) -> Answer {
        self.ask(house, Method::DELETE, &format!("{LIST}/{key}"), None).await
    }
}

/// Everything that a catalogue shows, without times.
async fn seen(house: &House) -> Vec<Value> {
    let mut all = Vec::new();
    let list = house.get(&format!("{LIST}?forms=all&per_page=100")).await.json();
    for row in list["pokemon"].as_array().expect("rows") {
        all.push(house.get(&format!("{LIST}/{}?include=moves,forms", row["id"])).await.json());
    }
    all.push(list);
    for path in ["types/grass", "abilities/overgrow", "moves/tackle", "pokemon/types", "pokemon/generations"]
    {
        all.push(house.get(&format!("/api/v1/{path}")).await.json());
    }
    all.push(house.get(&format!("{LIST}/venusaur/evolutions")).await.json());
    all.iter_mut().for_each(without_times);
    all
}

fn without_times(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|name, _| name != "created_at" && name != "updated_at");
            fields.values_mut().for_each(without_times);
        }
        Value::Array(items) => items.iter_mut().for_each(without_times),
        _ => {}
    }
}

#[tokio::test]
async fn a_hidden_pokemon_appears_nowhere_until_it_is_fetched() {
    let workshop = Workshop::open().await;
    let house = workshop.house().await;
    let before = seen(&house).await;
    let ash = workshop.users.token();
    let favorites = format!("/api/v1/users/{}/favorites", workshop.users.ash);
    let liked = house.call(Method::POST, &favorites, Some(&ash), Some(&json!({"pokemon_id": 1}))).await;
    assert_eq!(liked.status, 201);

    let hidden = workshop.hide(&house, "bulbasaur").await;
    assert_eq!((hidden.status.as_u16(), hidden.json()), (200, json!({"message": "Pokémon hidden"})));
    for key in ["1", "bulbasaur"] {
        assert_eq!(house.get(&format!("{LIST}/{key}")).await.status, 404, "{key}");
        assert_eq!(workshop.hide(&house, key).await.status, 404, "{key}");
        assert_eq!(workshop.put(&house, key, &json!({"height": 3})).await.status, 404, "{key}");
    }
    let list = house.get(&format!("{LIST}?search=bulba")).await.json();
    assert_eq!(list["pagination"]["total"], 0);
    let generations = house.get("/api/v1/pokemon/generations").await.json();
    assert_eq!(generations["generations"][0]["start_id"], 2, "{generations}");
    for path in ["types/grass", "abilities/overgrow", "moves/tackle"] {
        let text = house.get(&format!("/api/v1/{path}")).await.json().to_string();
        assert!(!text.contains("bulbasaur"), "{path}: {text}");
    }
    // Two Pokémon evolve from it: its node stays, without a link.
    let tree = house.get(&format!("{LIST}/venusaur/evolutions")).await.json();
    assert_eq!(tree["chain"]["species"]["pokemon_id"], Value::Null);
    let mine = house.call(Method::GET, &favorites, Some(&ash), None).await.json();
    assert_eq!(mine["favorites"], json!([]));

    let back = workshop.fetch(&house, 1).await;
    assert_eq!((back.status.as_u16(), &back.json()["name"]), (201, &json!("bulbasaur")));
    assert_eq!(back.header("cache-control"), Some("private, no-store"));
    assert_eq!(seen(&house).await, before);
    let mine = house.call(Method::GET, &favorites, Some(&ash), None).await.json();
    assert_eq!(mine["favorites"][0]["pokemon"]["name"], "bulbasaur");
    assert_eq!(workshop.fetch(&house, 1).await.status, 200, "it is there");
    assert_eq!(
        workshop.trail().await,
        [
            (Action::HidePokemon, Outcome::Done),
            (Action::FetchPokemon, Outcome::Done),
            (Action::FetchPokemon, Outcome::Done)
        ]
    );
}

#[tokio::test]
async fn a_change_takes_an_id_or_a_slug_and_no_other_name() {
    let workshop = Workshop::open().await;
    let house = workshop.house().await;
    for name in ["deoxys", "Attack%20Deoxys", "attackdeoxys", "deoxysattack", "Bulbasaur%20", "bulba_saur"] {
        if !name.starts_with('b') {
            assert_eq!(house.get(&format!("{LIST}/{name}")).await.status, 200, "{name} can be read");
        }
        let changed = workshop.put(&house, name, &json!({"height": 99})).await;
        assert_eq!((changed.status.as_u16(), &changed.json()["code"]), (404, &json!("not_found")), "{name}");
        assert_eq!(workshop.hide(&house, name).await.status, 404, "{name}");
    }
    for name in ["10001", "010001", "deoxys-attack", "Deoxys-Attack"] {
        let changed = workshop.put(&house, name, &json!({"height": 99})).await;
        assert_eq!((changed.status.as_u16(), &changed.json()["id"]), (200, &json!(10001)), "{name}");
    }
}

#[tokio::test]
async fn a_new_display_name_is_an_address_and_the_old_one_is_not() {
    let workshop = Workshop::open().await;
    let house = workshop.house().await;
    assert_eq!(house.get(&format!("{LIST}/attack%20deoxys")).await.json()["id"], 10001);
    let renamed = workshop.put(&house, "10001", &json!({"display_name": "Furious Déoxys"})).await;
    assert_eq!(renamed.status, 200, "{}", renamed.json());
    assert_eq!(house.get(&format!("{LIST}/furious%20deoxys")).await.json()["id"], 10001);
    assert_eq!(house.get(&format!("{LIST}/attack%20deoxys")).await.status, 404);
    let found = house.get(&format!("{LIST}?search=furious&forms=all")).await;
    assert_eq!(
        (found.names(), &found.json()["pagination"]["match"]),
        (vec!["deoxys-attack".to_owned()], &json!("prefix"))
    );
    assert_eq!(workshop.hide(&house, "10001").await.status, 200);
    for name in ["10001", "deoxys-attack", "deoxysattack", "furious%20deoxys"] {
        assert_eq!(house.get(&format!("{LIST}/{name}")).await.status, 404, "{name}");
    }
}

#[tokio::test]
async fn an_edit_is_visible_everywhere_survives_a_sync_and_can_be_removed() {
    let workshop = Workshop::open().await;
    let house = workshop.house().await;
    let before = seen(&house).await;
    let edit = json!({"display_name": "Frog", "types": ["fire"], "abilities": ["blaze"], "height": 11});
    let edited = workshop.put(&house, "bulbasaur", &edit).await;
    assert_eq!(edited.status, 200, "{}", edited.json());
    let is_edited = async || {
        let one = house.get(&format!("{LIST}/1")).await.json();
        assert_eq!((&one["display_name"], &one["height"]), (&json!("Frog"), &json!(11)));
        let found = house.get(&format!("{LIST}?search=frog&type=fire&ability=blaze")).await;
        assert_eq!(found.names(), ["bulbasaur"]);
        let tree = house.get(&format!("{LIST}/venusaur/evolutions")).await.json();
        assert_eq!(tree["chain"]["species"]["display_name"], "Frog");
        assert!(house.get("/api/v1/types/fire").await.json().to_string().contains("bulbasaur"));
        assert!(!house.get("/api/v1/types/grass").await.json().to_string().contains("bulbasaur"));
    };
    is_edited().await;

    // PokeAPI changes both an edited field and one that is not edited.
    workshop.source.edit("/api/v2/pokemon/1/", |document| {
        document["height"] = 8.into();
        document["weight"] = 70.into();
    });
    sync(&workshop.store(), &workshop.source).await;
    let one = house.get(&format!("{LIST}/1")).await.json();
    assert_eq!((&one["height"], &one["weight"]), (&json!(11), &json!(70)));
    is_edited().await;

    // Other edits replace these.
    let edited = workshop.put(&house, "1", &json!({"weight": 5})).await.json();
    assert_eq!(
        (&edited["display_name"], &edited["height"], &edited["weight"]),
        (&json!("Bulbasaur"), &json!(8), &json!(5))
    );
    // Without edits, the Pokémon is as PokeAPI has it now.
    workshop.source.edit("/api/v2/pokemon/1/", |document| {
        document["height"] = 7.into();
        document["weight"] = 69.into();
    });
    let plain =
        house.call(Method::PUT, &format!("{LIST}/1"), Some(&workshop.users.admin_token()), None).await;
    assert_eq!((plain.status.as_u16(), &plain.json()["weight"]), (200, &json!(69)));
    assert_eq!(seen(&house).await, before);
    assert_eq!(workshop.trail().await, [(Action::EditPokemon, Outcome::Done); 3]);
}

#[tokio::test]
async fn a_new_pokemon_is_fetched_with_all_related_resources() {
    let mut old = World::small();
    let whole = World::small();
    let of = |kind: &str, key: &str| whole.get(kind, key).expect(key).clone();
    for (kind, id) in [("pokemon", 700), ("pokemon-species", 700)] {
        old.remove(kind, id);
    }
    let form = of("pokemon", "sylveon")["forms"][0]["url"].as_str().expect("a form").to_owned();
    let form: u32 = form.trim_end_matches('/').rsplit('/').next().expect("an id").parse().expect("an id");
    old.remove("pokemon-form", form);
    let workshop = Workshop::open_in(old).await;
    let house = workshop.house().await;
    let missing = workshop.fetch(&house, 700).await;
    assert_eq!(missing.status, 404, "PokeAPI does not have it yet");
    for kind in ["pokemon", "pokemon-species", "pokemon-form"] {
        let key = if kind == "pokemon-form" { form.to_string() } else { "sylveon".to_owned() };
        workshop.source.insert(kind, of(kind, &key));
    }
    workshop.source.reset_log();
    let fetched = workshop.fetch(&house, 700).await;
    assert_eq!(fetched.status, 201, "{}", fetched.json());
    let requested: BTreeSet<_> = workshop.source.requests().iter().map(|seen| seen.path.clone()).collect();
    assert_eq!(requested.len(), workshop.source.requests().len(), "nothing twice: {requested:?}");
    assert!(requested.len() < 12, "and not the whole source: {requested:?}");
    // The result is complete, as if a sync had fetched it.
    let complete = Workshop::open().await;
    assert_eq!(seen(&house).await, seen(&complete.house().await).await);
    let stored = workshop.store().facts(&Meter::default()).await.expect("facts").facts;
    assert_eq!(stored, facts(&complete.source).await);
}

#[tokio::test]
async fn a_source_error_is_reported_and_known_facts_stay() {
    let workshop = Workshop::open().await;
    let house = workshop.house().await;
    let before = seen(&house).await;
    let unknown = workshop.fetch(&house, 4711).await;
    assert_eq!(problem(&unknown, "unknown")["detail"], "Pokémon 4711 not found in PokeAPI");
    workshop.source.always("/api/v2/pokemon/1/", Fault::Status(500));
    let down = workshop.fetch(&house, 1).await;
    assert_eq!((down.status.as_u16(), down.header("retry-after")), (503, Some("60")));
    assert_eq!(problem(&down, "down")["code"], "pokeapi_unavailable");
    workshop.source.behave();
    workshop.source.edit("/api/v2/pokemon/1/", |document| document["height"] = "tall".into());
    let broken = workshop.put(&house, "1", &json!({})).await;
    assert_eq!(broken.status, 502);
    assert_eq!(problem(&broken, "broken")["code"], "pokeapi_invalid_document");
    assert!(!broken.json().to_string().contains("tall"));
    assert_eq!(seen(&house).await, before);
    for (body, field) in [
        (json!({}), "pokemon_id"),
        (json!({"pokemon_id": 0}), "pokemon_id"),
        (json!({"pokemon_id": 100_000}), "pokemon_id"),
        (json!({"pokemon_id": -1}), "pokemon_id"),
        (json!({"pokemon_id": "pikachu"}), "pokemon_id"),
        (json!({"pokemon_id": 1, "name": "x"}), "name"),
    ] {
        let refused = workshop.ask(&house, Method::POST, LIST, Some(&body)).await;
        assert_eq!(refused.status, 422, "{body}");
        let reported = refused.json().to_string();
        assert!(reported.contains(field), "{body}: {reported}");
    }
    let refused = workshop.put(&house, "1", &json!({"types": ["sound"], "height": 0})).await;
    let fields: Vec<_> =
        refused.json()["errors"].as_array().unwrap().iter().map(|error| error["field"].clone()).collect();
    assert_eq!((refused.status.as_u16(), fields), (422, vec![json!("height"), json!("types")]));
}

#[tokio::test]
async fn a_repeated_key_makes_one_change() {
    let workshop = Workshop::open().await;
    let house = workshop.house().await;
    workshop.hide_quietly(1).await;
    workshop.scheduled().await;
    let oak = format!("Bearer {}", workshop.users.admin_token());
    let headers =
        [("authorization", oak.as_str()), ("idempotency-key", "one"), ("content-type", "application/json")];
    let ask =
        async || house.send_body(Method::POST, LIST, &headers, json!({"pokemon_id": 1}).to_string()).await;
    let answers = futures_util::future::join_all((0..10).map(|_| ask())).await;
    for answer in &answers {
        assert_eq!(answer.status, 201, "{}", answer.json());
        assert_eq!(answer.json(), answers[0].json());
    }
    assert_eq!(workshop.trail().await, [(Action::FetchPokemon, Outcome::Done)]);
    let (store, meter) = (workshop.store(), Meter::default());
    assert_eq!(store.overrides_revision(&meter).await.expect("a number"), 2, "hidden, shown");
    let other = house.send_body(Method::POST, LIST, &headers, json!({"pokemon_id": 2}).to_string()).await;
    assert_eq!(problem(&other, "another body")["code"], "idempotency_key_reused");
    // A repeated deletion whose first response was lost does not report the Pokémon as missing.
    let headers = [("authorization", oak.as_str()), ("idempotency-key", "two")];
    for _ in 0..2 {
        assert_eq!(house.send(Method::DELETE, &format!("{LIST}/4"), &headers).await.status, 200);
    }
    assert_eq!(workshop.trail().await.len(), 2);
}

#[tokio::test]
async fn two_changes_of_one_pokemon_do_not_undo_each_other() {
    let workshop = Workshop::open().await;
    let (accounts, oak) = (&workshop.users.accounts, workshop.users.oak);
    let edits = Edits { height: Some(9), ..Edits::default() };
    for round in 0..8 {
        let change = async |change: OverrideChange| {
            let record = some_event(oak).into();
            accounts.override_pokemon(&Meter::default(), oak, 1, &change, &record).await.expect("a change");
        };
        tokio::join!(change(OverrideChange::Hide), change(OverrideChange::Edit(edits.clone())));
        let stored = accounts.override_of(&Meter::default(), 1).await.expect("it is stored");
        assert!(stored.is_hidden && stored.edits == edits, "{round}: {stored:?}");
        tokio::join!(change(OverrideChange::Show), change(OverrideChange::Edit(Edits::default())));
        assert_eq!(
            accounts.override_of(&Meter::default(), 1).await.expect("it is stored"),
            Default::default()
        );
    }
    assert_eq!(workshop.store().overrides_revision(&Meter::default()).await.expect("a number"), 32);
}

#[tokio::test]
async fn a_former_administrator_changes_no_pokemon() {
    let workshop = Workshop::open().await;
    let (accounts, meter) = (&workshop.users.accounts, Meter::default());
    for nobody in [workshop.users.ash, UserId::new(1_700_000_000_000, [9; 10])] {
        let record = some_event(nobody).into();
        let refused = accounts.override_pokemon(&meter, nobody, 1, &OverrideChange::Hide, &record).await;
        assert!(refused.is_err_and(|refused| refused.is(&Condition::Administrator)));
    }
    assert_eq!(workshop.store().overrides_revision(&meter).await.expect("a number"), 0);
}

#[tokio::test]
async fn an_incomplete_fetch_changes_nothing() {
    let workshop = Workshop::open().await;
    let house = workshop.house().await;
    let (before, store) = (seen(&house).await, workshop.store());
    let facts = store.facts(&Meter::default()).await.expect("facts").facts;
    workshop.source.edit("/api/v2/pokemon/1/", |document| document["height"] = 9.into());
    workshop.source.always("/api/v2/pokemon-species/1/", Fault::Status(500));
    let failed = workshop.put(&house, "1", &json!({})).await;
    assert_eq!(problem(&failed, "half")["code"], "pokeapi_unavailable");
    assert_eq!(seen(&house).await, before);
    assert_eq!(store.facts(&Meter::default()).await.expect("facts").facts, facts);
    workshop.source.behave();
    assert_eq!(workshop.put(&house, "1", &json!({})).await.json()["height"], 9);
}

#[tokio::test]
async fn a_hidden_pokemon_is_shown_again_even_if_the_source_fails() {
    let workshop = Workshop::open().await;
    let house = workshop.house().await;
    workshop.source.always("/api/v2/pokemon/1/", Fault::Status(500));
    workshop.source.remove("pokemon", 4);
    for id in [1, 4] {
        assert_eq!(workshop.hide(&house, &id.to_string()).await.status, 200);
        let shown = workshop.fetch(&house, id).await;
        assert_eq!((shown.status.as_u16(), &shown.json()["id"]), (201, &json!(id)));
        assert!(workshop.fetch(&house, id).await.status.as_u16() > 400, "what is there is not fetched");
        assert_eq!(house.get(&format!("{LIST}/{id}")).await.status, 200);
    }
}
