use std::collections::{BTreeMap, HashMap};

use serde_json::{Value, json};

use super::{Catalog, Claims, Edits, NameTable, Override, Overrides, StoredPokemon};
use crate::{
    Timestamp,
    dex::{DexIndex, TimedPokemon},
    facts::{Fact, Facts, Kind},
};

mod edits;

fn facts(documents: &[Value]) -> Facts {
    documents.iter().map(|document| serde_json::from_value::<Fact>(document.clone()).unwrap()).collect()
}

fn pokemon(id: u32, name: &str, species: u32, is_default: bool, forms: &[u32]) -> Value {
    let stats = json!({
        "hp": 1, "attack": 2, "defense": 3, "special-attack": 4, "special-defense": 5, "speed": 6,
    });
    json!({
        "kind": "pokemon", "id": id, "name": name, "species": species, "is_default": is_default,
        "height": 1, "weight": 1, "types": ["psychic"], "stats": stats, "effort": stats, "forms": forms,
        "abilities": [
            {"name": "pressure", "is_hidden": false, "slot": 1},
            {"name": "pressure", "is_hidden": true, "slot": 3},
        ],
        "learnset": "1=level-up,5,:1.2\n99=egg,0,:1",
    })
}

fn form(id: u32, pokemon: &str, is_default: bool, version_group: u32, display_name: Option<&str>) -> Value {
    json!({
        "kind": "pokemon-form", "id": id, "name": format!("{pokemon}-form-{id}"), "pokemon": pokemon,
        "display_name": display_name, "is_default": is_default, "version_group": version_group, "types": ["psychic"],
    })
}

fn world() -> Vec<Value> {
    let group = |id: u32, generation: u32| {
        json!({
            "kind": "version-group", "id": id, "name": format!("group-{id}"), "generation": generation,
            "order": id, "versions": [],
        })
    };
    vec![
        group(1, 3),
        group(2, 6),
        json!({"kind": "move", "id": 1, "name": "pound", "generation": 1, "type": "normal", "priority": 0}),
        json!({
            "kind": "pokemon-species", "id": 386, "name": "deoxys", "display_name": "Deoxys", "generation": 3,
            "gender_rate": -1, "varieties": [
                {"pokemon": 386, "is_default": true}, {"pokemon": 10001}, {"pokemon": 10002},
            ],
        }),
        pokemon(386, "deoxys-normal", 386, true, &[7, 8]),
        pokemon(10001, "deoxys-attack", 386, false, &[9]),
        pokemon(10002, "deoxys-limited-build", 386, false, &[10]),
        form(7, "deoxys-normal", false, 2, Some("Normal Deoxys")),
        form(8, "deoxys-normal", true, 1, None),
        form(9, "deoxys-attack", true, 2, Some("Attack Deoxys")),
        form(10, "deoxys-limited-build", false, 2, None),
    ]
}

#[test]
fn a_generation_is_that_of_the_default_form_else_of_the_first() {
    let facts = facts(&world());
    let (made, problems) = Catalog::new(&facts).pokemon();
    let generations: Vec<_> = made.iter().map(|p| (p.pokemon.id, p.pokemon.generation)).collect();
    assert_eq!(generations, [(386, 3), (10001, 6), (10002, 6)]);
    assert_eq!(problems, []);
}

#[test]
fn a_default_form_has_its_species_name_and_the_others_their_own() {
    let facts = facts(&world());
    let (made, _) = Catalog::new(&facts).pokemon();
    let names: Vec<_> = made.iter().map(|p| p.pokemon.display_name.as_str()).collect();
    assert_eq!(names, ["Deoxys", "Attack Deoxys", "Deoxys (Limited Build)"]);
}

#[test]
fn a_species_name_that_is_not_a_pokemons_slug_leads_to_its_default() {
    let table = names(&facts(&world()));
    assert_eq!(table.keys[&386][..3], ["deoxys-normal", "deoxysnormal", "deoxys"]);
    assert_eq!((table.refused, table.shared), (Vec::new(), BTreeMap::new()));
}

