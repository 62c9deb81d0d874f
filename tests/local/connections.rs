//! Idle connections are closed, connections beyond the limit are rejected, and a client that closes its side still gets a
//! response.

use std::{sync::Arc, time::Duration};

use adapters::aws;
use api::{App, Config};
use local::{engine::listen, gateway::Gateway, server::ConnectionLimits, tables::CATALOG};
use tests::{SeededEngine, exchange, problem};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    sync::Semaphore,
    time::timeout,
};

/// Longer than any limit of these tests, and than the delays of a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);
const HEALTH: &str = "GET /api/v1/health HTTP/1.1\r\nhost: a\r\n\r\n";

/// Starts a gateway with `limits` and returns its address.
async fn gateway(limits: ConnectionLimits) -> String {
    let database = aws::at(&SeededEngine::get().url);
    let gateway = Gateway::new(App::new(Config::new(CATALOG), || database)).expect("routes that differ");
    let listener = listen(0).await.expect("a free port");
    let address = listener.local_addr().expect("an address").to_string();
    tokio::spawn(gateway.serve_within(limits, listener, std::future::pending()));
    address
}

fn permits(number: usize) -> Arc<Semaphore> {
    Arc::new(Semaphore::new(number))
}

fn limits() -> ConnectionLimits {
    ConnectionLimits {
        connections: permits(100),
        head: PATIENCE,
        body: PATIENCE,
        stalled: PATIENCE,
        ..ConnectionLimits::default()
    }
}

