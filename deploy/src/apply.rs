//! The deployment of one stack: a change set that is shown, checked and executed.

use std::{
    collections::BTreeMap,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use anyhow::{Context as _, Result, bail, ensure};
use aws_sdk_cloudformation::{
    error::ProvideErrorMetadata as _,
    types::{
        Capability, ChangeSetStatus, ChangeSetType, OnStackFailure, Parameter, ResourceToImport, Stack,
        StackStatus, Tag,
    },
};
use tokio::time::sleep;

use crate::{
    changes::Changes,
    cloud::{Cloud, aws},
    progress::Progress,
};

/// The wait between two looks at a stack.
const POLL: Duration = Duration::from_millis(2000);
/// The time until the first line about a stack that is being changed, and between two later ones.
const FIRST_REPORT: Duration = Duration::from_secs(4);
const REPORT: Duration = Duration::from_secs(20);

/// A stack to deploy.
#[derive(Clone, Debug)]
pub struct Wanted {
    pub name: String,
    /// The environment, which the parameter `Environment` of the deployed stack must name.
    pub environment: String,
    /// The address of the template in the bucket of artifacts.
    pub template_url: String,
    pub parameters: BTreeMap<String, String>,
    pub tags: BTreeMap<String, String>,
    /// Resources that may be replaced or removed although they hold data.
    pub expendable: Vec<String>,
    /// Resources that exist and become part of the stack; then nothing else may change.
    pub imports: Vec<ResourceToImport>,
    /// The role with which CloudFormation makes the changes, instead of the caller's rights.
    pub service_role: Option<String>,
}

/// The result of a deployment of a stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Applied {
    Changed,
    Unchanged,
    /// The changes were shown, and not made.
    Shown,
}

/// Returns the stack of this name; `None` if it does not exist.
///
/// # Errors
/// If CloudFormation does not answer.
pub async fn find(cloud: &Cloud, name: &str) -> Result<Option<Stack>> {
    match cloud.stacks.describe_stacks().stack_name(name).send().await {
        Ok(found) => Ok(found.stacks.unwrap_or_default().into_iter().next()),
        Err(error) if error.message().is_some_and(|message| message.contains("does not exist")) => Ok(None),
        Err(error) => Err(aws(error)),
    }
}

/// Returns the physical ids of the resources of some types; none if the stack does not exist.
///
/// # Errors
/// If CloudFormation does not answer.
pub async fn resources(cloud: &Cloud, stack: &str, kinds: &[&str]) -> Result<Vec<String>> {
    let mut ids = Vec::new();
    if find(cloud, stack).await?.is_none() {
        return Ok(ids);
    }
    let mut pages = cloud.stacks.list_stack_resources().stack_name(stack).into_paginator().send();
    while let Some(page) = pages.next().await {
        let resources = page.map_err(aws)?.stack_resource_summaries.unwrap_or_default();
        let is_wanted = |kind: Option<&str>| kind.is_some_and(|kind| kinds.contains(&kind));
        let of_kinds = resources.into_iter().filter(|resource| is_wanted(resource.resource_type()));
        ids.extend(of_kinds.filter_map(|resource| resource.physical_resource_id));
    }
    Ok(ids)
}

/// Returns the outputs of a stack by name.
#[must_use]
pub fn outputs(stack: &Stack) -> BTreeMap<String, String> {
    let pair = |output: &aws_sdk_cloudformation::types::Output| {
        Some((output.output_key.clone()?, output.output_value.clone()?))
    };
    stack.outputs().iter().filter_map(pair).collect()
}

/// Deploys `wanted`. With `dry_run`, shows the changes and makes none. It may be run again after it was killed at any point.
///
/// # Errors
/// If the changes are refused, or the stack could not be changed; CloudFormation has then rolled back.
pub async fn apply(cloud: &Cloud, wanted: &Wanted, dry_run: bool, progress: Progress) -> Result<Applied> {
    let name = &wanted.name;
    let mut kind = prepare(cloud, wanted, dry_run, progress).await?;
    if !wanted.imports.is_empty() {
        kind = ChangeSetType::Import;
    }
    let created = create_change_set(cloud, wanted, &kind).await;
    if created.is_err() && kind == ChangeSetType::Create {
        delete_empty(cloud, name).await?;
    }
    let Some((change_set, changes)) = created? else {
        progress.say(&format!("{name}: unchanged"));
        return Ok(Applied::Unchanged);
    };
    progress
        .say(&format!("{name}: {}", if kind == ChangeSetType::Create { "a new stack" } else { "changes" }));
    eprint!("{changes}");
    let losses: Vec<_> = changes
        .losses()
        .filter(|changed| !wanted.expendable.contains(&changed.id))
        .map(|changed| format!("{} ({})", changed.id, changed.kind))
        .collect();
    if dry_run || !losses.is_empty() {
        delete_change_set(cloud, name, &change_set).await?;
        if kind == ChangeSetType::Create {
            delete_empty(cloud, name).await?;
        }
    }
    if !losses.is_empty() {
        bail!(
            "{name} was not changed: the deployment would replace or delete {}; `--expendable ID` permits that for one resource",
            losses.join(", ")
        );
    }
    if dry_run {
        return Ok(Applied::Shown);
    }
    cloud
        .stacks
        .execute_change_set()
        .stack_name(name)
        .change_set_name(&change_set)
        .send()
        .await
        .map_err(aws)
        .with_context(|| format!("the changes of {name} cannot be made"))?;
    let since = now();
    let status = settled(cloud, name, progress).await?;
    match status {
        Some(StackStatus::CreateComplete | StackStatus::UpdateComplete | StackStatus::ImportComplete) => {
            Ok(Applied::Changed)
        }
        status => {
            let status = status.map_or_else(|| "gone".to_owned(), |status| status.as_str().to_owned());
            let reason = first_failure(cloud, name, since).await?;
            bail!("{name} could not be changed and is {status}: {reason}")
        }
    }
}

