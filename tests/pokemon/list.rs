//! `GET /api/v1/pokemon` against the plain reference.

use std::sync::LazyLock;

use serde_json::Value;
use tests::{Answer, House};

use crate::reference::{
    self, Reference,
    hand_rows::{Expected, REFUSED, ROWS},
};

static REFERENCE: LazyLock<Reference> =
    LazyLock::new(|| Reference::read(include_bytes!("../../local/data/snapshot.jsonl.zst")));

async fn ask(house: &House, query: &str) -> Answer {
    house.get(&format!("/api/v1/pokemon?{query}")).await
}

#[tokio::test]
async fn hand_written_queries_find_the_names_that_people_expect() {
    let house = House::seeded().await;
    assert!(ROWS.len() >= 60);
    for (query, expected) in ROWS {
        let answer = ask(&house, query).await;
        assert_eq!(answer.status, 200, "{query}: {}", answer.json());
        let (names, total) = (answer.names(), answer.json()["pagination"]["total"].clone());
        match expected {
            Expected::Names(all) => {
                assert_eq!(names, *all, "{query}");
                assert_eq!(total, all.len(), "{query}");
            }
            Expected::Page(page, all) => {
                assert_eq!(names, *page, "{query}");
                assert_eq!(total, *all, "{query}");
            }
            Expected::Total(all) => assert_eq!(total, *all, "{query}"),
        }
    }
}

#[tokio::test]
async fn an_invalid_query_is_422_naming_the_field() {
    let house = House::seeded().await;
    for (query, field) in REFUSED {
        let answer = ask(&house, query).await;
        assert_eq!(answer.status, 422, "{query}: {}", answer.json());
        assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{query}");
        assert_eq!(answer.json()["errors"][0]["field"], *field, "{query}");
        let refused = REFERENCE.list(&reference::decode(query)).unwrap_err();
        assert_eq!(refused, *field, "the reference on {query}");
    }
}

/// Tests every filter, sort and search over the whole snapshot, page by page.
#[tokio::test]
async fn every_combination_agrees_with_the_reference() {
    let house = House::seeded().await;
    let mut count = 0;
    for query in combinations() {
        let pairs = reference::decode(&query);
        let (expected, best) =
            REFERENCE.find(&pairs).unwrap_or_else(|field| panic!("{query}: the reference refuses {field}"));
        let answer = ask(&house, &query).await;
        assert_eq!(answer.status, 200, "{query}: {}", answer.json());
        let body = answer.json();
        let ids: Vec<u64> = rows(&body).iter().filter_map(|row| row["id"].as_u64()).collect();
        let page: Vec<u64> = reference::page(&expected, &pairs).into_iter().map(u64::from).collect();
        assert_eq!(ids, page, "{query}");
        assert_eq!(body["pagination"]["total"], expected.len(), "{query}");
        assert_eq!(body["pagination"]["match"], Value::from(best), "{query}");
        count += 1;
    }
    assert!(count > 1000, "only {count} combinations");
}

#[tokio::test]
async fn every_row_agrees_with_the_reference_but_for_its_times() {
    let house = House::seeded().await;
    let mut seen = 0;
    for page in 1.. {
        let body = ask(&house, &format!("forms=all&per_page=100&page={page}")).await.json();
        for row in rows(&body) {
            let mut row = row.clone();
            let fields = row.as_object_mut().expect("a row");
            for time in ["created_at", "updated_at"] {
                let value = fields.remove(time).expect(time);
                assert!(value.as_str().is_some_and(|text| text.ends_with('Z')), "{time} {value}");
            }
            let id = row["id"].as_u64().expect("an id") as u32;
            assert_eq!(row, REFERENCE.row(id), "{id}");
            seen += 1;
        }
        if body["pagination"]["has_next"] == false {
            break;
        }
    }
    assert_eq!(seen, 1351);
}

#[tokio::test]
async fn types_and_generations_agree_with_the_reference() {
    let house = House::seeded().await;
    let types = house.get("/api/v1/pokemon/types").await.json();
    assert_eq!(types, Value::from(REFERENCE.types()));
    let mut answer = house.get("/api/v1/pokemon/generations").await.json();
    for generation in answer["generations"].as_array_mut().expect("generations") {
        let fields = generation.as_object_mut().expect("a generation");
        for ours in ["year", "color", "description"] {
            assert!(fields.remove(ours).is_some_and(|value| !value.is_null()), "{ours}");
        }
    }
    assert_eq!(answer, REFERENCE.generations());
}

fn rows(body: &Value) -> &[Value] {
    body["pokemon"].as_array().map(Vec::as_slice).unwrap_or_default()
}

/// Filters × sorts × searches, reduced so that each pair of values still occurs.
fn combinations() -> Vec<String> {
    let filters = [
        "",
        "forms=all",
        "type=water",
        "type=water&type=flying",
        "type=fire&type=water",
        "type=stellar",
        "generation=1",
        "generation=9&forms=all",
        "ability=levitate",
        "ability=static&type=electric",
        "generation=3&type=psychic&forms=all",
        "ids=1,4,25,10034,99999",
        "ids=25,4,1&type=fire",
        "ability=Lightning%20Rod",
        "ability=031&type=13",
    ];
    let mut sorts = vec![String::new(), "order=desc".to_owned()];
    for sort in [
        "id",
        "name",
        "height",
        "weight",
        "hp",
        "attack",
        "defense",
        "special-attack",
        "special_defense",
        "speed",
        "total",
        "favorites",
    ] {
        sorts.extend([format!("sort={sort}"), format!("sort={sort}_desc")]);
    }
    let searches = [
        "",
        "search=char",
        "search=mega",
        "search=a",
        "search=pikachuu",
        "search=%E2%99%80",
        "search=-",
        "search=%2325",
        "search=10",
        "search=female",
    ];
    let pages = ["", "per_page=100", "per_page=7&page=3", "page=50", "per_page=1&page=2"];
    let mut all = Vec::new();
    for (f, filter) in filters.iter().enumerate() {
        for (s, sort) in sorts.iter().enumerate() {
            for (n, search) in searches.iter().enumerate() {
                let page = pages[(f + s + n) % pages.len()];
                let parts = [filter, sort.as_str(), search, page];
                all.push(parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("&"));
            }
        }
    }
    all
}
