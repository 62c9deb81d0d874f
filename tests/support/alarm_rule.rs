//! The rules of CloudWatch's composite alarms: `ALARM(name)`, `OK(name)`, `INSUFFICIENT_DATA(name)`, `TRUE`, `FALSE`, `NOT`, `AND`, `OR`
//! and parentheses. A name may be in quotation marks. `NOT` binds more tightly than `AND`, and `AND` more tightly than `OR`.

use std::collections::{BTreeMap, BTreeSet};

/// The state of an alarm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Ok,
    Alarm,
    InsufficientData,
}

/// The states of alarms, by name.
pub type States = BTreeMap<String, State>;

/// Returns whether a composite alarm with `rule` is in the state ALARM.
///
/// # Panics
/// If the rule has a part that is not listed above, or names an alarm that has no state.
#[must_use]
pub fn fires(rule: &str, states: &States) -> bool {
    evaluate(rule, &mut |name: &str| {
        *states.get(name).unwrap_or_else(|| panic!("{rule}: no alarm has the name {name}"))
    })
}

/// Returns the names of the alarms in `rule`.
///
/// # Panics
/// If the rule has a part that is not listed above.
#[must_use]
pub fn names(rule: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    evaluate(rule, &mut |name: &str| {
        names.insert(name.to_owned());
        State::Ok
    });
    names
}

fn evaluate<'a>(rule: &'a str, state: &'a mut dyn FnMut(&str) -> State) -> bool {
    let mut parser = Parser { rest: rule, state };
    let value = parser.any();
    assert!(parser.rest.trim().is_empty(), "{rule}: {:?} is not understood", parser.rest);
    value
}

struct Parser<'a> {
    rest: &'a str,
    state: &'a mut dyn FnMut(&str) -> State,
}

impl Parser<'_> {
    fn any(&mut self) -> bool {
        let mut value = self.all();
        while self.take("OR") {
            value |= self.all();
        }
        value
    }

    fn all(&mut self) -> bool {
        let mut value = self.one();
        while self.take("AND") {
            value &= self.one();
        }
        value
    }

    fn one(&mut self) -> bool {
        if self.take("NOT") {
            return !self.one();
        }
        if self.take("(") {
            let value = self.any();
            self.expect(")");
            return value;
        }
        for (word, value) in [("TRUE", true), ("FALSE", false)] {
            if self.take(word) {
                return value;
            }
        }
        for (word, state) in
            [("ALARM", State::Alarm), ("OK", State::Ok), ("INSUFFICIENT_DATA", State::InsufficientData)]
        {
            if self.take(word) {
                return self.is_in(state);
            }
        }
        panic!("a condition instead of {:?}", self.rest)
    }

    /// Reads the name in parentheses.
    fn is_in(&mut self, state: State) -> bool {
        self.expect("(");
        let text = self.rest.trim_start();
        let name = if let Some(quoted) = text.strip_prefix('"') {
            let (name, rest) = quoted.split_once('"').expect("a second quotation mark");
            self.rest = rest;
            name
        } else {
            let end = text.find(')').expect("a closing parenthesis");
            self.rest = &text[end..];
            text[..end].trim_end()
        };
        assert!(!name.is_empty(), "a name instead of {text:?}");
        self.expect(")");
        (self.state)(name) == state
    }

    fn take(&mut self, token: &str) -> bool {
        let Some(rest) = self.rest.trim_start().strip_prefix(token) else { return false };
        let is_of_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if token.ends_with(is_of_word) && rest.starts_with(is_of_word) {
            return false;
        }
        self.rest = rest;
        true
    }

    fn expect(&mut self, wanted: &str) {
        assert!(self.take(wanted), "{wanted} instead of {:?}", self.rest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn states() -> States {
        [("up", State::Ok), ("down", State::Alarm), ("new one", State::InsufficientData)]
            .map(|(name, state)| (name.to_owned(), state))
            .into()
    }

    #[test]
    fn rules_have_the_values_that_cloudwatch_documents() {
        for (rule, expected) in [
            ("ALARM(\"down\")", true),
            ("ALARM(down)", true),
            ("ALARM( down )", true),
            ("ALARM(\"up\")", false),
            ("OK(\"up\")", true),
            ("OK(\"new one\")", false),
            ("ALARM(\"new one\")", false),
            ("INSUFFICIENT_DATA(\"new one\")", true),
            ("INSUFFICIENT_DATA(down)", false),
            ("TRUE", true),
            ("FALSE", false),
            ("NOT ALARM(up)", true),
            ("NOT NOT ALARM(up)", false),
            ("ALARM(up) OR ALARM(down)", true),
            ("ALARM(down) OR ALARM(up)", true),
            ("ALARM(up) AND ALARM(down)", false),
            ("ALARM(down) AND NOT ALARM(up)", true),
            ("TRUE OR TRUE AND FALSE", true),
            ("(TRUE OR TRUE) AND FALSE", false),
            ("NOT FALSE OR TRUE", true),
            ("NOT (FALSE OR TRUE)", false),
            ("NOT(FALSE)", true),
        ] {
            assert_eq!(fires(rule, &states()), expected, "{rule}");
        }
    }

    #[test]
    fn the_names_of_a_rule_include_those_that_do_not_decide() {
        let expected = ["down", "new one", "up"].map(str::to_owned);
        assert_eq!(names("TRUE OR ALARM(down) AND (OK(\"new one\") OR NOT ALARM(up))"), expected.into());
    }

    #[test]
    #[should_panic(expected = "no alarm has the name gone")]
    fn a_rule_with_an_unknown_name_is_refused() {
        let _ = fires("TRUE OR ALARM(gone)", &states());
    }

    #[test]
    #[should_panic(expected = "is not understood")]
    fn a_rule_with_more_than_a_condition_is_refused() {
        let _ = fires("ALARM(down) ORALARM(up)", &states());
    }
}
