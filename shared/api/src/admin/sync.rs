//! `GET` and `POST /api/v1/admin/sync`, `POST /api/v1/admin/sync/retry` and `…/approve`: the state of the sync, and requests for runs.
//!
//! A route stores the request, with its event, and then wakes the one writer. If the second step fails, the writer's schedule finds the
//! request.

use adapters::{
    now,
    store::{LONGEST_LEASE, Meter, StoredState, accounts::Condition},
    sync::{self, Request as SyncRequest, Scope, State},
};
use domain::{FieldError, Timestamp, audit::Action};
use http::StatusCode;
use mirror::MirrorState;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    asset_status::AssetStatus,
    sync_status::{SyncPhase, SyncStatus},
};
use crate::{app::App, target, writer};
use door::{Problem, Request, Response, body::personal};

/// The held publication to approve.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ApprovalRequest {
    /// Its `publication`.
    #[schemars(length(min = 32, max = 32))]
    publication: String,
}

/// The length of the id of a publication.
const PUBLICATION: usize = 32;

/// Returns the state of the sync.
pub(crate) async fn sync(app: &App, request: &Request) -> Result<Response, Problem> {
    personal(StatusCode::OK, &status(app, &request.meter).await?)
}

/// Requests a run over everything, however recent the last one is.
pub(crate) async fn start_sync(app: &App, request: &Request) -> Result<Response, Problem> {
    request_run(app, request, Action::StartSync, None, async |_| Ok(Scope::Everything)).await
}

/// Requests a run over the resources that the last run skipped.
pub(crate) async fn retry_sync(app: &App, request: &Request) -> Result<Response, Problem> {
    let scope = async |state: &State| match &state.last {
        Some(last) if !last.failures.is_empty() => Ok(Scope::Skipped),
        // More resources were skipped than the state lists.
        Some(last) if last.tally.failed > 0 => Ok(Scope::Everything),
        _ => Err(Problem::conflict("nothing_skipped", "The last run skipped no resources")),
    };
    request_run(app, request, Action::RetrySync, None, scope).await
}

/// Approves the publication that improbable changes hold, and requests a run over these changes.
pub(crate) async fn approve_sync(app: &App, request: &Request) -> Result<Response, Problem> {
    let ApprovalRequest { publication } = request.body()?;
    let is_id = publication.len() == PUBLICATION && publication.bytes().all(|b| b.is_ascii_hexdigit());
    if !is_id {
        let message = "must be the id of a held publication: 32 hexadecimal digits";
        return Err(Problem::invalid(vec![FieldError::new("publication", message)]));
    }
    let target = target::publication(&publication);
    let scope = async |state: &State| match &state.held {
        Some(held) if held.publication == publication => Ok(Scope::Approved { publication }),
        Some(_) => Err(Problem::conflict(
            "publication_superseded",
            "Another publication is held now, with other changes",
        )),
        None => Err(Problem::conflict("nothing_held", "No publication is held")),
    };
    request_run(app, request, Action::ApprovePublication, target, scope).await
}

/// Stores the request for a run of `scope`, and wakes the writer.
async fn request_run(
    app: &App,
    request: &Request,
    action: Action,
    target: Option<String>,
    scope: impl AsyncFnOnce(&State) -> Result<Scope, Problem>,
) -> Result<Response, Problem> {
    // A repeated request is stored already, and may have been carried out.
    if request.repeated.is_none() {
        writer::free(app, request).await?;
        let state = sync::state(app.catalogue.store(), &request.meter).await?;
        let scope = scope(&state).await?;
        if state.running.is_some() && scope != Scope::Everything {
            return Err(waiting("A run has begun and not ended"));
        }
        let admin = request.caller()?.user;
        let record = request.change(action, target).answered_again(StatusCode::ACCEPTED);
        let body = serde_json::to_string(&SyncRequest { scope, requested_at: record.event.at })?;
        let accounts = app.kernel.accounts();
        match accounts.request_sync(&request.meter, admin, &body, &record).await {
            Err(refused) if refused.is(&Condition::NotRequested) => {
                return Err(waiting("Another run was requested and has not begun"));
            }
            other => other?,
        }
    }
    writer::wake(app).await;
    personal(StatusCode::ACCEPTED, &status(app, &request.meter).await?)
}

fn waiting(what: &str) -> Problem {
    Problem::conflict("sync_waiting", format!("{what}, please try again later"))
}

async fn status(app: &App, meter: &Meter) -> Result<SyncStatus, Problem> {
    let store = app.catalogue.store();
    let (stored, mirrored, request, pointer) = tokio::join!(
        store.sync_state(meter),
        store.mirror_state(meter),
        sync::request(store, meter),
        store.index_pointer(meter)
    );
    // A pointer that is not readable is written again by the next publication.
    let (stored, mirrored, request, pointer) = (stored?, mirrored?, request?, pointer.ok().flatten());
    let state = State::read(&stored.body);
    let is_leased = |stored: &StoredState| {
        stored.lease_until.is_some_and(|until: Timestamp| until.is_pending(now(), LONGEST_LEASE))
    };
    let assets = AssetStatus::new(MirrorState::read(&mirrored.body), is_leased(&mirrored));
    let phase = match (is_leased(&stored), &state.running) {
        (true, _) => SyncPhase::Running,
        (false, Some(_)) => SyncPhase::Paused,
        (false, None) => SyncPhase::Idle,
    };
    Ok(SyncStatus::new(phase, state, request, pointer, assets))
}
