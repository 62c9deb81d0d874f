//! Environments of branches: deleted with everything in them.

use std::collections::BTreeMap;

use anyhow::{Result, bail, ensure};
use aws_sdk_s3::{
    error::ProvideErrorMetadata as _,
    types::{Delete, ObjectIdentifier},
};
use time::{Duration, OffsetDateTime, format_description::well_known::Rfc3339};

use crate::{
    apply,
    cloud::{Cloud, aws},
    manifest,
    progress::Progress,
    settings::Settings,
    stacks::{self, Stack},
};

/// Deletes every stack of the environment, the last deployed first. Running it again deletes what is left. Manifests stay.
///
/// # Errors
/// If the environment is stable, or a stack cannot be deleted.
pub async fn delete(
    cloud: &Cloud,
    settings: &Settings,
    stacks: &[Stack],
    dry_run: bool,
    progress: Progress,
) -> Result<()> {
    let environment = &settings.environment;
    ensure!(!environment.is_stable(), "{environment} holds data of users, and no command deletes it");
    for stack in stacks::of(stacks, settings).iter().rev() {
        let cloud = &cloud.of(stack);
        let name = stack.name_in(settings);
        let Some(deployed) = apply::find(cloud, &name).await? else { continue };
        apply::belongs_to(&deployed, environment.name())?;
        if dry_run {
            progress.say(&format!("{name} would be deleted"));
            continue;
        }
        if stack.protected {
            // CloudFormation deletes only empty buckets.
            for bucket in apply::resources(cloud, &name, &["AWS::S3::Bucket"]).await? {
                empty(cloud, &bucket).await?;
            }
        }
        progress.say(&format!("{name}: deleting"));
        apply::delete(cloud, &name, progress).await?;
    }
    if !dry_run {
        progress.say(&format!("{environment}: nothing is left"));
    }
    Ok(())
}

/// Deletes every version of every file.
async fn empty(cloud: &Cloud, bucket: &str) -> Result<()> {
    loop {
        let found = match cloud.files.list_object_versions().bucket(bucket).send().await {
            Ok(found) => found,
            Err(error) if error.code() == Some("NoSuchBucket") => return Ok(()),
            Err(error) => return Err(aws(error)),
        };
        let files = found.versions.unwrap_or_default().into_iter().map(|file| (file.key, file.version_id));
        let markers = found
            .delete_markers
            .unwrap_or_default()
            .into_iter()
            .map(|marker| (marker.key, marker.version_id));
        let identifier = |(key, version): (Option<String>, Option<String>)| {
            ObjectIdentifier::builder().key(key?).set_version_id(version).build().ok()
        };
        let files: Vec<_> = files.chain(markers).filter_map(identifier).collect();
        if files.is_empty() {
            return Ok(());
        }
        let files = Delete::builder().set_objects(Some(files)).build()?;
        let deleted = cloud.files.delete_objects().bucket(bucket).delete(files).send().await.map_err(aws)?;
        if let Some(error) = deleted.errors().first() {
            bail!("{bucket} cannot be emptied: {}", error.message().unwrap_or("S3 gives no reason"));
        }
    }
}

/// Returns the names of the environments of branches whose last deployment is older than `settings` permit, among those with stacks.
///
/// # Errors
/// If CloudFormation or S3 does not answer.
pub async fn expired(cloud: &Cloud, days: u32, now: OffsetDateTime) -> Result<Vec<String>> {
    let mut expired = Vec::new();
    let mut pages = cloud.stacks.describe_stacks().into_paginator().send();
    // The time at which the first stack of each environment was created.
    let mut names = BTreeMap::new();
    while let Some(page) = pages.next().await {
        for stack in page.map_err(aws)?.stacks.unwrap_or_default() {
            let tag = stack.tags().iter().find(|tag| tag.key() == Some("env")).and_then(|tag| tag.value());
            let Some(name) = tag.filter(|name| name.starts_with("f-")) else { continue };
            let created = stack.creation_time().map_or(0, aws_sdk_cloudformation::primitives::DateTime::secs);
            let first = names.entry(name.to_owned()).or_insert(created);
            *first = created.min(*first);
        }
    }
    for (name, created) in names {
        let last = manifest::of(cloud, &name, 1).await?.into_iter().next();
        let deployed = last.and_then(|manifest| OffsetDateTime::parse(&manifest.started, &Rfc3339).ok());
        // An environment without a manifest was never deployed completely, or is being created.
        let created = OffsetDateTime::from_unix_timestamp(created).ok();
        let used = deployed.or(created);
        if is_expired(used, now, days) {
            expired.push(name);
        }
    }
    Ok(expired)
}

/// Returns whether more than `days` days have passed since `used`, the last deployment. An environment without a known time has expired.
fn is_expired(used: Option<OffsetDateTime>, now: OffsetDateTime, days: u32) -> bool {
    used.is_none_or(|used| now - used > Duration::days(i64::from(days)))
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn an_environment_expires_after_its_last_day_is_over() {
        let now = datetime!(2026-11-26 08:00 UTC);
        for (used, has_expired) in [
            (datetime!(2026-11-26 08:00 UTC), false),
            (datetime!(2026-11-19 08:00:01 UTC), false),
            (datetime!(2026-11-19 08:00 UTC), false),
            (datetime!(2026-11-19 07:59:59 UTC), true),
            (datetime!(2026-10-01 08:00 UTC), true),
            // The clock of another machine is ahead.
            (datetime!(2026-11-26 08:01 UTC), false),
        ] {
            assert_eq!(is_expired(Some(used), now, 7), has_expired, "{used}");
        }
        assert!(is_expired(None, now, 7), "nobody knows when it was used");
    }
}
