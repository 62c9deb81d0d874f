//! Which names a search means, and how well.

use std::collections::BTreeMap;

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

/// Takes away all in which a name and the way people type it may differ.
pub fn normalise(text: &str) -> String {
    let plain: String = text.nfkd().filter(|&c| !is_combining_mark(c)).collect();
    let plain = plain.replace('♀', "f").replace('♂', "m");
    plain.replace(['’', '\'', '.', ':', ' ', '-'], "").to_lowercase()
}

/// The rank of each Pokémon that matches: 0 exact, 1 prefix, 2 substring; or, where none does, 0 for all that are
/// one slip of the finger away.
pub fn ranks(search_keys: &[(u32, [String; 3])], text: &str) -> BTreeMap<u32, u8> {
    let wanted = normalise(text);
    if wanted.is_empty() {
        return BTreeMap::new();
    }
    let best = |keys: &[String; 3]| keys.iter().filter_map(|key| rank(key, &wanted)).min();
    let ranks: BTreeMap<u32, u8> =
        search_keys.iter().filter_map(|(id, keys)| best(keys).map(|rank| (*id, rank))).collect();
    if !ranks.is_empty() || wanted.chars().count() < 4 {
        return ranks;
    }
    let near = |keys: &[String; 3]| keys.iter().any(|key| one_edit_apart(key, &wanted));
    search_keys.iter().filter(|(_, keys)| near(keys)).map(|(id, _)| (*id, 0)).collect()
}

fn rank(key: &str, wanted: &str) -> Option<u8> {
    if key == wanted {
        Some(0)
    } else if key.starts_with(wanted) {
        Some(1)
    } else if key.contains(wanted) {
        Some(2)
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
