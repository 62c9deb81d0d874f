//! The guides for people who operate the product: checklists, and the runbooks that alarms name.

use tests::{read, root, template};

use super::stacks::TEMPLATES;

/// The programs that an item of a checklist may start.
const PROGRAMS: [&str; 4] = ["cargo xtask ", "aws ", "git ", "test "];

/// The items of a section of the checklists: the number, the item and the command.
fn items(section: &str) -> Vec<[String; 3]> {
    let page = read("docs/checklists/release.md");
    let (_, rest) = page.split_once(&format!("\n## {section}\n")).expect("a section");
    let rest = rest.split("\n## ").next().expect("a text");
    let rows = rest.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| #"));
    rows.map(|row| {
        let cells: Vec<_> = row.trim_matches('|').split(" | ").map(|cell| cell.trim().to_owned()).collect();
        cells.try_into().unwrap_or_else(|cells| panic!("{section}: {cells:?}"))
    })
    .collect()
}

#[test]
fn the_checklists_have_8_and_12_items_with_commands() {
    let commands = read("xtask/src/main.rs").to_lowercase();
    for (section, number) in [("Production", 8), ("Deployment", 12)] {
        let items = items(section);
        let numbers: Vec<_> = items.iter().map(|[number, ..]| number.clone()).collect();
        assert_eq!(numbers, (1..=number).map(|number| number.to_string()).collect::<Vec<_>>(), "{section}");
        for [number, _, command] in items {
            let Some(command) = command.strip_prefix('`').and_then(|command| command.strip_suffix('`'))
            else {
                assert!(command.starts_with("by hand ("), "{section} {number}: {command}");
                continue;
            };
            let is_known = PROGRAMS.iter().any(|program| command.starts_with(program));
            assert!(is_known, "{section} {number}: {command}");
            if let Some(name) = command.strip_prefix("cargo xtask ") {
                let name = name.split(' ').next().unwrap_or_default();
                let exists = [",", "("].iter().any(|end| commands.contains(&format!("\n    {name}{end}")));
                assert!(exists, "{section} {number}: cargo xtask has no command {name}");
            }
        }
    }
}

#[test]
fn every_alarm_names_a_runbook_that_exists() {
    let mut alarms = 0;
    for file in TEMPLATES {
        let template = template(file);
        for (id, resource) in template["Resources"].as_object().expect("resources") {
            if resource["Type"] != "AWS::CloudWatch::Alarm" {
                continue;
            }
            alarms += 1;
            let description = resource["Properties"]["AlarmDescription"].as_str().unwrap_or_default();
            let runbook = description.split(['(', ')', ' ']).find(|word| word.starts_with("docs/runbooks/"));
            let runbook = runbook.unwrap_or_else(|| panic!("{file}: {id} names no runbook"));
            assert!(root().join(runbook).is_file(), "{file}: {id} names {runbook}");
        }
    }
    assert!(alarms > 30, "only {alarms} alarms");
}
