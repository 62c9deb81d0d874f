//! The replacement of the table of the accounts in the stack of the data: the former table leaves the stack and stays, and the copy is
//! imported in its place.

use std::collections::BTreeMap;

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

/// Makes `table` the table of the accounts in the stack of the data, in place of `former`. It may be run again after it was interrupted.
///
/// # Errors
/// If CloudFormation rejects a step: the next run continues.
pub async fn switch(
    cloud: &Cloud,
    composer: &Composer<'_>,
    former: &str,
    table: &str,
    progress: Progress,
) -> Result<()> {
    let (stack, full) = data(cloud, composer).await?;
    let name = stack.name_in(composer.settings);
    let tables = apply::resources(cloud, &name, &[KIND]).await?;
    let has = |table: &str| tables.iter().any(|one| one == table);
    let mut settings = composer.settings.parameters.clone();
    settings.insert(APP_TABLE.to_owned(), table.to_owned());
    let parameters = template::parameters(&full, &settings, &BTreeMap::new())?;
    if !has(table) {
        protection::permit_changes(cloud, &name).await?;
        if has(former) {
            // The name changes here, because an import may change nothing but what it imports.
            let mut wanted =
                composer.wanted(cloud, &stack, &without(&full, RESOURCE), parameters.clone()).await?;
            wanted.expendable.push(RESOURCE.to_owned());
            apply::apply(cloud, &wanted, false, progress).await?;
            progress.say(&format!("{name}: {former} left the stack, and stays"));
        }
        let mut wanted = composer.wanted(cloud, &stack, &full, parameters).await?;
        let import = ResourceToImport::builder().resource_type(KIND).logical_resource_id(RESOURCE);
        wanted.imports.push(import.resource_identifier("TableName", table).build());
        apply::apply(cloud, &wanted, false, progress).await?;
        progress.say(&format!("{name}: {table} is in the stack"));
    }
    protection::protect(cloud, &name).await
}

/// Returns a template without a resource, to which nothing in it refers.
fn without(template: &Value, resource: &str) -> Value {
    let mut rest = template.clone();
    if let Some(resources) = rest["Resources"].as_object_mut() {
        resources.shift_remove(resource);
    }
    rest
}

#[cfg(test)]
mod tests {
    use super::*;

    /// CloudFormation rejects a template that refers to a resource which it does not have.
    #[test]
    fn nothing_in_the_stack_of_the_data_refers_to_the_table_that_a_restore_replaces() {
        let text = include_str!("../../../infra/data.yaml");
        let resource = format!("  {RESOURCE}:\n    Type: {KIND}\n");
        assert_eq!(text.matches(&resource).count(), 1);
        for reference in
            [format!("!Ref {RESOURCE}\n"), format!("{RESOURCE}."), format!("DependsOn: {RESOURCE}")]
        {
            assert!(!text.contains(&reference), "{reference}");
        }
    }

    #[test]
    fn a_table_leaves_a_template_and_nothing_else_does() {
        let table = serde_json::json!({"Type": KIND});
        let template =
            serde_json::json!({"Resources": {"AppTable": table, "AuditTable": table}, "Outputs": {}});
        let expected = serde_json::json!({"Resources": {"AuditTable": table}, "Outputs": {}});
        assert_eq!(without(&template, RESOURCE), expected);
    }
}
