//! SDK clients. TLS uses ring: the SDK's default provider seeds itself for 20 ms at the first handshake of a cold start.

mod fixed;

use std::{env, time::Duration};

use aws_config::{BehaviorVersion, Region, SdkConfig, environment::EnvironmentVariableCredentialsProvider};
use aws_sdk_cloudfront::Client as CloudFrontClient;
use aws_sdk_codedeploy::Client as CodeDeployClient;
use aws_sdk_dynamodb::{
    Client, Config,
    config::{
        Credentials, SharedCredentialsProvider, SharedHttpClient, StalledStreamProtectionConfig,
        interceptors::InterceptorContext,
        retry::{ClassifyRetry, RetryAction, RetryConfig},
        timeout::TimeoutConfig,
    },
    operation::{
        delete_item::DeleteItemError, put_item::PutItemError, transact_write_items::TransactWriteItemsError,
        update_item::UpdateItemError,
    },
};
use aws_sdk_lambda::{Client as LambdaClient, config::Builder as LambdaConfig};
use aws_sdk_s3::Client as S3Client;
use aws_sdk_secretsmanager::Client as SecretsClient;
use aws_sdk_sns::Client as SnsClient;
use aws_smithy_http_client::{
    Builder,
    tls::{Provider, TlsContext, TrustStore, rustls_provider::CryptoMode},
};

use fixed::FixedEndpoint;

/// The roots of Amazon Trust Services (<https://www.amazontrust.com/repository/>), below which every AWS endpoint has a certificate.
/// Reading the machine's hundred and more roots takes 0.8 ms of a cold start.
const AMAZON_ROOTS: &[u8] = include_bytes!("amazon_roots.pem");

/// A DynamoDB client configured from Lambda's environment: region, credentials and, if set, `AWS_ENDPOINT_URL_DYNAMODB` or
/// `AWS_ENDPOINT_URL`. The clients of other services read the environment in the same way.
///
/// No other source of configuration is read. The SDK's own provider chain (files, STS and metadata services) adds a megabyte to a binary,
/// and a function never uses it.
#[must_use]
pub fn from_environment() -> Client {
    dynamodb(environment("AWS_ENDPOINT_URL_DYNAMODB"))
}

/// The access key id that an engine accepts unless another one is configured.
pub const ANYBODY: &str = "local";

/// The location of a service.
#[derive(Clone, Debug)]
pub enum Endpoint {
    /// The endpoint that the environment names.
    Environment,
    /// A URL, over plain HTTP, for requests signed with this access key id.
    Url { url: String, access_key_id: String },
    /// This process, behind this HTTP client.
    InProcess(SharedHttpClient),
}

impl Endpoint {
    /// A service at `url` that accepts any credentials.
    #[must_use]
    pub fn at(url: impl Into<String>) -> Self {
        Self::Url { url: url.into(), access_key_id: ANYBODY.to_owned() }
    }
}

/// A client of an engine at `url`, over plain HTTP, that accepts any credentials.
#[must_use]
pub fn at(url: &str) -> Client {
    at_with(url, ANYBODY)
}

/// A client of an engine at `url`, over plain HTTP, for requests signed with `access_key_id`.
#[must_use]
pub fn at_with(url: &str, access_key_id: &str) -> Client {
    dynamodb(one_machine(url, access_key_id))
}

/// A client of an engine in this process, behind `http`.
#[must_use]
pub fn in_process(http: SharedHttpClient) -> Client {
    dynamodb(this_process(http))
}

/// Builds the client without an [`SdkConfig`], which would add a tenth of a megabyte to every binary.
fn dynamodb(Service { http, credentials, region, endpoint }: Service) -> Client {
    let mut config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .timeout_config(timeouts())
        .retry_config(retries())
        .retry_classifier(PassingCancellations)
        .http_client(http)
        .credentials_provider(credentials);
    if let Some(fixed) = FixedEndpoint::new(endpoint.as_deref(), region.as_ref()) {
        config = config.endpoint_resolver(fixed);
    }
    config.set_region(region);
    Client::from_conf(config.build())
}

/// A Secrets Manager client configured from the environment.
#[must_use]
pub fn secrets_from_environment() -> SecretsClient {
    SecretsClient::new(&environment("AWS_ENDPOINT_URL_SECRETS_MANAGER").config())
}

