//! The bundled snapshot, read once.

use std::sync::LazyLock;

use domain::facts::Facts;

/// The facts with which the seeded house was filled.
pub fn facts() -> &'static Facts {
    static FACTS: LazyLock<Facts> =
        LazyLock::new(|| local::snapshot::bundled().expect("the bundled snapshot is whole").1);
    &FACTS
}
