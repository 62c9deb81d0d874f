//! The export of a user's data: a zip file with everything as JSON, and with tables to open in a spreadsheet.

mod bucket;

use std::io::{Cursor, Write as _};

use domain::{
    Timestamp,
    accounts::{User, UserId},
};
use serde::Serialize;
use zip::{ZipWriter, write::SimpleFileOptions};

pub use bucket::{DISPOSITION, Exports};

/// All data of a user, without the user's audit events: these are kept for all users together, and contain ids only.
#[derive(Debug, Serialize)]
pub struct Belongings<'a> {
    pub exported_at: Timestamp,
    pub user: &'a User,
    pub favorites: Vec<ExportedFavorite<'a>>,
    pub sessions: Vec<ExportedSession>,
}

#[derive(Debug, Serialize)]
pub struct ExportedFavorite<'a> {
    pub pokemon_id: u32,
    /// The slug; `None` for a Pokémon that the catalogue does not have.
    pub name: Option<&'a str>,
    pub display_name: Option<&'a str>,
    pub created_at: Timestamp,
}

#[derive(Debug, Serialize)]
pub struct ExportedSession {
    pub id: String,
    pub created_at: Timestamp,
    pub last_used_at: Timestamp,
    pub expires_at: Timestamp,
}

/// The single row of the profile table.
#[derive(Serialize)]
struct Profile<'a> {
    id: UserId,
    username: Cell<'a>,
    email: Cell<'a>,
    is_admin: bool,
    created_at: Timestamp,
    updated_at: Timestamp,
}

/// A text that no spreadsheet interprets as a formula.
#[derive(Serialize)]
#[serde(transparent)]
struct Cell<'a>(std::borrow::Cow<'a, str>);

impl<'a> From<&'a str> for Cell<'a> {
    /// The rule of OWASP, "CSV Injection".
    fn from(text: &'a str) -> Self {
        match text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']) {
            true => Self(format!("'{text}").into()),
            false => Self(text.into()),
        }
    }
}

/// The file cannot be made. The cause is never an external service.
#[derive(Debug, thiserror::Error)]
#[error("the file cannot be made: {0}")]
pub struct NotWritten(String);

fn not_written(error: impl std::fmt::Display) -> NotWritten {
    NotWritten(error.to_string())
}

impl Belongings<'_> {
    /// Returns a zip file with everything in `pokedex.json`, and with `profile.csv`, `favorites.csv` and `sessions.csv`.
    ///
    /// # Errors
    /// [`NotWritten`].
    pub fn zip(&self) -> Result<Vec<u8>, NotWritten> {
        let user = self.user;
        let profile = Profile {
            id: user.id,
            username: user.username.as_str().into(),
            email: user.email.as_str().into(),
            is_admin: user.is_admin,
            created_at: user.created_at,
            updated_at: user.updated_at,
        };
        let favorites = self.favorites.iter().map(|favorite| {
            let cell = |text: Option<_>| text.map(Cell::from);
            let ExportedFavorite { pokemon_id, name, display_name, created_at } = favorite;
            (pokemon_id, cell(*name), cell(*display_name), created_at)
        });
        let sessions = self.sessions.iter().map(|session| {
            let ExportedSession { id, created_at, last_used_at, expires_at } = session;
            (Cell::from(id.as_str()), created_at, last_used_at, expires_at)
        });
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, content) in [
            ("pokedex.json", serde_json::to_vec_pretty(self).map_err(not_written)?),
            (
                "profile.csv",
                table(["id", "username", "email", "is_admin", "created_at", "updated_at"], [profile])?,
            ),
            ("favorites.csv", table(["pokemon_id", "name", "display_name", "created_at"], favorites)?),
            ("sessions.csv", table(["id", "created_at", "last_used_at", "expires_at"], sessions)?),
        ] {
            zip.start_file(name, SimpleFileOptions::default()).map_err(not_written)?;
            zip.write_all(&content).map_err(not_written)?;
        }
        Ok(zip.finish().map_err(not_written)?.into_inner())
    }
}

/// Writes a table as in RFC 4180, with a header even if there are no rows.
fn table<const COLUMNS: usize>(
    header: [&str; COLUMNS],
    rows: impl IntoIterator<Item: Serialize>,
) -> Result<Vec<u8>, NotWritten> {
    let mut table = csv::WriterBuilder::new()
        .has_headers(false)
        .terminator(csv::Terminator::CRLF)
        .from_writer(Vec::new());
    table.write_record(header).map_err(not_written)?;
    for row in rows {
        table.serialize(row).map_err(not_written)?;
    }
    table.into_inner().map_err(not_written)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_never_becomes_a_formula() {
        for text in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1"] {
            assert_eq!(Cell::from(text).0, format!("'{text}"));
        }
        for text in ["", "ash", "a=1", "Ho-Oh", "'quoted'"] {
            assert_eq!(Cell::from(text).0, text);
        }
    }

    #[test]
    fn a_table_quotes_what_must_be_quoted() {
        let rows = [("a,b", Some(Cell::from("say \"hi\""))), ("=c", None)];
        let rows = rows.map(|(first, second)| (Cell::from(first), second));
        let table = table(["one", "two"], rows).unwrap();
        assert_eq!(String::from_utf8(table).unwrap(), "one,two\r\n\"a,b\",\"say \"\"hi\"\"\"\r\n'=c,\r\n");
    }
}
