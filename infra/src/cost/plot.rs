//! The bill by requests a month, as a picture.

use std::fmt::Write as _;

use super::{inputs::Prices, report::Summary};

const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 300.0;
/// The space for labels.
const LEFT: f64 = 56.0;
const BOTTOM: f64 = 40.0;
const TOP: f64 = 16.0;

pub(super) fn plot(prices: &Prices, summary: &Summary) -> String {
    let most_millions = (summary.break_even_millions * 1.25 / 10.0).ceil() * 10.0;
    let most_dollars = (prices.container_design_month * 1.25 / 50.0).ceil() * 50.0;
    let x = |millions: f64| LEFT + millions / most_millions * (WIDTH - LEFT - 16.0);
    let y = |dollars: f64| HEIGHT - BOTTOM - dollars / most_dollars * (HEIGHT - BOTTOM - TOP);
    let prod = summary.idle.get("prod").copied().unwrap_or_default();
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" font-family=\"sans-serif\" font-size=\"12\">\n\
         <title>Dollars a month by millions of requests a month</title>\n<rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"#fff\"/>\n"
    );
    // Writing to a String never fails.
    for nth in 0..=5 {
        let dollars = most_dollars / 5.0 * f64::from(nth);
        let _ = writeln!(
            svg,
            "<path d=\"M{LEFT} {y:.1}H{}\" stroke=\"#ddd\"/><text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">${dollars:.0}</text>",
            WIDTH - 16.0,
            LEFT - 6.0,
            y(dollars) + 4.0,
            y = y(dollars)
        );
        let millions = most_millions / 5.0 * f64::from(nth);
        let _ = writeln!(
            svg,
            "<text x=\"{:.1}\" y=\"{}\" text-anchor=\"middle\">{millions:.0} M</text>",
            x(millions),
            HEIGHT - BOTTOM + 18.0
        );
    }
    let end = prod + summary.million * most_millions;
    let _ = writeln!(
        svg,
        "<path d=\"M{:.1} {:.1}L{:.1} {:.1}\" stroke=\"#0a5\" stroke-width=\"2\" fill=\"none\"/>\n<text x=\"{:.1}\" y=\"{:.1}\" fill=\"#074\">functions</text>",
        x(0.0),
        y(prod),
        x(most_millions),
        y(end.min(most_dollars)),
        x(most_millions * 0.42),
        y(prod + summary.million * most_millions * 0.42) + 20.0
    );
    let fixed = prices.container_design_month;
    let _ = writeln!(
        svg,
        "<path d=\"M{:.1} {:.1}H{:.1}\" stroke=\"#c33\" stroke-width=\"2\"/>\n<text x=\"{:.1}\" y=\"{:.1}\" fill=\"#a22\">containers, before their first request</text>\n</svg>",
        x(0.0),
        y(fixed),
        x(most_millions),
        x(most_millions * 0.05),
        y(fixed) - 6.0
    );
    svg
}
