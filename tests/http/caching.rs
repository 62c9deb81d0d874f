//! ETag, Cache-Control and 304 on every route.

use std::collections::HashMap;

use api::{Config, routes::SPECS};
use door::route::{Access, Caching, DEFAULT};
use http::Method;
use local::tables::CATALOG;
use tests::{
    Answer, CATALOGUE, House, SampleUsers, SeededEngine, assert_sealed, catalogue_samples, problem, sample,
};

async fn etag(house: &House, path: &str) -> String {
    let answer = house.get(path).await;
    assert_eq!(answer.status, 200, "{path}: {}", answer.json());
    answer.header("etag").unwrap_or_else(|| panic!("{path} has no ETag")).to_owned()
}

async fn if_none_match(house: &House, path: &str, tags: &str) -> Answer {
    house.send(Method::GET, path, &[("if-none-match", tags)]).await
}

#[tokio::test]
async fn every_catalogue_answer_may_be_cached_under_an_etag() {
    let house = House::seeded().await;
    for path in catalogue_samples() {
        let answer = house.get(path).await;
        assert_eq!(answer.status, 200, "{path}");
        let caching: Vec<_> = answer.headers.get_all("cache-control").iter().collect();
        assert_eq!(caching, [CATALOGUE], "{path}");
        assert_eq!(answer.header("content-type"), Some("application/json"), "{path}");
        let etag = answer.header("etag").unwrap_or_default();
        let opaque = etag.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or_default();
        assert!(opaque.len() >= 16 && opaque.bytes().all(|b| b.is_ascii_hexdigit()), "{path}: ETag {etag}");
    }
}

/// The CDN stores a response by its route's column, and for the time that the response itself states.
#[tokio::test]
async fn a_response_is_for_shared_caches_exactly_if_its_route_says_so() {
    let users = SampleUsers::new().await;
    let house = users.house().await;
    for spec in SPECS.iter().filter(|spec| spec.method == Method::GET && spec.path != DEFAULT) {
        let token = if spec.access == Access::Admin { users.admin_token() } else { users.token() };
        let headers = [("authorization", format!("Bearer {token}"))];
        let headers = headers.each_ref().map(|(name, value)| (*name, value.as_str()));
        let answer = house.send(Method::GET, sample(spec.name), &headers).await;
        let is_shared = answer.header("cache-control").is_some_and(|caching| caching.contains("s-maxage"));
        assert_eq!(is_shared, spec.caching == Caching::Shared, "{}: {}", spec.name, answer.status);
    }
}

#[tokio::test]
async fn a_fresh_copy_is_304_without_a_body() {
    let house = House::seeded().await;
    for path in catalogue_samples() {
        let tag = etag(&house, path).await;
        for tags in [
            tag.clone(),
            format!("W/{tag}"),
            format!("\"another\", {tag}"),
            format!("W/\"another\",W/{tag} ,\"third\""),
            "*".to_owned(),
        ] {
            let answer = if_none_match(&house, path, &tags).await;
            assert_eq!(answer.status, 304, "{path} with If-None-Match: {tags}");
            assert!(answer.body.is_empty(), "{path}");
            assert_eq!(answer.header("etag"), Some(tag.as_str()), "{path}");
            assert_eq!(answer.header("cache-control"), Some(CATALOGUE), "{path}");
            assert_eq!(answer.header("content-type"), None, "{path}: there is no content");
            assert_sealed(&answer, path);
        }
        let raw = house.raw("GET", path, &format!("if-none-match: \"a\"\r\nif-none-match: {tag}\r\n")).await;
        assert_eq!(raw.status, 304, "{path} with two lines of If-None-Match");
    }
}

#[tokio::test]
async fn a_stale_copy_gets_a_complete_response() {
    let house = House::seeded().await;
    for path in catalogue_samples() {
        let tag = etag(&house, path).await;
        let bare = tag.trim_matches('"').to_owned();
        for tags in [
            "\"another\"".to_owned(),
            bare.clone(),
            format!("\"{bare}0\""),
            format!("w/{tag}"),
            String::new(),
        ] {
            let answer = if_none_match(&house, path, &tags).await;
            assert_eq!(answer.status, 200, "{path} with If-None-Match: {tags}");
            assert!(!answer.body.is_empty(), "{path}");
        }
    }
}

