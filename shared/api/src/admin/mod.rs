//! Lists for administrators: `GET /api/v1/users` and `GET /api/v1/admin/audit`.

mod audit;
pub(crate) mod docs;
mod paging;
mod users;

pub(crate) use audit::{AuditPage, audit};
pub(crate) use users::{UserList, UserPagination, users};
