//! Properties that hold for every dex and every query.

use std::collections::BTreeSet;

use proptest::prelude::*;
use serde_json::Value;

use super::{
    Dex, DexIndex, FilterNames, IndexRow, ListQuery, PokemonRow, SortKey, SortOrder, SpriteUrls, Wanted,
    index::IndexedGeneration, row::is_address,
};
use crate::{
    Timestamp,
    assets::{Image, Images},
    facts::{AssetKind, Stats},
    normalise,
};

const TYPES: [&str; 5] = ["bug", "fire", "flying", "unknown", "water"];
const ABILITIES: [&str; 3] = ["blaze", "levitate", "static"];

/// The input from which a row is built.
#[derive(Clone, Debug)]
struct Made {
    names: (String, String, String),
    row: PokemonRow<'static>,
    forms: Vec<String>,
}

fn made(id: u32) -> impl Strategy<Value = Made> {
    let names = ("[a-c]{1,6}(-[a-c]{1,4})?", "[A-C][a-cé’\"\\\\\u{1} ]{0,6}", "[a-c]{1,6}");
    let facets = (
        any::<bool>(),
        1u32..3,
        prop::collection::btree_set(prop::sample::select(TYPES[..4].to_vec()), 1..3),
        prop::collection::vec(prop::sample::select(ABILITIES.to_vec()), 0..3),
    );
    let forms = prop::collection::vec("[a-c]{1,6}", 0..2);
    let size = || prop::option::of(0u32..9);
    let picture = || {
        prop::option::of(prop::sample::select(vec![
            "pokemon/3.png",
            "pokemon/6.png",
            "other/\"\\.x",
            "3",
            "",
            "/assets/front_default/3-0a1b2c3d4e.png",
            "https://example.com/assets/front_default/6-b-0a1b2c3d4e.png",
        ]))
    };
    let image =
        (prop::sample::select(vec!["/", "https://example.com/"]), "[0-9a-f]{4}", prop::option::of(0u16..9));
    let images = prop::collection::vec(image, 0..3).prop_map(move |images| {
        let image = |(base, hash, size)| Image {
            url: format!("{base}assets/official_artwork/{id}-{hash}.webp"),
            media_type: "image/webp".to_owned(),
            size,
        };
        let images: Vec<Image> = images.into_iter().map(image).collect();
        Images::from_iter((!images.is_empty()).then_some((AssetKind::OfficialArtwork, images)))
    });
    let pictures = (picture(), picture(), picture(), picture(), images);
    let numbers = (size(), size(), prop::option::of(0u32..9), prop::array::uniform6(0u16..4));
    (names, facets, numbers, pictures, forms).prop_map(
        move |(
            names,
            (is_default, generation, types, abilities),
            (height, weight, xp, stats),
            pictures,
            forms,
        )| {
            let [hp, attack, defense, special_attack, special_defense, speed] = stats;
            let row = PokemonRow {
                id,
                pokemon_id: id,
                name: "",
                display_name: "",
                height,
                weight,
                base_experience: xp,
                types: types.into_iter().collect(),
                abilities,
                stats: Stats { hp, attack, defense, special_attack, special_defense, speed },
                sprites: SpriteUrls {
                    front_default: pictures.0.map(str::to_owned),
                    back_default: pictures.1.map(str::to_owned),
                    front_shiny: pictures.2.map(str::to_owned),
                    back_shiny: pictures.3.map(str::to_owned),
                },
                images: pictures.4,
                generation,
                species_id: id,
                is_default,
                created_at: Timestamp::from_unix(id.into()),
                updated_at: Timestamp::from_unix(i64::from(id) / 4),
                removed_at: None,
            };
            Made { names, row, forms }
        },
    )
}

impl Made {
    fn row(&self) -> PokemonRow<'_> {
        PokemonRow { name: &self.names.0, display_name: &self.names.1, ..self.row.clone() }
    }

    /// The row as lists show it, with the addresses of its pictures.
    fn shown(&self, base: &str) -> String {
        let mut row = self.row();
        let SpriteUrls { front_default, back_default, front_shiny, back_shiny } = &mut row.sprites;
        for path in [front_default, back_default, front_shiny, back_shiny].into_iter().flatten() {
            if !is_address(path) {
                path.insert_str(0, base);
            }
        }
        serde_json::to_string(&row).unwrap()
    }
}

fn filter_names(slugs: &[&str]) -> FilterNames {
    FilterNames((0..).zip(slugs).map(|(place, slug)| ((*slug).to_owned(), vec![place])).collect())
}