/// A CodeDeploy client configured from the environment.
#[must_use]
pub fn codedeploy_from_environment() -> CodeDeployClient {
    CodeDeployClient::new(&environment("AWS_ENDPOINT_URL_CODEDEPLOY").config())
}

/// A CloudFront client configured from the environment.
#[must_use]
pub fn cloudfront_from_environment() -> CloudFrontClient {
    CloudFrontClient::new(&environment("AWS_ENDPOINT_URL_CLOUDFRONT").config())
}

/// A client of a stand-in for CloudFront on this machine.
#[must_use]
pub fn cloudfront_at(url: &str) -> CloudFrontClient {
    CloudFrontClient::new(&one_machine(url, ANYBODY).config())
}

/// An SNS client configured from the environment.
#[must_use]
pub fn sns_from_environment() -> SnsClient {
    SnsClient::new(&environment("AWS_ENDPOINT_URL_SNS").config())
}

/// A Lambda client without time-outs: the caller of a function limits the wait itself.
#[must_use]
pub fn lambda(endpoint: &Endpoint) -> LambdaClient {
    let service = match endpoint {
        Endpoint::Environment => environment("AWS_ENDPOINT_URL_LAMBDA"),
        Endpoint::Url { url, access_key_id } => one_machine(url, access_key_id),
        Endpoint::InProcess(http) => this_process(http.clone()),
    };
    let config = &service.config();
    // Explicitly disabled: a time-out that is not set would keep its value for the other services.
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(CONNECT)
        .disable_operation_attempt_timeout()
        .disable_operation_timeout()
        .build();
    let config = LambdaConfig::from(config)
        .timeout_config(timeouts)
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
    LambdaClient::from_conf(config.build())
}

/// An S3 client configured from the environment.
#[must_use]
pub fn s3_from_environment() -> S3Client {
    S3Client::new(&environment("AWS_ENDPOINT_URL_S3").config())
}

/// A client of an S3 service on this machine.
#[must_use]
pub fn s3_at(url: &str) -> S3Client {
    S3Client::new(&one_machine(url, ANYBODY).config())
}

/// A client of an S3 service in this process, behind `http`.
#[must_use]
pub fn s3_in_process(http: SharedHttpClient) -> S3Client {
    // An address instead of a name, so that the SDK does not put the bucket's name before it.
    S3Client::new(&here(http, "http://127.0.0.1", ANYBODY).config())
}

/// The location of a service, and the credentials for it.
struct Service {
    http: SharedHttpClient,
    credentials: SharedCredentialsProvider,
    region: Option<Region>,
    endpoint: Option<String>,
}

/// A service as Lambda's environment configures it. `endpoint` is the variable that names another endpoint for this service only.
fn environment(endpoint: &str) -> Service {
    let set = |name| env::var(name).ok().filter(|value| !value.is_empty());
    let endpoint = set(endpoint).or_else(|| set("AWS_ENDPOINT_URL"));
    // Another endpoint, or a proxy that inspects TLS, has a certificate below another root.
    let is_amazons = endpoint.is_none() && set("SSL_CERT_FILE").or_else(|| set("SSL_CERT_DIR")).is_none();
    Service {
        http: https(if is_amazons { amazon() } else { TrustStore::default() }),
        credentials: SharedCredentialsProvider::new(EnvironmentVariableCredentialsProvider::new()),
        region: set("AWS_REGION").or_else(|| set("AWS_DEFAULT_REGION")).map(Region::new),
        endpoint,
    }
}

/// A service at `url`, over plain HTTP.
fn one_machine(url: &str, access_key_id: &str) -> Service {
    here(Builder::new().build_http(), url, access_key_id)
}

/// A service in this process. Nothing ever connects to its address.
fn this_process(http: SharedHttpClient) -> Service {
    here(http, "http://localhost", ANYBODY)
}

fn here(http: SharedHttpClient, url: &str, access_key_id: &str) -> Service {
    let credentials = Credentials::new(access_key_id, "local", None, None, "one machine");
    Service {
        http,
        credentials: SharedCredentialsProvider::new(credentials),
        region: Some(Region::new("local")),
        endpoint: Some(url.to_owned()),
    }
}

