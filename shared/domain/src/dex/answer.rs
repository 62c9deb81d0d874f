//! The dex in memory, which answers list requests.

use std::sync::OnceLock;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    bytes::Reader,
    columns::Columns,
    error::BadIndex,
    filter::Filter,
    filter_names::Named,
    generations::Generations,
    index::{DexIndex, IndexedGeneration},
    query::ListQuery,
    row::PokemonRow,
    rows::Rows,
    search::{Match, Names},
    sort::{SortKey, SortOrder},
};
use crate::{FieldError, name};

/// The size of a typical row in a response, in bytes.
const ROW: usize = 900;

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

/// The position of a page of Pokémon in its list, and the rank of the best match of the search.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ListPagination {
    #[serde(flatten)]
    pub pagination: Pagination,
    /// The rank of the best match; null without a search, and if nothing was found.
    #[serde(rename = "match")]
    pub best: Option<Match>,
}

/// A page of Pokémon.
//
// The type defines the schema; `Dex::page_json` writes the same JSON from stored rows.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(rename = "PokemonPage")]
pub struct Page<'a> {
    pub pokemon: Vec<PokemonRow<'a>>,
    pub pagination: ListPagination,
}

/// Every Pokémon, in a shape that is fast to query.
#[derive(Debug)]
pub struct Dex {
    version: String,
    columns: Columns,
    rows: Rows,
    names: Names,
    types: Named,
    abilities: Named,
    orders: [OnceLock<Vec<u16>>; SortKey::ALL.len() * 2],
    types_json: Vec<u8>,
    generation_ids: Vec<u32>,
    /// JSON of [`IndexedGeneration`]s: no list needs more than their ids.
    generations: Vec<u8>,
}

impl Dex {
    /// Reads a stored index. `sprite_base` ends with a slash; `version` is the version under which the index is stored.
    ///
    /// Copies and checks whole sections. The sections are in a form that queries can use, so that a start does no work for each row.
    ///
    /// # Errors
    /// [`BadIndex`] if the bytes are not an index of this format, or a section is malformed.
    pub fn load(bytes: &[u8], version: &str, sprite_base: &str) -> Result<Self, BadIndex> {
        let mut reader = Reader::new(bytes, DexIndex::FORMAT)?;
        let dex = Self {
            version: version.to_owned(),
            columns: Columns::read(&mut reader)?,
            rows: Rows::read(&mut reader, sprite_base)?,
            names: Names::read(&mut reader)?,
            types: Named::read(&mut reader)?,
            abilities: Named::read(&mut reader)?,
            orders: std::array::from_fn(|_| OnceLock::new()),
            types_json: reader.bytes()?.to_vec(),
            generation_ids: reader.u32s()?,
            generations: reader.bytes()?.to_vec(),
        };
        reader.finish()?;
        let count = dex.columns.len();
        if dex.rows.len() != count || dex.names.len() != count || count >= usize::from(u16::MAX) {
            return Err(BadIndex::Malformed("its columns and rows differ in number"));
        }
        Ok(dex)
    }

    /// The version under which the index is stored.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The number of all Pokémon, and of those that are the default of their species.
    #[must_use]
    pub fn counts(&self) -> (usize, usize) {
        let defaults = self.columns.defaults.iter().filter(|is_default| **is_default == 1);
        (self.columns.len(), defaults.count())
    }

    /// The sorted names of the types that Pokémon have, as a JSON array.
    #[must_use]
    pub fn types_json(&self) -> &[u8] {
        &self.types_json
    }

    /// The generations, with the additions from our own data file.
    ///
    /// # Errors
    /// [`BadIndex`] if the index contains generations that are not readable.
    pub fn generations(&self) -> Result<Generations, BadIndex> {
        let indexed: Vec<IndexedGeneration> = serde_json::from_slice(&self.generations)?;
        Ok(Generations::new(&indexed))
    }

    /// Whether the Pokémon `id` exists.
    #[must_use]
    pub fn has(&self, id: u32) -> bool {
        self.columns.place(id).is_some()
    }

