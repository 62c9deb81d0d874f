//! The names of the tables.

/// The tables of one deployment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tables {
    /// The catalogue, which can be rebuilt.
    pub catalog: String,
    /// Users and their data.
    pub app: String,
    /// Data that expires.
    pub ephemeral: String,
    /// The audit trail.
    pub audit: String,
}

impl Tables {
    /// The tables that belong to the catalogue of this name: beside `pokedex-local-catalog`, they are `pokedex-local-app` and so on.
    pub fn beside(catalog: impl Into<String>) -> Self {
        let catalog = catalog.into();
        let family = catalog.strip_suffix("-catalog").unwrap_or(&catalog);
        let named = |name: &str| format!("{family}-{name}");
        Self { app: named("app"), ephemeral: named("ephemeral"), audit: named("audit"), catalog }
    }
}