/// Creates the stack `name`, which is the same for all environments, from the text of a small template.
///
/// # Errors
/// If it cannot be created.
pub async fn create(cloud: &Cloud, name: &str, template: &str, progress: Progress) -> Result<()> {
    let creation = cloud.stacks.create_stack().stack_name(name).template_body(template);
    creation.on_failure(aws_sdk_cloudformation::types::OnFailure::Delete).send().await.map_err(aws)?;
    match settled(cloud, name, progress).await? {
        Some(StackStatus::CreateComplete) => Ok(()),
        _ => bail!("{name} could not be created: {}", first_failure(cloud, name, Duration::ZERO).await?),
    }
}

/// Checks that a stack that exists belongs to `environment`.
///
/// # Errors
/// If its parameter `Environment` names another one.
pub fn belongs_to(stack: &Stack, environment: &str) -> Result<()> {
    let deployed =
        stack.parameters().iter().find(|parameter| parameter.parameter_key() == Some("Environment"));
    match deployed.and_then(Parameter::parameter_value).filter(|other| *other != environment) {
        Some(other) => bail!(
            "the stack {} belongs to the environment {other}, not {environment}",
            stack.stack_name().unwrap_or_default()
        ),
        None => Ok(()),
    }
}

/// Brings the stack into a state in which a change set can be created; returns the kind of the change set.
async fn prepare(cloud: &Cloud, wanted: &Wanted, dry_run: bool, progress: Progress) -> Result<ChangeSetType> {
    let name = &wanted.name;
    loop {
        let Some(stack) = find(cloud, name).await? else { return Ok(ChangeSetType::Create) };
        belongs_to(&stack, &wanted.environment)?;
        let status =
            stack.stack_status.clone().context("CloudFormation does not tell the status of a stack")?;
        match status {
            // The empty stack of a change set that was never executed.
            StackStatus::ReviewInProgress => return Ok(ChangeSetType::Create),
            StackStatus::RollbackComplete | StackStatus::RollbackFailed | StackStatus::CreateFailed => {
                ensure!(
                    !dry_run,
                    "the creation of {name} failed before: a deployment deletes what is left, and shows nothing"
                );
                progress.say(&format!("{name}: its creation failed before; what is left of it is deleted"));
                delete(cloud, name, progress).await?;
            }
            StackStatus::DeleteFailed | StackStatus::UpdateRollbackFailed | StackStatus::UpdateFailed => {
                bail!("the stack {name} is {}: repair it first (docs/runbooks/release.md)", status.as_str())
            }
            status if status.as_str().ends_with("_IN_PROGRESS") => {
                progress
                    .say(&format!("{name}: another deployment is {}, waiting for its end", status.as_str()));
                settled(cloud, name, progress).await?;
            }
            _ => return Ok(ChangeSetType::Update),
        }
    }
}

/// Creates a change set; returns its name and changes, or `None` if there is nothing to change.
async fn create_change_set(
    cloud: &Cloud,
    wanted: &Wanted,
    kind: &ChangeSetType,
) -> Result<Option<(String, Changes)>> {
    let name = &wanted.name;
    let id = format!("deploy-{}", now().as_millis());
    let parameter = |(name, value): (&String, &String)| {
        Parameter::builder().parameter_key(name).parameter_value(value).build()
    };
    let tag = |(name, value): (&String, &String)| Tag::builder().key(name).value(value).build();
    let mut request = cloud
        .stacks
        .create_change_set()
        .stack_name(name)
        .change_set_name(&id)
        .change_set_type(kind.clone())
        .template_url(&wanted.template_url)
        .set_parameters(Some(wanted.parameters.iter().map(parameter).collect()))
        .set_tags(Some(wanted.tags.iter().map(tag).collect()))
        .set_role_arn(wanted.service_role.clone())
        .capabilities(Capability::CapabilityIam);
    if *kind == ChangeSetType::Import {
        request = request.set_resources_to_import(Some(wanted.imports.clone()));
    }
    if *kind == ChangeSetType::Create {
        request = request.on_stack_failure(OnStackFailure::Delete);
    }
    request
        .send()
        .await
        .map_err(aws)
        .with_context(|| format!("CloudFormation rejects the template of {name}"))?;
    let mut changes = Vec::new();
    let mut page = None;
    loop {
        let found = cloud
            .stacks
            .describe_change_set()
            .stack_name(name)
            .change_set_name(&id)
            .set_next_token(page.take())
            .send()
            .await
            .map_err(aws)?;
        match found.status {
            Some(ChangeSetStatus::CreateComplete) => {
                changes.extend(found.changes.unwrap_or_default());
                page = found.next_token;
                if page.is_none() {
                    return Ok(Some((id, Changes::of(&changes))));
                }
            }
            Some(ChangeSetStatus::Failed) => {
                let reason = found.status_reason.unwrap_or_default();
                delete_change_set(cloud, name, &id).await?;
                let is_empty = ["didn't contain changes", "No updates are to be performed"];
                if is_empty.iter().any(|text| reason.contains(text)) {
                    return Ok(None);
                }
                bail!("CloudFormation cannot determine the changes of {name}: {reason}");
            }
            _ => sleep(POLL / 4).await,
        }
    }
}

