//! The sizes of tests that take longer than CI has.

/// Returns the number in the variable `name`, which `cargo xtask test` prints and sets, or `usual` without it.
///
/// # Panics
/// If the variable contains something else.
#[must_use]
pub fn count(name: &str, usual: u32) -> u32 {
    match std::env::var(name) {
        Ok(count) => count.parse().unwrap_or_else(|_| panic!("{name} is {count:?}, not a number")),
        Err(_) => usual,
    }
}