impl Service {
    fn config(self) -> SdkConfig {
        let Self { http, credentials, region, endpoint } = self;
        let mut config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .timeout_config(timeouts())
            .retry_config(retries())
            .http_client(http)
            .credentials_provider(credentials)
            .region(region);
        config.set_endpoint_url(endpoint);
        config.build()
    }
}

fn amazon() -> TrustStore {
    TrustStore::empty().with_pem_certificate(AMAZON_ROOTS)
}

/// Returns a client that trusts the certificates that this machine trusts.
#[must_use]
pub fn https_client() -> SharedHttpClient {
    https(TrustStore::default())
}

fn https(trusted: TrustStore) -> SharedHttpClient {
    let context = TlsContext::builder().with_trust_store(trusted).build().expect("a context needs no more");
    Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).tls_context(context).build_https()
}

const CONNECT: Duration = Duration::from_millis(500);

/// Three attempts within two seconds: a client that waits longer has already received a 503.
fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(CONNECT)
        .operation_attempt_timeout(Duration::from_millis(1_500))
        .operation_timeout(Duration::from_secs(2))
        .build()
}

fn retries() -> RetryConfig {
    RetryConfig::standard().with_max_attempts(3).with_initial_backoff(Duration::from_millis(50))
}

/// Retries errors that the SDK treats as final: a transaction that was throttled, and a single write that conflicted with a transaction on
/// the same item. The store retries transactions that conflicted with another one, and counts those attempts separately.
#[derive(Debug)]
struct PassingCancellations;

impl ClassifyRetry for PassingCancellations {
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        let error = context.output_or_error().and_then(Result::err);
        let passes = error.and_then(|error| error.as_operation_error()).is_some_and(|error| {
            error.downcast_ref().is_some_and(was_throttled)
                || error.downcast_ref().is_some_and(PutItemError::is_transaction_conflict_exception)
                || error.downcast_ref().is_some_and(DeleteItemError::is_transaction_conflict_exception)
                || error.downcast_ref().is_some_and(UpdateItemError::is_transaction_conflict_exception)
        });
        if passes { RetryAction::transient_error() } else { RetryAction::NoActionIndicated }
    }

    fn name(&self) -> &'static str {
        "cancelled transactions"
    }
}

/// Whether throttling is the only reason why a transaction was cancelled.
fn was_throttled(error: &TransactWriteItemsError) -> bool {
    let TransactWriteItemsError::TransactionCanceledException(cancelled) = error else { return false };
    let reasons = cancelled.cancellation_reasons().iter().filter_map(|reason| reason.code());
    let mut reasons = reasons.filter(|code| *code != "None").peekable();
    reasons.peek().is_some()
        && reasons.all(|code| ["ThrottlingError", "ProvisionedThroughputExceeded"].contains(&code))
}

/// A copy of the client with the patience of a background job: the sync should wait rather than fail.
#[must_use]
pub fn patient(client: &Client) -> Client {
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(2))
        .operation_attempt_timeout(Duration::from_secs(10))
        .operation_timeout(Duration::from_secs(60))
        .build();
    let retries = RetryConfig::standard().with_max_attempts(8);
    let config = client.config().to_builder().timeout_config(timeouts).retry_config(retries).build();
    Client::from_conf(config)
}

#[cfg(test)]
mod tests {
    use rustls::{
        RootCertStore,
        pki_types::{CertificateDer, pem::PemObject as _},
    };
    use sha2::{Digest as _, Sha256};

    use super::*;

    #[test]
    fn amazons_roots_are_the_five_that_are_named() {
        let text = std::str::from_utf8(AMAZON_ROOTS).expect("text");
        let named: Vec<_> = text.lines().filter_map(|line| line.strip_prefix("sha256 ")).collect();
        let roots: Vec<_> =
            CertificateDer::pem_slice_iter(AMAZON_ROOTS).collect::<Result<_, _>>().expect("certificates");
        let hash = |root: &CertificateDer<'_>| {
            Sha256::digest(root).iter().map(|byte| format!("{byte:02x}")).collect::<String>()
        };
        assert_eq!(named, roots.iter().map(hash).collect::<Vec<_>>());
        assert_eq!(roots.len(), 5);
        let mut store = RootCertStore::empty();
        assert_eq!(store.add_parsable_certificates(roots), (5, 0));
    }

    #[test]
    fn a_client_can_be_built_with_amazons_roots_alone() {
        let _ = https(amazon());
    }
}
