//! `GET /api/v1/admin/audit`

use adapters::{now, store::accounts::EventPage};
use domain::{
    FieldError, Timestamp,
    accounts::UserId,
    audit::{Event, EventId},
};
use http::StatusCode;
use schemars::JsonSchema;
use serde::Serialize;

use super::paging::{Cursor, both, parameter, parsed, per_page};
use crate::app::App;
use door::{Problem, Request, Response, body::personal};

/// Audit events, the latest first.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Audit")]
pub struct AuditPage {
    pub events: Vec<Event>,
    pub pagination: Cursor,
}

/// Lists events by actor or by day; today's events if the query names neither.
pub(crate) async fn audit(app: &App, request: &Request) -> Result<Response, Problem> {
    let cursor = parsed::<EventId>(request, "cursor", "must be the `next` of a previous page");
    let (per_page, before) = both(per_page(request), cursor)?;
    let actor = parsed::<UserId>(request, "actor", "must be a user id");
    let (actor, day) = both(actor, day(request))?;
    let (accounts, meter) = (app.kernel.accounts(), &request.meter);
    let EventPage { events, next } = match (actor, day) {
        (Some(_), Some(_)) => {
            let error = FieldError::new("day", "cannot be combined with actor");
            return Err(Problem::invalid(vec![error]));
        }
        (Some(actor), None) => accounts.trail_of(meter, actor, before, per_page).await?,
        (None, day) => {
            let day = day.unwrap_or_else(|| date(now()));
            accounts.trail_on(meter, &day, before, per_page).await?
        }
    };
    let pagination = Cursor::of(per_page, next.map(|id| id.to_string()));
    personal(StatusCode::OK, &AuditPage { events, pagination })
}

fn date(at: Timestamp) -> String {
    at.to_string().get(..10).unwrap_or_default().to_owned()
}

/// Parses the `day` parameter: a valid date in RFC 3339 format.
fn day(request: &Request) -> Result<Option<String>, FieldError> {
    let Some(day) = parameter(request, "day")? else { return Ok(None) };
    let is_day = day.len() == 10 && format!("{day}T00:00:00Z").parse::<Timestamp>().is_ok();
    if is_day {
        Ok(Some(day.to_owned()))
    } else {
        Err(FieldError::new("day", "must be a date such as 2026-11-23"))
    }
}
