//! A check for passwords that are easy to guess.

use domain::accounts::Password;

/// Whether `password` is among the first million guesses at an account with these `names`, by zxcvbn's lists of common passwords, names and
/// words, and by keyboard walks, dates and repeats. Only the beginning of the password is checked: zxcvbn's time grows with the third power
/// of the length, and its arithmetic overflows on a keyboard walk of more than thirty characters.
#[must_use]
pub fn is_common(password: &Password, names: &[&str]) -> bool {
    let beginning: String = password.as_str().chars().take(24).collect();
    let pieces = names
        .iter()
        .flat_map(|name| name.split(|c: char| !c.is_alphanumeric()))
        .filter(|piece| piece.len() > 2);
    let known: Vec<&str> = names.iter().copied().chain(pieces).chain(["pokedex"]).collect();
    zxcvbn::zxcvbn(&beginning, &known).score() < zxcvbn::Score::Two
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(text: &str) -> Password {
        Password::typed(text)
    }

    #[test]
    fn every_password_is_checked_without_a_panic() {
        for odd in [
            "qw".repeat(50),
            "45".repeat(50),
            "4@8({[<3961!|07$5+2%".repeat(5),
            "aB".repeat(500),
            "🔥".repeat(200),
            String::new(),
        ] {
            let _ = is_common(&typed(&odd), &["abababababababababababababababababababab"]);
        }
    }

    #[test]
    fn popular_passwords_are_common() {
        for common in [
            "password",
            "12345678",
            "qwertyuiop",
            "P@ssw0rd",
            "iloveyou",
            "aaaaaaaaaaaa",
            "pokemon1",
            "abcdefgh",
        ] {
            assert!(is_common(&typed(common), &[]), "{common}");
        }
        let names = ["ash_ketchum", "ashketchum-97@example.com"];
        for name in ["ash_ketchum", "ashketchum", "ASHKETCHUM", "ashketchum97"] {
            assert!(is_common(&typed(name), &names), "the account's name: {name}");
        }
        for fine in [
            "correct horse battery",
            "tR4umh4us-9",
            "ashketchum rides lapras",
            "seven lanterns hum at four in the morning, and nobody knows why they never stop",
        ] {
            assert!(!is_common(&typed(fine), &["misty"]), "{fine}");
        }
    }
}
