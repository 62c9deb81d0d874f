use serde_json::{Value, json};

use super::Catalog;
use crate::facts::{Fact, Facts};

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
fn a_species_that_is_no_pokemons_name_leads_to_its_default() {
    let facts = facts(&world());
    assert_eq!(Catalog::new(&facts).species_aliases().into_iter().collect::<Vec<_>>(), [(386, "deoxys")]);
}

#[test]
fn an_ability_in_two_slots_is_named_once() {
    let facts = facts(&world());
    let (made, _) = Catalog::new(&facts).pokemon();
    assert_eq!(made[0].pokemon.abilities, ["pressure"]);
    assert_eq!(made[0].pokemon.ability_slots.len(), 2);
}

#[test]
fn forms_are_told_where_there_is_more_than_one_in_the_order_of_the_pokemon() {
    let facts = facts(&world());
    let catalog = Catalog::new(&facts);
    let ids: Vec<_> = catalog.cosmetic_forms(386).iter().map(|stored| stored.form.id).collect();
    assert_eq!(ids, [7, 8]);
    assert!(catalog.cosmetic_forms(10001).is_empty());
}

#[test]
fn what_is_missing_is_reported_and_the_rest_goes_on() {
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
    assert_eq!(catalog.moves().next().unwrap().learned_by.len(), 4);
}
