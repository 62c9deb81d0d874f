//! Properties that hold for every dex and every query.

use std::collections::BTreeSet;

use proptest::prelude::*;
use serde_json::Value;

use super::{
    Dex, DexIndex, FilterNames, IndexRow, ListQuery, SortKey, SortOrder, Wanted,
    index::{IndexedGeneration, IndexedSprites},
};

const TYPES: [&str; 5] = ["bug", "fire", "flying", "unknown", "water"];
const ABILITIES: [&str; 3] = ["blaze", "levitate", "static"];

fn row(id: u32) -> impl Strategy<Value = IndexRow> {
    let names = ("[a-c]{1,6}(-[a-c]{1,4})?", "[A-C][a-cé’ ]{0,6}", "[a-c]{1,6}");
    let facets = (
        any::<bool>(),
        1u32..3,
        prop::collection::btree_set(0u16..4, 1..3),
        prop::collection::vec(0u16..3, 0..3),
    );
    let forms = prop::collection::vec("[a-c]{1,6}", 0..2);
    let size = || prop::option::of(0u32..9);
    let numbers = (size(), size(), prop::option::of(0u32..9), prop::array::uniform6(0u16..4), 0u8..16);
    (names, facets, numbers, forms).prop_map(
        move |(
            (name, display, species),
            (default, generation, types, abilities),
            (height, weight, xp, stats, bits),
            forms,
        )| {
            IndexRow(
                id,
                name,
                display,
                id,
                species,
                u8::from(default),
                generation,
                (height, weight),
                xp,
                types.into_iter().collect(),
                abilities,
                stats,
                IndexedSprites::Usual(bits),
                (i64::from(id), i64::from(id) + 1),
                Vec::new(),
                forms,
            )
        },
    )
}

fn filter_names(slugs: &[&str]) -> FilterNames {
    FilterNames((0..).zip(slugs).map(|(place, slug)| ((*slug).to_owned(), vec![place])).collect())
}

fn index() -> impl Strategy<Value = DexIndex> {
    (0usize..30).prop_flat_map(|count| (1..=count as u32).map(|n| row(n * 3)).collect::<Vec<_>>()).prop_map(
        |rows| DexIndex {
            format: DexIndex::FORMAT,
            types: TYPES.map(str::to_owned).to_vec(),
            abilities: ABILITIES.map(str::to_owned).to_vec(),
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
            rows,
        },
    )
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

fn load(index: &DexIndex) -> Dex {
    let (bytes, version) = index.encode().unwrap();
    Dex::load(&bytes, &version, "https://pictures.example/").unwrap()
}

proptest! {
    #[test]
    fn an_index_is_read_as_it_was_written(index in index()) {
        let (bytes, version) = index.encode().unwrap();
        prop_assert_eq!(index.encode().unwrap().1, version);
        prop_assert_eq!(DexIndex::decode(&bytes).unwrap(), index);
    }

    #[test]
    fn joined_pages_are_the_list_and_state_their_position(index in index(), query in query()) {
        let dex = load(&index);
        let all = dex.find(&query).unwrap();
        let mut joined = Vec::new();
        for page in 1.. {
            let asked = ListQuery { page, ..query.clone() };
            let body: Value = serde_json::from_slice(&dex.page_json(&asked).unwrap()).unwrap();
            let ids: Vec<u32> =
                body["pokemon"].as_array().unwrap().iter().map(|row| row["id"].as_u64().unwrap() as u32).collect();
            let pagination = &body["pagination"];
            prop_assert_eq!(&pagination["total"], all.len());
            prop_assert_eq!(&pagination["pages"], all.len().div_ceil(query.per_page as usize));
            prop_assert_eq!(&pagination["has_prev"], page > 1);
            prop_assert!(ids.len() <= query.per_page as usize);
            joined.extend(ids);
            if pagination["has_next"] == false {
                break;
            }
        }
        prop_assert_eq!(joined, all);
    }

    #[test]
    fn nothing_is_found_twice_and_another_filter_never_finds_more(index in index(), query in query()) {
        let dex = load(&index);
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
    fn a_sort_changes_the_order_and_nothing_else(index in index(), query in query()) {
        let dex = load(&index);
        let plain: BTreeSet<u32> =
            dex.find(&ListQuery { sort: None, ..query.clone() }).unwrap().into_iter().collect();
        let sorted = dex.find(&query).unwrap();
        prop_assert_eq!(sorted.iter().copied().collect::<BTreeSet<_>>(), plain);
        if let Some((SortKey::Weight, order)) = query.sort {
            let weights: Vec<_> = sorted.iter().map(|id| index.rows[*id as usize / 3 - 1].7.1).collect();
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
    fn truncated_or_corrupted_bytes_are_rejected_without_a_panic(index in index(), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let (mut bytes, _) = index.encode().unwrap();
        prop_assert!(DexIndex::decode(&bytes[..at.index(bytes.len())]).is_err());
        let at = at.index(bytes.len());
        bytes[at] = byte;
        let _ = Dex::load(&bytes, "bent", "");
    }
}
