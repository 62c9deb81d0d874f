//! The template of a stack as CloudFormation receives it.

use std::{collections::BTreeMap, path::Path, process::Stdio};

use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};
use tokio::{io::AsyncWriteExt as _, process::Command};

/// The variable with the Python interpreter that has SAM's translator. `cargo xtask` sets it.
pub const PYTHON: &str = "POKEDEX_SAM_PYTHON";

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

/// Returns the values of the parameters that `template` declares: those of the settings, then the outputs of earlier stacks. A parameter
/// with neither has its default.
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

/// Puts the name of the release and the program's archive into the text of a template. SAM derives the id of a function's version from the
/// text of its properties, so this must happen before the template is expanded: a version with the same id is not published again.
#[must_use]
pub fn released(text: &str, release: &str, bucket: &str, key: &str) -> String {
    text.replace("RELEASE: development", &format!("RELEASE: \"{release}\""))
        .replace("Value: development", &format!("Value: \"{release}\""))
        .replace("CodeUri: .\n", &format!("CodeUri: {{Bucket: {bucket}, Key: {key}}}\n"))
}

/// Makes every resource of a template disappear with its stack, for an environment that must leave nothing behind.
pub fn disposable(template: &mut Value) {
    for resource in template["Resources"].as_object_mut().into_iter().flat_map(serde_json::Map::values_mut) {
        for policy in ["DeletionPolicy", "UpdateReplacePolicy"] {
            let retains = |value: &Value| value.as_str().is_some_and(|value| value.starts_with("Retain"));
            if resource.get(policy).is_some_and(retains) {
                resource[policy] = json!("Delete");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEMPLATE: &str = include_str!("../../template.yaml");

    #[test]
    fn every_function_and_alarm_of_a_release_names_it() {
        let text = released(TEMPLATE, "0123456789abcdef", "bucket", "programs/1.zip");
        let functions = TEMPLATE.matches("AWS::Serverless::Function").count();
        assert_eq!(text.matches("CodeUri: {Bucket: bucket, Key: programs/1.zip}").count(), functions);
        assert_eq!(text.matches("\"0123456789abcdef\"").count(), 2, "the common variable, and the alarm");
        assert!(!text.contains("development"), "nothing is unreleased");
    }

    #[test]
    fn a_disposable_template_retains_nothing() {
        let mut template = json!({"Resources": {
            "Table": {"DeletionPolicy": "RetainExceptOnCreate", "UpdateReplacePolicy": "Retain"},
            "Queue": {"DeletionPolicy": "Delete"},
            "Topic": {},
        }});
        disposable(&mut template);
        assert!(!template.to_string().contains("Retain"), "{template}");
        assert_eq!(template["Resources"]["Topic"], json!({}));
    }

    #[test]
    fn a_parameter_without_a_value_is_named() {
        let template = json!({"Parameters": {"One": {}, "Two": {"Default": "2"}, "Three": {}}});
        let map = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
            pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
        };
        let values = parameters(
            &template,
            &map(&[("One", "1"), ("Four", "4")]),
            &map(&[("Three", "3"), ("One", "0")]),
        );
        assert_eq!(
            values.expect("values"),
            map(&[("One", "1"), ("Three", "3")]),
            "settings come before outputs"
        );
        let missing =
            parameters(&template, &map(&[("One", "1")]), &map(&[])).expect_err("no value").to_string();
        assert!(missing.contains("Three"), "{missing}");
    }
}
