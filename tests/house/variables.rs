//! The tables of variables contain every variable that the configuration reads.

use std::cell::RefCell;

use api::{
    Config,
    config::{self, SYNC_KEYS, SyncConfig},
};
use door::route::Need;

/// Variables that the log's filter reads before there is a configuration.
const READ_ELSEWHERE: &str = "LOG_LEVEL";

#[test]
fn the_table_contains_exactly_the_variables_that_are_read() {
    let variables = RefCell::new(Vec::new());
    let read = |name: &str| {
        variables.borrow_mut().push(name.to_owned());
        // Treats each variable as set, so that none hides behind another.
        name.ends_with("_TABLE").then(|| "table".to_owned())
    };
    Config::read(read).expect("a configuration");
    let of_needs = Need::ALL.into_iter().filter_map(config::variable_of);
    let table: Vec<&str> = door::config::KEYS.into_iter().chain(config::KEYS).chain(of_needs).collect();
    assert_same(&table, variables.take(), &[READ_ELSEWHERE]);
    SyncConfig::read(read).expect("a configuration");
    assert_same(&SYNC_KEYS, variables.take(), &[]);
}

fn assert_same(table: &[&str], mut variables: Vec<String>, besides: &[&str]) {
    variables.extend(besides.iter().map(|name| (*name).to_owned()));
    variables.sort_unstable();
    variables.dedup();
    let mut table: Vec<_> = table.iter().map(|name| (*name).to_owned()).collect();
    table.sort_unstable();
    table.dedup();
    assert_eq!(variables, table);
}
