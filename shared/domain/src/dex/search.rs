//! Search by name. Slugs contain neither accents nor punctuation, names contain both, and users type either.

use memchr::{memchr2, memmem};
use schemars::JsonSchema;
use serde::Serialize;

use super::{
    bytes::{List, Reader, Writer},
    error::BadIndex,
    index::IndexRow,
};

/// The bytes that begin a name of a row, and a name of one of its forms, which counts only if all forms are listed.
const NAME: u8 = b'\n';
const FORM: u8 = b'\r';

/// Writes the normalised names of all rows.
pub(super) fn write(writer: &mut Writer, rows: &[IndexRow<'_>]) {
    let lines = rows.iter().map(|IndexRow { names, forms, .. }| {
        let names = names.iter().map(|name| (NAME, name)).chain(forms.iter().map(|name| (FORM, name)));
        let mut line = Vec::new();
        for (separator, name) in names.filter(|(_, name)| is_plain(name)) {
            line.push(separator);
            line.extend_from_slice(name.as_bytes());
        }
        line
    });
    writer.list(&lines.collect::<Vec<_>>());
}

/// Whether `text` can be a name, or a part of one.
fn is_plain(text: &str) -> bool {
    !text.bytes().any(is_separator)
}

const fn is_separator(byte: u8) -> bool {
    byte == NAME || byte == FORM
}

/// The normalised names of all rows, in one text for fast search.
#[derive(Debug)]
pub(super) struct Names(List);

/// The rank of a match, best first. `fuzzy` allows one typing error.
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
    /// # Errors
    /// [`BadIndex`] if the sections are malformed.
    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, BadIndex> {
        reader.list().map(Self)
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns the rows with a name that contains `query` (normalised, not empty), best match first, then in row order. `eligible` decides
    /// for each row, and for form names separately, whether a match counts.
    pub(super) fn find(&self, query: &str, eligible: impl Fn(u16, bool) -> bool) -> Vec<(Match, u16)> {
        let mut found: Vec<(Match, u16)> = Vec::new();
        if !is_plain(query) {
            return found;
        }
        let List { text, ends } = &self.0;
        let mut rows = (0..).zip(ends).peekable();
        for at in memmem::find_iter(text, query) {
            // Matches come in the order of the rows.
            while rows.next_if(|(_, end)| **end as usize <= at).is_some() {}
            let Some((row, _)) = rows.peek() else { break };
            let before = text[..at].iter().rposition(|byte| is_separator(*byte));
            let is_form = before.is_some_and(|before| text[before] == FORM);
            if !eligible(*row, is_form) {
                continue;
            }
            let is_start = before.is_none_or(|before| before + 1 == at);
            let is_end = text.get(at + query.len()).is_none_or(|byte| is_separator(*byte));
            let fit = match (is_start, is_end) {
                (true, true) => Match::Exact,
                (true, false) => Match::Prefix,
                (false, _) => Match::Substring,
            };
            found.push((fit, *row));
        }
        // Several names of a row may match: the best match counts.
        found.sort_unstable_by_key(|(fit, row)| (*row, *fit));
        found.dedup_by_key(|(_, row)| *row);
        found.sort_unstable();
        found
    }

    /// Returns the rows with a name that is one edit away from `query`, in row order.
    pub(super) fn correct(&self, query: &str, eligible: impl Fn(u16, bool) -> bool) -> Vec<(Match, u16)> {
        if !is_plain(query) || query.chars().count() < LEAST_CORRECTED {
            return Vec::new();
        }
        let mut rows = Vec::new();
        for (row, line) in (0..).zip(self.0.iter()) {
            let (name_counts, form_counts) = (eligible(row, false), eligible(row, true));
            let mut counting =
                names(line).filter(|(is_form, _)| if *is_form { form_counts } else { name_counts });
            if (name_counts || form_counts) && counting.any(|(_, name)| is_one_edit(query, name)) {
                rows.push((Match::Fuzzy, row));
            }
        }
        rows
    }
}

/// The names of a row, each with whether it is the name of a form.
fn names(line: &[u8]) -> impl Iterator<Item = (bool, &[u8])> {
    let mut rest = line;
    std::iter::from_fn(move || {
        let (separator, after) = rest.split_first()?;
        let (name, others) = after.split_at(memchr2(NAME, FORM, after).unwrap_or(after.len()));
        rest = others;
        Some((*separator == FORM, name))
    })
}

/// Whether one insertion, deletion, substitution or transposition of neighbours turns `query` into `name`.
fn is_one_edit(query: &str, name: &[u8]) -> bool {
    // A letter has at most four bytes.
    if query.len().abs_diff(name.len()) > 4 {
        return false;
    }
    if query.is_ascii() && name.is_ascii() {
        return differ_by_one_edit(query.as_bytes(), name);
    }
    let letters = |text: &str| text.chars().collect::<Vec<char>>();
    std::str::from_utf8(name).is_ok_and(|name| differ_by_one_edit(&letters(query), &letters(name)))
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

    /// The names of rows, each with the names of its forms after an empty text.
    fn names(all: &[&[&str]]) -> Names {
        let mut lines: Vec<Vec<u8>> = Vec::new();
        for names in all {
            let (mut line, mut separator) = (Vec::new(), NAME);
            for name in *names {
                if name.is_empty() {
                    separator = FORM;
                    continue;
                }
                line.push(separator);
                line.extend(name.bytes());
            }
            lines.push(line);
        }
        let mut writer = Writer::new(0);
        writer.list(&lines);
        Names::read(&mut Reader::new(&writer.finish(), 0).unwrap()).unwrap()
    }

    fn all_rows(_: u16, _: bool) -> bool {
        true
    }

    fn rows(names: &Names, query: &str) -> Vec<u16> {
        names.find(query, all_rows).into_iter().map(|(_, row)| row).collect()
    }

    #[test]
    fn only_eligible_rows_are_found_and_corrected() {
        let all = names(&[&["pikachu"], &["pikachuunovacap"]]);
        assert_eq!(all.find("pikachuu", all_rows), [(Match::Prefix, 1)]);
        assert!(all.find("pikachuu", |row, _| row == 0).is_empty());
        assert_eq!(all.correct("pikachuu", |row, _| row == 0), [(Match::Fuzzy, 0)]);
        assert!(all.correct("pikachuu", |row, _| row == 1).is_empty());
    }

    #[test]
    fn exact_matches_rank_first_then_prefixes_then_substrings() {
        let all = names(&[&["mewtwo"], &["mew"], &["xmewx"], &["pikachu"]]);
        let expected = [(Match::Exact, 1), (Match::Prefix, 0), (Match::Substring, 2)];
        assert_eq!(all.find("mew", all_rows), expected);
    }

    #[test]
    fn a_rows_best_name_counts_once() {
        let all = names(&[&["deoxys", "deoxysnormal"], &["attackdeoxys", "deoxys", "deoxysattack"]]);
        assert_eq!(rows(&all, "deoxys"), [0, 1]);
        assert_eq!(rows(&all, "attackdeoxys"), [1]);
    }

    #[test]
    fn a_forms_name_counts_where_forms_do() {
        let all = names(&[&["necrozma"], &["necrozmadawn", "necrozmadawnwings", "", "dawnwings"]]);
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
        for query in ["\n", "\r", "a\rb", "a\n"] {
            assert!(all.find(query, all_rows).is_empty(), "{query:?}");
        }
        assert!(all.correct("a\nbbb", all_rows).is_empty());
        assert!(all.correct("a\rbbb", all_rows).is_empty());
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
                prop_assert!(is_one_edit(&text(edited), name.as_bytes()));
            }
            let mut twice = inserted;
            twice.insert(0, letter);
            prop_assert!(!is_one_edit(&text(&twice), name.as_bytes()));
            prop_assert!(!is_one_edit(&name, name.as_bytes()), "no edit is not one edit");
        }
    }
}
