//! The tables' names.

/// One deployment's tables.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tables {
    /// Can be rebuilt.
    pub catalog: String,
    /// Users and what is theirs.
    pub app: String,
    /// What expires.
    pub ephemeral: String,
    /// The trail.
    pub audit: String,
}

impl Tables {
    /// Those that belong to the catalogue of this name: beside `pokedex-local-catalog` they are `pokedex-local-app` and so on.
    pub fn beside(catalog: impl Into<String>) -> Self {
        let catalog = catalog.into();
        let family = catalog.strip_suffix("-catalog").unwrap_or(&catalog);
        let named = |name: &str| format!("{family}-{name}");
        Self { app: named("app"), ephemeral: named("ephemeral"), audit: named("audit"), catalog }
    }
}
