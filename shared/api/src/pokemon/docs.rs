//! The OpenAPI operations of Pokémon, with their examples.

use std::collections::BTreeMap;

use domain::{
    assets::{Format, Image, Images},
    catalog::{Edits, Pokemon, VarietyRef},
    dex::{
        Generation, Generations, ListPagination, ListQuery, Match, Page, Pagination, PokemonRow, SortKey,
        SpriteUrls,
    },
    facts::{AbilitySlot, AssetKind, PastAbilities, PastAbilitySlot, PastStats, Sprites, Stats},
};
use schemars::SchemaGenerator;
use serde_json::{Value, json};

use super::{FetchRequest, PokemonAnswer};
use crate::openapi::vocabulary::{
    Answer, MOMENT, Operation, answer, any_name, body, done, path, query, text, value,
};

pub(crate) fn list(generator: &mut SchemaGenerator) -> Operation {
    let description = "Filters combine. Without `sort`, search results are ranked: the Pokémon of that number, exact, prefix, substring; if \
        nothing listed matches, a form of exactly this name or number, else names that are one edit away are returned. `pagination.match` \
        is the rank of the best result. A page past the end is empty. Unknown parameters are ignored.";
    let etag = json!({
        "description": "The entity tag of the response; absent with `sort=favorites`, which must not be cached",
        "schema": {"type": "string"},
    });
    let answer = answer::<Page<'static>>(generator, example_page()).header("ETag", etag);
    Operation::new("pokemon", description, answer).parameters([paging(), filters(), sorting()].concat())
}

pub(crate) fn generations(generator: &mut SchemaGenerator) -> Operation {
    let description = "`name` is the region's name (\"Johto\"), `title` is \"Generation II\". Counts and ids are of the species \
        that are served. Year, color and description are null if they are not known.";
    Operation::new("generations", description, answer::<Generations>(generator, example_generations()))
}

pub(crate) fn get(generator: &mut SchemaGenerator) -> Operation {
    let description = "An id takes precedence over a slug, a slug over a species name, a species name over a display name, and a \
        display name over a form name. A species' name leads to its default Pokémon; a name that several Pokémon share is 404 \
        with their slugs in `errors`. `Content-Location` has the canonical path.";
    Operation::new("pokemon", description, example_answer(generator).located())
        .parameters(vec![id(), include()])
        .refusals(&[308, 404, 422])
}

pub(crate) fn fetch(generator: &mut SchemaGenerator) -> Operation {
    let description = "Fetches a Pokémon from PokeAPI; a hidden one becomes visible again. 200 if it existed before; 404 if \
        PokeAPI does not have it; 502 `pokeapi_invalid_document` names the field of PokeAPI's document that cannot be used, 503 \
        `pokeapi_unavailable` says that PokeAPI is down; 409 with Retry-After while the catalogue is being refreshed, and nothing is \
        changed.";
    let existed = Answer { description: "The Pokémon existed before.", ..example_answer(generator).fresh() };
    Operation::new("administration", description, example_answer(generator).created())
        .body(body::<FetchRequest>(&["pokemon_id"], json!({"pokemon_id": 1})))
        .or(existed)
        .or(stored(generator))
        .refusals(&[404, 409, 502])
}

pub(crate) fn update(generator: &mut SchemaGenerator) -> Operation {
    let description = "Replaces values of PokeAPI; absent fields keep PokeAPI's values. Without any field, the Pokémon is fetched \
        again, with 502 and 503 as for a fetch. Lists, searches, types, abilities and evolutions follow.";
    let edits = json!({"display_name": "Bulbasaur", "types": ["grass"]});
    Operation::new("administration", description, example_answer(generator).fresh())
        .parameters(vec![id_or_slug()])
        .body(body::<Edits>(&[], edits).optional())
        .or(stored(generator))
        .refusals(&[404, 409, 502])
}

pub(crate) fn hide(generator: &mut SchemaGenerator) -> Operation {
    let description = "Removes the Pokémon from all responses until it is fetched again.";
    Operation::new("administration", description, done(generator, "Pokémon hidden"))
        .parameters(vec![id_or_slug()])
        .or(stored(generator))
        .refusals(&[404, 409])
}

