//! SDK clients. TLS is ring's: the SDK's default seeds itself for 20 ms at the first handshake of a cold start.

use std::time::Duration;

use aws_config::{BehaviorVersion, Region, retry::RetryConfig, timeout::TimeoutConfig};
use aws_sdk_dynamodb::{Client, config::Credentials};
use aws_smithy_http_client::{
    Builder,
    tls::{Provider, rustls_provider::CryptoMode},
};

/// Where DynamoDB is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Engine {
    /// As the environment says: region, credentials, `AWS_ENDPOINT_URL_DYNAMODB`.
    Environment,
    /// An engine on this machine, spoken to over plain HTTP; it takes any credentials.
    Endpoint(String),
}

/// A DynamoDB client. Three attempts within two seconds: who waits longer has been answered 503 already.
pub async fn dynamodb(engine: &Engine) -> Client {
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(Duration::from_millis(500))
        .operation_attempt_timeout(Duration::from_millis(1_500))
        .operation_timeout(Duration::from_secs(2))
        .build();
    let retries =
        RetryConfig::standard().with_max_attempts(3).with_initial_backoff(Duration::from_millis(50));
    let loader =
        aws_config::defaults(BehaviorVersion::latest()).timeout_config(timeouts).retry_config(retries);
    let config = match engine {
        Engine::Environment => {
            let tls = Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https();
            loader.http_client(tls).load().await
        }
        Engine::Endpoint(url) => {
            loader
                .http_client(Builder::new().build_http())
                .endpoint_url(url)
                .region(Region::new("local"))
                .credentials_provider(Credentials::new("local", "local", None, None, "one machine"))
                .load()
                .await
        }
    };
    Client::new(&config)
}

/// The same client with the patience of a background job: the sync would rather wait than fail.
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
