//! `GET /api/version` and `GET /api/v1/openapi.json`

use std::collections::BTreeSet;

use api::routes::SPECS;
use door::route::DEFAULT;
use serde_json::json;
use tests::House;

#[tokio::test]
async fn the_version_is_that_of_the_program_and_of_the_contract() {
    let house = House::seeded().await;
    let answer = house.get("/api/version").await;
    assert_eq!(answer.status, 200);
    assert_eq!(
        answer.json(),
        json!({"name": "pokedex", "version": env!("CARGO_PKG_VERSION"), "api": "v1", "release": "development"})
    );
    assert_eq!(house.get("/api/v1/version").await.status, 404, "it is outside the versions");
}

#[tokio::test]
async fn the_description_is_served_as_it_is_committed() {
    let house = House::seeded().await;
    let answer = house.get("/api/v1/openapi.json").await;
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(answer.body, include_bytes!("../shared/api/openapi.json"));
    assert_eq!(answer.json()["openapi"], "3.1.0");
}

#[tokio::test]
async fn every_described_path_is_answered() {
    let house = House::seeded().await;
    let described = house.get("/api/v1/openapi.json").await.json();
    let paths = described["paths"].as_object().unwrap();
    let table: BTreeSet<_> = SPECS.iter().map(|spec| spec.path).filter(|path| *path != DEFAULT).collect();
    assert_eq!(paths.len(), table.len());
    for (path, operations) in
        paths.iter().filter(|(_, operations)| operations["get"]["security"][0] == json!({}))
    {
        let mut path = path.clone();
        for parameter in operations["get"]["parameters"].as_array().unwrap() {
            if parameter["in"] == "path" {
                let name = format!("{{{}}}", parameter["name"].as_str().unwrap());
                path = path.replace(&name, parameter["example"].as_str().unwrap());
            }
        }
        assert_eq!(house.get(&path).await.status, 200, "{path}");
    }
}
