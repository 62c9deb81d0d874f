//! A list request, parsed once at the boundary.

use std::{collections::BTreeSet, fmt::Write as _};

use super::sort::{SortKey, SortOrder};
use crate::{FieldError, Name, normalise};

/// A type or an ability that a filter names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Wanted {
    /// Its id in decimal or its normalised name; empty for a text that cannot be a name.
    pub key: String,
    /// The text as the client sent it.
    pub text: String,
}

impl Wanted {
    #[must_use]
    pub fn new(text: &str) -> Self {
        let key = Name::parse(text).map(|name| name.key().to_owned()).unwrap_or_default();
        Self { key, text: text.to_owned() }
    }
}

/// A checked list request. Whether the named types, abilities and generations exist is not checked yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListQuery {
    /// The page number, from 1.
    pub page: u32,
    /// The page size, 1 to 100.
    pub per_page: u32,
    /// The normalised search text; an empty text matches nothing.
    pub search: Option<String>,
    /// The types of the filter; no two have the same key.
    pub types: BTreeSet<Wanted>,
    pub ability: Option<Wanted>,
    pub generation: Option<u32>,
    /// Whether forms other than the default ones are listed.
    pub all_forms: bool,
    pub ids: Option<BTreeSet<u32>>,
    pub sort: Option<(SortKey, SortOrder)>,
    /// The ids of the caller's favorites, for a sort by them; empty if the caller has none.
    pub favorites: BTreeSet<u32>,
}

impl Default for ListQuery {
    fn default() -> Self {
        Self {
            page: 1,
            per_page: Self::PER_PAGE,
            search: None,
            types: BTreeSet::new(),
            ability: None,
            generation: None,
            all_forms: false,
            ids: None,
            sort: None,
            favorites: BTreeSet::new(),
        }
    }
}

impl ListQuery {
    pub const PER_PAGE: u32 = 20;
    pub const MOST_PER_PAGE: u32 = 100;
    /// The maximum length of a search, in characters.
    pub const LONGEST_SEARCH: usize = 100;
    /// The maximum number of ids: as many as there are species.
    pub const MOST_IDS: usize = 1025;
    /// The query keys that a list understands.
    pub const KEYS: [&str; 10] =
        ["page", "per_page", "search", "type", "ability", "generation", "forms", "ids", "sort", "order"];

    /// Parses decoded `(key, value)` pairs. Ignores unknown keys and empty values.
    ///
    /// # Errors
    /// All errors, one entry per field.
    pub fn parse<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Self, Vec<FieldError>> {
        let mut query = Self::default();
        let mut errors = Vec::new();
        let mut seen: BTreeSet<&str> = BTreeSet::new();
        let (mut sort, mut order) = ("", "");
        for (key, value) in pairs {
            let Some(key) = Self::KEYS.into_iter().find(|known| *known == key) else { continue };
            if !seen.insert(key) && key != "type" {
                errors.push(FieldError::new(key, "must not be repeated"));
                continue;
            }
            if value.is_empty() {
                continue;
            }
            match key {
                "sort" => sort = value,
                "order" => order = value,
                _ => {
                    if let Err(message) = query.set(key, value) {
                        errors.push(FieldError::new(key, message));
                    }
                }
            }
        }
        match parse_sort(sort, order) {
            Ok(sort) => query.sort = sort,
            Err(error) => errors.push(error),
        }
        if errors.is_empty() { Ok(query) } else { Err(errors) }
    }

    fn set(&mut self, key: &str, value: &str) -> Result<(), String> {
        let lower = value.to_ascii_lowercase();
        let named = Some(value).filter(|_| lower != "all").map(Wanted::new);
        match key {
            "page" => self.page = number(value, 1, u32::MAX)?,
            "per_page" => self.per_page = number(value, 1, Self::MOST_PER_PAGE)?,
            "search" => {
                if value.chars().count() > Self::LONGEST_SEARCH {
                    return Err(format!("must have at most {} characters", Self::LONGEST_SEARCH));
                }
                self.search = Some(normalise(value));
            }
            "type" => {
                let is_new = |wanted: &Wanted| self.types.iter().all(|known| known.key != wanted.key);
                if let Some(wanted) = named.filter(is_new) {
                    self.types.insert(wanted);
                }
            }
            "ability" => self.ability = named,
            "generation" => {
                self.generation = named.map(|_| number(value, 1, u32::MAX)).transpose()?;
            }
            "forms" => {
                self.all_forms = match lower.as_str() {
                    "all" => true,
                    "default" => false,
                    _ => return Err("must be all or default".to_owned()),
                }
            }
            "ids" => {
                let ids =
                    value.split(',').map(|id| number(id, 1, u32::MAX)).collect::<Result<BTreeSet<_>, _>>();
                let ids = ids.map_err(|_| "must be ids from 1 up, separated by commas".to_owned())?;
                if ids.len() > Self::MOST_IDS {
                    return Err(format!("must be at most {} ids", Self::MOST_IDS));
                }
                self.ids = Some(ids);
            }
            other => return Err(format!("{other} is not a parameter of this list")),
        }
        Ok(())
    }

    /// Whether the answer depends on the caller's favorites.
    #[must_use]
    pub fn is_by_favorites(&self) -> bool {
        matches!(self.sort, Some((SortKey::Favorites, _)))
    }

