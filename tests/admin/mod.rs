//! `/api/v1/admin`: the rights of administrators, and the sync.

mod rights;
mod sync;
