//! The alias `live` of each function, which decides the version that serves.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};

use crate::{
    apply,
    cloud::{Cloud, aws},
    progress::Progress,
};

/// The alias that the HTTP API and the schedules invoke.
pub const LIVE: &str = "live";

/// Versions by the name of their function.
pub type Versions = BTreeMap<String, String>;

/// Returns the versions that the functions of the stack `name` serve with; none if the stack does not exist.
///
/// # Errors
/// If CloudFormation or Lambda does not answer.
pub async fn of_stack(cloud: &Cloud, name: &str) -> Result<Versions> {
    let mut versions = Versions::new();
    for function in apply::resources(cloud, name, &["AWS::Lambda::Function"]).await? {
        if let Some(version) = of(cloud, &function).await? {
            versions.insert(function, version);
        }
    }
    Ok(versions)
}

/// Returns the versions that the template of the stack `name` gives its functions, wherever the aliases are.
///
/// # Errors
/// If CloudFormation does not answer.
pub async fn in_template(cloud: &Cloud, name: &str) -> Result<Versions> {
    let mut versions = Versions::new();
    for arn in apply::resources(cloud, name, &["AWS::Lambda::Version"]).await? {
        // arn:aws:lambda:REGION:ACCOUNT:function:NAME:VERSION
        let mut parts = arn.rsplit(':');
        let (version, function) = (parts.next(), parts.next());
        let (version, function) = version.zip(function).with_context(|| format!("{arn} names no version"))?;
        versions.insert(function.to_owned(), version.to_owned());
    }
    Ok(versions)
}

/// Returns the version that the function serves with; `None` if it has no alias yet.
///
/// # Errors
/// If Lambda does not answer.
pub async fn of(cloud: &Cloud, function: &str) -> Result<Option<String>> {
    match cloud.functions.get_alias().function_name(function).name(LIVE).send().await {
        Ok(alias) => Ok(alias.function_version),
        Err(error)
            if error.as_service_error().is_some_and(|error| error.is_resource_not_found_exception()) =>
        {
            Ok(None)
        }
        Err(error) => Err(aws(error)),
    }
}

/// Moves the aliases to `versions`, all traffic at once, and returns those that were elsewhere. Moving an alias again changes nothing.
///
/// # Errors
/// If Lambda rejects a change; aliases moved before stay moved.
pub async fn move_to(cloud: &Cloud, versions: &Versions, progress: Progress) -> Result<Versions> {
    let mut moved = Versions::new();
    for (function, version) in versions {
        let current = of(cloud, function).await?;
        if current.as_ref() == Some(version) {
            continue;
        }
        let change =
            cloud.functions.update_alias().function_name(function).name(LIVE).function_version(version);
        // A deployment in progress may have split the traffic.
        let no_split = aws_sdk_lambda::types::AliasRoutingConfiguration::builder()
            .set_additional_version_weights(Some(std::collections::HashMap::new()))
            .build();
        change
            .routing_config(no_split)
            .send()
            .await
            .map_err(aws)
            .with_context(|| format!("the alias of {function} cannot be moved to version {version}"))?;
        progress.say(&format!(
            "{function}: version {} instead of {}",
            version,
            current.as_deref().unwrap_or("none")
        ));
        moved.insert(function.clone(), version.clone());
    }
    Ok(moved)
}
