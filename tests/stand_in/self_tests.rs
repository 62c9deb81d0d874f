//! Tests of the stand-in itself, through a plain socket.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{Fault, StandIn, World};

const BULBASAUR: &str = "/api/v2/pokemon/1/";

/// A response as received.
struct Reply {
    status: u16,
    head: String,
    body: Vec<u8>,
}

impl Reply {
    fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.head.lines().filter_map(|line| line.split_once(": "));
        headers.find(|(known, _)| *known == name).map(|(_, value)| value)
    }

    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// `None` if the connection ended without a response.
async fn get_with(pokeapi: &StandIn, path: &str, headers: &str) -> Option<Reply> {
    let address = pokeapi.base_url().replace("http://", "").replace("/api/v2", "");
    let mut stream = TcpStream::connect(&address).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n{headers}\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut bytes = Vec::new();
    // A cut response may also end in a reset.
    let _ = stream.read_to_end(&mut bytes).await;
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
    Some(Reply { status: head[9..12].parse().unwrap(), head, body: bytes[end + 4..].to_vec() })
}

async fn get(pokeapi: &StandIn, path: &str) -> Reply {
    get_with(pokeapi, path, "").await.unwrap()
}

async fn small() -> StandIn {
    StandIn::start(World::small()).await
}

#[tokio::test]
async fn a_list_comes_in_pages_that_lead_to_each_other() {
    let pokeapi = small().await;
    let base = pokeapi.base_url();
    let whole = get(&pokeapi, "/api/v2/pokemon/").await.json();
    assert_eq!(whole["count"], 15);
    assert_eq!((&whole["next"], &whole["previous"]), (&Value::Null, &Value::Null));
    assert_eq!(whole["results"][0], json!({ "name": "bulbasaur", "url": format!("{base}/pokemon/1/") }));
    assert_eq!(whole["results"][14]["name"], "charizard-mega-x");

    let mut next = format!("{base}/pokemon/?limit=6");
    let mut names = Vec::new();
    loop {
        let page = get(&pokeapi, &next.replace(&base, "/api/v2")).await.json();
        names.extend(page["results"].as_array().unwrap().iter().map(|row| row["name"].clone()));
        match page["next"].as_str() {
            Some(url) => next = url.to_owned(),
            None => {
                assert_eq!(page["previous"], format!("{base}/pokemon/?offset=6&limit=6"));
                break;
            }
        }
    }
    assert_eq!(names.len(), 15);
    let beyond = get(&pokeapi, "/api/v2/pokemon/?limit=6&offset=99").await.json();
    assert_eq!(beyond["results"], json!([]));
}

#[tokio::test]
async fn a_list_has_20_rows_by_default_and_chains_have_no_names() {
    let pokeapi = small().await;
    (1000..1020).for_each(|id| pokeapi.insert("pokemon", json!({ "id": id, "name": format!("new-{id}") })));
    let page = get(&pokeapi, "/api/v2/pokemon/").await.json();
    assert_eq!((page["count"].as_u64(), page["results"].as_array().map(Vec::len)), (Some(35), Some(20)));
    let chains = get(&pokeapi, "/api/v2/evolution-chain/?limit=1").await.json();
    assert_eq!(chains["results"], json!([{ "url": format!("{}/evolution-chain/1/", pokeapi.base_url()) }]));
}

#[tokio::test]
async fn a_detail_is_found_by_id_and_by_name() {
    let pokeapi = small().await;
    let by_id = get(&pokeapi, "/api/v2/pokemon/386/").await;
    assert_eq!(by_id.header("content-type"), Some("application/json; charset=utf-8"));
    assert_eq!(by_id.body, get(&pokeapi, "/api/v2/pokemon/deoxys-normal").await.body);
    let species = format!("{}/pokemon-species/386/", pokeapi.base_url());
    assert_eq!(by_id.json()["species"]["url"], species);
    for nowhere in
        ["/api/v2/pokemon/2000/", "/api/v2/pokemon/missingno/", "/api/v2/stat/", "/api/v2/stat/1/", "/"]
    {
        assert_eq!(get(&pokeapi, nowhere).await.status, 404, "{nowhere}");
    }
}

