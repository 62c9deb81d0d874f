//! `/api/v1/admin`: the rights of administrators.

mod rights;
