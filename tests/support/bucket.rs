//! S3 in this process, with one bucket, in a temporary folder.

use std::sync::{Arc, Mutex, PoisonError};

use adapters::export::Exports;
use futures_util::future::BoxFuture;
use http::Method;
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
};
use s3s::{auth::SimpleAuth, service::S3ServiceBuilder};
use s3s_fs::FileSystem;
use tempfile::TempDir;
use tokio::net::TcpListener;

const NAME: &str = "exports";

type Hook = Arc<Mutex<Option<BoxFuture<'static, ()>>>>;

/// A bucket. Dropping it deletes it; its server ends with the test's runtime.
pub struct Bucket {
    url: String,
    folder: TempDir,
    hook: Hook,
}

impl Bucket {
    /// # Panics
    /// If no port is free.
    pub async fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::create_dir(folder.path().join(NAME)).expect("a bucket");
        let mut service = S3ServiceBuilder::new(FileSystem::new(folder.path()).expect("a folder"));
        service.set_auth(SimpleAuth::from_single("local", "local"));
        let service = service.build();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let hook = Hook::default();
        let waiting = Arc::clone(&hook);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (service, waiting) = (service.clone(), Arc::clone(&waiting));
                let service = hyper::service::service_fn(move |request: http::Request<_>| {
                    let is_put = request.method() == Method::PUT;
                    let answer = hyper::service::Service::call(&service, request);
                    let waiting = Arc::clone(&waiting);
                    async move {
                        let answer = answer.await;
                        let hook =
                            is_put.then(|| waiting.lock().unwrap_or_else(PoisonError::into_inner).take());
                        if let Some(hook) = hook.flatten() {
                            hook.await;
                        }
                        answer
                    }
                });
                tokio::spawn(async move {
                    let server = auto::Builder::new(TokioExecutor::new());
                    // A client that disconnects does not matter to the bucket.
                    let _ = server.serve_connection(TokioIo::new(stream), service).await;
                });
            }
        });
        Self { url, folder, hook }
    }

    /// The configuration that gives functions access to the bucket.
    #[must_use]
    pub fn exports(&self) -> Exports {
        Exports { bucket: NAME.to_owned(), endpoint: Some(self.url.clone()) }
    }

    /// Runs `work` once the next object is stored, before the client receives the response.
    pub fn when_put(&self, work: impl Future<Output = ()> + Send + 'static) {
        *self.hook.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::pin(work));
    }

    /// The names of the objects.
    #[must_use]
    pub fn objects(&self) -> Vec<String> {
        let files = std::fs::read_dir(self.folder.path().join(NAME)).expect("a bucket");
        files.map(|file| file.expect("a file").file_name().to_string_lossy().into_owned()).collect()
    }
}
