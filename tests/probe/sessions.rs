//! Sign-ins and sessions over several runs.

use api::jobs::journeys::Memory;
use domain::audit::{Action, Outcome};
use http::Method;
use serde_json::{Value, json};
use tests::Broken;

use super::support::{Stage, count};

const LOGIN: &str = "POST /api/v1/auth/login";
const LOGOUT: &str = "POST /api/v1/auth/logout";
const REFRESH: &str = "POST /api/v1/auth/refresh";

/// The users of a stage before its first run.
const USERS: u32 = 3;

/// Asserts that no refresh token was used twice.
async fn assert_no_replay(stage: &Stage) {
    let trail = stage.trail().await;
    assert!(trail.iter().all(|(_, outcome)| *outcome != Outcome::Replayed), "{trail:?}");
}

fn part(report: &Value) -> &str {
    report["user"]["played"]["part"].as_str().unwrap_or("none")
}

#[tokio::test]
async fn an_environment_refreshes_its_session_between_two_sign_ins() {
    let (stage, memory) = (Stage::new().await, Memory::default());
    stage.passes(&memory).await;
    let _ = stage.front.take();
    for _ in 0..3 {
        assert_eq!(part(&stage.passes(&memory).await), "refreshed");
    }
    let requests = stage.front.take();
    assert_eq!((count(&requests, LOGIN), count(&requests, REFRESH)), (0, 3), "{requests:?}");
    stage.pass_a_quarter().await;
    assert_eq!(part(&stage.passes(&memory).await), "signed-in");
    // The former session is ended first.
    let requests = stage.front.take();
    let place = |request: &str| requests.iter().position(|one| one == request).expect("a request");
    assert!(place(LOGOUT) < place(LOGIN) && place(LOGIN) < place(REFRESH), "{requests:?}");
    assert_no_replay(&stage).await;
}

#[tokio::test]
async fn cold_environments_sign_in_once_within_a_quarter_of_an_hour() {
    let stage = Stage::new().await;
    assert_eq!(part(&stage.passes(&Memory::default()).await), "signed-in");
    for _ in 0..2 {
        for _ in 0..3 {
            let report = stage.passes(&Memory::default()).await;
            assert_eq!((part(&report), &report["user"]["steps"]), ("waits", &json!(0)));
            assert!(report["user"]["played"]["waits_until"].is_string(), "{report}");
        }
        assert_eq!(count(&stage.front.take(), LOGIN), 1);
        stage.pass_a_quarter().await;
        assert_eq!(part(&stage.passes(&Memory::default()).await), "signed-in");
    }
}

#[tokio::test]
async fn two_first_runs_at_once_register_one_account_and_both_pass() {
    let stage = Stage::new().await;
    let (one, two) = (Memory::default(), Memory::default());
    let (one, two) = tokio::join!(stage.passes(&one), stage.passes(&two));
    let mut parts = [part(&one), part(&two)];
    parts.sort_unstable();
    // The second run finds the turn taken or, if it comes later, the sign-in of the first.
    assert!([["busy", "signed-in"], ["signed-in", "waits"]].contains(&parts), "{parts:?}");
    assert_eq!(stage.user_count().await, USERS + 1);
    assert_eq!(count(&stage.front.take(), LOGIN), 1);
}

/// The requests of a reader precede those of the user.
const READS: usize = 7;

#[tokio::test]
async fn a_run_that_dies_at_any_request_is_continued_by_a_later_one() {
    let stage = Stage::new().await;
    stage.passes(&Memory::default()).await;
    // Sign-in, refresh, profile, add, remove, sessions: each takes effect, and its response never arrives.
    for requests in READS..READS + 6 {
        stage.pass_a_quarter().await;
        stage.front.stop_after(requests);
        let memory = Memory::default();
        tokio::select! {
            report = stage.run(&memory) => panic!("it did not die: {report}"),
            () = stage.front.stuck() => {}
        }
        stage.front.repair();
        // Until a sign-in is due, an environment without a session plays the journey of a reader alone.
        let waiting = stage.passes(&Memory::default()).await;
        assert!(["busy", "waits"].contains(&part(&waiting)), "{requests}: {waiting}");
        stage.pass_a_quarter().await;
        assert_eq!(part(&stage.passes(&Memory::default()).await), "signed-in", "{requests}");
        assert_eq!(stage.favorites().await, 0, "{requests}");
    }
    assert_eq!(stage.user_count().await, USERS + 1);
    assert_no_replay(&stage).await;
}

