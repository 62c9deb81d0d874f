//! HTTP on loopback: connections taken, answers given, the last ones finished.

use std::{convert::Infallible, net::IpAddr, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::{conn::auto, graceful::GracefulShutdown},
};
use tokio::net::TcpListener;

/// How long the answers under way may take once the server is to stop. Longer than any takes but an administrator's; but a request
/// that was begun and never ended is waited for just as long, and whoever pressed Ctrl-C waits too.
const LAST_ANSWERS: Duration = Duration::from_secs(3);

/// What answers requests.
pub(crate) trait Service: Send + Sync + 'static {
    fn answer(
        &self,
        request: Request<Incoming>,
        client: IpAddr,
    ) -> impl Future<Output = Response<Bytes>> + Send;
}

/// Serves until `stop` resolves, then lets the answers under way finish.
pub(crate) async fn serve(service: impl Service, listener: TcpListener, stop: impl Future<Output = ()>) {
    let service = Arc::new(service);
    let mut server = auto::Builder::new(TokioExecutor::new());
    server.http1().timer(TokioTimer::new());
    let graceful = GracefulShutdown::new();
    tokio::pin!(stop);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut stop => break,
        };
        // A client that is gone before it is accepted, or no free handle for a moment: neither ends the server.
        let Ok((stream, peer)) = accepted else {
            tokio::time::sleep(Duration::from_millis(10)).await;
            continue;
        };
        let _ = stream.set_nodelay(true);
        let service = Arc::clone(&service);
        let service = hyper::service::service_fn(move |request| {
            let service = Arc::clone(&service);
            async move { Ok::<_, Infallible>(service.answer(request, peer.ip()).await.map(Full::new)) }
        });
        let connection = server.serve_connection(TokioIo::new(stream), service).into_owned();
        let connection = graceful.watch(connection);
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection ended early");
            }
        });
    }
    drop(listener);
    let _ = tokio::time::timeout(LAST_ANSWERS, graceful.shutdown()).await;
}
