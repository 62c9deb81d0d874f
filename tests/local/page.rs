//! The page of the local program, at every path of the web app.

use api::{Config, routes::SPECS, web};
use http::Method;
use serde_json::{Value, json};
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
async fn the_page_and_its_files_have_the_headers_of_the_edge() {
    let house = House::seeded().await;
    let page = page(&house).await;
    let style = between(&page, "<link rel=stylesheet href='", "'")[0];
    assert!(!page.contains("<script") && !page.contains("<style") && !page.contains(" style="), "{page}");
    for (path, media_type, caching) in [
        ("/", "text/html; charset=utf-8", "no-cache"),
        ("/config.json", "application/json", "no-cache"),
        (style, "text/css; charset=utf-8", "public, max-age=31536000, immutable"),
    ] {
        let answer = house.get(path).await;
        assert_eq!(answer.status, 200, "{path}");
        assert_eq!(answer.header("content-type"), Some(media_type), "{path}");
        assert_eq!(answer.header("cache-control"), Some(caching), "{path}");
        for (name, value) in web::HEADERS {
            assert_eq!(answer.header(name), Some(value), "{path}: {name}");
        }
    }
    let config = house.get("/config.json").await.json();
    assert_eq!((&config["api_version"], &config["assets"]), (&json!("v1"), &json!(null)));
    assert!(config["build"].is_string(), "{config}");
}

/// The release has the same page and files, without the data of one machine.
#[tokio::test]
async fn a_release_contains_the_page_and_its_files() {
    let house = House::seeded().await;
    let files = local::page::files();
    let index = &files["index.html"];
    for spec in SPECS {
        assert!(index.contains(spec.summary), "{} is not on the page", spec.name);
    }
    let style = between(index, "<link rel=stylesheet href='/", "'")[0];
    assert_eq!(files.keys().collect::<Vec<_>>(), [style, "index.html"]);
    assert_eq!(house.get(&format!("/{style}")).await.body, files[style].as_bytes());
}

/// The cases that CloudFront's function passes as well.
#[tokio::test]
async fn each_path_of_the_web_app_is_the_page_and_no_other_path_is() {
    let house = House::seeded().await;
    let page = page(&house).await;
    let cases: Value = serde_json::from_str(&tests::read("tests/edge/cases.json")).expect("JSON");
    let cases = cases["pages"].as_array().expect("cases");
    assert!(cases.len() > 20);
    for case in cases {
        let path = case["path"].as_str().expect("a path");
        let answer = house.get(path).await;
        if case["page"] == true {
            assert_eq!(
                (answer.status.as_u16(), String::from_utf8_lossy(&answer.body)),
                (200, page.as_str().into()),
                "{path}"
            );
        } else {
            assert_eq!(answer.status, 404, "{path}");
        }
        let head = house.send(Method::HEAD, path, &[]).await;
        assert_eq!((head.status, head.body.len()), (answer.status, 0), "{path}");
        let post = house.send(Method::POST, path, &[]).await;
        assert!(post.status.is_client_error(), "POST {path}: {}", post.status);
    }
}

#[tokio::test]
async fn the_page_works_without_data() {
    let house = House::at("http://127.0.0.1:1", Config::new("nowhere")).await;
    let page = page(&house).await;
    assert!(page.contains("temporarily unavailable"), "{page}");
}
