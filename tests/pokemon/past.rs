//! Responses about Pokémon that PokeAPI removed or renamed.

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};
use tests::{House, problem};

use super::overrides::LIST;
use crate::{
    sync::support::{ATTACK, UNOWN, rename_attack},
    workshop::Workshop,
};

/// A house that looks for a new index with every request.
async fn house(workshop: &Workshop) -> House {
    workshop.house_with(|config| config.index_check_every = Duration::ZERO).await
}

async fn without(workshop: &Workshop, resources: &[(&str, u32)]) {
    resources.iter().for_each(|(kind, id)| workshop.source.remove(kind, *id));
    workshop.refresh().await;
}

async fn get(house: &House, rest: &str) -> Value {
    let answer = house.get(&format!("{LIST}{rest}")).await;
    assert_eq!(answer.status, 200, "{rest}: {}", answer.json());
    answer.json()
}

fn favorites(workshop: &Workshop) -> String {
    format!("/api/v1/users/{}/favorites", workshop.users.ash)
}

#[tokio::test]
async fn a_removed_pokemon_keeps_its_page_and_stays_a_favorite() {
    let workshop = Workshop::open().await;
    let house = house(&workshop).await;
    let token = workshop.users.token();
    let body = json!({"pokemon_id": 10001});
    let added = house.call(Method::POST, &favorites(&workshop), Some(&token), Some(&body)).await;
    assert_eq!(added.status, 201, "{}", added.json());
    let mut before = get(&house, "/deoxys-attack").await;
    without(&workshop, &ATTACK).await;

    let after = get(&house, "/deoxys-attack").await;
    assert!(after["removed_at"].is_string(), "{after}");
    (before["removed_at"], before["updated_at"]) = (after["removed_at"].clone(), after["updated_at"].clone());
    assert_eq!((&after, &get(&house, "/10001").await), (&before, &before));
    assert_eq!(get(&house, "/10001/evolutions").await["name"], "deoxys-attack");
    assert_eq!(get(&house, "?search=deoxys&forms=all").await["pagination"]["total"], 1);

    let listed = house.call(Method::GET, &favorites(&workshop), Some(&token), None).await.json();
    let row = &listed["favorites"][0];
    assert_eq!((&row["pokemon_id"], &row["pokemon"]["name"]), (&json!(10001), &json!("deoxys-attack")));
    assert_eq!(row["pokemon"]["removed_at"], after["removed_at"]);
    assert_eq!(row["pokemon"]["sprites"], after["sprites"]);
    let removed = house.call(Method::DELETE, &favorites(&workshop), Some(&token), Some(&body)).await;
    assert_eq!(removed.status, 200, "{}", removed.json());
    let again = house.call(Method::POST, &favorites(&workshop), Some(&token), Some(&body)).await;
    assert_eq!(again.status, 404, "a removed Pokémon is not a new favorite");
}

#[tokio::test]
async fn a_removed_pokemon_without_a_chain_is_its_own_tree() {
    let workshop = Workshop::open().await;
    let house = house(&workshop).await;
    without(&workshop, &UNOWN).await;
    let tree = get(&house, "/unown/evolutions").await;
    assert_eq!((&tree["evolution_chain_id"], &tree["chain"]["evolves_to"]), (&Value::Null, &json!([])));
    assert_eq!(
        tree["chain"]["species"],
        json!({"id": 201, "name": "unown", "display_name": "Unown", "pokemon_id": 201})
    );
    assert!(
        get(&house, "/unown?include=forms").await["forms"].as_array().is_some_and(|forms| forms.len() == 3)
    );
}

#[tokio::test]
async fn an_administrator_can_hide_a_removed_pokemon_and_cannot_edit_it() {
    let workshop = Workshop::open().await;
    let house = house(&workshop).await;
    let (token, body) = (workshop.users.token(), json!({"pokemon_id": 10001}));
    let added = house.call(Method::POST, &favorites(&workshop), Some(&token), Some(&body)).await;
    assert_eq!(added.status, 201, "{}", added.json());
    without(&workshop, &ATTACK).await;
    let edited = workshop.put(&house, "deoxys-attack", &json!({"height": 18})).await;
    assert_eq!(edited.status, 422);
    assert_eq!(problem(&edited, "an edit")["errors"][0]["field"], "id");
    assert_eq!(workshop.hide(&house, "deoxys-attack").await.status, 200);
    for name in ["deoxys-attack", "10001"] {
        assert_eq!(house.get(&format!("{LIST}/{name}")).await.status, 404, "{name}");
    }
    let listed = house.call(Method::GET, &favorites(&workshop), Some(&token), None).await;
    assert_eq!(listed.json()["favorites"], json!([]));
}

#[tokio::test]
async fn a_former_slug_redirects_with_the_rest_of_the_address() {
    let workshop = Workshop::open().await;
    let house = house(&workshop).await;
    rename_attack(&workshop.source, "deoxys-offense");
    // Its display name would still lead to it.
    workshop.source.edit("/api/v2/move/22/", |document| {
        (document["name"], document["names"]) = (json!("vine-lash"), json!([]));
    });
    workshop.refresh().await;
    for (from, to) in [
        ("pokemon/deoxys-attack", "pokemon/deoxys-offense"),
        (
            "pokemon/Deoxys%20Attack?include=moves,forms&x=%C3%A9%26",
            "pokemon/deoxys-offense?include=moves,forms&x=%C3%A9%26",
        ),
        ("pokemon/deoxys-attack/evolutions", "pokemon/deoxys-offense/evolutions"),
        ("moves/vine-whip", "moves/vine-lash"),
    ] {
        // Unlike this one, other requests of the tests follow a redirection.
        let answer = house.raw("GET", &format!("/api/v1/{from}"), "").await;
        let to = format!("/api/v1/{to}");
        assert_eq!((answer.status.as_u16(), answer.header("location")), (308, Some(to.as_str())), "{from}");
        assert_eq!(answer.json()["code"], "renamed", "{from}");
        let followed = house.get(&format!("/api/v1/{from}")).await;
        assert_eq!(followed.body, house.get(&to).await.body, "{to}");
    }
}

#[tokio::test]
async fn a_former_slug_survives_that_its_record_is_hidden() {
    let workshop = Workshop::open().await;
    let house = house(&workshop).await;
    rename_attack(&workshop.source, "deoxys-offense");
    workshop.refresh().await;
    assert_eq!(workshop.hide(&house, "deoxys-offense").await.status, 200);
    assert_eq!(house.get(&format!("{LIST}/deoxys-attack")).await.status, 404);
    assert_eq!(workshop.fetch(&house, 10001).await.status, 201);
    assert_eq!(get(&house, "/deoxys-attack").await["name"], "deoxys-offense");
}
