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
fn every_variable_that_is_read_stands_in_the_table_and_no_other() {
    let asked = RefCell::new(Vec::new());
    let read = |name: &str| {
        asked.borrow_mut().push(name.to_owned());
        // Treats each variable as set, so that none hides behind another.
        name.ends_with("_TABLE").then(|| "table".to_owned())
    };
    Config::read(read).expect("a configuration");
    let own = Need::ALL.into_iter().filter_map(config::variable_of);
    let table: Vec<&str> = door::config::KEYS.into_iter().chain(config::KEYS).chain(own).collect();
    assert_same(&table, asked.take(), &[READ_ELSEWHERE]);
    SyncConfig::read(read).expect("a configuration");
    assert_same(&SYNC_KEYS, asked.take(), &[]);
}

fn assert_same(table: &[&str], mut asked: Vec<String>, besides: &[&str]) {
    asked.extend(besides.iter().map(|name| (*name).to_owned()));
    asked.sort_unstable();
    asked.dedup();
    let mut table: Vec<_> = table.iter().map(|name| (*name).to_owned()).collect();
    table.sort_unstable();
    table.dedup();
    assert_eq!(asked, table);
}
