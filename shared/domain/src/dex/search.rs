//! Search by name. Slugs contain neither accents nor punctuation, names contain both, and users type either.

use memchr::memmem;
use schemars::JsonSchema;
use serde::Serialize;

use crate::normalise;

/// The normalised names of all rows, in one text for fast search.
#[derive(Debug, Default)]
pub(super) struct Names {
    /// Each name between two separators (`\n`), which no query contains.
    text: String,
    /// The entries, in the order of `text`.
    entries: Vec<Entry>,
}

/// A name of a row.
#[derive(Clone, Copy, Debug)]
struct Entry {
    /// The start of the name in the text.
    start: u32,
    row: u16,
    /// Whether it is the name of a form: such names count only if all forms are listed.
    is_form: bool,
}

/// How well a search fits what it found, best first. `fuzzy` is one typing error away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(rename = "SearchMatch")]
pub enum Match {
    Exact,
    Prefix,
    Substring,
    Fuzzy,
}

/// The minimum length of a query that is corrected, in letters: too many names are one edit away from `mew`.
const LEAST_CORRECTED: usize = 4;

impl Names {
    /// Adds a row's own names, and its keys and those of its forms (already normalised).
    pub(super) fn push(&mut self, row: u16, names: &[&str], keys: &[String], form_keys: &[String]) {
        let mut own: Vec<String> = names.iter().map(|name| normalise(name)).collect();
        own.sort_unstable();
        own.dedup();
        let own = own.iter().chain(keys).map(|key| (key, false));
        for (key, is_form) in own.chain(form_keys.iter().map(|key| (key, true))) {
            self.text.push('\n');
            self.entries.push(Entry { start: self.text.len() as u32, row, is_form });
            self.text.push_str(key);
        }
    }

    /// Ends the text, so that every name is between two separators.
    pub(super) fn finish(&mut self) {
        self.text.push('\n');
    }

    /// Returns the rows with a name that contains `query` (normalised, not empty), best match first, then in row order. `eligible` decides
    /// for each row, and for form names separately, whether a match counts.
    pub(super) fn find(&self, query: &str, eligible: impl Fn(u16, bool) -> bool) -> Vec<(Match, u16)> {
        let mut found: Vec<(Match, u16)> = Vec::new();
        if query.contains('\n') {
            return found;
        }
        let bytes = self.text.as_bytes();
        for at in memmem::find_iter(bytes, query) {
            let nth = self.entries.partition_point(|entry| entry.start as usize <= at) - 1;
            let Entry { start, row, is_form } = self.entries[nth];
            if !eligible(row, is_form) {
                continue;
            }
            let fit = match (start as usize == at, bytes[at + query.len()] == b'\n') {
                (true, true) => Match::Exact,
                (true, false) => Match::Prefix,
                (false, _) => Match::Substring,
            };
            found.push((fit, row));
        }
        // Several names of a row may match: the best match counts.
        found.sort_unstable_by_key(|(fit, row)| (*row, *fit));
        found.dedup_by_key(|(_, row)| *row);
        found.sort_unstable();
        found
    }

    /// Returns the rows with a name that is one edit away from `query`, in row order.
    pub(super) fn correct(&self, query: &str, eligible: impl Fn(u16, bool) -> bool) -> Vec<(Match, u16)> {
        if query.contains('\n') || query.chars().count() < LEAST_CORRECTED {
            return Vec::new();
        }
        // Each name ends before the separator that precedes the next one.
        let ends = self.entries.iter().skip(1).map(|entry| entry.start as usize).chain([self.text.len()]);
        let mut rows: Vec<(Match, u16)> = (self.entries.iter().zip(ends))
            .filter(|(entry, _)| eligible(entry.row, entry.is_form))
            .filter(|(entry, end)| is_one_edit(query, &self.text[entry.start as usize..end - 1]))
            .map(|(entry, _)| (Match::Fuzzy, entry.row))
            .collect();
        rows.sort_unstable();
        rows.dedup();
        rows
    }
}

/// Whether one insertion, deletion, substitution or transposition of neighbours turns `query` into `name`.
fn is_one_edit(query: &str, name: &str) -> bool {
    // A letter has at most four bytes.
    if query.len().abs_diff(name.len()) > 4 {
        return false;
    }
    if query.is_ascii() && name.is_ascii() {
        return differ_by_one_edit(query.as_bytes(), name.as_bytes());
    }
    let letters = |text: &str| text.chars().collect::<Vec<char>>();
    differ_by_one_edit(&letters(query), &letters(name))
}