/// Returns a response with the example Pokémon.
fn example_answer(generator: &mut SchemaGenerator) -> Answer {
    answer::<PokemonAnswer<'static>>(generator, example_pokemon())
}

/// Returns the response to a change that is stored, but not published yet.
fn stored(generator: &mut SchemaGenerator) -> Answer {
    let message = "Stored; the change becomes visible when the catalogue has been published";
    let description = "Stored; the catalogue is still being published.";
    Answer { status: 202, description, ..done(generator, message) }
}

/// Returns the path parameter that names a Pokémon.
pub(crate) fn id() -> Value {
    any_name("id", "Id, slug, or species, display or form name", "pikachu")
}

/// Returns the path parameter of a change.
fn id_or_slug() -> Value {
    let schema = json!({"type": "string", "minLength": 1, "maxLength": 100, "pattern": "^[A-Za-z0-9-]+$"});
    path("id", "Id or slug", &schema, &json!("pikachu"))
}

fn include() -> Value {
    let schema = json!({"type": "string", "enum": ["moves", "forms", "moves,forms", "forms,moves"]});
    let description = "The parts to include: moves (the learnset), forms, or both";
    query("include", description, &schema, &json!("forms"))
}

fn paging() -> Vec<Value> {
    vec![
        query(
            "page",
            "The page, from 1",
            &json!({"type": "integer", "minimum": 1, "maximum": u32::MAX, "default": 1}),
            &json!(1),
        ),
        query(
            "per_page",
            "Pokémon per page",
            &json!({
                "type": "integer", "minimum": 1,
                "maximum": ListQuery::MOST_PER_PAGE, "default": ListQuery::PER_PAGE,
            }),
            &json!(20),
        ),
    ]
}

fn filters() -> Vec<Value> {
    let mut types = query(
        "type",
        "A type by id, slug or name; repeat it for Pokémon that have all of them; `all` means no filter",
        &json!({"type": "array", "items": {"type": "string"}}),
        &json!(["water", "flying"]),
    );
    types["explode"] = json!(true);
    vec![
        query(
            "search",
            "A number (25, #25, 025) or a part of a name, with `forms=all` also of a form's name; accents, \
                punctuation, spaces and case do not matter",
            &json!({"type": "string", "maxLength": ListQuery::LONGEST_SEARCH}),
            &json!("char"),
        ),
        types,
        query("ability", "An ability by id, slug or name", &json!({"type": "string"}), &json!("static")),
        query(
            "generation",
            "A generation's number",
            &json!({"type": "integer", "minimum": 1, "maximum": u32::MAX}),
            &json!(1),
        ),
        query(
            "forms",
            "`all` lists every form; `default` lists each species' default form",
            &json!({"type": "string", "enum": ["all", "default"]}),
            &json!("all"),
        ),
        query(
            "ids",
            "A batch: ids separated by commas, at most 1,025",
            &json!({"type": "string", "pattern": "^0*[1-9][0-9]{0,8}(,0*[1-9][0-9]{0,8})*$"}),
            &json!("1,4,25"),
        ),
    ]
}

fn sorting() -> Vec<Value> {
    let sorts: Vec<String> =
        SortKey::ALL.iter().flat_map(|(name, _)| [(*name).to_owned(), format!("{name}_desc")]).collect();
    vec![
        query(
            "sort",
            "The sort key; ties are sorted by id. `favorites` lists the caller's favorites first, and returns 401 for \
                an invalid token",
            &json!({"type": "string", "enum": sorts}),
            &json!("name"),
        ),
        query(
            "order",
            "The direction of `sort`, or of the id",
            &json!({"type": "string", "enum": ["asc", "desc"]}),
            &json!("asc"),
        ),
    ]
}

const STATS: Stats =
    Stats { hp: 35, attack: 55, defense: 40, special_attack: 50, special_defense: 50, speed: 90 };