/// Deletes the empty stack that a change set has created, and that it was never executed on.
async fn delete_empty(cloud: &Cloud, name: &str) -> Result<()> {
    let found = find(cloud, name).await?;
    if found.and_then(|stack| stack.stack_status) == Some(StackStatus::ReviewInProgress) {
        cloud.stacks.delete_stack().stack_name(name).send().await.map_err(aws)?;
    }
    Ok(())
}

async fn delete_change_set(cloud: &Cloud, name: &str, change_set: &str) -> Result<()> {
    let deletion = cloud.stacks.delete_change_set().stack_name(name).change_set_name(change_set);
    deletion.send().await.map_err(aws)?;
    Ok(())
}

/// Deletes a stack, and waits until it is gone.
///
/// # Errors
/// If it cannot be deleted.
pub async fn delete(cloud: &Cloud, name: &str, progress: Progress) -> Result<()> {
    cloud.stacks.delete_stack().stack_name(name).send().await.map_err(aws)?;
    match settled(cloud, name, progress).await? {
        None | Some(StackStatus::DeleteComplete) => Ok(()),
        Some(status) => bail!("{name} could not be deleted and is {}", status.as_str()),
    }
}

/// Waits until the stack is no longer being changed; returns its status, or `None` if it is gone.
///
/// # Errors
/// If CloudFormation does not answer.
pub async fn settled(cloud: &Cloud, name: &str, progress: Progress) -> Result<Option<StackStatus>> {
    let (mut waited, mut next) = (Duration::ZERO, FIRST_REPORT);
    loop {
        let Some(stack) = find(cloud, name).await? else { return Ok(None) };
        let status = stack.stack_status.context("CloudFormation does not tell the status of a stack")?;
        if !status.as_str().ends_with("_IN_PROGRESS") || status == StackStatus::ReviewInProgress {
            return Ok(Some(status));
        }
        if waited >= next {
            next = waited + REPORT;
            progress.say(&format!("{name}: {}", status.as_str().to_lowercase().replace('_', " ")));
        }
        sleep(POLL).await;
        waited += POLL;
    }
}

/// Returns the first failure of a resource after `since`: those after it are its consequences.
async fn first_failure(cloud: &Cloud, name: &str, since: Duration) -> Result<String> {
    let since = i64::try_from(since.as_secs()).unwrap_or_default() - 5;
    let mut failed = None;
    let mut pages = cloud.stacks.describe_stack_events().stack_name(name).into_paginator().send();
    // The latest events come first. A failed creation has deleted its stack, and has no events.
    'pages: while let Some(Ok(page)) = pages.next().await {
        for event in page.stack_events.unwrap_or_default() {
            if event.timestamp.is_none_or(|time| time.secs() < since) {
                break 'pages;
            }
            if event.resource_status.as_ref().is_some_and(|status| status.as_str().ends_with("_FAILED")) {
                failed = Some(event);
            }
        }
    }
    Ok(failed.map_or_else(
        || "CloudFormation gives no reason".to_owned(),
        |event| {
            let resource = event.logical_resource_id().unwrap_or_default();
            format!("{resource}: {}", event.resource_status_reason().unwrap_or("without a reason"))
        },
    ))
}

fn now() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stack_of_another_environment_is_refused() {
        let environment =
            |name: &str| Parameter::builder().parameter_key("Environment").parameter_value(name).build();
        let stack = Stack::builder().stack_name("pokedex-prod").parameters(environment("prod")).build();
        assert!(belongs_to(&stack, "prod").is_ok());
        let refused = belongs_to(&stack, "staging").unwrap_err().to_string();
        assert_eq!(refused, "the stack pokedex-prod belongs to the environment prod, not staging");
        assert!(belongs_to(&Stack::builder().build(), "prod").is_ok(), "a stack without the parameter");
    }
}
