//! The dex in memory, which answers list requests.

use std::{collections::HashMap, sync::OnceLock};

use schemars::JsonSchema;
use serde::Serialize;

use super::{
    generations::Generations,
    index::{BadIndex, DexIndex, FilterNames, IndexRow, PokemonRow},
    query::{ListQuery, Wanted},
    search::{Match, Names},
    sort::{SortKey, SortOrder},
};
use crate::{FieldError, name};

/// The position of a page in its list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Pagination {
    pub page: u32,
    pub per_page: u32,
    pub total: u32,
    pub pages: u32,
    pub has_next: bool,
    pub has_prev: bool,
}

impl Pagination {
    /// The position of page `page` (from 1) of a list of `total` entries.
    #[must_use]
    pub const fn new(page: u32, per_page: u32, total: u32) -> Self {
        let pages = total.div_ceil(per_page);
        Self { page, per_page, total, pages, has_next: page < pages, has_prev: page > 1 }
    }
}

/// Where a page of Pokémon stands in its list, and how well its search fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ListPagination {
    #[serde(flatten)]
    pub pagination: Pagination,
    /// How well the search fits the best of what it found; null without a search, and where nothing was found.
    #[serde(rename = "match")]
    pub best: Option<Match>,
}

/// A page of Pokémon. Only its schema is made of this type: pages are joined from rows serialised at load.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(rename = "PokemonPage")]
pub struct Page<'a> {
    pub pokemon: Vec<PokemonRow<'a>>,
    pub pagination: ListPagination,
}

/// The values of a row that filters compare.
#[derive(Debug)]
struct Facets {
    types: u64,
    generation: u32,
    is_default: bool,
}

/// Every Pokémon, in a shape that is fast to query.
#[derive(Debug)]
pub struct Dex {
    version: String,
    index: DexIndex,
    /// All rows as JSON, one after the other, and the end of each.
    json: Vec<u8>,
    ends: Vec<u32>,
    facets: Vec<Facets>,
    names: Names,
    by_id: HashMap<u32, u16>,
    orders: [OnceLock<Vec<u16>>; SortKey::ALL.len() * 2],
    types_json: Vec<u8>,
    generations_json: Vec<u8>,
}

impl Dex {
    /// Reads a stored index. `sprite_base` ends with a slash; `version` is the version under which the index is stored.
    ///
    /// # Errors
    /// [`BadIndex`] as [`DexIndex::decode`].
    pub fn load(bytes: &[u8], version: &str, sprite_base: &str) -> Result<Self, BadIndex> {
        let index = DexIndex::decode(bytes)?;
        let mut json = Vec::with_capacity(index.rows.len() * 900);
        let mut ends = Vec::with_capacity(index.rows.len());
        let mut names = Names::default();
        for (place, row) in (0..).zip(&index.rows) {
            serde_json::to_writer(&mut json, &row.row(&index, sprite_base))?;
            ends.push(json.len() as u32);
            names.push(place, &[&row.1, &row.2, &row.4], &row.14, &row.15);
        }
        names.finish();
        let had: u64 = index.rows.iter().map(type_bits).fold(0, |all, bits| all | bits);
        let types: Vec<&String> = index
            .types
            .iter()
            .enumerate()
            .filter(|(place, _)| had & (1 << place) != 0)
            .map(|(_, name)| name)
            .collect();
        Ok(Self {
            version: version.to_owned(),
            json,
            ends,
            facets: index
                .rows
                .iter()
                .map(|row| Facets { types: type_bits(row), generation: row.6, is_default: row.5 == 1 })
                .collect(),
            names,
            by_id: (0..).zip(&index.rows).map(|(place, row)| (row.0, place)).collect(),
            orders: std::array::from_fn(|_| OnceLock::new()),
            types_json: serde_json::to_vec(&types)?,
            generations_json: serde_json::to_vec(&Generations::new(&index))?,
            index,
        })
    }

    /// The version under which the index is stored.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// How many Pokémon there are, and how many of them are the default of their species.
    #[must_use]
    pub fn counts(&self) -> (usize, usize) {
        (self.facets.len(), self.facets.iter().filter(|facets| facets.is_default).count())
    }

    /// The sorted names of the types that Pokémon have, as a JSON array.
    #[must_use]
    pub fn types_json(&self) -> &[u8] {
        &self.types_json
    }

    /// [`Generations`] as JSON.
    #[must_use]
    pub fn generations_json(&self) -> &[u8] {
        &self.generations_json
    }

    /// The row of the Pokémon `id`, as JSON of a [`PokemonRow`](super::PokemonRow); `None` if the Pokémon does not exist.
    #[must_use]
    pub fn pokemon_json(&self, id: u32) -> Option<&[u8]> {
        self.by_id.get(&id).map(|place| self.row_json(*place))
    }