fn differ_by_one_edit<T: PartialEq>(query: &[T], name: &[T]) -> bool {
    if query.len().abs_diff(name.len()) > 1 {
        return false;
    }
    let same = query.iter().zip(name).take_while(|(a, b)| a == b).count();
    let (query, name) = (&query[same..], &name[same..]);
    match query.len() as isize - name.len() as isize {
        1 => query[1..] == *name,
        -1 => *query == name[1..],
        _ if query.is_empty() => false,
        _ => {
            let swapped =
                query.len() > 1 && query[0] == name[1] && query[1] == name[0] && query[2..] == name[2..];
            query[1..] == name[1..] || swapped
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn names(all: &[&[&str]]) -> Names {
        let mut names = Names::default();
        for (row, own) in (0..).zip(all) {
            names.push(row, own, &[], &[]);
        }
        names.finish();
        names
    }

    fn all_rows(_: u16, _: bool) -> bool {
        true
    }

    fn rows(names: &Names, query: &str) -> Vec<u16> {
        names.find(query, all_rows).into_iter().map(|(_, row)| row).collect()
    }

    #[test]
    fn only_eligible_rows_are_found_and_corrected() {
        let all = names(&[&["pikachu"], &["pikachu-unova-cap"]]);
        assert_eq!(all.find("pikachuu", all_rows), [(Match::Prefix, 1)]);
        assert!(all.find("pikachuu", |row, _| row == 0).is_empty());
        assert_eq!(all.correct("pikachuu", |row, _| row == 0), [(Match::Fuzzy, 0)]);
        assert!(all.correct("pikachuu", |row, _| row == 1).is_empty());
    }

    #[test]
    fn ranks_exact_before_prefix_before_substring() {
        let all = names(&[&["mewtwo"], &["mew"], &["xmewx"], &["pikachu"]]);
        let expected = [(Match::Exact, 1), (Match::Prefix, 0), (Match::Substring, 2)];
        assert_eq!(all.find("mew", all_rows), expected);
    }

    #[test]
    fn a_rows_best_name_counts_once() {
        let all =
            names(&[&["deoxys-normal", "Deoxys", "deoxys"], &["deoxys-attack", "Attack Deoxys", "deoxys"]]);
        assert_eq!(rows(&all, "deoxys"), [0, 1]);
        assert_eq!(rows(&all, "attackdeoxys"), [1]);
    }

    #[test]
    fn a_forms_name_counts_where_forms_do() {
        let mut all = Names::default();
        all.push(0, &["necrozma"], &[], &[]);
        all.push(1, &["necrozma-dawn"], &["necrozmadawnwings".to_owned()], &["dawnwings".to_owned()]);
        all.finish();
        assert_eq!(all.find("dawnwings", all_rows), [(Match::Exact, 1)]);
        let without_forms = all.find("dawnwings", |_, is_form| !is_form);
        assert_eq!(without_forms, [(Match::Substring, 1)], "by a name of its own");
    }

    #[test]
    fn four_letters_and_more_are_corrected() {
        let all = names(&[&["pikachu"], &["mew"], &["mewtwo"]]);
        for query in ["pikachuu", "pikcahu"] {
            assert_eq!(all.correct(query, all_rows), [(Match::Fuzzy, 0)], "{query}");
        }
        assert!(all.correct("mww", all_rows).is_empty());
    }

    #[test]
    fn a_separator_in_the_query_finds_nothing() {
        let all = names(&[&["aaaa"], &["bbbb"]]);
        assert!(all.find("\n", all_rows).is_empty() && all.correct("a\nbbb", all_rows).is_empty());
    }

    proptest! {
        #[test]
        fn one_edit_is_found_and_two_are_not(name in "[a-z]{6,12}", at in 0usize..6, letter in proptest::char::range('0', '9')) {
            let query: Vec<char> = name.chars().collect();
            let mut replaced = query.clone();
            replaced[at] = letter;
            let mut inserted = query.clone();
            inserted.insert(at, letter);
            let mut removed = query;
            removed.remove(at);
            let text = |letters: &[char]| letters.iter().collect::<String>();
            for edited in [&replaced, &inserted, &removed] {
                prop_assert!(is_one_edit(&text(edited), &name));
            }
            let mut twice = inserted;
            twice.insert(0, letter);
            prop_assert!(!is_one_edit(&text(&twice), &name));
            prop_assert!(!is_one_edit(&name, &name), "no edit is not one edit");
        }
    }
}
