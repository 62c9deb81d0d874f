//! A bill of AWS beside the figures of the model.

use std::{collections::BTreeMap, fmt::Write as _};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use super::report::Summary;

/// The tag by which a bill is grouped, as Cost Explorer writes it before its value.
const TAG: &str = "env$";

/// A smaller sum, in dollars, has no line.
const LEAST: f64 = 0.01;

/// The dollars of a month, by the value of the tag `env` and by service. The tag is empty for what has none.
#[derive(Clone, Debug, PartialEq)]
pub struct Bill {
    /// The first day of the month.
    start: String,
    environments: BTreeMap<String, BTreeMap<String, f64>>,
}

impl Bill {
    /// Reads the answer of `aws ce get-cost-and-usage`, grouped by the tag `env` and by service.
    ///
    /// # Errors
    /// If it is not a whole answer of this kind for one month.
    pub fn read(answer: &Value) -> Result<Self> {
        let results = answer["ResultsByTime"].as_array().context("the bill has no ResultsByTime")?;
        ensure!(results.len() == 1, "the bill has {} months", results.len());
        ensure!(answer["NextPageToken"].is_null(), "the bill has more pages");
        let mut environments: BTreeMap<String, BTreeMap<String, f64>> = BTreeMap::new();
        for group in results[0]["Groups"].as_array().into_iter().flatten() {
            let key = |nth: usize| group["Keys"][nth].as_str().with_context(|| format!("no key: {group}"));
            let (tag, service) = (key(0)?, key(1)?);
            let environment = tag.strip_prefix(TAG).with_context(|| format!("{tag} is not the tag `env`"))?;
            let cost = &group["Metrics"]["UnblendedCost"];
            ensure!(cost["Unit"] == "USD", "the bill is in {}", cost["Unit"]);
            let dollars =
                cost["Amount"].as_str().context("no amount")?.parse::<f64>().context("not an amount")?;
            environments.entry(environment.to_owned()).or_default().insert(service.to_owned(), dollars);
        }
        let start = results[0]["TimePeriod"]["Start"].as_str().context("the bill has no start")?;
        Ok(Self { start: start.to_owned(), environments })
    }
}

/// Returns tables in Markdown: each environment beside its costs without requests, and its services. The difference is what requests cost,
/// so it is also given as their number.
#[must_use]
pub fn against_model(bill: &Bill, model: &Summary) -> String {
    let mut text = format!(
        "## The bill of the month from {}\n\n| environment | billed | model, without requests | difference | requests that cost this \
         |\n|---|---|---|---|---|\n",
        bill.start
    );
    for (environment, services) in &bill.environments {
        let billed: f64 = services.values().sum();
        // Writing to a String never fails.
        let _ = match idle(environment, model) {
            Some(idle) => {
                let more = billed - idle;
                let millions = (more / model.million).max(0.0);
                writeln!(
                    text,
                    "| {environment} | ${billed:.2} | ${idle:.2} | {more:+.2} | {millions:.1} million |"
                )
            }
            None => writeln!(text, "| {} | ${billed:.2} | | | |", shown(environment)),
        };
    }
    text.push_str("\n| environment | service | billed |\n|---|---|---|\n");
    for (environment, services) in &bill.environments {
        let mut services: Vec<_> = services.iter().filter(|(_, dollars)| **dollars >= LEAST).collect();
        services.sort_by(|one, other| other.1.total_cmp(one.1));
        for (service, dollars) in services {
            let _ = writeln!(text, "| {} | {service} | ${dollars:.2} |", shown(environment));
        }
    }
    text
}

/// Returns the model's costs of an environment without requests; `None` for what is not one, such as the account.
fn idle(environment: &str, model: &Summary) -> Option<f64> {
    let name = if environment.starts_with("f-") { "branch" } else { environment };
    model.idle.get(name).copied()
}

fn shown(environment: &str) -> &str {
    if environment.is_empty() { "without a tag" } else { environment }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn group(tag: &str, service: &str, amount: &str) -> Value {
        json!({"Keys": [tag, service], "Metrics": {"UnblendedCost": {"Amount": amount, "Unit": "USD"}}})
    }

    /// As the command line of AWS prints it.
    fn answer() -> Value {
        json!({
            "GroupDefinitions": [{"Type": "TAG", "Key": "env"}, {"Type": "DIMENSION", "Key": "SERVICE"}],
            "ResultsByTime": [{
                "TimePeriod": {"Start": "2026-11-01", "End": "2026-12-01"},
                "Total": {},
                "Groups": [
                    group("env$", "Tax", "4.20"),
                    group("env$f-pr7", "AWS Lambda", "0.50"),
                    group("env$prod", "AWS Lambda", "1.25"),
                    group("env$prod", "AmazonCloudWatch", "28.75"),
                    group("env$prod", "AWS X-Ray", "0.0000001"),
                ],
                "Estimated": false,
            }],
        })
    }

    fn model() -> Summary {
        Summary {
            million: 4.0,
            lines: Vec::new(),
            idle: [("branch".to_owned(), 1.0), ("prod".to_owned(), 26.0)].into(),
            break_even_millions: 50.0,
        }
    }

    #[test]
    fn a_bill_is_shown_beside_the_model_with_the_requests_that_explain_it() {
        let text = against_model(&Bill::read(&answer()).expect("a bill"), &model());
        for line in [
            "## The bill of the month from 2026-11-01",
            "| without a tag | $4.20 | | | |",
            "| f-pr7 | $0.50 | $1.00 | -0.50 | 0.0 million |",
            "| prod | $30.00 | $26.00 | +4.00 | 1.0 million |",
            "| prod | AmazonCloudWatch | $28.75 |",
        ] {
            assert!(text.lines().any(|one| one == line), "{line:?} is not in {text}");
        }
        assert!(!text.contains("X-Ray"), "less than a cent");
    }

    #[test]
    fn an_answer_that_is_not_the_whole_bill_of_a_month_is_refused() {
        let changed = |change: fn(&mut Value)| {
            let mut answer = answer();
            change(&mut answer);
            Bill::read(&answer).unwrap_err().to_string()
        };
        assert_eq!(changed(|answer| answer["NextPageToken"] = json!("more")), "the bill has more pages");
        assert_eq!(changed(|answer| answer["ResultsByTime"] = json!([])), "the bill has 0 months");
        let euros = changed(|answer| {
            answer["ResultsByTime"][0]["Groups"][0]["Metrics"]["UnblendedCost"]["Unit"] = json!("EUR");
        });
        assert_eq!(euros, "the bill is in \"EUR\"");
        let other = changed(|answer| answer["ResultsByTime"][0]["Groups"][0]["Keys"][0] = json!("app$x"));
        assert_eq!(other, "app$x is not the tag `env`");
    }
}
