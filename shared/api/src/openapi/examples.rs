//! Examples, built from the same types that handlers return.

use std::collections::BTreeMap;

use domain::{
    Timestamp,
    catalog::{
        Ability, AbilityPokemon, EvolutionNode, EvolutionSpecies, Move, Pokemon, Type, TypePokemon,
        VarietyRef,
    },
    dex::{Generation, Generations, ListPagination, Match, Page, Pagination, PokemonRow, SpriteUrls},
    facts::{AbilitySlot, DamageRelations, PastAbilities, PastAbilitySlot, PastStats, Sprites, Stats},
};
use serde::Serialize;
use serde_json::{Value, json};

use crate::{
    admin::UserPagination,
    evolutions::EvolutionsAnswer,
    health::{CatalogReadiness, Readiness, SyncReadiness},
    meta::Version,
    pokemon::PokemonAnswer,
};
use domain::FieldError;
use door::problem::ProblemBody;

const MOMENT: Timestamp = Timestamp::from_unix(1_785_542_400);
const STATS: Stats =
    Stats { hp: 35, attack: 55, defense: 40, special_attack: 50, special_defense: 50, speed: 90 };

fn value(example: impl Serialize) -> Value {
    serde_json::to_value(example).unwrap_or_default()
}

fn text(text: &str) -> String {
    text.to_owned()
}

fn sprites() -> SpriteUrls {
    let front = Sprites { front_default: Some(text("pokemon/25.png")), ..Sprites::default() };
    SpriteUrls::new("https://raw.githubusercontent.com/PokeAPI/sprites/master/sprites/", &front)
}

fn row() -> PokemonRow<'static> {
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
        sprites: sprites(),
        generation: 1,
        species_id: 25,
        is_default: true,
        created_at: MOMENT,
        updated_at: MOMENT,
    }
}

pub(super) fn page() -> Value {
    let pagination =
        Pagination { page: 1, per_page: 20, total: 1, pages: 1, has_next: false, has_prev: false };
    let pagination = ListPagination { pagination, best: Some(Match::Exact) };
    value(Page { pokemon: vec![row()], pagination })
}

pub(super) fn pokemon() -> Value {
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
    };
    value(PokemonAnswer {
        pokemon: &pokemon,
        sprites: sprites(),
        created_at: MOMENT,
        updated_at: MOMENT,
        forms: None,
        learnset: None,
    })
}

pub(super) fn evolutions() -> Value {
    let node = |id, name: &str, display_name: &str, conditions, evolves_to| EvolutionNode {
        species: EvolutionSpecies {
            id,
            name: text(name),
            display_name: text(display_name),
            pokemon_id: Some(id),
        },
        is_baby: id == 172,
        conditions,
        evolves_to,
    };
    let way = |pairs: &[(&str, Value)]| -> Vec<BTreeMap<String, Value>> {
        vec![pairs.iter().map(|(key, value)| (text(key), value.clone())).collect()]
    };
    let stone = way(&[("item", json!("thunder-stone")), ("trigger", json!("use-item"))]);
    let friend = way(&[("min_happiness", json!(220)), ("trigger", json!("level-up"))]);
    let raichu = node(26, "raichu", "Raichu", stone, Vec::new());
    let pikachu = node(25, "pikachu", "Pikachu", friend, vec![raichu]);
    let chain = node(172, "pichu", "Pichu", Vec::new(), vec![pikachu]);
    value(EvolutionsAnswer {
        pokemon_id: 25,
        name: text("pikachu"),
        species_id: 25,
        evolution_chain_id: Some(10),
        baby_trigger_item: None,
        chain,
    })
}

pub(super) fn one_type() -> Value {
    let names = |names: &[&str]| names.iter().map(|name| text(name)).collect::<Vec<_>>();
    value(Type {
        id: 13,
        name: text("electric"),
        display_name: text("Electric"),
        generation: 1,
        damage_class: Some(text("special")),
        damage_relations: DamageRelations {
            double_damage_from: names(&["ground"]),
            double_damage_to: names(&["flying", "water"]),
            half_damage_from: names(&["flying", "steel", "electric"]),
            half_damage_to: names(&["grass", "electric", "dragon"]),
            no_damage_from: Vec::new(),
            no_damage_to: names(&["ground"]),
        },
        pokemon: vec![TypePokemon { id: 25, name: text("pikachu"), slot: 1 }],
        moves: names(&["thunder-punch", "thunder-shock"]),
    })
}

pub(super) fn ability() -> Value {
    value(Ability {
        id: 9,
        name: text("static"),
        display_name: text("Static"),
        generation: 3,
        is_main_series: true,
        pokemon: vec![AbilityPokemon { id: 25, name: text("pikachu"), is_hidden: false, slot: 1 }],
    })
}

pub(super) fn one_move() -> Value {
    value(Move {
        id: 84,
        name: text("thunder-shock"),
        display_name: text("Thunder Shock"),
        generation: 1,
        move_type: text("electric"),
        damage_class: Some(text("special")),
        target: Some(text("selected-pokemon")),
        power: Some(40),
        pp: Some(30),
        accuracy: Some(100),
        effect_chance: Some(10),
        priority: Some(0),
        meta: BTreeMap::from([(text("ailment"), json!("paralysis")), (text("ailment_chance"), json!(10))]),
        stat_changes: BTreeMap::new(),
        learned_by: vec![text("pikachu"), text("raichu")],
    })
}

