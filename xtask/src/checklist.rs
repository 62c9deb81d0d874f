//! The checklists of `docs/checklists/release.md`: their commands run, and a person confirms the rest.

use std::fs;
use std::io::{self, BufRead as _, IsTerminal as _, Write as _};
use std::process::{Command, ExitCode};

use anyhow::{Context as _, bail};
use clap::ValueEnum;

use crate::cargo::root;

const PAGE: &str = "docs/checklists/release.md";

#[derive(clap::Args)]
pub struct Options {
    list: List,
    /// Print the items, and run nothing
    #[arg(long)]
    dry_run: bool,
    /// Start with this item, after the ones before it are done
    #[arg(long, default_value_t = 1)]
    from: usize,
}

#[derive(Clone, Copy, ValueEnum)]
enum List {
    /// Once, before an environment has users
    Production,
    /// For each promotion to prod
    Deployment,
}

/// An item of a checklist.
#[derive(Debug, PartialEq, Eq)]
struct Item {
    what: String,
    /// The command; `None` for an item that a person does.
    command: Option<String>,
    /// The place that describes an item for a person.
    place: String,
}

pub fn run(options: &Options) -> anyhow::Result<ExitCode> {
    let section = match options.list {
        List::Production => "Production",
        List::Deployment => "Deployment",
    };
    let page = fs::read_to_string(root().join(PAGE)).context(PAGE)?;
    let items = items(&page, section)?;
    for (nth, item) in items.iter().enumerate().skip(options.from.saturating_sub(1)) {
        let number = nth + 1;
        println!("{number}. {}\n   {}", item.what, item.command.as_deref().unwrap_or(&item.place));
        if options.dry_run {
            continue;
        }
        let done = match &item.command {
            Some(command) => {
                Command::new("bash").args(["-c", command]).current_dir(root()).status()?.success()
            }
            None => confirmed()?,
        };
        if !done {
            bail!("item {number} is not done; afterwards, continue with --from {number}");
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Asks the person at the terminal whether an item is done.
fn confirmed() -> anyhow::Result<bool> {
    if !io::stdin().is_terminal() {
        bail!("this item needs a person: run the checklist in a terminal");
    }
    print!("   Done? [y/N] ");
    io::stdout().flush()?;
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    Ok(answer.trim().eq_ignore_ascii_case("y"))
}

/// Returns the items of the table in a section of the page.
fn items(page: &str, section: &str) -> anyhow::Result<Vec<Item>> {
    let (_, rest) =
        page.split_once(&format!("\n## {section}\n")).with_context(|| format!("no section {section}"))?;
    let rows = rest.split("\n## ").next().unwrap_or_default().lines();
    let rows = rows.filter(|row| row.starts_with("| ") && !row.starts_with("| #"));
    let item = |row: &str| {
        let cells: Vec<_> = row.trim_matches('|').splitn(3, " | ").map(str::trim).collect();
        let [_, what, how] = cells[..] else { bail!("{PAGE}: {row:?} has not three cells") };
        let command = how.strip_prefix('`').and_then(|how| how.strip_suffix('`')).map(str::to_owned);
        Ok(Item { what: what.to_owned(), command, place: how.to_owned() })
    };
    rows.map(item).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_and_items_for_a_person_are_told_apart() {
        let page = "# Lists\n\n## One\n\n| # | item | command |\n|---|---|---|\n| 1 | All is well | `test -z \"$(a | b)\"` |\n\
                    | 2 | A person agrees | by hand (a place) |\n\n## Two\n\n| 1 | Other | `true` |\n";
        let found = items(page, "One").expect("items");
        assert_eq!(found[0].command.as_deref(), Some("test -z \"$(a | b)\""));
        assert_eq!(
            (found.len(), &found[1].command, found[1].place.as_str()),
            (2, &None, "by hand (a place)")
        );
        assert!(items(page, "Three").is_err());
    }
}