fn all_made() -> impl Strategy<Value = Vec<Made>> {
    (0usize..30).prop_flat_map(|count| (1..=count as u32).map(|n| made(n * 3)).collect::<Vec<_>>())
}

fn index(all: &[Made]) -> DexIndex<'_> {
    let rows = all.iter().map(|made| IndexRow {
        row: made.row(),
        names: [&made.names.0, &made.names.1, &made.names.2].map(|name| normalise(name)).into(),
        forms: made.forms.clone(),
    });
    DexIndex {
        types: TYPES.to_vec(),
        abilities: ABILITIES.to_vec(),
        type_names: filter_names(&TYPES),
        ability_names: filter_names(&ABILITIES),
        generations: (1..=3)
            .map(|id| IndexedGeneration {
                id,
                title: format!("Generation {id}"),
                region: None,
                species: 0,
                ids: None,
                games: Vec::new(),
            })
            .collect(),
        rows: rows.collect(),
    }
}

fn query() -> impl Strategy<Value = ListQuery> {
    let sort = (0..SortKey::ALL.len(), any::<bool>()).prop_map(|(key, descending)| {
        (SortKey::ALL[key].1, if descending { SortOrder::Descending } else { SortOrder::Ascending })
    });
    let filters = (
        prop::option::of("[a-c]{0,6}"),
        prop::collection::btree_set(prop::sample::select(TYPES.to_vec()), 0..3),
        prop::option::of(prop::sample::select(ABILITIES.to_vec())),
        prop::option::of(1u32..4),
        any::<bool>(),
        prop::option::of(prop::collection::btree_set(1u32..99, 1..20)),
    );
    (filters, prop::option::of(sort), 1u32..6, 1u32..9).prop_map(
        |((search, types, ability, generation, all_forms, ids), sort, page, per_page)| ListQuery {
            page,
            per_page,
            search,
            types: types.into_iter().map(Wanted::new).collect(),
            ability: ability.map(Wanted::new),
            generation,
            all_forms,
            ids,
            sort,
            favorites: BTreeSet::new(),
        },
    )
}

const BASE: &str = "https://pictures.example/\"/";

fn load(all: &[Made]) -> Dex {
    let (bytes, version) = index(all).encode().unwrap();
    Dex::load(&bytes, &version, BASE).unwrap()
}

