//! The language of the repository: comments, documents, messages and test names use plain technical English (CONTRIBUTING.md, "Style").

use super::files::texts;

/// Phrases that the texts must not contain, each with a better wording.
const PHRASES: [(&str, &str); 20] = [
    ("whoever", "a client that"),
    ("tells of", "reports"),
    ("tell of", "report"),
    ("is told", "receives"),
    ("are told", "receive"),
    ("is no", "is not a"),
    ("are no", "are not"),
    ("is none", "does not exist"),
    ("are none", "do not exist"),
    ("as good as", "equivalent to"),
    ("in the place of", "instead of"),
    ("anew", "again"),
    ("to be had", "available"),
    ("mends", "repairs"),
    ("mended", "repaired"),
    ("one's own", "the caller's"),
    ("stands", "is"),
    ("somebody else's", "another user's"),
    ("just as well", "as well"),
    ("now and then", "sometimes"),
];

/// Words around a phrase with which it is correct: "there is no …", "is no longer", "stands for".
const BEFORE: [(&str, &[&str]); 2] = [("is no", &["there"]), ("are no", &["there"])];
const AFTER: [(&str, &[&str]); 3] = [
    ("is no", &["longer", "more", "less"]),
    ("are no", &["longer", "more", "less"]),
    ("stands", &["for", "in"]),
];

/// A comment or a heading must not begin with one of these words, because it then has no head noun.
const QUESTIONS: [&str; 7] = ["What", "Who", "Whom", "Whose", "How", "When", "Where"];

/// Words that a test name must not contain, besides the phrases of one word, and beginnings of test names without a subject.
const NAME_WORDS: [&str; 4] = ["who", "whom", "nobody", "everybody"];
const NAME_BEGINNINGS: [&str; 4] = ["what_", "how_", "there_is_", "there_are_"];

/// The endings of files that contain texts by us. Data, generated JSON and pinned lists of dependencies have others.
const TEXTS: [&str; 9] = ["rs", "md", "toml", "yaml", "yml", "py", "sh", "ts", "in"];
/// Files without an ending that contain texts by us.
const NAMES: [&str; 3] = ["Makefile", "NOTICE", "run"];
/// The longest line of a comment, in characters.
const WIDEST: usize = 140;

#[test]
fn the_texts_use_plain_english() {
    let findings = check_repository(&|path, text| {
        [phrases(path, text), questions(path, text), widths(path, text)].concat()
    });
    assert!(findings.is_empty(), "reword these lines:\n{}", findings.join("\n"));
}

#[test]
fn test_names_have_a_subject() {
    let findings = check_repository(&test_names);
    assert!(findings.is_empty(), "rename these tests:\n{}", findings.join("\n"));
}

/// Applies `check` to the path and the content of every text file of the repository.
fn check_repository(check: &dyn Fn(&str, &str) -> Vec<String>) -> Vec<String> {
    let is_text = |name: &str| name.rsplit_once('.').is_some_and(|(_, end)| TEXTS.contains(&end));
    let mut files = texts(|name| NAMES.contains(&name) || is_text(name));
    // This file contains the phrases.
    files.retain(|(path, _)| !path.ends_with(file!()));
    files.iter().flat_map(|(path, text)| check(path, text)).collect()
}

/// Finds the phrases in `text`, also where a line break divides one.
fn phrases(path: &str, text: &str) -> Vec<String> {
    let lines: Vec<_> = text.lines().map(content).collect();
    let mut findings = Vec::new();
    for (nth, line) in lines.iter().enumerate() {
        let joined = format!("{line} {}", lines.get(nth + 1).copied().unwrap_or_default());
        for (phrase, better) in PHRASES {
            let is_wrong = |start| start < line.len() && !is_correct(&joined, start, phrase);
            if starts(&joined, phrase).into_iter().any(is_wrong) {
                findings.push(format!("{path}:{}: \"{phrase}\" (write \"{better}\")", nth + 1));
            }
        }
    }
    findings
}

/// Finds comments and headings that begin with a question word.
fn questions(path: &str, text: &str) -> Vec<String> {
    let mut findings = Vec::new();
    let mut previous = None;
    for (nth, line) in text.lines().enumerate() {
        let line = line.trim_start();
        let marker = ["///", "//!", "//", "#"].into_iter().find(|marker| line.starts_with(marker));
        let first = line.trim_start_matches(['/', '!', '#']).split_whitespace().next().unwrap_or_default();
        let is_heading = path.ends_with(".md");
        // In code, only the first line of a comment is the beginning of a sentence for certain.
        let begins = marker.is_some_and(|marker| is_heading && marker == "#" || previous != Some(marker));
        if begins && QUESTIONS.contains(&first) {
            findings
                .push(format!("{path}:{}: begins with \"{first}\" (write a noun or a verb first)", nth + 1));
        }
        previous = marker;
    }
    findings
}