    /// The slug and the display name of the Pokémon `id`; `None` if the Pokémon does not exist.
    #[must_use]
    pub fn names_of(&self, id: u32) -> Option<(&str, &str)> {
        let row = &self.index.rows[usize::from(*self.by_id.get(&id)?)];
        Some((&row.1, &row.2))
    }

    /// Whether a type of this name exists, even if no Pokémon has it.
    #[must_use]
    pub fn has_type(&self, name: &str) -> bool {
        self.index.types.binary_search_by(|known| known.as_str().cmp(name)).is_ok()
    }

    /// Whether an ability of this name exists.
    #[must_use]
    pub fn has_ability(&self, name: &str) -> bool {
        self.index.abilities.binary_search_by(|known| known.as_str().cmp(name)).is_ok()
    }

    /// Checks that `query` names only types, abilities and generations that exist.
    ///
    /// # Errors
    /// The fields that name a type, ability or generation that does not exist.
    pub fn check(&self, query: &ListQuery) -> Result<(), Vec<FieldError>> {
        self.filter(query).map(drop)
    }

    /// The ids of everything that `query` finds, in the order of the answer.
    ///
    /// # Errors
    /// The fields that name a type, ability or generation that does not exist.
    pub fn find(&self, query: &ListQuery) -> Result<Vec<u32>, Vec<FieldError>> {
        Ok(self.places(query)?.0.into_iter().map(|place| self.index.rows[usize::from(place)].0).collect())
    }

