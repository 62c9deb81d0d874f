//! The request and the responses of each route, by its name in the table.

use domain::{
    catalog::{Ability, Move, Type},
    dex::{Generations, ListQuery, Page, SortKey},
};
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Value, json};

use super::{accounts, examples};
use crate::{
    evolutions::EvolutionsAnswer,
    health::{Health, Readiness},
    meta::Version,
    pokemon::PokemonAnswer,
};

pub(super) struct Operation {
    pub tag: &'static str,
    pub description: &'static str,
    pub parameters: Vec<Value>,
    pub body: Option<Body>,
    pub answer: Answer,
    /// Statuses besides those that any route may return.
    pub refusals: &'static [u16],
}

pub(super) struct Body {
    pub schema: Value,
    pub example: Value,
    pub required: bool,
}

pub(super) struct Answer {
    pub status: u16,
    pub schema: Value,
    pub example: Value,
    /// Whether the response has an ETag and may be 304.
    pub cached: bool,
}

pub(super) fn answer<T: JsonSchema>(generator: &mut SchemaGenerator, example: Value) -> Answer {
    Answer { status: 200, schema: generator.subschema_for::<T>().to_value(), example, cached: true }
}

pub(super) fn fresh(answer: Answer) -> Answer {
    Answer { cached: false, ..answer }
}

/// Returns the description of the route `name`.
///
/// # Panics
/// As [`accounts::of`].
pub(super) fn of(name: &str, generator: &mut SchemaGenerator) -> Operation {
    match name {
        "list-pokemon" => Operation {
            tag: "pokemon",
            description: "Filters combine. Without `sort`, search results are ranked: the Pokémon of that number, exact, prefix, substring; if \
                nothing listed matches, a form of exactly this name or number, else names that are one edit away are returned. `pagination.match` is the rank of the best result. A page \
                past the end is empty. Unknown parameters are ignored.",
            parameters: list_parameters(),
            body: None,
            answer: answer::<Page<'static>>(generator, examples::page()),
            refusals: &[],
        },
        "list-types" => Operation {
            tag: "types",
            description: "A sorted array of the types that at least one Pokémon has.",
            parameters: Vec::new(),
            body: None,
            answer: answer::<Vec<String>>(generator, json!(["bug", "dark", "dragon", "electric"])),
            refusals: &[],
        },
        "list-generations" => Operation {
            tag: "generations",
            description: "`name` is the region's name (\"Johto\"), `title` is \"Generation II\". Counts and ids are of the species \
                that are served. Year, color and description are null if they are unknown.",
            parameters: Vec::new(),
            body: None,
            answer: answer::<Generations>(generator, examples::generations()),
            refusals: &[],
        },
        "get-pokemon" => Operation {
            tag: "pokemon",
            description: "An id comes before a slug, a slug before a species' name, that before a display name, and that before a \
                form's name. A species' name leads to its default Pokémon; a name that several Pokémon share is 404 with their slugs in \
                `errors`. `Content-Location` has the canonical path.",
            parameters: vec![id(), include()],
            body: None,
            answer: answer::<PokemonAnswer<'static>>(generator, examples::pokemon()),
            refusals: &[404, 422],
        },
        "get-evolutions" => Operation {
            tag: "pokemon",
            description: "The complete evolution tree, from its root, with every way to evolve. If no chain of the species is known, \
                `evolution_chain_id` is null and the tree is one node.",
            parameters: vec![id()],
            body: None,
            answer: answer::<EvolutionsAnswer>(generator, examples::evolutions()),
            refusals: &[404],
        },
        "get-type" => Operation {
            tag: "types",
            description: "Damage relations, Pokémon and moves of a type, including the three types that no Pokémon has.",
            parameters: vec![named("type", "fire")],
            body: None,
            answer: answer::<Type>(generator, examples::one_type()),
            refusals: &[404],
        },
        "get-ability" => Operation {
            tag: "abilities",
            description: "An ability and the Pokémon that can have it.",
            parameters: vec![named("ability", "static")],
            body: None,
            answer: answer::<Ability>(generator, examples::ability()),
            refusals: &[404],
        },
        "get-move" => Operation {
            tag: "moves",
            description: "A move and the Pokémon that learn it in any game.",
            parameters: vec![named("move", "thunder-shock")],
            body: None,
            answer: answer::<Move>(generator, examples::one_move()),
            refusals: &[404],
        },
        "get-health" => Operation {
            tag: "operation",
            description: "Checks no dependencies: 200 as long as the function runs.",
            parameters: Vec::new(),
            body: None,
            answer: fresh(answer::<Health>(generator, json!({"status": "ok"}))),
            refusals: &[],
        },
        "get-readiness" => Operation {
            tag: "operation",
            description: "503 names the failing check (catalog, sync, accounts or keys). Responds within two seconds.",
            parameters: Vec::new(),
            body: None,
            answer: fresh(answer::<Readiness>(generator, examples::readiness())),
            refusals: &[],
        },
        "get-openapi" => Operation {
            tag: "operation",
            description: "This OpenAPI 3.1 description.",
            parameters: Vec::new(),
            body: None,
            answer: Answer {
                status: 200,
                schema: json!({"type": "object", "required": ["openapi", "paths"]}),
                example: json!({"openapi": "3.1.0", "paths": {}}),
                cached: true,
            },
            refusals: &[],
        },
        "get-version" => Operation {
            tag: "operation",
            description: "The versions of the program and of the contract.",
            parameters: Vec::new(),
            body: None,
            answer: fresh(answer::<Version>(generator, examples::version())),
            refusals: &[],
        },
        name => accounts::of(name, generator),
    }
}

