//! Names are addresses: every name of a Pokémon, type, ability or move leads to it, in any spelling.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use domain::facts::Facts;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;
use tests::{House, facts, problem};
use tokio::task::JoinSet;

use crate::reference::{collisions, normalise};

/// The number of simultaneous requests.
const AT_ONCE: usize = 8;

fn encoded(name: &str) -> String {
    utf8_percent_encode(name, NON_ALPHANUMERIC).to_string()
}

/// The names of every Pokémon, best first: slug, species, display name, forms.
fn names(facts: &Facts) -> Vec<(usize, String, u32)> {
    let mut all = Vec::new();
    for p in facts.pokemon.values() {
        let species = &facts.species[&p.species];
        let forms: Vec<_> = p.forms.iter().map(|id| &facts.forms[id]).collect();
        all.push((0, p.name.clone(), p.id));
        if p.is_default {
            all.extend(
                [Some(species.name.clone()), species.display_name.clone()]
                    .map(|name| (1, name, p.id))
                    .into_iter()
                    .filter_map(|(rank, name, id)| Some((rank, name?, id))),
            );
        } else {
            let leading = forms.iter().find(|form| form.is_default).unwrap_or(&forms[0]);
            all.extend(leading.display_name.clone().map(|name| (2, name, p.id)));
        }
        for form in forms {
            let names = [Some(form.name.clone()), form.display_name.clone(), form.label.clone()];
            all.extend(names.into_iter().flatten().map(|name| (3, name, p.id)));
        }
    }
    all
}

/// The Pokémon with each normalised name.
fn meanings(names: &[(usize, String, u32)]) -> BTreeMap<String, BTreeSet<u32>> {
    let mut best: BTreeMap<String, (usize, BTreeSet<u32>)> = BTreeMap::new();
    for (rank, name, id) in names {
        let entry = best.entry(normalise(name)).or_insert_with(|| (*rank, BTreeSet::new()));
        if *rank < entry.0 {
            *entry = (*rank, BTreeSet::new());
        }
        if *rank == entry.0 {
            entry.1.insert(*id);
        }
    }
    best.into_iter().map(|(name, (_, ids))| (name, ids)).collect()
}

#[test]
fn the_shared_names_are_exactly_the_listed_ones() {
    let slug = |id: &u32| facts().pokemon[id].name.as_str();
    let meanings = meanings(&names(facts()));
    let shared = meanings.iter().filter(|(_, ids)| ids.len() > 1);
    let shared: BTreeMap<&str, Vec<&str>> =
        shared.map(|(name, ids)| (name.as_str(), ids.iter().map(slug).collect())).collect();
    let listed: BTreeMap<&str, Vec<&str>> =
        collisions::POKEMON.iter().map(|(name, slugs)| (*name, slugs.to_vec())).collect();
    assert_eq!(shared, listed);
    // No Pokémon loses a name of lower rank to another one that has it as a name of higher rank.
    for (rank, name, id) in names(facts()) {
        let ids = &meanings[&normalise(&name)];
        assert!(ids.contains(&id), "{name} of {} (rank {rank}) means {ids:?}", slug(&id));
    }
    for (kind, listed, all) in [
        ("move", collisions::MOVES, named(facts().moves.values().map(|m| (&m.name, &m.display_name)))),
        (
            "ability",
            collisions::ABILITIES,
            named(facts().abilities.values().map(|a| (&a.name, &a.display_name))),
        ),
        ("type", &[], named(facts().types.values().map(|t| (&t.name, &t.display_name)))),
    ] {
        let shared: Vec<&str> =
            all.iter().filter(|(_, slugs)| slugs.len() > 1).map(|(name, _)| name.as_str()).collect();
        assert_eq!(shared, listed, "{kind}");
    }
}

/// The slugs of the resources with each normalised slug or, if that is not a slug, display name.
fn named<'a>(
    all: impl Iterator<Item = (&'a String, &'a Option<String>)> + Clone,
) -> BTreeMap<String, BTreeSet<&'a str>> {
    let mut slugs: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for (slug, _) in all.clone() {
        slugs.entry(normalise(slug)).or_default().insert(slug);
    }
    let mut displayed: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for (slug, display) in all {
        if let Some(key) = display.as_deref().map(normalise).filter(|key| !slugs.contains_key(key)) {
            displayed.entry(key).or_default().insert(slug);
        }
    }
    slugs.append(&mut displayed);
    slugs
}

#[tokio::test]
async fn every_name_of_every_pokemon_leads_to_it_or_to_all_that_share_it() {
    let house = Arc::new(House::seeded().await);
    let names = names(facts());
    let meanings = meanings(&names);
    let texts: BTreeSet<String> = names.into_iter().map(|(_, name, _)| name).collect();
    assert!(texts.len() > 3000, "{}", texts.len());
    let mut checks = JoinSet::new();
    for text in texts {
        if checks.len() == AT_ONCE {
            checks.join_next().await.unwrap().unwrap();
        }
        let (house, ids) = (Arc::clone(&house), meanings[&normalise(&text)].clone());
        checks.spawn(async move {
            let answer = house.get(&format!("/api/v1/pokemon/{}", encoded(&text))).await;
            let slugs: Vec<&str> = ids.iter().map(|id| facts().pokemon[id].name.as_str()).collect();
            if let [slug] = slugs[..] {
                assert_eq!(
                    (answer.status.as_u16(), answer.json()["name"].as_str()),
                    (200, Some(slug)),
                    "{text}"
                );
                let canonical = format!("/api/v1/pokemon/{slug}");
                let expected = Some(canonical.as_str()).filter(|_| text != slug);
                assert_eq!(answer.header("content-location"), expected, "{text}");
            } else {
                assert_eq!(answer.status, 404, "{text}");
                assert_eq!(candidates(&problem(&answer, &text)), slugs, "{text}");
            }
        });
    }
    while let Some(check) = checks.join_next().await {
        check.unwrap();
    }
}

