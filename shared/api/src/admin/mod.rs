//! Routes for administrators: `GET /api/v1/users`, `GET /api/v1/admin/audit`, and `/api/v1/admin/sync`.

mod asset_status;
mod audit;
pub(crate) mod docs;
mod failure;
mod paging;
mod sync;
mod sync_status;
mod users;

pub(crate) use audit::{AuditPage, audit};
pub(crate) use sync::{ApprovalRequest, approve_sync, retry_sync, start_sync, sync};
pub(crate) use sync_status::SyncStatus;
pub(crate) use users::{UserList, UserPagination, users};
