//! The answers of the databases.

use std::fmt::Write as _;

/// The answer of a database about a file.
#[derive(Debug, PartialEq, Eq)]
pub struct Answer {
    pub database: &'static str,
    pub file: String,
    pub verdict: Verdict,
    /// The ids of the advisories that were found and are accepted.
    pub accepted: Vec<String>,
}

#[derive(Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The database knows no advisory that concerns the file.
    Clean,
    /// Advisories that concern the file, one in each line.
    Found(Vec<String>),
    /// The database did not answer, so nothing is known.
    Unreachable(String),
}

impl Verdict {
    pub fn was_reached(&self) -> bool {
        !matches!(self, Self::Unreachable(_))
    }

    /// Returns `Clean` if nothing was found.
    pub fn of(found: Vec<String>) -> Self {
        if found.is_empty() { Self::Clean } else { Self::Found(found) }
    }
}

/// Returns a table in Markdown, for a terminal and for the summary of a workflow's run.
pub fn table(answers: &[Answer]) -> String {
    let mut table = "| database | file | answer |\n|---|---|---|\n".to_owned();
    for Answer { database, file, verdict, accepted } in answers {
        let mut text = match verdict {
            Verdict::Clean => "no advisory".to_owned(),
            Verdict::Found(found) => format!("**{}**", found.join("; ")),
            Verdict::Unreachable(why) => format!("**not reachable**: {why}"),
        };
        if !accepted.is_empty() {
            text.push_str(&format!(" (accepted: {})", accepted.join(", ")));
        }
        // Writing to a String never fails. A line break or a bar would end the cell.
        let _ =
            writeln!(table, "| {database} | `{file}` | {} |", text.replace('\n', " ").replace('|', "\\|"));
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_says_which_database_did_not_answer() {
        let answer = |file: &str, verdict| Answer {
            database: "npm",
            file: file.to_owned(),
            verdict,
            accepted: Vec::new(),
        };
        let answers = [
            answer("a", Verdict::of(Vec::new())),
            answer("b", Verdict::of(vec!["GHSA-1: x".to_owned(), "GHSA-2: y".to_owned()])),
            answer("c", Verdict::Unreachable("405\na|b".to_owned())),
            Answer { accepted: vec!["GHSA-3".to_owned()], ..answer("d", Verdict::Clean) },
        ];
        let expected = "| database | file | answer |\n|---|---|---|\n| npm | `a` | no advisory |\n\
                        | npm | `b` | **GHSA-1: x; GHSA-2: y** |\n| npm | `c` | **not reachable**: 405 a\\|b |\n\
                        | npm | `d` | no advisory (accepted: GHSA-3) |\n";
        assert_eq!(table(&answers), expected);
        assert!(!answers[2].verdict.was_reached() && answers[1].verdict.was_reached());
    }
}
