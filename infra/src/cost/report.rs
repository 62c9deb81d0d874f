//! The results as a page, as figures, and compared with former figures.

use std::{collections::BTreeMap, fmt::Write as _};

use serde::{Deserialize, Serialize};

use super::{
    idle::{ENVIRONMENTS, Extent, idle},
    inputs::Inputs,
    requests::{Line, million, of_route, sum, uncached},
};

/// The largest accepted growth of a figure, in percent and, for idle environments, in dollars.
const MOST_PERCENT: f64 = 10.0;
const MOST_IDLE: f64 = 1.0;

/// The figures, in dollars rounded to a hundredth of a cent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// Of a million requests.
    pub million: f64,
    pub lines: Vec<Line>,
    /// A month of each environment without requests.
    pub idle: BTreeMap<String, f64>,
    /// Millions of requests a month from which on the container design would be cheaper than prod.
    pub break_even_millions: f64,
}

fn rounded(dollars: f64) -> f64 {
    (dollars * 1e4).round() / 1e4
}

impl Summary {
    pub(super) fn of(inputs: &Inputs) -> Self {
        let lines: Vec<_> =
            million(inputs).into_iter().map(|line| Line::new(line.name, rounded(line.dollars))).collect();
        let million = rounded(sum(&lines));
        let idle: BTreeMap<_, _> = ENVIRONMENTS
            .iter()
            .map(|(name, extent)| ((*name).to_owned(), rounded(sum(&idle(inputs, *extent)))))
            .collect();
        let break_even_millions =
            ((inputs.prices.container_design_month - idle["prod"]) / million * 10.0).round() / 10.0;
        Self { million, lines, idle, break_even_millions }
    }
}

/// Returns a table of the changes from `before` to `now`, and whether all of them are acceptable.
#[must_use]
pub fn compared(before: &Summary, now: &Summary) -> (String, bool) {
    let mut table = "| | before | now | change |\n|---|---|---|---|\n".to_owned();
    let mut is_good = true;
    let mut row = |name: &str, before: f64, now: f64, most: f64| {
        let mark = if now - before > most {
            is_good = false;
            " **too much**"
        } else {
            ""
        };
        // Writing to a String never fails.
        let _ = writeln!(table, "| {name} | ${before:.2} | ${now:.2} | {:+.2}{mark} |", now - before);
    };
    row("a million requests", before.million, now.million, before.million * MOST_PERCENT / 100.0);
    for (name, now) in &now.idle {
        let before = before.idle.get(name).copied().unwrap_or_default();
        row(&format!("{name}, idle"), before, *now, MOST_IDLE);
    }
    (table, is_good)
}

pub(super) fn page(inputs: &Inputs, summary: &Summary) -> String {
    let (prices, traffic) = (&inputs.prices, &inputs.traffic);
    let mut page = format!(
        "<!-- Generated: `cargo xtask generate`. -->\n# Costs\n\nThe bill as the model expects it. Prices: {}, {} (`infra/prices.json`). Traffic: \
         `infra/traffic.json`,\nwith {} % of the cacheable requests answered by the edge. Units of the database are the budgets that tests hold \
         (`tests/budget.json`),\nmemory and resources those of the templates. Durations are assumptions: nothing was measured on AWS.\n\n\
         ## A million requests\n\n| | dollars |\n|---|---|\n",
        prices.source, prices.date, traffic.edge_hits_percent
    );
    for line in &summary.lines {
        let _ = writeln!(page, "| {} | {:.3} |", line.name, line.dollars);
    }
    let _ = writeln!(page, "| **together** | **{:.2}** |", summary.million);
    let _ = writeln!(
        page,
        "| with traces of every request (`Tracing=Active`) | {:.2} more |",
        prices.trace_million * uncached(inputs)
    );
    page.push_str("\n## Routes\n\nA million requests of one route that reach its function, without the edge.\n\n| route | share of requests | stored at the edge | dollars |\n|---|---|---|---|\n");
    let mut routes = inputs.routes.clone();
    routes.sort_by(|one, other| other.share.total_cmp(&one.share).then(one.name.cmp(other.name)));
    for route in &routes {
        let stored = if route.is_cacheable { "yes" } else { "" };
        let _ = writeln!(
            page,
            "| `{}` | {} % | {stored} | {:.2} |",
            route.name,
            route.share,
            of_route(inputs, route)
        );
    }
    page.push_str("\n## Environments that nobody uses\n\nDollars a month. Free tiers are not subtracted: with them, dev costs the secrets alone. Nobody but the probe\nuses staging and prod: it plays its journeys each minute.\n");
    for (name, extent) in
        [("dev, and each branch", Extent::Small), ("staging", Extent::Stable), ("prod", Extent::Replicated)]
    {
        let lines = idle(inputs, extent);
        let _ = write!(page, "\n| {name} | dollars |\n|---|---|\n");
        for line in &lines {
            let _ = writeln!(page, "| {} | {:.3} |", line.name, line.dollars);
        }
        let _ = writeln!(page, "| **together** | **{:.2}** |", sum(&lines));
    }
    let _ = write!(
        page,
        "\n## Compared with containers\n\nThe container design of the documents costs ${:.0} a month before its first request, for instances, a database, a cache \
         and a\nload balancer. Prod reaches that sum at {} million requests a month, which is {:.0} a second all day.\n\n![The bill by requests \
         a month](costs.svg)\n",
        prices.container_design_month,
        summary.break_even_millions,
        summary.break_even_millions * 1e6 / (30.0 * 86_400.0)
    );
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    fn summary(million: f64, idle: f64) -> Summary {
        Summary {
            million,
            lines: Vec::new(),
            idle: [("prod".to_owned(), idle)].into(),
            break_even_millions: 50.0,
        }
    }

    #[test]
    fn a_growth_of_more_than_a_tenth_or_a_dollar_is_too_much() {
        let before = summary(3.0, 20.0);
        for (now, is_good) in [
            (summary(3.29, 20.9), true),
            (summary(3.31, 20.0), false),
            (summary(3.0, 21.1), false),
            (summary(1.0, 1.0), true),
        ] {
            let (table, found) = compared(&before, &now);
            assert_eq!(found, is_good, "{table}");
            assert_eq!(table.contains("too much"), !is_good);
        }
    }
}