/// Finds comments that are too wide. A row of a table and a line with an address cannot be divided.
fn widths(path: &str, text: &str) -> Vec<String> {
    let is_comment = |line: &str| line.trim_start().starts_with("//");
    let is_whole = |line: &str| line.contains("//! |") || line.contains("://");
    let lines = (1..).zip(text.lines()).filter(|(_, line)| is_comment(line) && !is_whole(line));
    let wide = lines.filter(|(_, line)| line.chars().count() > WIDEST);
    wide.map(|(nth, _)| format!("{path}:{nth}: a comment of more than {WIDEST} characters")).collect()
}

/// Finds tests whose names do not have a subject, a verb and an outcome.
fn test_names(path: &str, text: &str) -> Vec<String> {
    let mut findings = Vec::new();
    let mut is_test = false;
    for (nth, line) in text.lines().map(str::trim_start).enumerate() {
        is_test |= line.starts_with("#[test]") || line.starts_with("#[tokio::test");
        let Some((_, rest)) = line.split_once("fn ").filter(|_| is_test) else { continue };
        is_test = false;
        let name = rest.split(|c: char| !is_word(c)).next().unwrap_or_default();
        let is_wrong = NAME_BEGINNINGS.iter().any(|beginning| name.starts_with(beginning))
            || name
                .split('_')
                .any(|word| NAME_WORDS.contains(&word) || PHRASES.iter().any(|(phrase, _)| *phrase == word));
        if is_wrong {
            findings.push(format!("{path}:{}: {name} (write a subject, a verb and an outcome)", nth + 1));
        }
    }
    findings
}

/// Removes the marker of a comment, a list or a table from a line.
fn content(line: &str) -> &str {
    line.trim().trim_start_matches(['/', '!', '#', '-', '*', '|', ' '])
}

/// Returns the positions at which `phrase` begins in `text`, as whole words, with a small or a capital first letter.
fn starts(text: &str, phrase: &str) -> Vec<usize> {
    let (first, rest) = phrase.split_at(1);
    let capital = format!("{}{rest}", first.to_uppercase());
    let all = text.match_indices(phrase).chain(text.match_indices(&capital)).map(|(start, _)| start);
    all.filter(|start| {
        let (before, after) = (&text[..*start], &text[start + phrase.len()..]);
        !before.ends_with(is_word) && !after.starts_with(is_word)
    })
    .collect()
}

/// Whether the words around the phrase make it correct.
fn is_correct(text: &str, start: usize, phrase: &str) -> bool {
    let words = |exceptions: &[(&str, &'static [&'static str])]| {
        exceptions.iter().find(|(of, _)| *of == phrase).map_or(&[] as &[&str], |(_, words)| *words)
    };
    let not_word = |c: char| !is_word(c);
    let before = text[..start].trim_end().rsplit(not_word).next().unwrap_or_default().to_lowercase();
    let after = text[start + phrase.len()..].trim_start().split(not_word).next().unwrap_or_default();
    words(&BEFORE).contains(&before.as_str()) || words(&AFTER).contains(&after)
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

#[test]
fn a_planted_phrase_is_found_and_a_correct_one_is_not() {
    let found = |text: &str| phrases("a.rs", text).len();
    assert_eq!(found("//! For whoever asks."), 1);
    assert_eq!(phrases("a.rs", "x\nThe list stands here."), ["a.rs:2: \"stands\" (write \"is\")"]);
    assert_eq!(found("/// The caller is\n/// told the reason."), 1, "across a line break");
    assert_eq!(found("/// A key that is no id."), 1);
    assert_eq!(
        found("/// There is no id, the id is no longer valid, and - stands for it. Stand-in, canew."),
        0
    );
}

#[test]
fn a_planted_question_is_found() {
    assert_eq!(questions("a.rs", "/// What it returns.").len(), 1);
    assert_eq!(questions("a.md", "# Limits\n## How it works\n").len(), 1);
    assert_eq!(questions("a.rs", "/// Waits for the time\n/// When it is over.\n// Whether it is.").len(), 0);
}

#[test]
fn a_planted_test_name_is_found() {
    let test = |name: &str| {
        test_names("a.rs", &format!("#[tokio::test]\nasync fn {name}() {{}}\nfn what_it_is() {{}}"))
    };
    assert_eq!(test("who_signs_in_is_answered").len(), 1);
    assert_eq!(test("there_is_no_index").len(), 1);
    assert_eq!(test("an_empty_table_has_no_index").len(), 0);
}

#[test]
fn a_comment_beyond_the_margin_is_found() {
    let comment = |length: usize| format!("    // {}", "x".repeat(length - 7));
    assert_eq!(widths("a.rs", &comment(WIDEST)).len(), 0);
    assert_eq!(widths("a.rs", &comment(WIDEST + 1)).len(), 1);
    assert_eq!(widths("a.rs", &format!("//! | {} |", "x".repeat(WIDEST))).len(), 0);
}