    /// The row of the Pokémon `id`, as JSON of a [`PokemonRow`](super::PokemonRow); `None` if the Pokémon does not exist.
    #[must_use]
    pub fn pokemon_json(&self, id: u32) -> Option<Vec<u8>> {
        let place = self.columns.place(id)?;
        let mut row = Vec::with_capacity(ROW);
        self.rows.append(&mut row, &self.columns, place.into());
        Some(row)
    }

    /// The slug and the display name of the Pokémon `id`; `None` if the Pokémon does not exist.
    #[must_use]
    pub fn names_of(&self, id: u32) -> Option<(String, String)> {
        #[derive(Deserialize)]
        struct RowNames {
            name: String,
            display_name: String,
        }
        let RowNames { name, display_name } = serde_json::from_slice(&self.pokemon_json(id)?).ok()?;
        Some((name, display_name))
    }

    /// Whether a type of this name exists, even if no Pokémon has it.
    #[must_use]
    pub fn has_type(&self, name: &str) -> bool {
        self.types.has(name)
    }

    /// Whether an ability of this name exists.
    #[must_use]
    pub fn has_ability(&self, name: &str) -> bool {
        self.abilities.has(name)
    }

    /// Checks that `query` names only types, abilities and generations that exist.
    ///
    /// # Errors
    /// The fields that name a type, ability or generation that does not exist.
    pub fn check(&self, query: &ListQuery) -> Result<(), Vec<FieldError>> {
        self.filter(query).map(drop)
    }

    /// The ids of all rows that match `query`, in the order of the answer.
    ///
    /// # Errors
    /// The fields that name a type, ability or generation that does not exist.
    pub fn find(&self, query: &ListQuery) -> Result<Vec<u32>, Vec<FieldError>> {
        Ok(self.places(query)?.0.into_iter().map(|place| self.columns.id(place)).collect())
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

        let mut body = Vec::with_capacity(200 + rows.len() * ROW);
        body.extend_from_slice(br#"{"pokemon":["#);
        for (nth, place) in rows.iter().enumerate() {
            if nth > 0 {
                body.push(b',');
            }
            self.rows.append(&mut body, &self.columns, usize::from(*place));
        }
        let pagination = Pagination::new(query.page, query.per_page, total);
        let pagination = ListPagination { pagination, best };
        body.extend_from_slice(br#"],"pagination":"#);
        // The value holds only numbers, flags and a word, so serialisation cannot fail.
        let _ = serde_json::to_writer(&mut body, &pagination);
        body.push(b'}');
        Ok(body)
    }

    /// The rows that `query` finds, in the order of the answer, and the rank of the best match.
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
                    let mut is_found = vec![false; self.columns.len()];
                    found.for_each(|place| is_found[usize::from(place)] = true);
                    let order = self.order(query.sort).iter().copied();
                    order.filter(|place| is_found[usize::from(*place)]).collect()
                }
            }
        };
        if let Some((SortKey::Favorites, order)) = query.sort {
            let is_first = order == SortOrder::Ascending;
            let is_favorite = |place: &u16| query.favorites.contains(&self.columns.id(*place));
            // The sort is stable: both groups keep their order by id.
            places.sort_by_key(|place| is_favorite(place) != is_first);
        }
        Ok((places, best))
    }

    fn filter(&self, query: &ListQuery) -> Result<Filter, Vec<FieldError>> {
        Filter::new(query, &self.columns, &self.types, &self.abilities, &self.generation_ids)
    }

    /// Returns the matches of `search` (normalised) among the forms that may be listed. A Pokémon with that number comes first.
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
        self.columns.place(name::number(search).flatten()?)
    }

    /// Whether a name of the Pokémon at `place`, or of one of its forms, counts as a match.
    fn is_eligible(&self, filter: &Filter, place: u16, is_form: bool) -> bool {
        filter.all_forms || (!is_form && self.columns.is_default(place))
    }

    fn fits(&self, filter: &Filter, place: u16) -> bool {
        filter.fits(&self.columns, place)
    }

    fn order(&self, sort: Option<(SortKey, SortOrder)>) -> &[u16] {
        let (key, order) = sort.unwrap_or((SortKey::Id, SortOrder::Ascending));
        let slot = key as usize * 2 + usize::from(order == SortOrder::Descending);
        self.orders[slot].get_or_init(|| key.arrange(&self.columns, order))
    }
}