proptest! {
    #[test]
    fn a_row_is_listed_as_it_was_indexed(all in all_made()) {
        let dex = load(&all);
        prop_assert_eq!(index(&all).encode().unwrap().1, dex.version());
        for made in &all {
            let row = String::from_utf8(dex.pokemon_json(made.row.id).unwrap()).unwrap();
            prop_assert_eq!(row, made.shown(BASE));
            let names = (made.names.0.clone(), made.names.1.clone());
            prop_assert_eq!(dex.names_of(made.row.id), Some(names));
        }
        prop_assert!(dex.has_type("bug") && dex.has_ability("static") && !dex.has_type("bu") && !dex.has_type("bug\ndark"));
        let had: BTreeSet<&str> = all.iter().flat_map(|made| made.row.types.iter().copied()).collect();
        prop_assert_eq!(dex.types_json(), serde_json::to_vec(&had).unwrap());
    }

    #[test]
    fn filters_find_the_rows_with_their_values(all in all_made(), query in query()) {
        let query = ListQuery { search: None, sort: None, ..query };
        let expected = all.iter().map(Made::row).filter(|row| {
            (query.all_forms || query.ids.is_some() || row.is_default)
                && query.ids.as_ref().is_none_or(|ids| ids.contains(&row.id))
                && query.types.iter().all(|wanted| row.types.contains(&wanted.key.as_str()))
                && query.ability.iter().all(|wanted| row.abilities.contains(&wanted.key.as_str()))
                && query.generation.is_none_or(|generation| generation == row.generation)
        });
        let expected: Vec<u32> = expected.map(|row| row.id).collect();
        prop_assert_eq!(load(&all).find(&query).unwrap(), expected);
    }

    #[test]
    fn joined_pages_are_the_list_and_state_their_position(all in all_made(), query in query()) {
        let dex = load(&all);
        let found = dex.find(&query).unwrap();
        let mut joined = Vec::new();
        for page in 1.. {
            let nth_page = ListQuery { page, ..query.clone() };
            let body: Value = serde_json::from_slice(&dex.page_json(&nth_page).unwrap()).unwrap();
            let ids: Vec<u32> =
                body["pokemon"].as_array().unwrap().iter().map(|row| row["id"].as_u64().unwrap() as u32).collect();
            let pagination = &body["pagination"];
            prop_assert_eq!(&pagination["total"], found.len());
            prop_assert_eq!(&pagination["pages"], found.len().div_ceil(query.per_page as usize));
            prop_assert_eq!(&pagination["has_prev"], page > 1);
            prop_assert!(ids.len() <= query.per_page as usize);
            joined.extend(ids);
            if pagination["has_next"] == false {
                break;
            }
        }
        prop_assert_eq!(joined, found);
    }

    #[test]
    fn nothing_is_found_twice_and_another_filter_never_finds_more(all in all_made(), query in query()) {
        let dex = load(&all);
        let found = dex.find(&query).unwrap();
        let distinct: BTreeSet<u32> = found.iter().copied().collect();
        prop_assert_eq!(distinct.len(), found.len());
        for name in TYPES {
            let mut narrower = query.clone();
            narrower.types.insert(Wanted::new(name));
            let fewer: BTreeSet<u32> = dex.find(&narrower).unwrap().into_iter().collect();
            prop_assert!(fewer.is_subset(&distinct));
        }
    }

    #[test]
    fn a_sort_changes_the_order_and_nothing_else(all in all_made(), query in query()) {
        let dex = load(&all);
        let plain: BTreeSet<u32> =
            dex.find(&ListQuery { sort: None, ..query.clone() }).unwrap().into_iter().collect();
        let sorted = dex.find(&query).unwrap();
        prop_assert_eq!(sorted.iter().copied().collect::<BTreeSet<_>>(), plain);
        if let Some((SortKey::Weight, order)) = query.sort {
            let weights: Vec<_> = sorted.iter().map(|id| all[*id as usize / 3 - 1].row.weight).collect();
            let ordered = weights.windows(2).all(|pair| match order {
                _ if pair[1].is_none() => true,
                SortOrder::Ascending => pair[0].is_some() && pair[0] <= pair[1],
                SortOrder::Descending => pair[0] >= pair[1],
            });
            prop_assert!(ordered, "{weights:?}");
        }
    }

    #[test]
    fn every_query_text_parses_or_is_rejected_by_field(pairs in prop::collection::vec((".{0,12}", ".{0,40}"), 0..6), key in 0usize..10, value in ".*") {
        let known = (ListQuery::KEYS[key], value.as_str());
        let pairs = pairs.iter().map(|(key, value)| (key.as_str(), value.as_str())).chain([known]);
        if let Err(errors) = ListQuery::parse(pairs) {
            prop_assert!(errors.iter().all(|error| ListQuery::KEYS.contains(&error.field.as_str())));
        }
    }

    #[test]
    fn truncated_or_corrupted_bytes_are_rejected_or_answer_without_a_panic(
        all in all_made(),
        at in any::<prop::sample::Index>(),
        bytes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..9),
        query in query(),
    ) {
        let (mut stored, _) = index(&all).encode().unwrap();
        prop_assert!(Dex::load(&stored[..at.index(stored.len())], "short", "").is_err());
        prop_assert!(Dex::load(&[stored.as_slice(), b"x"].concat(), "long", "").is_err());
        for (at, byte) in bytes {
            let at = at.index(stored.len());
            stored[at] = byte;
        }
        if let Ok(dex) = Dex::load(&stored, "modified", "") {
            answer_everything(&dex, &query);
        }
    }
}

/// Calls every function of a dex, to detect panics.
fn answer_everything(dex: &Dex, query: &ListQuery) {
    for (_, key) in SortKey::ALL {
        for order in [SortOrder::Ascending, SortOrder::Descending] {
            let _ = dex.page_json(&ListQuery { sort: Some((key, order)), ..query.clone() });
        }
    }
    for search in ["", "3", "abca", "a", "bbé", "\n", "\r"] {
        let _ = dex.page_json(&ListQuery { search: Some(search.to_owned()), ..query.clone() });
    }
    for id in 0..99 {
        let _ = (dex.names_of(id), dex.has(id));
    }
    let _ = (dex.generations(), dex.counts(), dex.has_type("bug"), dex.has_ability("static"));
}

#[test]
fn another_format_is_named_and_other_bytes_are_malformed() {
    let (mut bytes, _) = index(&[]).encode().unwrap();
    let error = |bytes: &[u8]| Dex::load(bytes, "v", "").unwrap_err().to_string();
    bytes[4] += 1;
    let (found, read) = (DexIndex::FORMAT + 1, DexIndex::FORMAT);
    assert_eq!(error(&bytes), format!("the index has format {found}, this program reads format {read}"));
    for other in [&b""[..], b"dex", b"{\"format\":2,\"types\":[]}"] {
        assert_eq!(error(other), "the index is not readable: it does not begin as an index");
    }
}
