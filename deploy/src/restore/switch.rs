//! The replacement of the table of the accounts in the stack of the data: the former table leaves the stack and stays, and the copy is
//! imported in its place.

use anyhow::{Context as _, Result};
use aws_sdk_cloudformation::types::ResourceToImport;
use serde_json::Value;

use crate::{
    apply,
    cloud::Cloud,
    compose::Composer,
    live::APP_TABLE,
    progress::Progress,
    protection,
    stacks::{DATA, Stack},
    template,
};

/// The resource in the template of the data.
pub const RESOURCE: &str = "AppTable";
const KIND: &str = "AWS::DynamoDB::GlobalTable";

/// Returns the stack of the data, and its template.
///
/// # Errors
/// If the bundle has none.
pub async fn data(cloud: &Cloud, composer: &Composer<'_>) -> Result<(Stack, Value)> {
    let stack = composer.bundle.stacks.iter().find(|stack| stack.name == DATA);
    let stack = stack.with_context(|| format!("the release has no stack {DATA}"))?;
    Ok((stack.clone(), composer.template(cloud, stack, "").await?))
}

/// Makes `table` the table of the accounts in the stack of the data. It may be run again after it was interrupted.
///
/// # Errors
/// If CloudFormation rejects a step: the next run continues.
pub async fn switch(cloud: &Cloud, composer: &Composer<'_>, table: &str, progress: Progress) -> Result<()> {
    let (stack, full) = data(cloud, composer).await?;
    let name = stack.name_in(composer.settings);
    let tables = apply::resources(cloud, &name, &[KIND]).await?;
    let parameters_of = |table: &str| {
        let mut settings = composer.settings.parameters.clone();
        settings.insert(APP_TABLE.to_owned(), table.to_owned());
        template::parameters(&full, &settings, &std::collections::BTreeMap::new())
    };
    let former = composer.settings.parameters.get(APP_TABLE).cloned().unwrap_or_default();
    if !tables.iter().any(|one| one == table) {
        protection::permit_changes(cloud, &name).await?;
        if former != table && tables.contains(&former) {
            let rest = without(&full, RESOURCE);
            let mut wanted = composer.wanted(cloud, &stack, &rest, parameters_of(&former)?).await?;
            wanted.expendable.push(RESOURCE.to_owned());
            apply::apply(cloud, &wanted, false, progress).await?;
            progress.say(&format!("{name}: {former} left the stack, and stays"));
        }
        let mut importing = full.clone();
        importing["Outputs"] = without(&full, RESOURCE)["Outputs"].clone();
        let mut wanted = composer.wanted(cloud, &stack, &importing, parameters_of(table)?).await?;
        let import = ResourceToImport::builder().resource_type(KIND).logical_resource_id(RESOURCE);
        wanted.imports.push(import.resource_identifier("TableName", table).build());
        apply::apply(cloud, &wanted, false, progress).await?;
        progress.say(&format!("{name}: {table} is in the stack"));
    }
    // An import cannot change outputs.
    let wanted = composer.wanted(cloud, &stack, &full, parameters_of(table)?).await?;
    apply::apply(cloud, &wanted, false, progress).await?;
    protection::protect(cloud, &name).await
}

/// Returns a template without a resource and the outputs about it.
fn without(template: &Value, resource: &str) -> Value {
    let mut rest = template.clone();
    let names = format!("\"{resource}\"");
    if let Some(resources) = rest["Resources"].as_object_mut() {
        resources.shift_remove(resource);
    }
    if let Some(outputs) = rest["Outputs"].as_object_mut() {
        outputs.retain(|_, output| !output.to_string().contains(&names));
    }
    rest
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_table_leaves_a_template_with_its_outputs_and_nothing_else() {
        let template = json!({
            "Parameters": {"AppTableName": {}},
            "Resources": {"AppTable": {"Type": KIND}, "AuditTable": {"Type": KIND}},
            "Outputs": {
                "AppTableName": {"Value": {"Ref": "AppTable"}},
                "AppTableArn": {"Value": {"Fn::GetAtt": ["AppTable", "Arn"]}},
                "AuditTableName": {"Value": {"Ref": "AuditTable"}},
            },
        });
        let expected = json!({
            "Parameters": {"AppTableName": {}},
            "Resources": {"AuditTable": {"Type": KIND}},
            "Outputs": {"AuditTableName": {"Value": {"Ref": "AuditTable"}}},
        });
        assert_eq!(without(&template, "AppTable"), expected);
    }
}