#[tokio::test]
async fn an_invalid_request_is_an_error_whatever_its_if_none_match() {
    let house = House::seeded().await;
    for (path, status) in [
        ("/api/v1/pokemon?type=plasma", 422),
        ("/api/v1/pokemon?ability=plasma", 422),
        ("/api/v1/pokemon?generation=99", 422),
        ("/api/v1/pokemon?page=0", 422),
        ("/api/v1/pokemon/25?include=all", 422),
        ("/api/v1/pokemon/missingno", 404),
        ("/api/v1/types/plasma", 404),
    ] {
        let answer = if_none_match(&house, path, "*").await;
        assert_eq!(answer.status, status, "{path}");
        let _ = problem(&answer, path);
    }
    // A wrong query may look like a valid one once both are serialized.
    let good = etag(&house, "/api/v1/pokemon?type=water&search=x").await;
    let answer = if_none_match(&house, "/api/v1/pokemon?type=water%20s:x", &good).await;
    assert_eq!(answer.status, 422);
}

#[tokio::test]
async fn different_answers_have_different_etags() {
    let house = House::seeded().await;
    let mut paths: Vec<String> = catalogue_samples().into_iter().map(str::to_owned).collect();
    for query in [
        "",
        "page=2",
        "per_page=21",
        "search=a",
        "search=b",
        "type=fire",
        "type=water",
        "type=fire&type=flying",
        "ability=static",
        "generation=1",
        "generation=2",
        "forms=all",
        "ids=1",
        "ids=1,2",
        "ids=12",
        "sort=name",
        "sort=name_desc",
        "sort=hp",
        "search=fire",
        "search=a&sort=id",
        "search=static&page=2",
    ] {
        paths.push(format!("/api/v1/pokemon?{query}"));
    }
    for detail in
        ["unown", "unown?include=forms", "unown?include=moves", "unown?include=moves,forms", "ditto"]
    {
        paths.push(format!("/api/v1/pokemon/{detail}"));
    }
    paths.extend(["charmander", "charmeleon"].map(|name| format!("/api/v1/pokemon/{name}/evolutions")));
    paths.extend(["types/water", "moves/tackle", "abilities/pressure"].map(|path| format!("/api/v1/{path}")));
    // A type, an ability, a move and a Pokémon of the same name have different ETags.
    paths.extend(["moves/metronome", "types/psychic", "moves/psychic"].map(|path| format!("/api/v1/{path}")));

    let mut seen: HashMap<String, (String, Vec<u8>)> = HashMap::new();
    for path in paths {
        let answer = house.get(&path).await;
        assert_eq!(answer.status, 200, "{path}");
        let etag = answer.header("etag").expect("an ETag").to_owned();
        if let Some((other, body)) = seen.get(&etag) {
            assert_eq!(&answer.body, body, "{path} and {other} differ under one ETag");
        }
        let bodies = seen.values().filter(|(_, body)| *body == answer.body).count();
        assert!(bodies <= 1, "{path}: the samples are meant to differ");
        seen.insert(etag, (path, answer.body));
    }
    assert!(seen.len() >= 35, "only {} different answers", seen.len());
}

