//! The sizes of tests that take longer than CI has, and figures for the scorecard.

use std::path::Path;

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

/// Writes a figure to the folder in the variable `POKEDEX_FIGURES`, from which `cargo xtask test` takes it into the scorecard. Without the
/// variable, does nothing.
///
/// # Panics
/// If the folder cannot be written.
pub fn note_figure(name: &str, figure: usize) {
    if let Some(folder) = std::env::var_os("POKEDEX_FIGURES") {
        let file = Path::new(&folder).join(name);
        let written = std::fs::write(&file, figure.to_string());
        written.unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    }
}
