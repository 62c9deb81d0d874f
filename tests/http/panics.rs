//! A handler that panics: the door catches the panic.

use adapters::aws;
use api::{App, Config, Route, routes::LIST_POKEMON};
use door::{Problem, Request, Response};
use local::tables::CATALOG;
use serde_json::json;
use tests::{SeededEngine, event, invoke_event, problem};

type Answered<'a> = std::pin::Pin<Box<dyn Future<Output = Result<Response, Problem>> + Send + 'a>>;

fn panics_at_once<'a>(_: &'a App, _: &'a Request) -> Answered<'a> {
    panic!("the vault's code is 4711")
}

fn panics_later<'a>(app: &'a App, request: &'a Request) -> Answered<'a> {
    Box::pin(async {
        app.catalogue.dex(&request.meter).await?;
        panic!("the vault's code is 4711")
    })
}

#[tokio::test]
async fn a_handler_that_panics_is_a_500_without_details() {
    let app = App::new(Config::new(CATALOG), || aws::at(&SeededEngine::get().url));
    for handler in [panics_at_once, panics_later] {
        let route = Route { handler, ..LIST_POKEMON };
        let mut event = event(&route);
        event["headers"]["x-request-id"] = json!("find-me-in-the-log");
        let answer = invoke_event(&app, &route, &event).await;
        assert_eq!(answer.status, 500);
        let problem = problem(&answer, "a panic");
        assert_eq!(
            (&problem["code"], &problem["request_id"]),
            (&json!("internal"), &json!("find-me-in-the-log"))
        );
        let text = problem.to_string();
        for secret in ["4711", "panic", "vault", ".rs"] {
            assert!(!text.contains(secret), "{secret} in {text}");
        }
        assert_eq!(invoke_event(&app, &LIST_POKEMON, &event).await.status, 200, "and the next is answered");
    }
}
