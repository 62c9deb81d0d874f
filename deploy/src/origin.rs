//! The secret value of `X-Origin-Verify`, which the edge sends and the functions know the hash of.

use anyhow::{Context as _, Result, ensure};

use crate::{
    cloud::{Cloud, aws},
    manifest::Manifest,
    program::hash,
    settings::Settings,
};

/// The parameter with the hashes that the functions accept.
pub const HASHES: &str = "OriginVerifySha256";
/// The parameter with the version of the secret that the edge sends.
pub const VERSION: &str = "OriginVerifyVersion";
/// The label in Secrets Manager of the value that the edge sends.
pub(crate) const CURRENT: &str = "AWSCURRENT";
/// The label of the value that replaces the current one.
pub(crate) const PENDING: &str = "AWSPENDING";
/// The variable of the functions with the accepted hashes.
const VARIABLE: &str = "ORIGIN_VERIFY_SHA256";

/// A value of the secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    pub value: String,
    pub version: String,
}

/// The values that functions accept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Values {
    pub current: Version,
    /// The value that a rotation has begun with.
    pub pending: Option<Version>,
}

/// Placeholders for a dry run while the secret does not exist.
impl Default for Values {
    fn default() -> Self {
        Self { current: Version { value: String::new(), version: "1".to_owned() }, pending: None }
    }
}

impl Values {
    /// Returns the hashes for the functions, separated by commas.
    #[must_use]
    pub fn hashes(&self) -> String {
        let mut hashes = vec![hash(self.current.value.as_bytes())];
        hashes.extend(self.pending.iter().map(|pending| hash(pending.value.as_bytes())));
        hashes.dedup();
        hashes.join(",")
    }
}

/// Returns the name of the secret.
#[must_use]
pub fn secret(settings: &Settings) -> String {
    settings.parameters.get("OriginVerifyName").cloned().unwrap_or_default()
}

/// Returns the values of the secret; `None` if it does not exist.
///
/// # Errors
/// If the secret cannot be read.
pub async fn read(cloud: &Cloud, settings: &Settings) -> Result<Option<Values>> {
    let Some(current) = labelled(cloud, settings, CURRENT).await? else { return Ok(None) };
    Ok(Some(Values { current, pending: labelled(cloud, settings, PENDING).await? }))
}

async fn labelled(cloud: &Cloud, settings: &Settings, label: &str) -> Result<Option<Version>> {
    let name = secret(settings);
    let found = cloud.secrets.get_secret_value().secret_id(&name).version_stage(label).send().await;
    match found {
        Ok(found) => {
            let version = found.version_id.with_context(|| format!("{name} has no version"))?;
            Ok(found.secret_string.map(|value| Version { value, version }))
        }
        Err(error)
            if error.as_service_error().is_some_and(|error| error.is_resource_not_found_exception()) =>
        {
            Ok(None)
        }
        Err(error) => Err(aws(error)).with_context(|| format!("the secret {name} cannot be read")),
    }
}

/// Checks that the functions of a release accept the value that the edge sends now, and no former one: it may be known to others.
///
/// # Errors
/// If one does not.
pub async fn require_accepted(cloud: &Cloud, settings: &Settings, target: &Manifest) -> Result<()> {
    let Some(values) = read(cloud, settings).await? else { return Ok(()) };
    let known = values.hashes();
    let current = hash(values.current.value.as_bytes());
    for (function, version) in &target.versions {
        let found = cloud.functions.get_function_configuration().function_name(function).qualifier(version);
        let found = found.send().await.map_err(aws)?;
        let accepted = found.environment.and_then(|environment| environment.variables?.remove(VARIABLE));
        let is_right = |hashes: String| {
            let mut hashes = hashes.split(',').filter(|hash| !hash.is_empty()).peekable();
            hashes.peek().is_none()
                || hashes.clone().any(|hash| hash == current) && hashes.all(|hash| known.contains(hash))
        };
        ensure!(
            accepted.is_none_or(is_right),
            "version {version} of {function} accepts another value than the edge sends since its rotation: \
             deploy the commit {} again instead",
            target.commit
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_accept_the_current_and_the_pending_value() {
        let version = |value: &str| Version { value: value.to_owned(), version: value.to_owned() };
        let (one, two) = (hash(b"1"), hash(b"2"));
        let values = |pending: Option<&str>| Values { current: version("1"), pending: pending.map(version) };
        assert_eq!(values(None).hashes(), one);
        assert_eq!(values(Some("2")).hashes(), format!("{one},{two}"));
        assert_eq!(values(Some("1")).hashes(), one, "the pending value has become the current one");
    }
}
