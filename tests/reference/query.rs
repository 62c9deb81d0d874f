//! Parses a query, or names the field that is invalid.

use percent_encoding::percent_decode_str;

pub const STATS: [&str; 6] = ["hp", "attack", "defense", "special-attack", "special-defense", "speed"];

/// A batch has at most as many ids as there are species.
const MOST_IDS: usize = 1025;
const LONGEST_SEARCH: usize = 100;
const PER_PAGE: u32 = 20;
const MOST_PER_PAGE: u32 = 100;

/// All parameters except `type`, which alone may be repeated.
const SCALARS: [&str; 9] =
    ["page", "per_page", "search", "forms", "generation", "ability", "sort", "order", "ids"];

pub struct Query {
    /// The search as typed; `None` if the query has none, which differs from a search of only spaces.
    pub search: Option<String>,
    pub types: Vec<String>,
    pub ability: Option<String>,
    pub generation: Option<u32>,
    pub ids: Option<Vec<u32>>,
    pub all_forms: bool,
    pub sort: Option<Sort>,
}

pub struct Sort {
    pub by: String,
    pub descending: bool,
}

/// Reads the query string of an address.
pub fn decode(query: &str) -> Vec<(String, String)> {
    let text = |part: &str| percent_decode_str(&part.replace('+', " ")).decode_utf8_lossy().into_owned();
    let parts = query.split('&').filter(|part| !part.is_empty());
    parts.map(|part| part.split_once('=').unwrap_or((part, ""))).map(|(k, v)| (text(k), text(v))).collect()
}

/// The ids of the page that the query requests; empty past the end.
///
/// # Panics
///
/// On a query that [`super::Reference::list`] refuses.
pub fn page(ids: &[u32], query: &[(String, String)]) -> Vec<u32> {
    let (page, per_page) = paging(query).expect("the query was accepted");
    ids.chunks(per_page as usize).nth(page as usize - 1).unwrap_or_default().to_vec()
}

pub fn parse(query: &[(String, String)]) -> Result<Query, String> {
    for key in SCALARS {
        if query.iter().filter(|(k, _)| k == key).count() > 1 {
            return Err(key.to_owned());
        }
    }
    paging(query)?;
    let search = value(query, "search").map(str::to_owned);
    if search.iter().any(|text| text.chars().count() > LONGEST_SEARCH) {
        return Err("search".to_owned());
    }
    Ok(Query {
        search,
        types: query.iter().filter(|(k, _)| k == "type").filter_map(|(_, v)| wanted(v)).collect(),
        ability: value(query, "ability").and_then(wanted),
        generation: generation(query)?,
        ids: ids(query)?,
        all_forms: all_forms(query)?,
        sort: sort(query)?,
    })
}

/// An empty value counts as absent.
fn value<'a>(query: &'a [(String, String)], key: &str) -> Option<&'a str> {
    query.iter().find(|(k, _)| k == key).map(|(_, v)| v.as_str()).filter(|v| !v.is_empty())
}

/// A filter's name, unless it filters nothing.
fn wanted(name: &str) -> Option<String> {
    if name.is_empty() || name.eq_ignore_ascii_case("all") { None } else { Some(name.to_owned()) }
}

fn integer(text: &str) -> Option<u32> {
    // Rust would also accept a plus sign.
    if text.chars().all(|c| c.is_ascii_digit()) { text.parse().ok() } else { None }
}

fn paging(query: &[(String, String)]) -> Result<(u32, u32), String> {
    let positive = |key: &str, otherwise: u32, most: u32| match value(query, key) {
        None => Ok(otherwise),
        Some(text) => integer(text).filter(|n| (1..=most).contains(n)).ok_or(key.to_owned()),
    };
    Ok((positive("page", 1, u32::MAX)?, positive("per_page", PER_PAGE, MOST_PER_PAGE)?))
}

fn generation(query: &[(String, String)]) -> Result<Option<u32>, String> {
    match value(query, "generation") {
        None | Some("all") => Ok(None),
        Some(text) => integer(text).map(Some).ok_or("generation".to_owned()),
    }
}

fn ids(query: &[(String, String)]) -> Result<Option<Vec<u32>>, String> {
    let Some(text) = value(query, "ids") else { return Ok(None) };
    let ids: Option<Vec<u32>> = text.split(',').map(|id| integer(id).filter(|&id| id >= 1)).collect();
    ids.filter(|ids| ids.len() <= MOST_IDS).map(Some).ok_or("ids".to_owned())
}

fn all_forms(query: &[(String, String)]) -> Result<bool, String> {
    match value(query, "forms").map(str::to_ascii_lowercase).as_deref() {
        Some("all") => Ok(true),
        None | Some("default") => Ok(false),
        Some(_) => Err("forms".to_owned()),
    }
}

fn sort(query: &[(String, String)]) -> Result<Option<Sort>, String> {
    let order = value(query, "order").map(str::to_ascii_lowercase);
    if order.iter().any(|order| order != "asc" && order != "desc") {
        return Err("order".to_owned());
    }
    let descending = order.as_deref() == Some("desc");
    let Some(sort) = value(query, "sort").map(str::to_ascii_lowercase) else {
        return Ok(order.map(|_| Sort { by: "id".to_owned(), descending }));
    };
    let (by, suffixed) = match sort.strip_suffix("_desc") {
        Some(by) => (by, true),
        None => (sort.as_str(), false),
    };
    let by = match by {
        "special_attack" => "special-attack",
        "special_defense" => "special-defense",
        by => by,
    };
    let others = ["id", "name", "height", "weight", "total", "favorites"];
    if !STATS.contains(&by) && !others.contains(&by) {
        return Err("sort".to_owned());
    }
    if suffixed && order.as_deref() == Some("asc") {
        return Err("order".to_owned());
    }
    Ok(Some(Sort { by: by.to_owned(), descending: descending || suffixed }))
}