pub(super) fn parameter(
    place: &str,
    name: &str,
    description: &str,
    schema: &Value,
    example: &Value,
) -> Value {
    let mut parameter = json!({
        "name": name,
        "in": place,
        "required": place == "path",
        "description": description,
        "schema": schema,
        "example": example,
    });
    if place == "query" {
        // An empty value is ignored.
        parameter["allowEmptyValue"] = json!(true);
    }
    parameter
}

pub(super) fn path(name: &str, description: &str, schema: &Value, example: &Value) -> Value {
    parameter("path", name, description, schema, example)
}

fn id() -> Value {
    parameter(
        "path",
        "id",
        &format!("Id, slug, or species, display or form name. {SPELLING}"),
        &any_name(),
        &json!("pikachu"),
    )
}

/// The path parameter of a change: an id or a slug.
pub(super) fn id_or_slug() -> Value {
    let schema = json!({"type": "string", "minLength": 1, "maxLength": 100, "pattern": "^[A-Za-z0-9-]+$"});
    parameter("path", "id", "Id or slug", &schema, &json!("pikachu"))
}

const SPELLING: &str = "Leading zeros, case, accents, punctuation and spaces do not matter";

fn any_name() -> Value {
    json!({"type": "string", "minLength": 1, "maxLength": 100})
}

fn named(what: &str, example: &str) -> Value {
    let description = format!("Id, slug or display name of the {what}. {SPELLING}");
    parameter("path", "name", &description, &any_name(), &json!(example))
}

fn include() -> Value {
    let schema = json!({"type": "string", "enum": ["moves", "forms", "moves,forms", "forms,moves"]});
    parameter(
        "query",
        "include",
        "The parts to include: moves (the learnset), forms, or both",
        &schema,
        &json!("forms"),
    )
}

fn list_parameters() -> Vec<Value> {
    let query = |name, description, schema: Value, example: Value| {
        parameter("query", name, description, &schema, &example)
    };
    let sorts: Vec<String> =
        SortKey::ALL.iter().flat_map(|(name, _)| [(*name).to_owned(), format!("{name}_desc")]).collect();
    let mut types = query(
        "type",
        "A type by id, slug or name; repeat it for Pokémon that have all of them; `all` means no filter",
        json!({"type": "array", "items": {"type": "string"}}),
        json!(["water", "flying"]),
    );
    types["explode"] = json!(true);
    vec![
        query(
            "page",
            "The page, from 1",
            json!({"type": "integer", "minimum": 1, "maximum": u32::MAX, "default": 1}),
            json!(1),
        ),
        query(
            "per_page",
            "Pokémon per page",
            json!({
                "type": "integer", "minimum": 1,
                "maximum": ListQuery::MOST_PER_PAGE, "default": ListQuery::PER_PAGE,
            }),
            json!(20),
        ),
        query(
            "search",
            "A number (25, #25, 025) or a part of a name, with `forms=all` also of a form's name; accents, punctuation, spaces and \
                case do not matter",
            json!({"type": "string", "maxLength": ListQuery::LONGEST_SEARCH}),
            json!("char"),
        ),
        types,
        query("ability", "An ability by id, slug or name", json!({"type": "string"}), json!("static")),
        query(
            "generation",
            "A generation's number",
            json!({"type": "integer", "minimum": 1, "maximum": u32::MAX}),
            json!(1),
        ),
        query(
            "forms",
            "`all` lists every form; `default` lists each species' default form",
            json!({"type": "string", "enum": ["all", "default"]}),
            json!("all"),
        ),
        query(
            "ids",
            "A batch: ids separated by commas, at most 1,025",
            json!({"type": "string", "pattern": "^0*[1-9][0-9]{0,8}(,0*[1-9][0-9]{0,8})*$"}),
            json!("1,4,25"),
        ),
        query(
            "sort",
            "The sort key; ties are sorted by id. `favorites` lists the caller's favorites first, and is 401 with an invalid token",
            json!({"type": "string", "enum": sorts}),
            json!("name"),
        ),
        query(
            "order",
            "The direction of `sort`, or of the id",
            json!({"type": "string", "enum": ["asc", "desc"]}),
            json!("asc"),
        ),
    ]
}
