//! `POST /api/v1/auth/export`

use adapters::{
    export::{Belongings, DISPOSITION, ExportedFavorite, ExportedSession, Exports, NotWritten},
    now,
    store::accounts::{Condition, OpenSession, Refused, StoredFavorite},
};
use bytes::Bytes;
use domain::{
    Timestamp,
    accounts::{User, UserId},
    audit::Action,
    dex::Dex,
};
use http::{HeaderValue, StatusCode, header};
use schemars::JsonSchema;
use serde::Serialize;

use super::{confirmation::confirmed, reauthentication::record_password, refresh::is_alive};
use crate::app::App;
use door::{
    Problem, Request, Response,
    body::{PERSONAL, personal},
};

/// The location of the exported file.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Export")]
pub struct ExportAnswer {
    pub message: &'static str,
    /// A link that gives access to the file for ten minutes, without a token.
    pub url: String,
    pub expires_at: Timestamp,
}

/// Exports all data of the caller to a file. Returns the file, or a link to it if a bucket is configured.
pub(crate) async fn export(app: &App, request: &Request) -> Result<Response, Problem> {
    confirmed(app, request, Action::Export).await?;
    record_password(app, request).await?;
    let user = request.caller()?.user;
    let file = file(app, request).await?;
    let Some(exports) = &app.config.exports else {
        record(app, request, user).await?;
        return Ok(attached(file));
    };
    exports.put(user, file).await?;
    // If the account was frozen or its deletion began meanwhile, that deletion may have looked for exports already.
    if let Err(refused) = record(app, request, user).await {
        if refused.is(&Condition::Active) {
            exports.delete(user).await?;
        }
        return Err(refused.into());
    }
    let answer = ExportAnswer {
        message: "The export is available at this URL for 10 minutes",
        expires_at: Timestamp::from_unix(now().unix() + Exports::GOOD_FOR.as_secs().cast_signed()),
        url: exports.link(user).await?,
    };
    personal(StatusCode::ACCEPTED, &answer)
}

/// Records the event, if the account is still active.
async fn record(app: &App, request: &Request, user: UserId) -> Result<(), Refused> {
    app.kernel.accounts().note_by(&request.meter, user, request.change(Action::Export, None).event()).await
}

async fn file(app: &App, request: &Request) -> Result<Vec<u8>, Problem> {
    let (accounts, meter, user) = (app.kernel.accounts(), &request.meter, request.caller()?.user);
    let (stored, standing) =
        accounts.user_with_standing(meter, user).await?.ok_or_else(Problem::no_account)?;
    let dex = app.catalogue.dex(meter).await?;
    let favorites = accounts.favorites(meter, user).await?;
    let mut sessions = accounts.sessions(meter, user).await?;
    sessions.retain(|open| is_alive(&open.session, standing.epoch));
    let zip = app.kernel.run_blocking(request, move |_| zip(&stored.user, &dex, favorites, sessions)).await?;
    zip.map_err(|error| Problem::internal(error.to_string()))
}

fn zip(
    user: &User,
    dex: &Dex,
    favorites: Vec<StoredFavorite>,
    sessions: Vec<OpenSession>,
) -> Result<Vec<u8>, NotWritten> {
    let names: Vec<_> = favorites.iter().map(|favorite| dex.names_of(favorite.pokemon)).collect();
    let favorites = favorites.into_iter().zip(&names).map(|(favorite, names)| {
        let names = names.as_ref().map(|(name, display_name)| (name.as_str(), display_name.as_str()));
        let (name, display_name) = names.unzip();
        ExportedFavorite { pokemon_id: favorite.pokemon, name, display_name, created_at: favorite.created_at }
    });
    let sessions = sessions.into_iter().map(|OpenSession { family, session }| ExportedSession {
        id: family.to_string(),
        created_at: session.created_at,
        last_used_at: session.rotated_at,
        expires_at: session.expires_at,
    });
    let (favorites, sessions) = (favorites.collect(), sessions.collect());
    Belongings { exported_at: now(), user, favorites, sessions }.zip()
}

fn attached(file: Vec<u8>) -> Response {
    let mut response = Response::new(Bytes::from(file));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/zip"));
    headers.insert(header::CONTENT_DISPOSITION, HeaderValue::from_static(DISPOSITION));
    headers.insert(header::CACHE_CONTROL, PERSONAL);
    response
}