#[tokio::test]
async fn an_unchanged_document_is_304_and_an_edited_one_is_200() {
    let pokeapi = small().await;
    let etag = get(&pokeapi, BULBASAUR).await.header("etag").unwrap().to_owned();
    let known = format!("if-none-match: {etag}\r\nuser-agent: test\r\n");
    pokeapi.reset_log();

    let unchanged = get_with(&pokeapi, BULBASAUR, &known).await.unwrap();
    assert_eq!((unchanged.status, unchanged.body.len()), (304, 0));
    assert_eq!(unchanged.header("etag"), Some(etag.as_str()));
    let seen = &pokeapi.requests()[0];
    assert_eq!((seen.method.as_str(), seen.path.as_str(), seen.status), ("GET", BULBASAUR, Some(304)));
    assert_eq!((seen.if_none_match.as_deref(), seen.user_agent.as_deref()), (Some(&*etag), Some("test")));

    let elsewhere = small().await;
    assert_eq!(
        get_with(&elsewhere, BULBASAUR, &known).await.unwrap().status,
        304,
        "the port is not in the ETag"
    );

    pokeapi.edit("/api/v2/pokemon/bulbasaur/", |bulbasaur| bulbasaur["weight"] = json!(70));
    let changed = get_with(&pokeapi, BULBASAUR, &known).await.unwrap();
    assert_eq!((changed.status, &changed.json()["weight"]), (200, &json!(70)));
    assert_ne!(changed.header("etag"), Some(etag.as_str()));
}

#[tokio::test]
async fn resources_can_be_added_and_removed_and_lists_can_be_wrong() {
    let pokeapi = small().await;
    pokeapi.remove("pokemon", 1);
    assert_eq!(get(&pokeapi, BULBASAUR).await.status, 404);
    let ghost = json!({ "name": "bulbasaur", "url": format!("{}/pokemon/1/", pokeapi.base_url()) });
    pokeapi.add_to_list("pokemon", ghost.clone());
    let page = get(&pokeapi, "/api/v2/pokemon/").await.json();
    assert_eq!((&page["count"], &page["results"][14]), (&json!(15), &ghost));
    pokeapi.insert("pokemon", json!({ "id": 1, "name": "bulbasaur", "species": { "url": "/api/v2/x/1/" } }));
    let back = get(&pokeapi, BULBASAUR).await.json();
    assert_eq!(back["species"]["url"], format!("{}/x/1/", pokeapi.base_url()));
}

#[tokio::test]
async fn the_server_follows_its_script_and_then_answers_normally() {
    let pokeapi = small().await;
    let pass = Fault::Slow(Duration::ZERO);
    pokeapi.script(BULBASAUR, vec![Fault::Status(500), pass, Fault::retry_after(429, 7)]);
    assert_eq!(get(&pokeapi, BULBASAUR).await.status, 500);
    assert_eq!(get(&pokeapi, BULBASAUR).await.status, 200);
    let busy = get(&pokeapi, BULBASAUR).await;
    assert_eq!((busy.status, busy.header("retry-after")), (429, Some("7")));
    assert_eq!(get(&pokeapi, BULBASAUR).await.status, 200);
    assert_eq!(pokeapi.count(BULBASAUR), 4);

    pokeapi.always(BULBASAUR, Fault::Status(503));
    pokeapi.script(BULBASAUR, vec![Fault::Status(502)]);
    for status in [502, 503, 503] {
        assert_eq!(get(&pokeapi, BULBASAUR).await.status, status);
    }
    pokeapi.behave();
    assert_eq!(get(&pokeapi, BULBASAUR).await.status, 200);
}

#[tokio::test]
async fn a_fault_of_one_page_leaves_the_others_alone() {
    let pokeapi = small().await;
    let second = "/api/v2/move/?offset=5&limit=5";
    pokeapi.always(second, Fault::Status(500));
    assert_eq!(get(&pokeapi, second).await.status, 500);
    assert_eq!(get(&pokeapi, "/api/v2/move/?limit=5").await.status, 200);
    assert_eq!((pokeapi.count(second), pokeapi.count("/api/v2/move/")), (1, 2));
    pokeapi.script("/api/v2/move", vec![Fault::NotJson]);
    assert_eq!(
        get(&pokeapi, "/api/v2/move/?limit=5").await.header("content-type"),
        Some("text/html; charset=utf-8")
    );
}

#[tokio::test]
async fn a_dropped_connection_has_no_answer() {
    let pokeapi = small().await;
    pokeapi.script(BULBASAUR, vec![Fault::DropConnection]);
    assert!(get_with(&pokeapi, BULBASAUR, "").await.is_none());
    assert_eq!(pokeapi.requests()[0].status, None);
}

#[tokio::test]
async fn a_cut_body_has_half_of_its_announced_length() {
    let pokeapi = small().await;
    pokeapi.script(BULBASAUR, vec![Fault::CutBody]);
    let cut = get(&pokeapi, BULBASAUR).await;
    let whole = get(&pokeapi, BULBASAUR).await;
    assert_eq!(cut.header("content-length"), Some(whole.body.len().to_string().as_str()));
    assert_eq!(cut.body, whole.body[..whole.body.len() / 2]);
    assert_eq!(cut.header("etag"), whole.header("etag"));
}

