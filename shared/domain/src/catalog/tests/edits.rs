//! Changes by administrators, and Pokémon that are not served.

use super::*;

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