fn names(facts: &Facts) -> NameTable {
    let catalog = Catalog::new(facts);
    NameTable::new(&catalog.claims(&catalog.pokemon().0))
}

fn claims(id: u32, slug: &str, species: &[&str], display: &[&str], forms: &[&str]) -> Claims {
    let all = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    Claims { id, slug: slug.to_owned(), species: all(species), display: all(display), forms: all(forms) }
}

#[test]
fn ids_precede_slugs_then_species_display_and_form_names() {
    let table = NameTable::new(&[
        claims(1, "a", &["b", "B!"], &["2", "c"], &["d", "e"]),
        claims(2, "b", &["c"], &["d"], &["b!", "1", "f"]),
        claims(3, "1", &["f"], &["e"], &["g"]),
    ]);
    assert_eq!(table.keys[&1], ["a", "b!"]);
    assert_eq!(table.keys[&2], ["b", "c", "d"]);
    assert_eq!(table.keys[&3], ["f", "e", "g"]);
    assert_eq!(table.refused, [(3, "1".to_owned())]);
    assert_eq!(table.shared, BTreeMap::new());
}

#[test]
fn a_display_or_form_name_of_several_pokemon_leads_to_none_of_them() {
    let table = NameTable::new(&[
        claims(1, "meowstic-male-mega", &[], &["Mega Meowstic"], &["Male", "x"]),
        claims(2, "meowstic-female-mega", &[], &["Mega Meowstic"], &["Female", "mega meowstic"]),
        claims(3, "indeedee-male", &[], &["Indeedee"], &["Male", "male", "Female"]),
    ]);
    let slugs = |slugs: [&str; 2]| slugs.map(str::to_owned).to_vec();
    let expected = [
        ("female".to_owned(), slugs(["meowstic-female-mega", "indeedee-male"])),
        ("male".to_owned(), slugs(["meowstic-male-mega", "indeedee-male"])),
        ("megameowstic".to_owned(), slugs(["meowstic-male-mega", "meowstic-female-mega"])),
    ];
    assert_eq!(table.shared, BTreeMap::from(expected));
    assert!(table.keys[&1].contains(&"x".to_owned()));
}

#[test]
fn a_hidden_pokemon_is_hidden_under_every_name() {
    let facts = facts(&world());
    let hidden = overrides(&[(386, true, json!({"display_name": "DEOXYS!"}))]).hidden(&facts);
    for key in ["386", "deoxys-normal", "deoxysnormal", "deoxys", "deoxys!", "normaldeoxys"] {
        assert!(hidden.names.contains(key), "{key}");
    }
    for key in names(&facts).keys.remove(&386).unwrap() {
        assert!(hidden.names.contains(&key), "{key}");
    }
}

#[test]
fn an_ability_in_two_slots_is_named_once() {
    let facts = facts(&world());
    let (made, _) = Catalog::new(&facts).pokemon();
    assert_eq!(made[0].pokemon.abilities, ["pressure"]);
    assert_eq!(made[0].pokemon.ability_slots.len(), 2);
}

#[test]
fn forms_of_a_pokemon_with_several_are_listed_in_its_order() {
    let facts = facts(&world());
    let catalog = Catalog::new(&facts);
    let ids: Vec<_> = catalog.cosmetic_forms(386).iter().map(|stored| stored.form.id).collect();
    assert_eq!(ids, [7, 8]);
    assert!(catalog.cosmetic_forms(10001).is_empty());
}

#[test]
fn missing_facts_are_reported_and_the_rest_is_derived() {
    let mut documents = world();
    documents.push(pokemon(1, "bulbasaur", 1, true, &[1]));
    let facts = facts(&documents);
    let catalog = Catalog::new(&facts);
    let (made, problems) = catalog.pokemon();
    assert_eq!(made.len(), 3);
    assert_eq!(
        (problems[0].resource.as_str(), problems[0].reason.as_str()),
        ("pokemon/1", "its species 1 is not known")
    );
    let (learnset, problems) = catalog.learnset(386);
    assert_eq!((learnset.len(), learnset[0].name.as_str()), (1, "pound"));
    assert_eq!(learnset[0].ways[0].version_groups, ["group-1", "group-2"]);
    assert_eq!(problems[0].reason, "it learns move 99, which is not known");
    assert_eq!(catalog.moves().next().unwrap().learned_by.len(), 3, "what is not served learns nothing");
}

