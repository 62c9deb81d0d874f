//! S3 in this process, with a bucket for exports and one for assets, in a temporary folder.

use std::{
    collections::BTreeMap,
    fs,
    path::Path,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use adapters::{aws, export::Exports};
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
const ASSETS: &str = "assets";

type Hook = Arc<Mutex<Option<BoxFuture<'static, ()>>>>;

/// The buckets. Dropping them deletes them; their server ends with the test's runtime.
pub struct Bucket {
    url: String,
    folder: TempDir,
    hook: Hook,
    puts: Arc<AtomicUsize>,
}

impl Bucket {
    /// # Panics
    /// If no port is free.
    pub async fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        for bucket in [NAME, ASSETS] {
            fs::create_dir(folder.path().join(bucket)).expect("a bucket");
        }
        let mut service = S3ServiceBuilder::new(FileSystem::new(folder.path()).expect("a folder"));
        service.set_auth(SimpleAuth::from_single("local", "local"));
        let service = service.build();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let hook = Hook::default();
        let waiting = Arc::clone(&hook);
        let puts = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&puts);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (service, waiting, counter) =
                    (service.clone(), Arc::clone(&waiting), Arc::clone(&counter));
                let service = hyper::service::service_fn(move |request: http::Request<_>| {
                    let is_put = request.method() == Method::PUT;
                    if is_put {
                        counter.fetch_add(1, Ordering::Relaxed);
                    }
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
        Self { url, folder, hook, puts }
    }

    /// The configuration that gives functions access to the bucket.
    #[must_use]
    pub fn exports(&self) -> Exports {
        Exports { bucket: NAME.to_owned(), endpoint: Some(self.url.clone()) }
    }

    /// The bucket of assets.
    #[must_use]
    pub fn assets(&self) -> mirror::Bucket {
        mirror::Bucket::new(&aws::s3_at(&self.url), ASSETS)
    }

    /// Deletes all assets.
    pub fn empty(&self) {
        let folder = self.folder.path().join(ASSETS);
        fs::remove_dir_all(&folder).and_then(|()| fs::create_dir(&folder)).expect("an empty bucket");
    }

    /// The number of objects that were written so far.
    #[must_use]
    pub fn puts(&self) -> usize {
        self.puts.load(Ordering::Relaxed)
    }

    /// The objects of the bucket of assets, by key.
    #[must_use]
    pub fn files(&self) -> BTreeMap<String, Vec<u8>> {
        let root = self.folder.path().join(ASSETS);
        let mut files = BTreeMap::new();
        collect(&root, &root, &mut files);
        files
    }

    /// Runs `work` once the next object is stored, before the client receives the response.
    pub fn when_put(&self, work: impl Future<Output = ()> + Send + 'static) {
        *self.hook.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::pin(work));
    }

    /// The names of the objects.
    #[must_use]
    pub fn objects(&self) -> Vec<String> {
        let files = fs::read_dir(self.folder.path().join(NAME)).expect("a bucket");
        files.map(|file| file.expect("a file").file_name().to_string_lossy().into_owned()).collect()
    }
}

fn collect(root: &Path, folder: &Path, files: &mut BTreeMap<String, Vec<u8>>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            collect(root, &path, files);
        } else {
            let key = path.strip_prefix(root).expect("a path below the root").to_string_lossy().into_owned();
            files.insert(key, fs::read(&path).expect("a file"));
        }
    }
}
