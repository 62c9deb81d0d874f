//! Handwritten HTTP: requests that no client library would send get a complete response too, and never a 5xx.

use tests::{Answer, House, exchange};

async fn send(house: &House, request: &[u8]) -> Answer {
    let bodyless = request.starts_with(b"HEAD ");
    let answer = exchange(&house.base, request, bodyless).await;
    let shown = String::from_utf8_lossy(&request[..request.len().min(120)]).into_owned();
    assert!(
        !answer.status.is_server_error() && !answer.status.is_informational(),
        "{shown:?}: {}",
        answer.status
    );
    // Our refusals are problems; input that is not HTTP never reaches our code, and its refusal is empty.
    if answer.status.is_client_error() && !answer.body.is_empty() {
        let _ = tests::problem(&answer, &shown);
    }
    answer
}

#[tokio::test]
async fn an_odd_target_is_answered() {
    let house = House::seeded().await;
    for target in [
        &b"/api/v1/pokemon/a b"[..],
        b"/api/v1/pokemon/ ",
        b"/api/v1/pokemon/\"",
        b"/api/v1/pokemon/<b>",
        b"/api/v1/pokemon/{id}",
        b"/api/v1/pokemon/a|b",
        b"/api/v1/pokemon/a\\b",
        b"/api/v1/pokemon/a^b`c",
        b"/api/v1/pokemon/\xff\xfe",
        b"/api/v1/pokemon/\xe2\x99\x80",
        b"/api/v1/pokemon/\x00",
        b"/api/v1/pokemon/\x7f",
        b"/api/v1/pokemon/a\tb",
        b"/api/v1/pokemon?search=a b",
        b"/api/v1/pokemon?search=\"",
        b"/api/v1/pokemon?search=<",
        b"/api/v1/pokemon?search=\xff",
        b"/api/v1/pokemon?search=\xe2\x99\x80",
        b"/api/v1/pokemon?search=a#b",
        b"/api/v1/pokemon#top",
        b"/api/v1/pokemon??search=a?b",
        b"http://pokedex.example/api/v1/pokemon/25",
        b"http://pokedex.example",
        b"https://user:pass@pokedex.example:443/api/v1/pokemon",
        b"http:///api/v1/pokemon",
        b"ftp://x/y",
        b"*",
        b"pokedex.example:443",
        b"api/v1/pokemon",
        b"",
        b"?",
        b"/?x",
        b"//api/v1/pokemon",
        b"///",
        b"/%",
    ] {
        for method in ["GET", "HEAD", "OPTIONS", "CONNECT", "POST"] {
            let mut request = format!("{method} ").into_bytes();
            request.extend_from_slice(target);
            request.extend_from_slice(b" HTTP/1.1\r\nhost: pokedex.test\r\nconnection: close\r\n\r\n");
            send(&house, &request).await;
        }
    }
}

#[tokio::test]
async fn an_odd_target_that_is_an_address_is_answered_like_any_other() {
    let house = House::seeded().await;
    for (target, status) in [
        ("http://pokedex.example/api/v1/pokemon/25", 200),
        ("/api/v1/pokemon?search=a?b", 200),
        ("/api/v1/pokemon/{id}", 404),
        ("/api/v1/pokemon/\"", 404),
        ("/api/v1/pokemon/nidoran\u{2640}", 200),
        ("/api/v1/pokemon/\u{2640}\u{2642}", 404),
    ] {
        let request = format!("GET {target} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n");
        assert_eq!(send(&house, request.as_bytes()).await.status, status, "{target}");
    }
}

#[tokio::test]
async fn an_odd_host_or_none_is_answered() {
    let house = House::seeded().await;
    for host in [
        "",
        "host:\r\n",
        "host: a b\r\n",
        "host: <\r\n",
        "host: a\r\nhost: b\r\n",
        "host: \u{e9}\r\n",
        "host: a:99999\r\n",
    ] {
        let request = format!("GET /api/v1/pokemon/25 HTTP/1.1\r\n{host}connection: close\r\n\r\n");
        assert_eq!(send(&house, request.as_bytes()).await.status, 200, "{host:?}");
    }
    let old = send(&house, b"GET /api/v1/pokemon/25 HTTP/1.0\r\n\r\n").await;
    assert_eq!(old.status, 200, "HTTP/1.0 knows no Host");
}

#[tokio::test]
async fn odd_headers_are_answered() {
    let house = House::seeded().await;
    let many = (0..90).map(|n| format!("x-{n}: {n}\r\n")).collect::<String>();
    let too_many = (0..500).map(|n| format!("x-{n}: {n}\r\n")).collect::<String>();
    let long = format!("x-long: {}\r\n", "x".repeat(100_000));
    for headers in [
        "if-none-match: \u{2640}\r\n",
        "origin: \u{2640}\r\n",
        "x-request-id: \u{2640}\u{2640}\u{2640}\u{2640}\r\n",
        "content-type: \u{1}\r\n",
        "content-length: abc\r\n",
        "content-length: 5\r\ncontent-length: 6\r\n",
        "transfer-encoding: chunked\r\ncontent-length: 3\r\n",
        "transfer-encoding: gzip\r\n",
        "expect: 100-continue\r\n",
        "upgrade: h2c\r\nconnection: upgrade\r\n",
        "range: bytes=0-1\r\n",
        "accept: text/html\r\naccept-encoding: br\r\n",
        "cookie: a=b; c\r\ncookie: =\r\n",
        "no colon here\r\n",
        " : x\r\n",
        &many,
        &too_many,
        &long,
    ] {
        let request = format!(
            "GET /api/v1/pokemon/25 HTTP/1.1\r\nhost: a\r\nconnection: close\r\n{headers}\r\n0\r\n\r\n"
        );
        send(&house, request.as_bytes()).await;
    }
}

#[tokio::test]
async fn input_that_is_not_http_is_answered_and_the_server_continues() {
    let house = House::seeded().await;
    for request in [
        &b"GET\r\n\r\n"[..],
        b"GET /\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"G\xc3\x89T / HTTP/1.1\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        b"{\"json\": true}\r\n\r\n",
    ] {
        assert!(
            send(&house, request).await.status.is_client_error(),
            "{:?}",
            String::from_utf8_lossy(request)
        );
    }
    let long = format!("GET /{} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n", "x".repeat(70_000));
    assert!(send(&house, long.as_bytes()).await.status.is_client_error(), "an address of 70 KB");
    assert_eq!(house.get("/api/v1/pokemon/25").await.status, 200);
}

#[tokio::test]
async fn two_requests_sent_at_once_are_answered_in_order() {
    let house = House::seeded().await;
    let requests = "GET /api/v1/pokemon/25 HTTP/1.1\r\nhost: a\r\nx-request-id: the-first-1\r\n\r\n\
        GET /api/v1/missingno HTTP/1.1\r\nhost: a\r\nx-request-id: the-second-2\r\nconnection: close\r\n\r\n";
    let answers = tests::exchange_text(&house.base, requests.as_bytes()).await;
    let first = answers.find("the-first-1").expect("the first answer");
    let second = answers.find("the-second-2").expect("the second answer");
    assert!(first < second);
    assert!(answers.starts_with("HTTP/1.1 200") && answers.contains("HTTP/1.1 404"), "{answers}");
}