#[tokio::test]
async fn requests_that_mean_the_same_share_an_etag() {
    let house = House::seeded().await;
    for same in [
        vec![
            "pokemon",
            "pokemon?",
            "pokemon?page=1",
            "pokemon?per_page=20&type=all&search=",
            "pokemon?utm=1",
        ],
        vec!["pokemon?type=Water&type=flying", "pokemon?type=flying&type=water&type=water&forms=default"],
        vec!["pokemon?search=Flab%C3%A9b%C3%A9", "pokemon?search=flabebe", "pokemon?search=FLA-BEBE"],
        vec!["pokemon?sort=name&order=desc", "pokemon?sort=name_desc", "pokemon?order=DESC&sort=NAME"],
        vec![
            "pokemon?sort=special-attack",
            "pokemon?sort=special_attack",
            "pokemon?sort=special_attack&order=asc",
        ],
        vec!["pokemon?ids=4,1", "pokemon?ids=1,4,4", "pokemon?ids=01,4"],
        vec!["pokemon/25", "pokemon/pikachu", "pokemon/PIKACHU", "pokemon/25?include=", "pokemon/25?page=0"],
        vec!["pokemon/unown?include=moves,forms", "pokemon/201?include=forms,moves"],
        vec!["pokemon/deoxys/evolutions", "pokemon/deoxys-normal/evolutions", "pokemon/386/evolutions"],
        vec!["types/fire", "types/FIRE", "types/fire?page=2"],
        vec!["pokemon/types", "pokemon/types?x"],
    ] {
        let first = etag(&house, &format!("/api/v1/{}", same[0])).await;
        for path in &same[1..] {
            assert_eq!(etag(&house, &format!("/api/v1/{path}")).await, first, "{path} and {}", same[0]);
        }
    }
}

#[tokio::test]
async fn a_copy_stays_valid_in_another_process_and_for_every_origin() {
    let house = House::seeded().await;
    let mut config = Config::new(CATALOG);
    config.door.cors_origins = vec!["https://a.example".parse().unwrap()];
    let other = House::at(&SeededEngine::get().url, config).await;
    for path in catalogue_samples() {
        let tag = etag(&house, path).await;
        assert_eq!(etag(&other, path).await, tag, "{path}");
        for origin in ["https://a.example", "https://b.example"] {
            let answer = other.send(Method::GET, path, &[("origin", origin)]).await;
            assert_eq!(answer.header("etag"), Some(tag.as_str()), "{path} for {origin}");
        }
    }
}

#[tokio::test]
async fn pictures_from_elsewhere_change_the_etags_of_answers_with_pictures() {
    let house = House::seeded().await;
    let mut config = Config::new(CATALOG);
    config.sprite_base = "https://cdn.example/sprites/".to_owned();
    let other = House::at(&SeededEngine::get().url, config).await;
    for path in ["/api/v1/pokemon", "/api/v1/pokemon/25", "/api/v1/pokemon/unown?include=forms"] {
        assert_ne!(etag(&house, path).await, etag(&other, path).await, "{path}");
        let body = String::from_utf8(other.get(path).await.body).unwrap();
        assert!(body.contains("https://cdn.example/sprites/pokemon/"), "{path}");
        assert!(!body.contains("githubusercontent"), "{path}");
    }
    for path in ["/api/v1/pokemon/types", "/api/v1/moves/tackle"] {
        assert_eq!(etag(&house, path).await, etag(&other, path).await, "{path} has no pictures");
    }
}

#[tokio::test]
async fn responses_about_the_moment_are_never_stored() {
    let house = House::seeded().await;
    let long = format!("/api/v1/pokemon?{}", "x".repeat(9000));
    for (path, status) in [
        ("/api/v1/health", 200),
        ("/api/v1/health/ready", 200),
        ("/api/version", 200),
        ("/api/v1/missingno", 404),
        ("/api/v1/pokemon/missingno", 404),
        ("/api/v1/pokemon?page=0", 422),
        ("/api/v1/pokemon?search=%ff", 400),
        (&long, 414),
    ] {
        let answer = house.get(path).await;
        assert_eq!(answer.status, status, "{path}");
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{path}");
        assert_eq!(answer.header("etag"), None, "{path}");
    }
    for (method, path, header) in [
        (Method::POST, "/api/v1/pokemon", ("x", "y")),
        (Method::GET, "/api/v1/pokemon?sort=favorites", ("authorization", "Bearer x")),
    ] {
        let answer = house.send(method, path, &[header]).await;
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{}", answer.status);
    }
    let preflight = house.send(Method::OPTIONS, "/api/v1/pokemon", &[]).await;
    assert_eq!((preflight.status.as_u16(), preflight.header("cache-control")), (204, Some("no-store")));
}
