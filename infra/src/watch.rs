//! The alarms of a stable environment with their topics, its dashboards, and its saved queries (`infra/watch.yaml`), and the alarms and the
//! check of its address in us-east-1 (`infra/watch-global.yaml`). Everything in them follows from tables: the alarms ([`alarms`]), the
//! metrics (`api::metrics`), the queries ([`queries`]), and the functions.

mod alarm;
mod alarms;
mod dashboards;
mod global;
mod guide;
mod pages;
mod parameters;
mod queries;
mod topics;

use std::path::Path;

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use alarm::Topic;
pub use alarm::{Alarm, Missing, Of, Place, Series, Signal, Source};
pub use alarms::ALARMS;
pub(crate) use global::CHECKED;
pub use pages::{PAGES, Page};
pub use queries::{QUERIES, Query};

use crate::{
    function::{Function, Trigger},
    generated::Generated,
    stack::MAIN,
    tags::tags,
    template::document,
};

pub(crate) fn generate(root: &Path, functions: &[Function]) -> Result<Vec<Generated>> {
    let sections = |place: Place, resources: Vec<(String, Value)>| {
        vec![
            ("Parameters", parameters::of(place)),
            ("Conditions", parameters::conditions(place)),
            ("Resources", resources),
        ]
    };
    let home = document(
        "Pokédex, the alarms, dashboards and saved queries of a stable environment.",
        &sections(Place::Home, of_home(functions)),
    )?;
    let mut sections = sections(Place::Global, of_global(functions)?);
    let check = json!({"Value": {"Ref": global::RESOURCE}});
    sections.push(("Outputs", vec![(parameters::CHECK.to_owned(), check)]));
    let global = document(
        "Pokédex, the alarms of the edge and the check of its address. AWS publishes their metrics in us-east-1 alone.",
        &sections,
    )?;
    Ok(vec![
        Generated::new("infra/watch.yaml", home),
        Generated::new("infra/watch-global.yaml", global),
        guide::generate(root)?,
    ])
}

/// The topics and alarms of a place, by logical id.
fn alarms_of(place: Place) -> Vec<(String, Value)> {
    let alarms = ALARMS.iter().filter(|alarm| alarm.place == place);
    let pages = PAGES.iter().filter(|page| page.place == place);
    let mut resources = topics::resources(place);
    resources.extend(alarms.map(|alarm| (alarm.id.to_owned(), alarm.resource())));
    resources.extend(pages.map(|page| (page.id.to_owned(), page.resource())));
    resources
}

fn of_home(functions: &[Function]) -> Vec<(String, Value)> {
    let mut resources = alarms_of(Place::Home);
    let of_routes = functions
        .iter()
        .filter(|function| function.stack == MAIN.name && matches!(function.trigger, Trigger::Request(_)));
    let of_routes: Vec<String> = of_routes.map(|function| function.name.to_owned()).collect();
    resources.extend(dashboards::resources(&of_routes));
    resources.extend(QUERIES.iter().map(|query| (query_id(query), query.resource(functions))));
    resources
}

fn of_global(functions: &[Function]) -> Result<Vec<(String, Value)>> {
    let checked = functions.iter().find_map(|function| match function.trigger {
        Trigger::Request(spec) if spec.name == CHECKED => Some(spec.path),
        _ => None,
    });
    let path = checked.with_context(|| format!("there is no route {CHECKED}"))?;
    let mut resources = vec![(global::RESOURCE.to_owned(), global::check(path))];
    resources.extend(alarms_of(Place::Global));
    Ok(resources)
}

fn query_id(query: &Query) -> String {
    let words = query.name.split('-').map(|word| {
        let (first, rest) = word.split_at(1);
        format!("{}{rest}", first.to_uppercase())
    });
    format!("{}Query", words.collect::<String>())
}

impl Page {
    /// The name after `pokedex-ENV-`.
    #[must_use]
    pub fn name(&self) -> String {
        alarm::kebab(self.id)
    }

    fn resource(&self) -> Value {
        let rule: Vec<_> = self.any.iter().map(|id| format!("ALARM(\"${{{id}}}\")")).collect();
        let mut properties = json!({
            "AlarmName": {"Fn::Sub": format!("pokedex-${{Environment}}-{}", self.name())},
            "AlarmDescription": format!("{}: docs/runbooks/{}.md", self.symptom, self.runbook),
            "AlarmRule": {"Fn::Sub": rule.join(" OR ")},
            "Tags": tags(),
        });
        alarm::merge(&mut properties, Topic::Critical.actions());
        json!({"Type": "AWS::CloudWatch::CompositeAlarm", "Properties": properties})
    }
}
