//! The names that match a search, and the rank of each match.

use std::collections::BTreeMap;

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

/// The normalised names by which a search finds one Pokémon.
pub struct Keys {
    pub id: u32,
    pub names: Vec<String>,
    /// The names of forms, which count only if all forms are listed.
    pub of_forms: Vec<String>,
}

impl Keys {
    fn all(&self, with_forms: bool) -> impl Iterator<Item = &String> {
        self.names.iter().chain(self.of_forms.iter().filter(move |_| with_forms))
    }
}

/// The kinds of match, best first.
pub const FITS: [&str; 5] = ["exact", "exact", "prefix", "substring", "fuzzy"];

/// Removes everything in which a name and its usual spellings may differ.
pub fn normalise(text: &str) -> String {
    let plain: String = text.nfkd().filter(|&c| !is_combining_mark(c)).collect();
    let plain = plain.replace('♀', "f").replace('♂', "m");
    plain.replace(['’', '\'', '.', ':', ',', ' ', '-', '_', '(', ')'], "").to_lowercase()
}

/// A name and its normalised spellings, with each way to write the sex in it.
pub fn spellings(name: &str) -> Vec<String> {
    let mut all = vec![normalise(name)];
    for (sign, word) in [("♀", "female"), ("♂", "male")] {
        if let Some(bare) = name.strip_suffix(sign) {
            all.push(normalise(&format!("{bare}{word}")));
            all.push(normalise(&format!("{word}{bare}")));
        }
        let parts: Vec<&str> = name.split([' ', '-']).collect();
        for place in 1..parts.len() {
            if parts[place] == word {
                let shortened = [&parts[..place], &[sign], &parts[place + 1..]].concat();
                all.push(normalise(&shortened.concat()));
            }
        }
    }
    all
}

/// The rank of each of the `listed` Pokémon that matches, as an index into [`FITS`]; an exact number comes first. If no listed
/// Pokémon matches, the result is the Pokémon with exactly this number or name among `all`, and `true`; otherwise one typing error
/// is allowed.
pub fn ranks(all: &[Keys], listed: &[&Keys], text: &str, with_forms: bool) -> (BTreeMap<u32, u8>, bool) {
    let wanted = normalise(text);
    if wanted.is_empty() {
        return (BTreeMap::new(), false);
    }
    let digits = wanted.strip_prefix('#').unwrap_or(&wanted);
    let is_number = !digits.is_empty() && digits.chars().all(|c| c.is_ascii_digit());
    let mut ranks = BTreeMap::new();
    for keys in listed {
        if is_number && digits.parse() == Ok(keys.id) {
            ranks.insert(keys.id, 0);
        } else if let Some(best) = keys.all(with_forms).filter_map(|key| rank(key, &wanted)).min() {
            ranks.insert(keys.id, best);
        }
    }
    if !ranks.is_empty() {
        return (ranks, false);
    }
    for keys in all {
        if is_number && digits.parse() == Ok(keys.id) || !is_number && keys.names.contains(&wanted) {
            ranks.insert(keys.id, 0);
        }
    }
    let is_named = !ranks.is_empty();
    if !is_named && !is_number && wanted.chars().count() >= 4 {
        let near = |keys: &Keys| keys.all(with_forms).any(|key| one_edit_apart(key, &wanted));
        ranks.extend(listed.iter().filter(|keys| near(keys)).map(|keys| (keys.id, 4)));
    }
    (ranks, is_named)
}

fn rank(key: &str, wanted: &str) -> Option<u8> {
    if key == wanted {
        Some(1)
    } else if key.starts_with(wanted) {
        Some(2)
    } else if key.contains(wanted) {
        Some(3)
    } else {
        None
    }
}

fn one_edit_apart(one: &str, other: &str) -> bool {
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    one_deletion(&one, &other)
        || one_deletion(&other, &one)
        || one_substitution(&one, &other)
        || one_transposition(&one, &other)
}

fn one_deletion(long: &[char], short: &[char]) -> bool {
    (0..long.len()).any(|i| [&long[..i], &long[i + 1..]].concat() == short)
}

fn one_substitution(one: &[char], other: &[char]) -> bool {
    one.len() == other.len() && one.iter().zip(other).filter(|(a, b)| a != b).count() == 1
}

fn one_transposition(one: &[char], other: &[char]) -> bool {
    let swapped = |i: usize| {
        let mut letters = one.to_vec();
        letters.swap(i - 1, i);
        letters
    };
    one != other && (1..one.len()).any(|i| swapped(i) == other)
}
