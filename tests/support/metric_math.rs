//! CloudWatch's metric math, as far as the alarms use it: numbers, metrics, `+ - * / > <`, `IF(condition, yes, no)` and
//! `FILL(metric, value)`. A period without data has no value, and neither has anything that is computed from it, except by `FILL`.

use std::collections::BTreeMap;

/// The values of the metrics in one period, by id.
pub type Period = BTreeMap<String, f64>;

/// Returns the value of `expression` in `period`; `None` without data.
///
/// # Panics
/// If the expression has a part that is not listed above.
#[must_use]
pub fn value(expression: &str, period: &Period) -> Option<f64> {
    let mut parser = Parser { rest: expression, period };
    let value = parser.comparison();
    assert!(parser.rest.trim().is_empty(), "{expression}: {:?} is not understood", parser.rest);
    value
}

struct Parser<'a> {
    rest: &'a str,
    period: &'a Period,
}

impl Parser<'_> {
    fn comparison(&mut self) -> Option<f64> {
        let left = self.sum();
        let Some(sign) = self.take(&['>', '<']) else { return left };
        let right = self.sum();
        left.zip(right).map(|(a, b)| f64::from(u8::from(if sign == '>' { a > b } else { a < b })))
    }

    fn sum(&mut self) -> Option<f64> {
        let mut value = self.product();
        while let Some(sign) = self.take(&['+', '-']) {
            let right = self.product();
            value = value.zip(right).map(|(a, b)| if sign == '+' { a + b } else { a - b });
        }
        value
    }

    fn product(&mut self) -> Option<f64> {
        let mut value = self.factor();
        while let Some(sign) = self.take(&['*', '/']) {
            let right = self.factor();
            let pair = value.zip(right).filter(|(_, b)| sign == '*' || *b != 0.0);
            value = pair.map(|(a, b)| if sign == '*' { a * b } else { a / b });
        }
        value
    }

    fn factor(&mut self) -> Option<f64> {
        if self.take(&['(']).is_some() {
            let value = self.comparison();
            self.expect(')');
            return value;
        }
        let is_part = |c: char| c.is_ascii_alphanumeric() || "_.".contains(c);
        let end = self.rest.find(|c| !is_part(c)).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        assert!(!word.is_empty(), "a number, a metric or a function instead of {:?}", self.rest);
        self.rest = rest;
        if let Ok(number) = word.parse() {
            return Some(number);
        }
        if self.take(&['(']).is_none() {
            return self.period.get(word).copied();
        }
        let mut arguments = vec![self.comparison()];
        while self.take(&[',']).is_some() {
            arguments.push(self.comparison());
        }
        self.expect(')');
        match (word, &arguments[..]) {
            ("IF", [condition, yes, no]) => {
                if (*condition)? != 0.0 {
                    *yes
                } else {
                    *no
                }
            }
            ("FILL", [value, instead]) => value.or(*instead),
            _ => panic!("{word} with {} arguments is not understood", arguments.len()),
        }
    }

    fn take(&mut self, any: &[char]) -> Option<char> {
        self.rest = self.rest.trim_start();
        let next = self.rest.chars().next().filter(|next| any.contains(next))?;
        self.rest = &self.rest[1..];
        Some(next)
    }

    fn expect(&mut self, wanted: char) {
        assert!(self.take(&[wanted]).is_some(), "{wanted} instead of {:?}", self.rest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_have_the_values_that_cloudwatch_documents() {
        let period: Period = [("a".to_owned(), 8.0), ("b".to_owned(), 2.0)].into();
        for (expression, expected) in [
            ("a", Some(8.0)),
            ("100*b/a", Some(25.0)),
            ("a-b-1", Some(5.0)),
            ("a+b*2", Some(12.0)),
            ("(a+b)*2", Some(20.0)),
            ("a/0", None),
            ("a+c", None),
            ("FILL(c,0)+a", Some(8.0)),
            ("FILL(a,0)", Some(8.0)),
            ("IF(a>7,b,1)", Some(2.0)),
            ("IF(a>8,b,1)", Some(1.0)),
            ("IF(a<9, b, 1)", Some(2.0)),
            ("IF(c>1,a,b)", None),
            ("IF(a>1,c,b)", None),
            ("IF(a+b>9.5,1.5,0)", Some(1.5)),
        ] {
            assert_eq!(value(expression, &period), expected, "{expression}");
        }
    }
}
