//! Every one of the 1,351 Pokémon: by id, by slug, in the list and in the table.

use std::{collections::BTreeMap, sync::Arc};

use adapters::aws;
use aws_sdk_dynamodb::types::AttributeValue;
use local::tables::CATALOG;
use serde_json::Value;
use tests::{House, SeededEngine, facts};
use tokio::task::JoinSet;

/// The number of simultaneous requests.
const AT_ONCE: usize = 8;

async fn rows(house: &House) -> BTreeMap<u64, Value> {
    let mut rows = BTreeMap::new();
    for page in 1.. {
        let body = house.get(&format!("/api/v1/pokemon?forms=all&per_page=100&page={page}")).await.json();
        for row in body["pokemon"].as_array().expect("a page") {
            rows.insert(row["id"].as_u64().expect("an id"), row.clone());
        }
        if body["pagination"]["has_next"] == false {
            break;
        }
    }
    rows
}

#[tokio::test]
async fn every_pokemon_answers_by_id_and_slug_and_equals_its_row_in_the_list() {
    let house = Arc::new(House::seeded().await);
    let rows = rows(&house).await;
    assert_eq!(rows.len(), 1351);
    assert_eq!(rows.len(), facts().pokemon.len());
    let mut checks = JoinSet::new();
    for (id, row) in rows {
        if checks.len() == AT_ONCE {
            checks.join_next().await.unwrap().unwrap();
        }
        let house = Arc::clone(&house);
        checks.spawn(async move {
            let by_id = house.get(&format!("/api/v1/pokemon/{id}")).await;
            assert_eq!(by_id.status, 200, "{id}");
            let by_slug = house.get(&format!("/api/v1/pokemon/{}", row["name"].as_str().unwrap())).await;
            assert_eq!(by_slug.body, by_id.body, "{id}");
            let detail = by_id.json();
            for (field, value) in row.as_object().unwrap() {
                assert_eq!(&detail[field], value, "{field} of {id}");
            }
            let varieties = detail["varieties"].as_array().unwrap();
            assert!(
                varieties.iter().any(|variety| variety["id"] == id),
                "{id} is one of its species' Pokémon"
            );
            assert_eq!(varieties.iter().filter(|variety| variety["is_default"] == true).count(), 1, "{id}");
        });
    }
    while let Some(check) = checks.join_next().await {
        check.unwrap();
    }
}

#[tokio::test]
async fn every_pokemons_main_item_is_small_enough_for_half_a_read_unit() {
    let client = aws::at(&SeededEngine::get().url);
    let mut sizes: Vec<(usize, String)> = Vec::new();
    let mut pages = client.scan().table_name(CATALOG).into_paginator().items().send();
    while let Some(item) = pages.next().await {
        let item = item.unwrap();
        if item["sk"] == AttributeValue::S("POKEMON".to_owned()) {
            let size = item.iter().map(|(name, value)| name.len() + length(value)).sum();
            sizes.push((size, item["pk"].as_s().unwrap().clone()));
        }
    }
    assert_eq!(
        sizes.len(),
        1351 + 402 + 2430 + 20,
        "by id, hyphenated slug, normalised name, and spelling of a sex"
    );
    let (largest, whose) = sizes.into_iter().max().unwrap();
    assert!(largest < 4096, "{whose} has {largest} bytes");
}

fn length(value: &AttributeValue) -> usize {
    match value {
        AttributeValue::S(text) | AttributeValue::N(text) => text.len(),
        AttributeValue::B(bytes) => bytes.as_ref().len(),
        other => panic!("a main item holds texts and numbers, not {other:?}"),
    }
}
