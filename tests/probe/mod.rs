//! The probe: the journeys of a reader and of a signed-in user, at the address of a running product.

mod accounts;
mod journeys;
mod sessions;
pub mod support;