    /// Returns one text for all requests with the same meaning, for an ETag.
    #[must_use]
    pub fn canonical(&self) -> String {
        let mut text = format!("{}/{}", self.page, self.per_page);
        let _ = match self.sort {
            Some((key, order)) => write!(text, " {} {}", key.name(), order == SortOrder::Descending),
            None => Ok(()),
        };
        for Wanted { key, .. } in &self.types {
            let _ = write!(text, " t:{key}");
        }
        if let Some(Wanted { key, .. }) = &self.ability {
            let _ = write!(text, " a:{key}");
        }
        if let Some(generation) = self.generation {
            let _ = write!(text, " g:{generation}");
        }
        if self.all_forms {
            text.push_str(" all");
        }
        for id in self.ids.iter().flatten() {
            let _ = write!(text, " {id}");
        }
        // The search comes last, as it is the only part that may contain any character.
        if let Some(search) = &self.search {
            let _ = write!(text, " s:{search}");
        }
        text
    }
}

fn parse_sort(sort: &str, order: &str) -> Result<Option<(SortKey, SortOrder)>, FieldError> {
    let sort = sort.to_ascii_lowercase();
    let (name, suffixed) = sort.strip_suffix("_desc").map_or((sort.as_str(), false), |name| (name, true));
    let order = match order.to_ascii_lowercase().as_str() {
        "" => None,
        "asc" => Some(SortOrder::Ascending),
        "desc" => Some(SortOrder::Descending),
        _ => return Err(FieldError::new("order", "must be asc or desc")),
    };
    let key = match name {
        "" if !suffixed => return Ok(order.map(|order| (SortKey::Id, order))),
        name => SortKey::named(name).ok_or_else(|| {
            let known = SortKey::ALL.map(|(name, _)| name).join(", ");
            FieldError::new("sort", format!("must be one of {known}, each also with _desc"))
        })?,
    };
    match (suffixed, order) {
        (true, Some(SortOrder::Ascending)) => {
            Err(FieldError::new("order", "must not be asc if sort ends in _desc"))
        }
        (true, _) | (false, Some(SortOrder::Descending)) => Ok(Some((key, SortOrder::Descending))),
        (false, _) => Ok(Some((key, SortOrder::Ascending))),
    }
}

fn number(text: &str, least: u32, most: u32) -> Result<u32, String> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let value = if digits { text.parse().ok() } else { None };
    value.filter(|n| (least..=most).contains(n)).ok_or_else(|| {
        if most == u32::MAX {
            format!("must be a whole number from {least} up")
        } else {
            format!("must be a whole number from {least} to {most}")
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(pairs: &[(&str, &str)]) -> Result<ListQuery, Vec<FieldError>> {
        ListQuery::parse(pairs.iter().copied())
    }

    fn refused(pairs: &[(&str, &str)]) -> Vec<String> {
        parse(pairs).unwrap_err().into_iter().map(|e| e.field).collect()
    }

    #[test]
    fn an_empty_query_is_the_first_page_of_twenty() {
        assert_eq!(parse(&[]).unwrap(), ListQuery::default());
        assert_eq!(
            parse(&[("type", "all"), ("search", ""), ("page", ""), ("new", "1")]).unwrap(),
            ListQuery::default()
        );
    }

    #[test]
    fn every_bad_field_is_named_at_once() {
        assert_eq!(
            refused(&[("page", "0"), ("per_page", "101"), ("sort", "foo")]),
            ["page", "per_page", "sort"]
        );
        assert_eq!(refused(&[("page", "1"), ("page", "2")]), ["page"]);
        assert_eq!(refused(&[("page", "100000000000000000000")]), ["page"]);
        assert_eq!(refused(&[("sort", "_desc")]), ["sort"]);
        assert_eq!(refused(&[("sort", "hp_desc"), ("order", "asc")]), ["order"]);
    }

    #[test]
    fn sort_takes_suffix_order_and_underscores() {
        let sort = |pairs: &[(&str, &str)]| parse(pairs).unwrap().sort.unwrap();
        assert_eq!(sort(&[("sort", "special_attack_desc")]), (SortKey::SpecialAttack, SortOrder::Descending));
        assert_eq!(sort(&[("sort", "name"), ("order", "DESC")]), (SortKey::Name, SortOrder::Descending));
        assert_eq!(sort(&[("order", "desc")]), (SortKey::Id, SortOrder::Descending));
    }

    #[test]
    fn requests_that_mean_the_same_have_one_canonical_text() {
        let a = parse(&[("type", "Water"), ("type", "flying"), ("search", "Flabébé")]).unwrap();
        let b =
            parse(&[("search", "flabebe"), ("type", "flying"), ("type", "water"), ("page", "1")]).unwrap();
        assert_eq!(a.canonical(), b.canonical());
        let ability =
            |name| parse(&[("ability", name), ("type", "Fire"), ("type", "fire")]).unwrap().canonical();
        assert_eq!(ability("Lightning Rod"), ability("lightning-rod"));
        assert_eq!(ability("031"), ability("31"));
        let numbers = |ids| parse(&[("ids", ids), ("generation", "01")]).unwrap().canonical();
        assert_eq!(numbers("025,1"), numbers("25,01"));
        assert_ne!(a.canonical(), ListQuery::default().canonical());
    }
}
