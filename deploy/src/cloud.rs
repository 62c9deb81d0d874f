//! The clients of AWS, with the credentials of the person or workflow that deploys.

use anyhow::{Context as _, Result};
use aws_config::{BehaviorVersion, Region, SdkConfig};

use crate::stacks::Stack;

/// The clients for one account and region.
#[derive(Clone, Debug)]
pub struct Cloud {
    pub stacks: aws_sdk_cloudformation::Client,
    pub functions: aws_sdk_lambda::Client,
    pub files: aws_sdk_s3::Client,
    pub secrets: aws_sdk_secretsmanager::Client,
    pub tables: aws_sdk_dynamodb::Client,
    pub notices: aws_sdk_sns::Client,
    pub alarms: aws_sdk_cloudwatch::Client,
    pub distributions: aws_sdk_cloudfront::Client,
    pub account: String,
    pub region: String,
    config: SdkConfig,
}

impl Cloud {
    /// Connects to `region` with the credentials of the environment, of a profile, or of a web identity.
    ///
    /// # Errors
    /// If there are no valid credentials.
    pub async fn connect(region: &str) -> Result<Self> {
        let config = aws_config::defaults(BehaviorVersion::latest())
            .region(Region::new(region.to_owned()))
            .http_client(adapters::aws::https_client())
            .load()
            .await;
        let caller = aws_sdk_sts::Client::new(&config).get_caller_identity().send().await;
        let caller = caller.map_err(aws).context("AWS accepts no credentials of this process")?;
        let account = caller.account.context("AWS does not name the account")?;
        Ok(Self::with(config, account, region))
    }

    fn with(config: SdkConfig, account: String, region: &str) -> Self {
        Self {
            stacks: aws_sdk_cloudformation::Client::new(&config),
            functions: aws_sdk_lambda::Client::new(&config),
            files: files(&config),
            secrets: aws_sdk_secretsmanager::Client::new(&config),
            tables: aws_sdk_dynamodb::Client::new(&config),
            notices: aws_sdk_sns::Client::new(&config),
            alarms: aws_sdk_cloudwatch::Client::new(&config),
            distributions: aws_sdk_cloudfront::Client::new(&config),
            account,
            region: region.to_owned(),
            config,
        }
    }

    /// Returns the clients for the region of `stack`.
    #[must_use]
    pub fn of(&self, stack: &Stack) -> Self {
        let Some(region) = &stack.region else { return self.clone() };
        let config = self.config.clone().into_builder().region(Region::new(region.clone())).build();
        Self::with(config, self.account.clone(), region)
    }

    /// Returns the name of the bucket of artifacts and manifests, which all environments of the account and region share.
    #[must_use]
    pub fn artifacts(&self) -> String {
        format!("pokedex-artifacts-{}-{}", self.account, self.region)
    }
}

/// An emulator has no names of hosts for buckets.
fn files(config: &SdkConfig) -> aws_sdk_s3::Client {
    let mut settings = aws_sdk_s3::config::Builder::from(config);
    settings.set_force_path_style(Some(config.endpoint_url().is_some()));
    aws_sdk_s3::Client::from_conf(settings.build())
}

/// Returns an error of AWS with all its causes in one line.
pub fn aws(error: impl std::error::Error) -> anyhow::Error {
    anyhow::anyhow!(adapters::store::chain(&error))
}