/// Everything that the server sends until it closes the connection.
async fn rest(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let closed = timeout(PATIENCE, stream.read_to_end(&mut bytes)).await;
    assert!(closed.is_ok(), "the connection is still open: {:?}", String::from_utf8_lossy(&bytes));
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Sends `request` and reads the first bytes of the response.
async fn status(stream: &mut TcpStream, request: &str) -> String {
    stream.write_all(request.as_bytes()).await.expect("it is sent");
    let mut start = [0; 12];
    timeout(PATIENCE, stream.read_exact(&mut start)).await.expect("an answer").expect("an answer");
    String::from_utf8_lossy(&start).into_owned()
}

#[tokio::test]
async fn idle_connections_are_closed() {
    let address = gateway(ConnectionLimits { head: Duration::from_secs(3), ..limits() }).await;
    let mut silent = TcpStream::connect(&address).await.unwrap();
    let mut half = TcpStream::connect(&address).await.unwrap();
    half.write_all(b"GET /api/v1/health HTTP/1.1\r\nhos").await.unwrap();
    let mut kept = TcpStream::connect(&address).await.unwrap();
    assert_eq!(status(&mut kept, HEALTH).await, "HTTP/1.1 200");
    assert_eq!(rest(&mut silent).await, "");
    rest(&mut half).await;
    assert!(rest(&mut kept).await.ends_with(r#"{"status":"ok"}"#), "one answer, and the end");
}

#[tokio::test]
async fn an_incomplete_body_times_out_with_408() {
    let address = gateway(ConnectionLimits { body: Duration::from_millis(300), ..limits() }).await;
    let mut stream = TcpStream::connect(&address).await.unwrap();
    let head = "POST /api/v1/auth/login HTTP/1.1\r\nhost: a\r\ncontent-length: 100\r\n\r\n{";
    stream.write_all(head.as_bytes()).await.unwrap();
    let answer = rest(&mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 408") && answer.contains("request_timeout"), "{answer}");
}

#[tokio::test]
async fn a_client_that_reads_nothing_is_disconnected() {
    let address = gateway(ConnectionLimits { stalled: Duration::from_millis(300), ..limits() }).await;
    let mut stream = TcpStream::connect(&address).await.unwrap();
    // The response is larger than the buffers of two sockets.
    let request = "GET /api/v1/pokemon?per_page=100&forms=all HTTP/1.1\r\nhost: a\r\n\r\n";
    let sending = async { while stream.write_all(request.as_bytes()).await.is_ok() {} };
    assert!(timeout(PATIENCE, sending).await.is_ok(), "it is disconnected");
}

#[tokio::test]
async fn connections_beyond_the_limit_are_503_until_one_is_free() {
    let address = gateway(ConnectionLimits { connections: permits(2), ..limits() }).await;
    let base = format!("http://{address}");
    let mut held = Vec::new();
    for _ in 0..2 {
        let mut stream = TcpStream::connect(&address).await.unwrap();
        assert_eq!(status(&mut stream, HEALTH).await, "HTTP/1.1 200");
        held.push(stream);
    }
    let refused = exchange(&base, HEALTH.as_bytes(), false).await;
    assert_eq!((refused.status.as_u16(), refused.header("retry-after")), (503, Some("1")));
    assert_eq!(refused.header("connection"), Some("close"));
    assert_eq!(problem(&refused, "a full server")["code"], "too_many_connections");
    drop(held.pop());
    let closing = HEALTH.replace("host: a", "host: a\r\nconnection: close");
    let mut answered = 503;
    for _ in 0..2000 {
        answered = exchange(&base, closing.as_bytes(), false).await.status.as_u16();
        if answered == 200 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(answered, 200, "a closed connection makes room");
}

#[tokio::test]
async fn bodies_that_do_not_fit_into_memory_together_are_503() {
    let address = gateway(ConnectionLimits { bodies: permits(1000), ..limits() }).await;
    let base = format!("http://{address}");
    let head = "POST /api/v1/auth/login HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: ";
    let mut held = TcpStream::connect(&address).await.unwrap();
    held.write_all(format!("{head}1000\r\n\r\n{}", " ".repeat(900)).as_bytes()).await.unwrap();
    let ask = async |length: usize| {
        let request = format!("{head}{length}\r\n\r\n{}", " ".repeat(length));
        exchange(&base, request.as_bytes(), false).await
    };
    let mut refused = ask(200).await;
    for _ in 0..2000 {
        if refused.status == 503 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
        refused = ask(200).await;
    }
    assert_eq!((refused.status.as_u16(), refused.header("retry-after")), (503, Some("2")));
    assert_eq!(problem(&refused, "a full memory")["code"], "server_busy");
    assert_eq!(ask(100).await.status, 400, "what fits is read");
    held.write_all(" ".repeat(100).as_bytes()).await.unwrap();
    assert!(rest(&mut held).await.starts_with("HTTP/1.1 400"));
    assert_eq!(ask(200).await.status, 400, "a body that was answered makes room");
}

#[tokio::test]
async fn a_client_that_closes_its_side_gets_its_response() {
    let address = gateway(limits()).await;
    for request in [
        "GET /api/v1/pokemon/25 HTTP/1.1\r\nhost: a\r\n\r\n",
        "GET /api/v1/pokemon/25/evolutions HTTP/1.1\r\nhost: a\r\n\r\n",
        "POST /api/v1/auth/login HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\n\r\n{}",
    ] {
        let mut stream = TcpStream::connect(&address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        stream.shutdown().await.unwrap();
        let answer = rest(&mut stream).await;
        assert!(answer.starts_with("HTTP/1.1 ") && answer.ends_with('}'), "{request:?}: {answer:?}");
    }
}

#[tokio::test]
async fn malformed_chunks_are_400_and_too_many_bytes_413() {
    let address = gateway(limits()).await;
    let base = format!("http://{address}");
    let head = "POST /api/v1/auth/login HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\
                content-type: application/json\r\n";
    for chunks in ["zz\r\n{}\r\n0\r\n\r\n", "-1\r\n{}\r\n0\r\n\r\n", "2\r\n{}xx\r\n0\r\n\r\n", "\r\n\r\n"] {
        let request = format!("{head}transfer-encoding: chunked\r\n\r\n{chunks}");
        let answer = exchange(&base, request.as_bytes(), false).await;
        assert_eq!(answer.status, 400, "{chunks:?}");
        assert_eq!(problem(&answer, chunks)["code"], "malformed_body");
    }
    let mut cut = TcpStream::connect(&address).await.unwrap();
    cut.write_all(format!("{head}content-length: 100\r\n\r\n{{").as_bytes()).await.unwrap();
    cut.shutdown().await.unwrap();
    let answer = rest(&mut cut).await;
    assert!(answer.starts_with("HTTP/1.1 400") && answer.contains("malformed_body"), "{answer}");
    let long = format!("{head}transfer-encoding: chunked\r\n\r\nA00001\r\n{}", " ".repeat((10 << 20) + 1));
    let answer = exchange(&base, long.as_bytes(), false).await;
    assert_eq!(answer.status, 413);
    assert_eq!(problem(&answer, "a long body")["code"], "body_too_large");
}