#[tokio::test]
async fn a_fault_can_replace_the_body() {
    let pokeapi = small().await;
    let other = json!({ "id": "one" });
    pokeapi.script(BULBASAUR, vec![Fault::NotJson, Fault::Body(other.clone())]);
    let page = get(&pokeapi, BULBASAUR).await;
    assert!(page.status == 200 && page.body.starts_with(b"<!doctype html>"));
    let replaced = get(&pokeapi, BULBASAUR).await;
    assert_eq!((replaced.status, replaced.json()), (200, other));
    assert_ne!(replaced.header("etag"), get(&pokeapi, BULBASAUR).await.header("etag"));
}

#[tokio::test]
async fn a_huge_body_does_not_announce_its_length() {
    let pokeapi = small().await;
    pokeapi.script(BULBASAUR, vec![Fault::Huge(300_000)]);
    let huge = get(&pokeapi, BULBASAUR).await;
    assert_eq!((huge.header("content-length"), huge.header("transfer-encoding")), (None, Some("chunked")));
    let text = String::from_utf8(huge.body).unwrap();
    // Every second line of a chunked body is a chunk, as this one has no line breaks of its own.
    let sent: String = text.split("\r\n").skip(1).step_by(2).collect();
    assert_eq!(sent.len(), 300_000);
    assert_eq!(serde_json::from_str::<String>(&sent).unwrap().len(), 299_998);
}

#[tokio::test]
async fn a_redirect_leads_to_its_location() {
    let pokeapi = small().await;
    pokeapi.always(BULBASAUR, Fault::Redirect("http://example.invalid/".to_owned()));
    let moved = get(&pokeapi, BULBASAUR).await;
    assert_eq!((moved.status, moved.header("location")), (302, Some("http://example.invalid/")));
}

#[tokio::test]
async fn slow_answers_are_correct_and_count_as_in_flight() {
    let pokeapi = small().await;
    let begin = Instant::now();
    pokeapi.script(BULBASAUR, vec![Fault::Slow(Duration::from_millis(50))]);
    assert_eq!(get(&pokeapi, BULBASAUR).await.json()["name"], "bulbasaur");
    assert!(begin.elapsed() >= Duration::from_millis(50));
    assert_eq!(pokeapi.most_in_flight(), 1);

    pokeapi.slow_down(Duration::from_secs(1));
    tokio::join!(get(&pokeapi, BULBASAUR), get(&pokeapi, BULBASAUR), get(&pokeapi, "/api/v2/type/"));
    assert_eq!(pokeapi.most_in_flight(), 3);
    pokeapi.reset_log();
    assert_eq!((pokeapi.most_in_flight(), pokeapi.requests().len()), (0, 0));
}

#[tokio::test]
async fn a_request_abandoned_by_its_client_is_recorded_and_no_longer_in_flight() {
    let pokeapi = small().await;
    pokeapi.always(BULBASAUR, Fault::Slow(Duration::from_secs(600)));
    let mut waiting = Box::pin(get(&pokeapi, BULBASAUR));
    while pokeapi.count(BULBASAUR) == 0 {
        let ended = tokio::time::timeout(Duration::from_millis(5), &mut waiting).await;
        assert!(ended.is_err(), "nothing is answered");
    }
    drop(waiting);
    assert_eq!((pokeapi.count(BULBASAUR), pokeapi.requests()[0].status), (1, None));
    // The server notices the lost connection with a delay.
    let deadline = Instant::now() + Duration::from_secs(60);
    while pokeapi.most_in_flight() > 0 && Instant::now() < deadline {
        tokio::time::sleep(Duration::from_millis(5)).await;
        pokeapi.reset_log();
    }
    assert_eq!(pokeapi.most_in_flight(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clones_are_one_server_that_stops_with_the_last() {
    let pokeapi = small().await;
    let clone = pokeapi.clone();
    let asking = (0..50).map(|_| {
        let pokeapi = pokeapi.clone();
        tokio::spawn(async move { get(&pokeapi, BULBASAUR).await.status })
    });
    for request in asking.collect::<Vec<_>>() {
        assert_eq!(request.await.unwrap(), 200);
    }
    drop(pokeapi);
    assert_eq!(clone.count(BULBASAUR), 50);
    let address = clone.base_url().replace("http://", "").replace("/api/v2", "");
    let mut open = TcpStream::connect(&address).await.unwrap();
    drop(clone);
    let closed = tokio::time::timeout(Duration::from_secs(60), open.read(&mut [0; 1])).await;
    assert!(!matches!(closed, Err(_) | Ok(Ok(1..))), "the open connection ends");
    let deadline = Instant::now() + Duration::from_secs(60);
    while TcpStream::connect(&address).await.is_ok() && Instant::now() < deadline {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert!(TcpStream::connect(&address).await.is_err());
}
