//! The stores: the same tests on the embedded engine and on DynamoDB Local.

mod accounts;
mod catalog;
