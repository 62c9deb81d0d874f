//! HTTP on loopback: accepts connections within limits, answers requests, and completes the last responses before it stops.

use std::{
    convert::Infallible,
    net::{IpAddr, SocketAddr},
    sync::{Arc, LazyLock},
    time::Duration,
};

use bytes::Bytes;
use http::{
    HeaderMap, HeaderValue, Request, Response,
    header::{CONNECTION, RETRY_AFTER},
};
use http_body_util::Full;
use hyper::{
    body::Incoming,
    server::conn::http1::{Builder, Connection},
    service::{HttpService, service_fn},
};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
};

use crate::{body::Body, stream::Stream};

/// The time limit for responses in progress once the server should stop. It is longer than any response takes except an administrator's. A
/// request that is never completed delays the end by at most this time.
const LAST_ANSWERS: Duration = Duration::from_secs(3);
/// The number of connections beyond the limit that can receive a 503 at the same time; further ones are closed without a response.
const TURNED_AWAY: usize = 32;
/// The time in which a connection beyond the limit must send its request.
const TURNED_AWAY_HEAD: Duration = Duration::from_secs(2);

/// The limits of connections.
#[derive(Clone, Debug)]
pub struct ConnectionLimits {
    /// A permit for each connection that may be open at the same time.
    pub connections: Arc<Semaphore>,
    /// A permit for each byte of memory for the bodies of all requests.
    pub bodies: Arc<Semaphore>,
    /// The time from the opening of a connection, or from the last response on it, to the end of a request's headers.
    pub head: Duration,
    /// The time from the end of a request's headers to the end of its body.
    pub body: Duration,
    /// The time in which a client must read some of a response that does not fit into the socket's buffer.
    pub stalled: Duration,
}

impl ConnectionLimits {
    /// Bytes of memory for the bodies of all requests.
    pub const BODIES: usize = 64 << 20;
}

/// All servers of the process share connections and memory.
impl Default for ConnectionLimits {
    fn default() -> Self {
        static CONNECTIONS: LazyLock<Arc<Semaphore>> =
            LazyLock::new(|| Arc::new(Semaphore::new(connections())));
        static BODIES: LazyLock<Arc<Semaphore>> =
            LazyLock::new(|| Arc::new(Semaphore::new(ConnectionLimits::BODIES)));
        Self {
            connections: Arc::clone(&CONNECTIONS),
            bodies: Arc::clone(&BODIES),
            head: Duration::from_secs(30),
            body: Duration::from_secs(30),
            stalled: Duration::from_secs(30),
        }
    }
}

/// Three quarters of the descriptors that this process may open, but at most 1,024.
fn connections() -> usize {
    const MOST: usize = 1024;
    #[cfg(unix)]
    {
        use rustix::process::{Resource, getrlimit};
        let descriptors = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
        usize::try_from(descriptors / 4 * 3).unwrap_or(MOST).clamp(1, MOST)
    }
    #[cfg(not(unix))]
    MOST
}

/// A program that answers requests.
pub(crate) trait Service: Send + Sync + 'static {
    fn answer(&self, request: Request<Body>, client: IpAddr) -> impl Future<Output = Response<Bytes>> + Send;

    /// Returns the 503 for a request with these headers on a connection beyond the limit.
    fn busy(&self, headers: &HeaderMap) -> Response<Bytes>;
}

/// Serves until `stop` resolves, then waits for the responses in progress.
pub(crate) async fn serve(
    service: impl Service,
    listener: TcpListener,
    limits: ConnectionLimits,
    stop: impl Future<Output = ()>,
) {
    let server = Server {
        service: Arc::new(service),
        limits,
        turned_away: Arc::new(Semaphore::new(TURNED_AWAY)),
        graceful: GracefulShutdown::new(),
    };
    tokio::pin!(stop);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut stop => break,
        };
        match accepted {
            Ok((stream, peer)) => server.accept(stream, peer),
            // Either a client has gone before it was accepted, or no descriptor is free for a moment: neither ends the server.
            Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
        }
    }
    drop(listener);
    let _ = tokio::time::timeout(LAST_ANSWERS, server.graceful.shutdown()).await;
}

struct Server<S> {
    service: Arc<S>,
    limits: ConnectionLimits,
    turned_away: Arc<Semaphore>,
    graceful: GracefulShutdown,
}

impl<S: Service> Server<S> {
    fn accept(&self, stream: TcpStream, peer: SocketAddr) {
        let _ = stream.set_nodelay(true);
        if let Ok(permit) = Arc::clone(&self.limits.connections).try_acquire_owned() {
            self.answer(stream, peer, permit);
        } else if let Ok(permit) = Arc::clone(&self.turned_away).try_acquire_owned() {
            self.reject(stream, permit);
        }
    }

    fn answer(&self, stream: TcpStream, peer: SocketAddr, permit: OwnedSemaphorePermit) {
        let (service, patience, memory) =
            (Arc::clone(&self.service), self.limits.body, Arc::clone(&self.limits.bodies));
        let service = service_fn(move |request: Request<Incoming>| {
            let (service, memory) = (Arc::clone(&service), Arc::clone(&memory));
            async move {
                let request = request.map(|body| Body::new(body, patience, memory));
                Ok::<_, Infallible>(service.answer(request, peer.ip()).await.map(Full::new))
            }
        });
        self.spawn(connection(stream, service, self.limits.head, self.limits.stalled), permit);
    }

    fn reject(&self, stream: TcpStream, permit: OwnedSemaphorePermit) {
        let service = Arc::clone(&self.service);
        let service = service_fn(move |request: Request<Incoming>| {
            let mut response = service.busy(request.headers());
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
            async { Ok::<_, Infallible>(response.map(Full::new)) }
        });
        self.spawn(connection(stream, service, TURNED_AWAY_HEAD, TURNED_AWAY_HEAD), permit);
    }

    fn spawn<C>(&self, connection: Connection<TokioIo<Stream>, C>, permit: OwnedSemaphorePermit)
    where
        C: HttpService<Incoming, ResBody = Full<Bytes>, Error = Infallible> + Send + 'static,
        C::Future: Send,
    {
        let connection = self.graceful.watch(connection);
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection ended early");
            }
            drop(permit);
        });
    }
}

fn connection<C>(
    stream: TcpStream,
    service: C,
    head: Duration,
    stalled: Duration,
) -> Connection<TokioIo<Stream>, C>
where
    C: HttpService<Incoming, ResBody = Full<Bytes>, Error = Infallible>,
{
    let mut server = Builder::new();
    // A client may close its side once it has sent its request, and still receives the response.
    server.timer(TokioTimer::new()).header_read_timeout(head).half_close(true);
    server.serve_connection(TokioIo::new(Stream::new(stream, stalled)), service)
}
