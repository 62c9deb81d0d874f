//! Search by name: slugs carry no accents and no punctuation, names do, people type either.

use memchr::memmem;
use unicode_normalization::{UnicodeNormalization as _, char::is_combining_mark};

/// Folds a name or a query: NFKD without marks, ♀ → f, ♂ → m, no `’ ' . :`, space or hyphen, lower case.
#[must_use]
pub fn normalise(text: &str) -> String {
    if text.is_ascii() {
        // Nearly every name, and ten times faster.
        let kept = text.chars().filter(|c| !matches!(c, '\'' | '.' | ':' | ' ' | '-'));
        return kept.map(|c| c.to_ascii_lowercase()).collect();
    }
    let folded = text.nfkd().filter(|c| !is_combining_mark(*c)).filter_map(|c| match c {
        '♀' => Some('f'),
        '♂' => Some('m'),
        '’' | '\'' | '.' | ':' | ' ' | '-' => None,
        other => Some(other),
    });
    folded.flat_map(char::to_lowercase).collect()
}

/// The normalised names of all rows, in one text for a fast search.
#[derive(Debug, Default)]
pub(super) struct Names {
    /// Each name between two separators, which no query holds: `\n`.
    text: String,
    /// Where each name begins in `text`, ascending, and whose it is.
    starts: Vec<(u32, u16)>,
}

/// How well a row fits, best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Fit {
    Exact,
    Prefix,
    Substring,
}

/// No query is corrected below this many letters: too much is one edit away from `mew`.
const LEAST_CORRECTED: usize = 4;

impl Names {
    pub(super) fn push(&mut self, row: u16, names: &[&str]) {
        let mut keys: Vec<String> = names.iter().map(|name| normalise(name)).collect();
        keys.sort_unstable();
        keys.dedup();
        for key in keys {
            self.text.push('\n');
            self.starts.push((self.text.len() as u32, row));
            self.text.push_str(&key);
        }
    }

    /// Ends the text, so that every name stands between two separators.
    pub(super) fn finish(&mut self) {
        self.text.push('\n');
    }

    /// Of the rows that are `eligible`, those that `query` (already normalised, not empty) finds, best fit first,
    /// then in row order; and where none does, those with a name one edit away, in row order.
    pub(super) fn find(&self, query: &str, eligible: impl Fn(u16) -> bool) -> Vec<u16> {
        let mut found: Vec<(Fit, u16)> = Vec::new();
        if query.contains('\n') {
            return Vec::new();
        }
        let bytes = self.text.as_bytes();
        for at in memmem::find_iter(bytes, query) {
            let name = self.starts.partition_point(|(start, _)| *start as usize <= at) - 1;
            let (start, row) = self.starts[name];
            if !eligible(row) {
                continue;
            }
            let fit = match (start as usize == at, bytes[at + query.len()] == b'\n') {
                (true, true) => Fit::Exact,
                (true, false) => Fit::Prefix,
                (false, _) => Fit::Substring,
            };
            found.push((fit, row));
        }
        if found.is_empty() && query.chars().count() >= LEAST_CORRECTED {
            return self.one_edit_away(query, eligible);
        }
        // A row may be found by several names: the best counts.
        found.sort_unstable_by_key(|(fit, row)| (*row, *fit));
        found.dedup_by_key(|(_, row)| *row);
        found.sort_unstable();
        found.into_iter().map(|(_, row)| row).collect()
    }

    fn one_edit_away(&self, query: &str, eligible: impl Fn(u16) -> bool) -> Vec<u16> {
        // Each name ends where the next begins, less the separator.
        let ends = self.starts.iter().skip(1).map(|(start, _)| *start as usize).chain([self.text.len()]);
        let mut rows: Vec<u16> = (self.starts.iter().zip(ends))
            .filter(|((_, row), _)| eligible(*row))
            .filter(|((start, _), end)| is_one_edit(query, &self.text[*start as usize..end - 1]))
            .map(|((_, row), _)| *row)
            .collect();
        rows.sort_unstable();
        rows.dedup();
        rows
    }
}

/// Whether one insertion, deletion, substitution or transposition of neighbours makes `name` of `query`.
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
            names.push(row, own);
        }
        names.finish();
        names
    }

    fn all_rows(_: u16) -> bool {
        true
    }

    #[test]
    fn a_row_that_is_not_eligible_does_not_keep_a_typo_from_being_corrected() {
        let all = names(&[&["pikachu"], &["pikachu-unova-cap"]]);
        assert_eq!(all.find("pikachuu", all_rows), [1]);
        assert_eq!(all.find("pikachuu", |row| row == 0), [0]);
    }

    #[test]
    fn folds_accents_signs_and_punctuation() {
        for (text, folded) in [
            ("Flabébé", "flabebe"),
            ("Nidoran♀", "nidoranf"),
            ("nidoran-m", "nidoranm"),
            ("Type: Null", "typenull"),
            ("Farfetch’d", "farfetchd"),
            ("Mr. Mime", "mrmime"),
            ("FLABE\u{301}BE\u{301}", "flabebe"),
            ("%", "%"),
            (" -'", ""),
        ] {
            assert_eq!(normalise(text), folded, "{text}");
        }
    }

    #[test]
    fn ranks_exact_before_prefix_before_substring() {
        let all = names(&[&["mewtwo"], &["mew"], &["xmewx"], &["pikachu"]]);
        assert_eq!(all.find("mew", all_rows), [1, 0, 2]);
    }

    #[test]
    fn a_rows_best_name_counts_once() {
        let all =
            names(&[&["deoxys-normal", "Deoxys", "deoxys"], &["deoxys-attack", "Attack Deoxys", "deoxys"]]);
        assert_eq!(all.find("deoxys", all_rows), [0, 1]);
        assert_eq!(all.find("attackdeoxys", all_rows), [1]);
    }

    #[test]
    fn corrects_only_where_nothing_matches_and_four_letters_stand() {
        let all = names(&[&["pikachu"], &["mew"], &["mewtwo"]]);
        assert_eq!(all.find("pikachuu", all_rows), [0]);
        assert_eq!(all.find("pikcahu", all_rows), [0]);
        assert_eq!(all.find("mww", all_rows), [] as [u16; 0]);
        assert_eq!(all.find("mewt", all_rows), [2]);
    }

    #[test]
    fn a_separator_in_the_query_finds_nothing() {
        assert_eq!(names(&[&["a"], &["b"]]).find("\n", all_rows), [] as [u16; 0]);
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
