//! AWS services on one machine: called inside this process, or served on a guarded [port](crate::port).
//!
//! A service here trusts its callers. Inside the process they are our own code; on a port, [`Port`](crate::port::Port) accepts only
//! requests that carry its access key id.

use std::{fmt, sync::Arc};

use aws_sdk_dynamodb::config::{
    SharedHttpClient,
    http::{HttpRequest, HttpResponse},
};
use aws_smithy_runtime_api::client::{
    connection::{CaptureSmithyConnection, ConnectionMetadata},
    http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn},
    result::ConnectorError,
};
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::BodyExt as _;

/// A service that the AWS SDK calls.
pub trait Helper: Send + Sync + 'static {
    fn answer(&self, request: Request<Bytes>) -> impl Future<Output = Response<Bytes>> + Send;
}

/// An HTTP client for the SDK that passes its requests to `helper` without leaving this process.
pub fn in_process(helper: Arc<impl Helper>) -> SharedHttpClient {
    let connector = SharedHttpConnector::new(InProcess(helper));
    http_client_fn(move |_, _| connector.clone())
}

struct InProcess<H>(Arc<H>);

impl<H> fmt::Debug for InProcess<H> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("InProcess")
    }
}

impl<H: Helper> HttpConnector for InProcess<H> {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let helper = Arc::clone(&self.0);
        HttpConnectorFuture::new(async move {
            // The engine answers without waiting: without this line, a series of calls would let no other task run, not even Ctrl-C.
            tokio::task::yield_now().await;
            let request = request.try_into_http1x().map_err(|error| ConnectorError::user(error.into()))?;
            let (parts, body) = request.into_parts();
            if let Some(capture) = parts.extensions.get::<CaptureSmithyConnection>() {
                capture.set_connection_retriever(|| Some(no_connection()));
            }
            let body = body.collect().await.map_err(ConnectorError::io)?.to_bytes();
            let response = helper.answer(Request::from_parts(parts, body)).await.map(SdkBody::from);
            HttpResponse::try_from(response).map_err(|error| ConnectorError::other(error.into(), None))
        })
    }
}

/// The object that represents the connection. The SDK closes it after an answer such as a 503; here, no connection exists.
fn no_connection() -> ConnectionMetadata {
    ConnectionMetadata::builder().proxied(false).poison_fn(|| ()).build()
}