pub(super) fn generations() -> Value {
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

pub(super) fn readiness() -> Value {
    value(Readiness {
        status: "ok",
        catalog: CatalogReadiness { index: text("0f3c9a1be27d4856"), indexed_at: MOMENT },
        sync: SyncReadiness { last_finished_at: Some(MOMENT), age_seconds: Some(3600), failed: 0 },
    })
}

pub(super) fn version() -> Value {
    value(Version { name: "pokedex", version: env!("CARGO_PKG_VERSION"), api: "v1" })
}

pub(super) fn problem(status: u16) -> Value {
    let (code, detail, errors) = match status {
        400 => (
            "bad_request",
            "search is not valid UTF-8",
            vec![FieldError::new("search", "is not valid UTF-8")],
        ),
        401 => ("invalid_token", "Invalid access token", Vec::new()),
        403 => ("forbidden", "Access denied", Vec::new()),
        404 => ("not_found", "Pokémon pikachoo not found", Vec::new()),
        409 => {
            ("username_taken", "Username already exists", vec![FieldError::new("username", "already exists")])
        }
        412 => {
            ("precondition_failed", "The profile was changed since it was read, please reload it", Vec::new())
        }
        413 => ("body_too_large", "The request body is larger than 1048576 bytes", Vec::new()),
        414 => (
            "query_too_long",
            "The query string is longer than 8192 bytes",
            vec![FieldError::new("query", "is too long")],
        ),
        415 => (
            "unsupported_media_type",
            "content-type must be application/json",
            vec![FieldError::new("content-type", "must be application/json")],
        ),
        422 => {
            let message = "must be a whole number from 1 up";
            (
                "validation_failed",
                "page must be a whole number from 1 up",
                vec![FieldError::new("page", message)],
            )
        }
        502 => (
            "pokeapi_invalid_document",
            "The document pokemon/25 of PokeAPI is not valid: stats. Pokémon 25 was not refreshed",
            vec![FieldError::new("stats", "is not valid in pokemon/25")],
        ),
        429 => ("rate_limited", "Too many requests, please try again in 12 seconds", Vec::new()),
        500 => ("internal", "Internal server error", Vec::new()),
        _ => ("unavailable", "Service temporarily unavailable, please try again later", Vec::new()),
    };
    let status = http::StatusCode::from_u16(status).unwrap_or(http::StatusCode::INTERNAL_SERVER_ERROR);
    value(ProblemBody {
        problem_type: format!("urn:pokedex:problem:{code}"),
        title: status.canonical_reason().unwrap_or("Error"),
        status: status.as_u16(),
        detail,
        code,
        message: detail,
        request_id: "0b7e3f0c9d5a4e6f8a1b2c3d4e5f6071",
        errors: &errors,
    })
}

/// The responses that API Gateway sends itself when it rejects a request.
pub(super) fn gateways(status: u16) -> &'static str {
    match status {
        413 => "Request Entity Too Large",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        _ => "Service Unavailable",
    }
}

pub(super) const USER: &str = "01890a5d-ac96-774b-bcce-b302099a8057";
pub(super) const SESSION: &str = "kM7nqW2bTf-9xZc1Lr4yVw";

pub(super) fn user() -> Value {
    json!({
        "id": USER, "username": "ash_ketchum", "email": "ash@example.com", "is_admin": false,
        "created_at": MOMENT, "updated_at": MOMENT,
    })
}

pub(super) fn registration() -> Value {
    json!({"username": "ash_ketchum", "email": "ash@example.com", "password": "pallet town, route 1"})
}

pub(super) fn credentials() -> Value {
    json!({"username": "ash_ketchum", "password": "pallet town, route 1"})
}

pub(super) fn signed_in(message: &str) -> Value {
    json!({
        "message": message, "user": user(), "access_token": "eyJ…", "refresh_token": "rt_…", "expires_in": 900,
    })
}

pub(super) fn refresh_request() -> Value {
    json!({"refresh_token": "rt_…"})
}

pub(super) fn refreshed() -> Value {
    json!({"access_token": "eyJ…", "refresh_token": "rt_…", "expires_in": 900, "user": user()})
}

pub(super) fn sessions() -> Value {
    json!({"sessions": [{
        "id": SESSION, "created_at": MOMENT, "last_used_at": MOMENT, "expires_at": MOMENT, "is_current": true,
    }]})
}

pub(super) fn export() -> Value {
    let url = format!("https://exports.example/{USER}.zip?signed");
    let message = "The export is available at this URL for 10 minutes";
    json!({"message": message, "url": url, "expires_at": MOMENT})
}

pub(super) fn favorite() -> Value {
    json!({
        "id": format!("{USER}-25"), "user_id": USER, "pokemon_id": 25, "created_at": MOMENT, "pokemon": value(row()),
    })
}

pub(super) fn favorites() -> Value {
    json!({"user_id": USER, "favorites": [favorite()]})
}

pub(super) fn bulk() -> Value {
    json!({"message": "Favorites added", "results": [
        {"pokemon_id": 1, "is_favorite": true}, {"pokemon_id": 4, "is_favorite": true},
        {"pokemon_id": 99999, "is_favorite": false, "error": "not_found"},
    ]})
}

fn last_page() -> Value {
    json!({"per_page": 50, "has_next": false, "next": null})
}

pub(super) fn users() -> Value {
    json!({"users": [user()], "pagination": UserPagination::new(Some(1), 50, 1, None)})
}

pub(super) fn audit() -> Value {
    json!({"events": [{
        "id": "01890a5d-ac96-774b-bcce-b302099a8058", "at": MOMENT, "actor": USER, "action": "add_favorite",
        "target": "pokemon:25", "outcome": "done", "request_id": "0b7e3f0c9d5a4e6f8a1b2c3d4e5f6071",
    }], "pagination": last_page()})
}