#[tokio::test]
async fn a_first_run_that_dies_is_continued_with_the_same_account() {
    let stage = Stage::new().await;
    // The account is registered, and the response never arrives.
    stage.front.stop_after(READS);
    let memory = Memory::default();
    tokio::select! {
        report = stage.run(&memory) => panic!("it did not die: {report}"),
        () = stage.front.stuck() => {}
    }
    stage.front.repair();
    let credentials = stage.credentials().await;
    stage.pass_a_quarter().await;
    let report = stage.passes(&Memory::default()).await;
    assert_eq!(report["user"]["played"], json!({"part": "signed-in"}));
    assert_eq!((stage.credentials().await, stage.user_count().await), (credentials, USERS + 1));
}

#[tokio::test]
async fn a_refresh_whose_answer_is_lost_is_repeated_at_once() {
    let (stage, memory) = (Stage::new().await, Memory::default());
    stage.passes(&memory).await;
    for broken in [Broken::Lost, Broken::Status(502)] {
        stage.front.break_some(Method::POST, "/api/v1/auth/refresh", broken, 1);
        assert_eq!(part(&stage.passes(&memory).await), "refreshed");
    }
    assert!(stage.trail().await.contains(&(Action::Refresh, Outcome::Repeated)));
    assert_no_replay(&stage).await;
}

/// The token may have been used: it is not sent by a later run.
#[tokio::test]
async fn a_refresh_without_any_answer_fails_one_run_and_replays_nothing() {
    let (stage, memory) = (Stage::new().await, Memory::default());
    stage.passes(&memory).await;
    let _ = stage.front.take();
    stage.front.break_some(Method::POST, "/api/v1/auth/refresh", Broken::Lost, 3);
    let failed = stage.fails(&memory).await;
    assert_eq!((&failed["step"], &failed["status"]), (&json!("refresh"), &json!(null)), "{failed}");
    assert_eq!(count(&stage.front.take(), REFRESH), 3);
    assert_eq!(part(&stage.passes(&memory).await), "signed-in");
    assert_no_replay(&stage).await;
}

/// One bad minute must not wake anybody, and a fault that lasts must: three failed runs of five are an alarm.
#[tokio::test]
async fn a_fault_that_lasts_fails_every_run_and_the_next_run_after_it_passes() {
    for (step, path) in [("sign-in", "/api/v1/auth/login"), ("refresh", "/api/v1/auth/refresh")] {
        let (stage, memory) = (Stage::new().await, Memory::default());
        stage.passes(&memory).await;
        stage.pass_a_quarter().await;
        stage.front.break_route(Method::POST, path, Broken::Status(503));
        for run in 0..4 {
            assert_eq!(stage.fails(&memory).await["step"], step, "{run}");
        }
        stage.front.repair();
        assert_eq!(part(&stage.passes(&memory).await), "signed-in", "{step}");
        assert_no_replay(&stage).await;
    }
}

#[tokio::test]
async fn a_session_that_a_dead_run_has_left_is_ended_after_the_next_sign_in() {
    let stage = Stage::new().await;
    stage.passes(&Memory::default()).await;
    assert_eq!(stage.sessions().await, 2, "of the registration, and of the sign-in");
    for _ in 0..3 {
        stage.age_sessions(20 * 60).await;
        stage.pass_a_quarter().await;
        stage.passes(&Memory::default()).await;
        assert_eq!(stage.sessions().await, 2, "one more, and one less");
    }
    assert!(stage.trail().await.contains(&(Action::EndSession, Outcome::Done)));
}
