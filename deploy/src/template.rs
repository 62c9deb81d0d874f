//! The template of a stack as CloudFormation receives it.

use std::{collections::BTreeMap, path::Path, process::Stdio};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::{Value, json};
use tokio::{io::AsyncWriteExt as _, process::Command};

/// The variable with the Python interpreter that has SAM's translator. `cargo xtask` sets it.
pub const PYTHON: &str = "POKEDEX_SAM_PYTHON";

/// The text of the templates that the name of the release replaces.
const UNRELEASED: &str = "development";

/// Expands the text of a template with SAM's translator.
///
/// # Errors
/// If the translator is missing or rejects the template.
pub async fn expand(
    root: &Path,
    region: &str,
    text: &str,
    parameters: &BTreeMap<String, String>,
) -> Result<Value> {
    let python = std::env::var_os(PYTHON)
        .with_context(|| format!("{PYTHON} is not set: run this command through `cargo xtask`"))?;
    let mut translator = Command::new(&python)
        .arg(root.join("deploy/transform.py"))
        .arg(region)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .with_context(|| format!("{} cannot be started", python.display()))?;
    let request = serde_json::to_vec(&json!({"template": text, "parameters": parameters}))?;
    let mut input = translator.stdin.take().context("the translator has no input")?;
    let feed = async move { input.write_all(&request).await };
    let (fed, output) = tokio::join!(feed, translator.wait_with_output());
    let output = output?;
    if !output.status.success() {
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        bail!("SAM rejects the template: {}", errors.lines().last().unwrap_or("without a reason"));
    }
    fed.context("the translator did not read the template")?;
    serde_json::from_slice(&output.stdout).context("the translator printed no JSON")
}

/// Returns the values of the parameters that `template` declares: those of the settings, then the outputs of earlier stacks. A parameter with
/// neither has its default.
///
/// # Errors
/// If a parameter has no value; the error names it.
pub fn parameters(
    template: &Value,
    settings: &BTreeMap<String, String>,
    outputs: &BTreeMap<String, String>,
) -> Result<BTreeMap<String, String>> {
    let mut values = BTreeMap::new();
    for (name, declared) in template["Parameters"].as_object().into_iter().flatten() {
        if let Some(value) = settings.get(name).or_else(|| outputs.get(name)) {
            values.insert(name.clone(), value.clone());
        } else if declared.get("Default").is_none() {
            bail!(
                "the parameter {name} has no value: neither a setting nor an output of an earlier stack has this name"
            );
        }
    }
    Ok(values)
}

/// Puts the name of the release and the program's archive into an expanded template.
///
/// # Errors
/// If a function does not have the places for them.
pub fn release(template: &mut Value, release: &str, bucket: &str, key: &str) -> Result<()> {
    for (id, resource) in template["Resources"].as_object_mut().into_iter().flatten() {
        let kind = resource["Type"].as_str().unwrap_or_default().to_owned();
        let properties = &mut resource["Properties"];
        match kind.as_str() {
            "AWS::Lambda::Function" => {
                let place = &mut properties["Environment"]["Variables"]["RELEASE"];
                ensure!(*place == UNRELEASED, "{id} has no variable RELEASE with the value {UNRELEASED:?}");
                *place = json!(release);
                properties["Code"] = json!({"S3Bucket": bucket, "S3Key": key});
            }
            "AWS::CloudWatch::Alarm" => {
                for dimension in properties["Dimensions"].as_array_mut().into_iter().flatten() {
                    if dimension["Name"] == "release" {
                        dimension["Value"] = json!(release);
                    }
                }
            }
            _ => {}
        }
    }
    Ok(())
}

/// Makes every resource of a template disappear with its stack, for an environment that must leave nothing behind.
pub fn disposable(template: &mut Value) {
    for resource in template["Resources"].as_object_mut().into_iter().flat_map(serde_json::Map::values_mut) {
        for policy in ["DeletionPolicy", "UpdateReplacePolicy"] {
            if resource[policy].as_str().is_some_and(|policy| policy.starts_with("Retain")) {
                resource[policy] = json!("Delete");
            }
        }
    }
}
