use std::collections::{BTreeMap, HashMap};

use serde_json::{Value, json};

use super::{Catalog, Claims, Edits, NameTable, Override, Overrides, StoredPokemon};
use crate::{
    Timestamp,
    dex::{DexIndex, TimedPokemon},
    facts::{Fact, Facts, Kind},
};

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
fn an_id_beats_a_slug_that_a_species_that_a_display_name_and_that_a_forms_name() {
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
fn a_display_or_form_name_that_several_have_leads_to_none_of_them() {
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

fn overrides(changes: &[(u32, bool, Value)]) -> Overrides {
    let changes = changes.iter().map(|(id, is_hidden, edits)| {
        let edits = serde_json::from_value(edits.clone()).unwrap();
        (*id, Override { is_hidden: *is_hidden, edits })
    });
    Overrides { revision: 1, pokemon: changes.collect() }
}

#[test]
fn empty_overrides_change_nothing() {
    let facts = with_a_chain();
    assert!(matches!(Overrides::default().apply(&facts), std::borrow::Cow::Borrowed(_)));
    // Overrides of a Pokémon that does not exist, or no longer exists.
    let strange = overrides(&[(7, true, json!({})), (8, false, json!({"height": 3}))]);
    assert_eq!(*strange.apply(&facts), facts);
}

#[test]
fn an_edit_appears_in_every_derived_record() {
    let facts = with_a_chain();
    let stats = json!({
        "hp": 9, "attack": 9, "defense": 9, "special-attack": 9, "special-defense": 9, "speed": 9,
    });
    let edits = json!({
        "display_name": "DEOXYS", "height": 17, "weight": 608, "base_experience": 270, "types": ["steel", "fire"],
        "abilities": ["levitate", "pressure"], "stats": stats,
    });
    let changed = overrides(&[
        (386, false, edits),
        (10001, false, json!({"display_name": "Furious Deoxys", "types": ["dark"]})),
    ]);
    let facts = changed.apply(&facts);
    let catalog = Catalog::new(&facts);
    let (made, problems) = catalog.pokemon();
    assert_eq!(problems, []);
    let made: HashMap<u32, _> = made.into_iter().map(|stored| (stored.pokemon.id, stored.pokemon)).collect();
    let deoxys = &made[&386];
    assert_eq!((deoxys.display_name.as_str(), deoxys.height, deoxys.weight), ("DEOXYS", Some(17), Some(608)));
    assert_eq!((deoxys.base_experience, deoxys.stats.speed), (Some(270), 9));
    assert_eq!(deoxys.types, ["steel", "fire"]);
    assert_eq!(deoxys.abilities, ["levitate", "pressure"]);
    // It also had one of them in a slot that is not hidden.
    assert!(deoxys.ability_slots.iter().all(|slot| !slot.is_hidden));
    assert_eq!(made[&10001].display_name, "Furious Deoxys");
    let node = catalog.evolutions().next().unwrap().chain;
    assert_eq!(node.species.display_name, "DEOXYS");
    // The other forms of a Pokémon keep their own types.
    let types: Vec<_> = catalog.cosmetic_forms(386).into_iter().map(|stored| stored.form.types).collect();
    assert_eq!(types, [vec!["psychic".to_owned()], vec!["steel".to_owned(), "fire".to_owned()]]);
}

#[test]
fn a_hidden_pokemon_appears_nowhere() {
    let facts = with_a_chain();
    let all = facts.pokemon.len();
    let one = overrides(&[(386, true, json!({}))]).apply(&facts).into_owned();
    let catalog = Catalog::new(&one);
    let (made, problems) = catalog.pokemon();
    assert_eq!((made.len(), problems), (all - 1, Vec::new()));
    assert!(made.iter().all(|stored| stored.pokemon.varieties.iter().all(|variety| variety.id != 386)));
    let table = names(&one);
    assert!(table.keys[&10001].contains(&"deoxys".to_owned()), "the next Pokémon represents the species");
    let defaults: Vec<_> = made.iter().map(|p| (p.pokemon.id, p.pokemon.is_default)).collect();
    assert_eq!(defaults, [(1, true), (10001, true), (10002, false)]);
    assert_eq!(made[1].pokemon.display_name, "Attack Deoxys", "it keeps its own name");
    let varieties =
        |at: usize| made[at].pokemon.varieties.iter().map(|v| (v.id, v.is_default)).collect::<Vec<_>>();
    assert_eq!(varieties(1), [(10001, true), (10002, false)]);
    assert_eq!(varieties(2), varieties(1));
    assert!(
        catalog.moves().all(|learned| !learned.learned_by.contains(&"deoxys-normal".to_owned())),
        "no move is learned by it"
    );
    let node = catalog.evolutions().next().unwrap().chain;
    assert_eq!((node.species.pokemon_id, node.species.name.as_str()), (Some(10001), "deoxys"));
}

#[test]
fn a_species_without_a_served_pokemon_keeps_only_its_place_above_others() {
    let facts = with_a_chain();
    let served = |facts: &Facts| Catalog::new(facts).served_species().map(|s| s.id).collect::<Vec<_>>();
    let leaf = overrides(&[(1, true, json!({}))]).apply(&facts).into_owned();
    assert_eq!(served(&leaf), [386]);
    assert_eq!(Catalog::new(&leaf).evolutions().next().unwrap().chain.evolves_to, []);
    let root = [386, 10001, 10002].map(|id| (id, true, json!({})));
    let above = overrides(&root).apply(&facts).into_owned();
    assert_eq!(served(&above), [1]);
    let catalog = Catalog::new(&above);
    let chain = catalog.evolutions().next().unwrap().chain;
    assert_eq!(
        (chain.species.pokemon_id, chain.evolves_to.len()),
        (None, 1),
        "the stranger still evolves from it"
    );
    let (made, problems) = catalog.pokemon();
    assert_eq!((made.len(), problems), (1, Vec::new()));
    assert_eq!(made[0].pokemon.evolves_from, None);
    let all = [386, 10001, 10002, 1].map(|id| (id, true, json!({})));
    let none = overrides(&all).apply(&facts).into_owned();
    assert_eq!((served(&none).len(), Catalog::new(&none).evolutions().count()), (0, 0));
}

/// The state after PokeAPI's document was rejected: no count includes its Pokémon, and nothing names it.
#[test]
fn a_refused_pokemon_is_counted_and_named_nowhere() {
    for refused in [Kind::Pokemon, Kind::PokemonForm] {
        let mut facts = with_a_chain();
        facts.remove(refused, if refused == Kind::Pokemon { 386 } else { 7 });
        facts.remove(refused, if refused == Kind::Pokemon { 386 } else { 8 });
        let catalog = Catalog::new(&facts);
        let (made, _) = catalog.pokemon();
        assert_eq!(made.iter().map(|p| p.pokemon.id).collect::<Vec<_>>(), [1, 10001, 10002], "{refused:?}");
        for stored in &made {
            let varieties = &stored.pokemon.varieties;
            assert!(varieties.iter().all(|variety| variety.id != 386), "{refused:?}");
            assert_eq!(varieties.iter().filter(|v| v.is_default).count(), 1, "{refused:?}: one default");
        }
        assert_eq!(catalog.evolutions().next().unwrap().chain.species.pokemon_id, Some(10001), "{refused:?}");
        assert_eq!(catalog.moves().next().unwrap().learned_by.len(), 3, "{refused:?}");
    }
}

#[test]
fn a_species_whose_pokemon_are_all_refused_is_in_no_count() {
    let mut facts = with_a_chain();
    facts.remove(Kind::Pokemon, 1);
    let catalog = Catalog::new(&facts);
    let timed: Vec<_> = catalog.pokemon().0.into_iter().map(timed).collect();
    let index = DexIndex::build(&catalog, &timed);
    let counts: Vec<_> = index.generations.iter().map(|g| (g.id, g.species, g.ids)).collect();
    // No document of generation 3 or 6 is known, but lists can be filtered by both.
    assert_eq!(counts, [(3, 1, Some((386, 386))), (6, 0, None)]);
    assert_eq!(catalog.evolutions().next().unwrap().chain.evolves_to, []);
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
    let told: Vec<_> =
        catalog.gaps().into_iter().map(|gap| format!("{}: {}", gap.resource, gap.reason)).collect();
    assert_eq!(
        told,
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

#[test]
fn invalid_edits_are_rejected_by_field() {
    let wrong = |edits: Value| -> Vec<String> {
        let edits: Edits = serde_json::from_value(edits).unwrap();
        let wrong = edits.wrong(|name| ["fire", "water", "ice"].contains(&name), |name| name == "pressure");
        wrong.into_iter().map(|error| error.field).collect()
    };
    let stats = |hp: u16| json!({"hp": hp, "attack": 1, "defense": 1, "special-attack": 1, "special-defense": 1, "speed": 255});
    let none: [&str; 0] = [];
    assert_eq!(wrong(json!({})), none);
    assert_eq!(
        wrong(json!({
            "display_name": "Flabébé", "height": 1, "types": ["fire", "ice"], "abilities": ["pressure"],
            "stats": stats(1),
        })),
        none
    );
    for plain in ["Salt & Pepper", "A&B C", "Porygon-Z", "Type: Null", "Nidoran♀", "Farfetch’d", "? ! # ;"]
    {
        assert_eq!(wrong(json!({"display_name": plain})), none, "{plain}");
    }
    for (field, value) in [
        ("display_name", json!("")),
        ("display_name", json!(" Pikachu")),
        ("display_name", json!("a\u{7}b")),
        ("display_name", json!("a\u{202e}b")),
        ("display_name", json!("Flabe\u{301}be")),
        ("display_name", json!("é".repeat(81))),
        ("display_name", json!("<b>Frog</b>")),
        ("display_name", json!("a > b")),
        ("display_name", json!("Frog &lt;")),
        ("display_name", json!("&#60;Frog")),
        ("display_name", json!("&#x3C;Frog")),
        ("height", json!(0)),
        ("weight", json!(100_001)),
        ("base_experience", json!(0)),
        ("types", json!([])),
        ("types", json!(["fire", "fire"])),
        ("types", json!(["fire", "ice", "water"])),
        ("types", json!(["sound"])),
        ("abilities", json!(["static"])),
        ("stats", stats(0)),
        ("stats", stats(256)),
    ] {
        assert_eq!(wrong(json!({ field: value })), [field], "{value}");
    }
    assert_eq!(wrong(json!({"height": 0, "weight": 0})), ["height", "weight"]);
}
