//! Hundreds of simultaneous sign-ins: memory stays bounded, and every request gets a response.

use std::{net::Ipv4Addr, path::Path, time::Duration};

use adapters::{
    now, passwords,
    store::{
        Meter, Tables,
        accounts::{AccountStore, NewAccount},
    },
    tokens::FamilyId,
    workers::QUEUE,
};
use domain::accounts::{Email, Password, Session, User, UserId, Username};
use futures_util::future::join_all;
use local::{engine::Engine, tables::CATALOG};
use reqwest::{Client, Response};
use serde_json::json;
use tests::{PASSWORD, some_event};
use tokio::time::sleep;

use super::{catalogue::filled, process::Process};

const ACCOUNTS: u8 = 250;
/// Sign-ins to each server.
const TIMES: u8 = 2;
const MB: u64 = 1000 * 1000 / 1024;

/// Adds accounts, all with the same password.
async fn populate(folder: &Path) {
    let engine = Engine::open(&folder.join("dynamodb.sqlite")).expect("the folder's database");
    let accounts = AccountStore::new(engine.client(), Tables::beside(CATALOG));
    let hash = passwords::hash(&Password::typed(PASSWORD)).expect("a hash");
    for nth in 0..ACCOUNTS {
        for half in 0..TIMES {
            let (id, now) = (UserId::new(1_700_000_000_000, [0, 0, 0, 0, 0, 0, 0, 0, nth, half]), now());
            let name = name(nth, half);
            let user = User {
                id,
                username: Username::parse(&name).expect("a name"),
                email: Email::parse(&format!("{name}@example.com")).expect("an address"),
                is_admin: false,
                created_at: now,
                updated_at: now,
            };
            let (family, session) = (FamilyId::random(), Session::begin(now, 0));
            let new = NewAccount { user: &user, hash: &hash, family, session: &session };
            accounts.register(&Meter::default(), &new, &some_event(id).into()).await.expect("an account");
        }
    }
    engine.stop();
}

fn name(nth: u8, half: u8) -> String {
    format!("trainer_{nth}_{half}")
}

/// A client for `address` with the time-out of the HTTP API.
fn client(address: Ipv4Addr) -> Client {
    adapters::tls::install_ring();
    let client = Client::builder().no_proxy().timeout(Duration::from_secs(30));
    client.local_address(std::net::IpAddr::from(address)).build().expect("a client")
}

async fn sign_in(client: &Client, base: &str, name: &str) -> Response {
    let body = json!({"username": name, "password": PASSWORD}).to_string();
    let request = client.post(format!("{base}/api/v1/auth/login")).header("content-type", "application/json");
    request.body(body).send().await.expect("an answer within the deadline")
}

#[tokio::test]
async fn five_hundred_simultaneous_sign_ins_are_answered_in_bounded_memory() {
    let folder = filled().await;
    populate(folder.path()).await;
    let mut process = Process::on(folder.path(), &["--rate-limits", "off"]);
    let base = process.ready().await;
    let (one, other) = (client(Ipv4Addr::LOCALHOST), client(Ipv4Addr::new(127, 0, 0, 2)));
    let names: Vec<String> =
        (0..ACCOUNTS).flat_map(|nth| (0..TIMES).map(move |half| name(nth, half))).collect();
    let burst = join_all(names.iter().map(|name| sign_in(&one, &base, name)));
    let neighbour = async {
        let mut statuses = Vec::new();
        for name in names.iter().take(5) {
            statuses.push(sign_in(&other, &base, name).await.status().as_u16());
        }
        statuses
    };
    let (answers, neighbour) = futures_util::future::join(burst, neighbour).await;
    let most = process.memory("VmHWM");
    assert!(most < 250 * MB, "{most} kB at most");
    assert_eq!(neighbour, [200; 5], "one address keeps no other out");
    let signed_in = answers.iter().filter(|answer| answer.status() == 200).count();
    assert!(signed_in >= QUEUE, "{signed_in} of {}", answers.len());
    for answer in answers.iter().filter(|answer| answer.status() != 200) {
        assert_eq!(answer.status(), 503);
        assert_eq!(answer.headers()["retry-after"], "2");
    }
    for _ in 0..100 {
        if process.memory("VmRSS") < 150 * MB {
            break;
        }
        sleep(Duration::from_millis(100)).await;
    }
    let idle = process.memory("VmRSS");
    assert!(idle < 150 * MB, "{idle} kB when idle");
    process.interrupt().await;
}
