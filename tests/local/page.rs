//! `GET /`: the page of the local program.

use api::{Config, routes::SPECS};
use sha2::{Digest as _, Sha256};
use tests::{House, is_for_everybody};

async fn page(house: &House) -> String {
    let answer = house.get("/").await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), Some("text/html; charset=utf-8"));
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    String::from_utf8(answer.body).expect("text")
}

/// Every text between `before` and `after`.
fn between<'a>(text: &'a str, before: &str, after: &str) -> Vec<&'a str> {
    text.split(before).skip(1).filter_map(|rest| Some(rest.split_once(after)?.0)).collect()
}

#[tokio::test]
async fn the_page_names_every_route_and_its_links_work() {
    let house = House::seeded().await;
    let page = page(&house).await;
    for spec in SPECS {
        assert!(page.contains(spec.summary), "{} is not on the page", spec.name);
    }
    let links: Vec<String> =
        between(&page, "<a href=\"", "\"").into_iter().map(|link| link.replace("&amp;", "&")).collect();
    for link in &links {
        let expected = if link == "/api/v1/missingno" { 404 } else { 200 };
        assert_eq!(house.get(link).await.status, expected, "{link}");
    }
    for spec in SPECS.iter().filter(|spec| spec.path.starts_with('/') && is_for_everybody(spec)) {
        let leads = |link: &String| spec.matches(link.split('?').next().unwrap());
        assert!(links.iter().any(leads), "no link leads to {}", spec.name);
    }
}

#[tokio::test]
async fn the_page_shows_data() {
    let page = page(&House::seeded().await).await;
    assert!(page.contains("<b>1025</b> species, <b>1351</b> Pokémon"), "{page}");
    assert!(page.contains(">Eternamax Eternatus</a>") || page.contains("Eternatus"), "the strongest of them");
    assert_eq!(between(&page, "<a href='/api/v1/pokemon/", "'").len(), 10);
}

#[tokio::test]
async fn the_policy_of_the_page_allows_only_its_own_style() {
    let house = House::seeded().await;
    let policy = house.get("/").await.header("content-security-policy").unwrap().to_owned();
    assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{policy}");
    assert!(!policy.contains("unsafe") && !policy.contains("script"), "{policy}");
    let page = page(&house).await;
    let style = between(&page, "<style>", "</style>")[0];
    let allowed = between(&policy, "'sha256-", "'")[0];
    assert_eq!(from_base64(allowed), Sha256::digest(style).to_vec());
    assert!(!page.contains("<script") && !page.contains(" style="));
}

fn from_base64(text: &str) -> Vec<u8> {
    const LETTERS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let letters = text.trim_end_matches('=').chars();
    let bits: String =
        letters.map(|letter| format!("{:06b}", LETTERS.find(letter).expect("base64"))).collect();
    bits.as_bytes()
        .chunks_exact(8)
        .map(|byte| {
            u8::from_str_radix(std::str::from_utf8(byte).expect("eight bits"), 2).expect("eight bits")
        })
        .collect()
}

#[tokio::test]
async fn the_page_works_without_data() {
    let house = House::at("http://127.0.0.1:1", Config::new("nowhere")).await;
    let page = page(&house).await;
    assert!(page.contains("temporarily unavailable"), "{page}");
}