/// Deoxys, which evolves from nothing, in a chain with an unserved species that evolves from it.
fn with_a_chain() -> Facts {
    let mut documents = world();
    documents.push(json!({
        "kind": "pokemon-species", "id": 1, "name": "stranger", "generation": 3, "gender_rate": 4,
        "evolves_from": 386, "varieties": [{"pokemon": 1, "is_default": true}],
    }));
    documents.push(pokemon(1, "stranger", 1, true, &[1]));
    documents.push(form(1, "stranger", true, 1, None));
    documents.push(json!({
        "kind": "evolution-chain", "id": 5, "root": {
            "species": 386, "species_name": "deoxys", "evolves_to": [{"species": 1, "species_name": "stranger"}],
        },
    }));
    facts(&documents)
}

fn timed(stored: StoredPokemon) -> TimedPokemon {
    TimedPokemon { stored, created_at: Timestamp::from_unix(0), updated_at: Timestamp::from_unix(0) }
}

#[test]
fn a_null_is_served_and_reported_until_it_is_known() {
    let mut facts = with_a_chain();
    let p = facts.pokemon.get_mut(&1).unwrap();
    (p.height, p.weight) = (None, None);
    facts.species.get_mut(&1).unwrap().gender_rate = None;
    facts.moves.get_mut(&1).unwrap().priority = None;
    let catalog = Catalog::new(&facts);
    let (made, problems) = catalog.pokemon();
    let stranger = &made[0].pokemon;
    assert_eq!((stranger.height, stranger.weight, stranger.gender_rate), (None, None, None));
    assert_eq!((catalog.moves().next().unwrap().priority, problems), (None, Vec::new()));
    let reported: Vec<_> =
        catalog.gaps().into_iter().map(|gap| format!("{}: {}", gap.resource, gap.reason)).collect();
    assert_eq!(
        reported,
        [
            "pokemon/1: its height is not known",
            "pokemon/1: its weight is not known",
            "pokemon-species/1: its gender_rate is not known",
            "pokemon-species/1: its evolution_chain is not known",
            "pokemon-species/386: its evolution_chain is not known",
            "move/1: its priority is not known",
        ]
    );
}

#[test]
fn a_species_in_no_known_chain_is_a_tree_of_its_own() {
    let mut facts = with_a_chain();
    facts.species.get_mut(&386).unwrap().evolution_chain = Some(5);
    // It names a chain that does not hold it.
    facts.species.get_mut(&1).unwrap().evolution_chain = Some(5);
    facts.chains.get_mut(&5).unwrap().root.evolves_to.clear();
    let (made, _) = Catalog::new(&facts).pokemon();
    let [stranger, deoxys, ..] = made.as_slice() else { panic!("{made:?}") };
    assert_eq!((deoxys.pokemon.evolution_chain_id, &deoxys.lone_node), (Some(5), &None));
    assert_eq!(stranger.pokemon.evolution_chain_id, None);
    let node = stranger.lone_node.as_ref().expect("a node");
    assert_eq!((node.species.id, node.species.pokemon_id), (1, Some(1)));
    assert_eq!((node.species.display_name.as_str(), node.evolves_to.len()), ("Stranger", 0));
}

fn overrides(changes: &[(u32, bool, Value)]) -> Overrides {
    let changes = changes.iter().map(|(id, is_hidden, edits)| {
        let edits = serde_json::from_value(edits.clone()).unwrap();
        (*id, Override { is_hidden: *is_hidden, edits })
    });
    Overrides { revision: 1, pokemon: changes.collect() }
}