fn candidates(problem: &Value) -> Vec<String> {
    let errors = problem["errors"].as_array().map(Vec::as_slice).unwrap_or_default();
    errors.iter().map(|error| error["message"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn every_type_ability_and_move_is_found_by_id_and_by_display_name() {
    let house = House::seeded().await;
    let mut all: Vec<(&str, u32, &str, Option<&str>)> = Vec::new();
    all.extend(facts().types.values().map(|t| ("types", t.id, t.name.as_str(), t.display_name.as_deref())));
    all.extend(
        facts().abilities.values().map(|a| ("abilities", a.id, a.name.as_str(), a.display_name.as_deref())),
    );
    all.extend(facts().moves.values().map(|m| ("moves", m.id, m.name.as_str(), m.display_name.as_deref())));
    let shared = [collisions::MOVES, collisions::ABILITIES].concat();
    for (folder, id, slug, display) in all {
        let display = display.filter(|name| !shared.contains(&normalise(name).as_str()));
        for name in [Some(id.to_string()), display.map(str::to_owned)].into_iter().flatten() {
            let answer = house.get(&format!("/api/v1/{folder}/{}", encoded(&name))).await;
            assert_eq!((answer.status.as_u16(), answer.json()["name"].as_str()), (200, Some(slug)), "{name}");
            let canonical = format!("/api/v1/{folder}/{slug}");
            let expected = Some(canonical.as_str()).filter(|_| name != slug);
            assert_eq!(answer.header("content-location"), expected, "{name}");
        }
    }
    let answer = house.get("/api/v1/abilities/As%20One").await;
    assert_eq!(
        (answer.status.as_u16(), candidates(&answer.json())),
        (404, vec!["as-one-glastrier".into(), "as-one-spectrier".into()])
    );
    let query = house.get("/api/v1/pokemon?ability=As%20One").await;
    let message = problem(&query, "ability")["errors"][0]["message"].clone();
    assert_eq!(message, "\"As One\" is the name of several: as-one-glastrier, as-one-spectrier");
}

#[tokio::test]
async fn a_typed_name_leads_to_one_pokemon() {
    let house = House::seeded().await;
    for (text, slug) in [
        ("flabébé", "flabebe"),
        ("FLABE\u{301}BE\u{301}", "flabebe"),
        ("nidoran♀", "nidoran-f"),
        ("Nidoran female", "nidoran-f"),
        ("male nidoran", "nidoran-m"),
        ("meowstic♂", "meowstic-male"),
        ("Type: Null", "type-null"),
        ("farfetch'd", "farfetchd"),
        ("mr_mime", "mr-mime"),
        ("MrMime", "mr-mime"),
        ("charizard_mega_x", "charizard-mega-x"),
        ("Mega Charizard X", "charizard-mega-x"),
        ("dawn wings", "necrozma-dawn"),
        ("Alolan Meowth", "meowth-alola"),
        ("Meadow Vivillon", "vivillon"),
        ("unown-question", "unown"),
        ("pikachu-", "pikachu"),
        ("25", "pikachu"),
        ("025", "pikachu"),
        ("0025", "pikachu"),
        ("#25", "pikachu"),
        ("25 ", "pikachu"),
    ] {
        for rest in ["", "?include=moves", "?include=forms,moves", "/evolutions"] {
            let answer = house.get(&format!("/api/v1/pokemon/{}{rest}", encoded(text))).await;
            let canonical = house.get(&format!("/api/v1/pokemon/{slug}{rest}")).await;
            assert_eq!(answer.status, 200, "{text}: {}", answer.json());
            assert_eq!(answer.body, canonical.body, "{text}{rest}");
            assert_eq!(answer.header("etag"), canonical.header("etag"), "{text}{rest}");
            let order = rest.replace("forms,moves", "moves,forms");
            let path = format!("/api/v1/pokemon/{slug}{order}");
            assert_eq!(answer.header("content-location"), Some(path.as_str()), "{text}{rest}");
            assert_eq!(canonical.header("content-location"), None, "{slug}{rest}");
        }
    }
}

#[tokio::test]
async fn a_304_has_the_canonical_path_too() {
    let house = House::seeded().await;
    let path = "/api/v1/pokemon/Flab%C3%A9b%C3%A9";
    let etag = house.get(path).await.header("etag").unwrap().to_owned();
    let again = house.send(http::Method::GET, path, &[("if-none-match", &etag)]).await;
    assert_eq!(
        (again.status.as_u16(), again.header("content-location")),
        (304, Some("/api/v1/pokemon/flabebe"))
    );
}

#[tokio::test]
async fn a_literal_route_is_not_a_name() {
    let house = House::seeded().await;
    assert!(house.get("/api/v1/pokemon/types").await.json().is_array());
    assert_eq!(house.get("/api/v1/pokemon/Types").await.status, 404);
}
