//! The dashboard of one machine (`--dashboard`): the numbers that CloudWatch would extract from the counted lines, as a page.
//!
//! It reads a copy of each line that the server prints, and measures nothing itself. Its memory is bounded: it keeps a quarter of an hour
//! of the routes in the table, and the last run of each job.

mod histogram;
mod line;
mod report;
mod window;

use std::sync::{Mutex, MutexGuard, PoisonError};

use adapters::now;
use api::web;
use door::{Response, telemetry::LineReader};

use crate::page;
use line::Line;
use report::{Query, report};
use window::Window;

/// The path of the page.
pub const PATH: &str = "/dashboard";

const PAGE: &str = include_str!("dashboard/page.html");
const SCRIPT: &str = include_str!("dashboard/script.js");
/// The part of the script that needs no page.
const PLOT: &str = include_str!("dashboard/plot.mjs");
/// The rules besides those of the other pages.
const STYLE: &str = include_str!("dashboard/style.css");

/// The collected lines.
#[derive(Debug)]
pub struct Dashboard {
    /// The time of the start, in seconds since 1970.
    started: i64,
    window: Mutex<Window>,
}

impl Dashboard {
    /// Starts to collect. The process writes lines until its end, so the value is never dropped.
    #[must_use]
    pub fn start() -> &'static Self {
        Box::leak(Box::new(Self { started: now().unix(), window: Mutex::default() }))
    }

    /// Returns the file at `path`; `None` if it does not belong to the dashboard.
    pub(crate) fn file(&self, path: &str, query: Option<&str>) -> Option<Response> {
        let text = match path {
            PATH => return Some(page::file(PAGE.to_owned(), web::media_type("page.html"), "no-cache")),
            "/dashboard.css" => [page::STYLE, STYLE].concat(),
            "/dashboard.js" => SCRIPT.to_owned(),
            "/dashboard-plot.js" => PLOT.to_owned(),
            "/dashboard.json" => {
                let query = Query::parse(query.unwrap_or_default());
                report(&self.window(), &query, self.started, now().unix()).to_string()
            }
            _ => return None,
        };
        Some(page::file(text, web::media_type(path), "no-cache"))
    }

    fn window(&self) -> MutexGuard<'_, Window> {
        self.window.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl LineReader for Dashboard {
    fn read(&self, line: &str) {
        if let Some(line) = Line::parse(line) {
            self.window().add(line);
        }
    }
}
