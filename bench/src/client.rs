//! A small HTTP/1.1 client that puts load on a server over a few kept-alive connections, with one request after the other on each. It does
//! little work, because it shares the machine with the server.

use std::{
    cell::Cell,
    net::SocketAddr,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail, ensure};
use memchr::memmem;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    task::LocalSet,
};

const CONNECTIONS: usize = 8;

/// The result of a load test.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    pub requests: u32,
    pub took: Duration,
}

impl Load {
    pub fn per_second(self) -> f64 {
        f64::from(self.requests) / self.took.as_secs_f64()
    }
}

/// Requests `path` from the server at `address`, `requests` times or until `longest` has passed. Every answer must be
/// 200.
pub fn load(address: SocketAddr, path: &str, requests: u32, longest: Duration) -> Result<Load> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let request: std::rc::Rc<[u8]> = request(address, path).into_bytes().into();
    let left = std::rc::Rc::new(Cell::new(requests));
    let start = Instant::now();
    let tasks = LocalSet::new();
    let connections: Vec<_> = (0..CONNECTIONS)
        .map(|_| {
            let (request, left) = (request.clone(), left.clone());
            tasks.spawn_local(async move {
                let mut connection = Connection::open(address).await?;
                let mut answered = 0;
                while left.get() > 0 && start.elapsed() < longest {
                    left.set(left.get() - 1);
                    connection.ask(&request).await?;
                    answered += 1;
                }
                anyhow::Ok(answered)
            })
        })
        .collect();
    let answered = tasks.block_on(&runtime, async {
        let mut answered: u32 = 0;
        for connection in connections {
            answered += connection.await??;
        }
        anyhow::Ok(answered)
    });
    Ok(Load { requests: answered.with_context(|| format!("GET {path}"))?, took: start.elapsed() })
}

fn request(address: SocketAddr, path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nhost: {address}\r\nuser-agent: bench\r\naccept: application/json\r\n\r\n")
}

struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    async fn open(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address).await.context("the server cannot be reached")?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: Vec::with_capacity(64 << 10) })
    }

    async fn ask(&mut self, request: &[u8]) -> Result<()> {
        self.stream.write_all(request).await?;
        self.buffer.clear();
        let mut whole = None;
        while whole.is_none_or(|whole| self.buffer.len() < whole) {
            ensure!(self.stream.read_buf(&mut self.buffer).await? > 0, "the server hung up");
            if whole.is_none() {
                whole = length(&self.buffer)?;
            }
        }
        ensure!(whole == Some(self.buffer.len()), "the answer is longer than it says");
        Ok(())
    }
}

/// Returns the length of the answer that begins with `bytes`, once its headers are complete.
fn length(bytes: &[u8]) -> Result<Option<usize>> {
    let Some(end) = memmem::find(bytes, b"\r\n\r\n") else { return Ok(None) };
    let head = str::from_utf8(&bytes[..end])?;
    let mut lines = head.split("\r\n");
    let status = lines.next().unwrap_or_default();
    if !status.starts_with("HTTP/1.1 200") {
        bail!("the server answers {status:?}");
    }
    let length = lines
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .and_then(|(_, value)| value.trim().parse::<usize>().ok());
    Ok(Some(end + 4 + length.context("the answer does not say how long it is")?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_length_of_an_answer_includes_its_body() {
        let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
        assert_eq!(length(answer).unwrap(), Some(answer.len()));
        assert_eq!(length(&answer[..20]).unwrap(), None);
    }

    #[test]
    fn every_response_except_a_complete_200_is_an_error() {
        for answer in ["HTTP/1.1 500 No\r\ncontent-length: 0\r\n\r\n", "HTTP/1.1 200 OK\r\ndate: now\r\n\r\n"]
        {
            length(answer.as_bytes()).unwrap_err();
        }
    }
}