fn example_sprites() -> SpriteUrls {
    let front = Sprites { front_default: Some(text("pokemon/25.png")), ..Sprites::default() };
    SpriteUrls::new("https://raw.githubusercontent.com/PokeAPI/sprites/master/sprites/", &front)
}

fn example_images() -> Images {
    let image = |format: Format, name: &str| Image {
        url: format!("/assets/official_artwork/{name}.{}", format.extension()),
        media_type: text(format.media_type()),
        size: Some(96),
    };
    let small = vec![image(Format::WebP, "25-5d7a1c9e02"), image(Format::Avif, "25-b80f4e6a13")];
    Images::from([(AssetKind::OfficialArtwork, small)])
}

/// Returns the example Pokémon as a row of a list.
pub(crate) fn example_row() -> PokemonRow<'static> {
    PokemonRow {
        id: 25,
        pokemon_id: 25,
        name: "pikachu",
        display_name: "Pikachu",
        height: Some(4),
        weight: Some(60),
        base_experience: Some(112),
        types: vec!["electric"],
        abilities: vec!["static", "lightning-rod"],
        stats: STATS,
        sprites: example_sprites(),
        images: example_images(),
        generation: 1,
        species_id: 25,
        is_default: true,
        created_at: MOMENT,
        updated_at: MOMENT,
        removed_at: None,
    }
}

fn example_page() -> Value {
    let pagination =
        Pagination { page: 1, per_page: 20, total: 1, pages: 1, has_next: false, has_prev: false };
    let pagination = ListPagination { pagination, best: Some(Match::Exact) };
    value(Page { pokemon: vec![example_row()], pagination })
}

fn example_pokemon() -> Value {
    let pokemon = Pokemon {
        id: 25,
        pokemon_id: 25,
        name: text("pikachu"),
        display_name: text("Pikachu"),
        height: Some(4),
        weight: Some(60),
        base_experience: Some(112),
        types: vec![text("electric")],
        abilities: vec![text("static"), text("lightning-rod")],
        ability_slots: vec![
            AbilitySlot { name: text("static"), is_hidden: false, slot: 1 },
            AbilitySlot { name: text("lightning-rod"), is_hidden: true, slot: 3 },
        ],
        stats: STATS,
        effort: Stats { speed: 2, ..Stats::default() },
        generation: 1,
        species_id: 25,
        species: text("pikachu"),
        is_default: true,
        is_baby: false,
        is_legendary: false,
        is_mythical: false,
        gender_rate: Some(4),
        capture_rate: Some(190),
        base_happiness: Some(70),
        hatch_counter: Some(10),
        growth_rate: Some(text("medium")),
        egg_groups: vec![text("ground"), text("fairy")],
        color: Some(text("yellow")),
        shape: Some(text("quadruped")),
        habitat: Some(text("forest")),
        has_gender_differences: true,
        forms_switchable: false,
        varieties: vec![VarietyRef { id: 25, name: text("pikachu"), is_default: true }],
        evolution_chain_id: Some(10),
        evolves_from: Some(text("pichu")),
        past_types: Vec::new(),
        past_abilities: vec![PastAbilities {
            generation: 4,
            abilities: vec![PastAbilitySlot { name: None, is_hidden: true, slot: 3 }],
        }],
        past_stats: vec![PastStats { generation: 5, stats: BTreeMap::from([(text("defense"), 30)]) }],
        removed_at: None,
    };
    value(PokemonAnswer {
        pokemon: &pokemon,
        sprites: example_sprites(),
        images: &example_images(),
        created_at: MOMENT,
        updated_at: MOMENT,
        forms: None,
        learnset: None,
    })
}

fn example_generations() -> Value {
    let first = Generation {
        generation: 1,
        name: text("Kanto"),
        title: text("Generation I"),
        region: Some(text("kanto")),
        year: Some(1996),
        pokemon_count: 151,
        start_id: Some(1),
        end_id: Some(151),
        games: vec![text("red"), text("blue"), text("yellow")],
        color: Some(text("#d3413c")),
        description: None,
    };
    value(Generations { generations: vec![first], total_generations: 1, total_pokemon: 151 })
}
