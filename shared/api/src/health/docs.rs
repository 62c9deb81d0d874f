//! The OpenAPI operations of the health checks, with their examples.

use schemars::SchemaGenerator;
use serde_json::{Value, json};

use super::{
    AssetReadiness, CatalogReadiness, Health, KeyReadiness, Readiness, SyncReadiness, TableReadiness,
};
use crate::openapi::vocabulary::{MOMENT, Operation, answer, text, value};

pub(crate) fn alive(generator: &mut SchemaGenerator) -> Operation {
    let answer = answer::<Health>(generator, json!({"status": "ok"})).fresh();
    Operation::new("operation", "Checks no dependencies: 200 as long as the function runs.", answer)
}

pub(crate) fn ready(generator: &mut SchemaGenerator) -> Operation {
    let description = "503 names each failing check in `errors`: a table (catalog, app, ephemeral, audit), keys, or sync. Responds \
                       within two seconds.";
    Operation::new("operation", description, answer::<Readiness>(generator, example_readiness()).fresh())
}

fn example_readiness() -> Value {
    value(Readiness {
        status: "ok",
        catalog: CatalogReadiness { index: text("0f3c9a1be27d4856"), indexed_at: MOMENT },
        sync: SyncReadiness {
            last_finished_at: Some(MOMENT),
            age_seconds: Some(3600),
            failed: 0,
            held: Vec::new(),
        },
        tables: TableReadiness { catalog: "ok", app: "ok", ephemeral: "ok", audit: "ok" },
        keys: KeyReadiness { public: 3 },
        assets: Some(AssetReadiness {
            last_finished_at: MOMENT,
            age_seconds: Some(7200),
            is_complete: true,
            failed: 0,
        }),
    })
}