    /// The page that `query` requests, as JSON of a [`Page`].
    ///
    /// # Errors
    /// As [`Self::find`].
    pub fn page_json(&self, query: &ListQuery) -> Result<Vec<u8>, Vec<FieldError>> {
        let (found, best) = self.places(query)?;
        let total = found.len() as u32;
        let skipped = u64::from(query.page - 1) * u64::from(query.per_page);
        let start = usize::try_from(skipped).unwrap_or(usize::MAX).min(found.len());
        let end = (start + query.per_page as usize).min(found.len());
        let rows = &found[start..end];

        let mut body = Vec::with_capacity(200 + rows.len() * 900);
        body.extend_from_slice(br#"{"pokemon":["#);
        for (nth, place) in rows.iter().enumerate() {
            if nth > 0 {
                body.push(b',');
            }
            body.extend_from_slice(self.row_json(*place));
        }
        let pagination = Pagination::new(query.page, query.per_page, total);
        let pagination = ListPagination { pagination, best };
        body.extend_from_slice(br#"],"pagination":"#);
        // The value holds only numbers, flags and a word, so serialisation cannot fail.
        let _ = serde_json::to_writer(&mut body, &pagination);
        body.push(b'}');
        Ok(body)
    }

    fn row_json(&self, place: u16) -> &[u8] {
        let place = usize::from(place);
        let start = if place == 0 { 0 } else { self.ends[place - 1] };
        &self.json[start as usize..self.ends[place] as usize]
    }

    /// The rows that `query` finds, in the order of the answer, and how well its search fits the best of them.
    fn places(&self, query: &ListQuery) -> Result<(Vec<u16>, Option<Match>), Vec<FieldError>> {
        let mut filter = self.filter(query)?;
        let mut best = None;
        let mut places: Vec<u16> = match &query.search {
            None => {
                let order = self.order(query.sort).iter().copied();
                order.filter(|place| self.fits(&filter, *place)).collect()
            }
            Some(search) => {
                let mut found = self.search(search, &filter);
                if found.is_empty() {
                    found = self.called(search);
                    // A search for the whole name or number of a Pokémon finds it in any form.
                    filter.all_forms |= !found.is_empty();
                }
                if found.is_empty() {
                    found = self.correct(search, &filter);
                }
                found.retain(|(_, place)| self.fits(&filter, *place));
                best = found.iter().map(|(fit, _)| *fit).min();
                let found = found.into_iter().map(|(_, place)| place);
                if query.sort.is_none() {
                    found.collect()
                } else {
                    let mut is_found = vec![false; self.facets.len()];
                    found.for_each(|place| is_found[usize::from(place)] = true);
                    let order = self.order(query.sort).iter().copied();
                    order.filter(|place| is_found[usize::from(*place)]).collect()
                }
            }
        };
        if let Some((SortKey::Favorites, order)) = query.sort {
            let is_first = order == SortOrder::Ascending;
            let is_favorite = |place: &u16| query.favorites.contains(&self.index.rows[usize::from(*place)].0);
            // The sort is stable: both groups keep their order by id.
            places.sort_by_key(|place| is_favorite(place) != is_first);
        }
        Ok((places, best))
    }

    /// Returns what `search` (normalised) finds among the forms that may be listed. A Pokémon with that number comes first.
    fn search(&self, search: &str, filter: &Filter) -> Vec<(Match, u16)> {
        let mut found = match search {
            "" => Vec::new(),
            text => self.names.find(text, |place, is_form| self.is_eligible(filter, place, is_form)),
        };
        if let Some(numbered) = self.numbered(search).filter(|place| self.is_eligible(filter, *place, false))
        {
            found.retain(|(_, place)| *place != numbered);
            found.insert(0, (Match::Exact, numbered));
        }
        found
    }

    /// Returns the Pokémon whose number or whole name is `search`, in any form.
    fn called(&self, search: &str) -> Vec<(Match, u16)> {
        if let Some(numbered) = self.numbered(search) {
            return vec![(Match::Exact, numbered)];
        }
        let mut found = match search {
            "" => Vec::new(),
            text => self.names.find(text, |_, is_form| !is_form),
        };
        found.retain(|(fit, _)| *fit == Match::Exact);
        found
    }

    /// Returns what `search` finds with one typing error, among the forms that may be listed. A number is never corrected.
    fn correct(&self, search: &str, filter: &Filter) -> Vec<(Match, u16)> {
        if name::number(search).is_some() {
            return Vec::new();
        }
        self.names.correct(search, |place, is_form| self.is_eligible(filter, place, is_form))
    }

    fn numbered(&self, search: &str) -> Option<u16> {
        self.by_id.get(&name::number(search).flatten()?).copied()
    }

    /// Whether a name of the Pokémon at `place`, or of one of its forms, counts as a match.
    fn is_eligible(&self, filter: &Filter, place: u16, is_form: bool) -> bool {
        filter.all_forms || (!is_form && self.facets[usize::from(place)].is_default)
    }

    fn fits(&self, filter: &Filter, place: u16) -> bool {
        filter.fits(place, &self.facets[usize::from(place)], &self.index)
    }

    fn order(&self, sort: Option<(SortKey, SortOrder)>) -> &[u16] {
        let (key, order) = sort.unwrap_or((SortKey::Id, SortOrder::Ascending));
        let slot = key as usize * 2 + usize::from(order == SortOrder::Descending);
        self.orders[slot].get_or_init(|| key.arrange(&self.index.rows, order))
    }

    fn filter(&self, query: &ListQuery) -> Result<Filter, Vec<FieldError>> {
        let mut errors = Vec::new();
        let mut types = 0;
        let index = &self.index;
        for wanted in &query.types {
            match resolve("type", wanted, &index.type_names, &index.types) {
                Ok(place) => types |= type_bit(place),
                Err(error) => errors.push(error),
            }
        }
        let ability = query.ability.as_ref().and_then(|wanted| {
            let found = resolve("ability", wanted, &index.ability_names, &index.abilities);
            found.map_err(|error| errors.push(error)).ok()
        });
        if let Some(generation) = query.generation
            && !self.index.generations.iter().any(|g| g.id == generation)
        {
            errors.push(FieldError::new("generation", format!("{generation} does not exist")));
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        let ids = query.ids.as_ref().map(|ids| {
            let mut chosen = vec![false; self.facets.len()];
            ids.iter()
                .filter_map(|id| self.by_id.get(id))
                .for_each(|place| chosen[usize::from(*place)] = true);
            chosen
        });
        // A request that names an id means that Pokémon, in any form.
        let all_forms = query.all_forms || ids.is_some();
        Ok(Filter { types, ability, generation: query.generation, all_forms, ids })
    }
}

/// A query's filters, resolved against an index.
struct Filter {
    types: u64,
    ability: Option<u16>,
    generation: Option<u32>,
    all_forms: bool,
    ids: Option<Vec<bool>>,
}

impl Filter {
    fn fits(&self, place: u16, facets: &Facets, index: &DexIndex) -> bool {
        let place = usize::from(place);
        (self.all_forms || facets.is_default)
            && facets.types & self.types == self.types
            && self.generation.is_none_or(|generation| facets.generation == generation)
            && self.ability.is_none_or(|ability| index.rows[place].10.contains(&ability))
            && self.ids.as_ref().is_none_or(|chosen| chosen[place])
    }
}

/// The position of the type or ability that `wanted` names.
///
/// # Errors
/// An error of `field`, if the name is not known or if several share it.
fn resolve(field: &str, wanted: &Wanted, known: &FilterNames, slugs: &[String]) -> Result<u16, FieldError> {
    let shown: String = wanted.given.chars().take(60).collect();
    match known.find(&wanted.key) {
        [place] => Ok(*place),
        [] => Err(FieldError::new(field, format!("{shown:?} is not known"))),
        several => {
            let slugs = several.iter().filter_map(|place| Some(slugs.get(usize::from(*place))?.as_str()));
            let slugs = slugs.collect::<Vec<_>>().join(", ");
            Err(FieldError::new(field, format!("{shown:?} is the name of several: {slugs}")))
        }
    }
}

/// One bit a type; [`DexIndex::decode`] lets at most 64 types pass.
fn type_bits(row: &IndexRow) -> u64 {
    row.9.iter().fold(0, |bits, place| bits | type_bit(*place))
}

const fn type_bit(place: u16) -> u64 {
    1 << (place % 64)
}
