//! Checks that packages do not have forbidden dependencies, according to `cargo tree`.

use std::process::Stdio;

use anyhow::{Context, bail};

use crate::cargo::{cargo, status};

use crate::finding::{Finding, Outcome};

/// TLS stacks that a function must not link: ring is the one in use, and each other one costs size and start-up time.
const NOT_IN_FUNCTIONS: [&str; 2] = ["aws-lc-rs", "openssl-sys"];

/// Dependencies that the domain must not have: no AWS, no HTTP and no runtime. A name includes its family, such as
/// `aws-config` for `aws`.
const NOT_IN_DOMAIN: [&str; 6] = ["aws", "axum", "tokio", "reqwest", "hyper", "http"];

pub fn check() -> anyhow::Result<Finding> {
    let mut found = Vec::new();
    let functions = tree(&["-p", "functions"])?;
    for name in NOT_IN_FUNCTIONS {
        if let Some(line) = functions.lines().find(|line| package(line) == name) {
            println!("functions depends on {line}, through:");
            status(&mut cargo(["tree", "--locked", "-p", "functions", "-e", "normal", "-i", name]))?;
            found.push(format!("functions depends on {name}"));
        }
    }
    let domain = tree(&["-p", "domain", "--depth", "1"])?;
    for line in
        domain.lines().filter(|line| NOT_IN_DOMAIN.iter().any(|name| is_of_family(package(line), name)))
    {
        println!("domain depends on {line}");
        found.push(format!("domain depends on {}", package(line)));
    }
    let outcome = if found.is_empty() { Outcome::Passed } else { Outcome::Failed(found.join(", ")) };
    Ok(outcome.into())
}

/// Returns the normal dependencies, one per line: `name v1.2.3 …`. It lists all of them instead of using `-i name`:
/// with a package name, cargo fails in one way if the lock file lacks the package, in another way if it holds two
/// versions, and passes if only other packages use it.
fn tree(arguments: &[&str]) -> anyhow::Result<String> {
    let output = cargo(["tree", "--locked", "-e", "normal", "--prefix", "none"])
        .args(arguments)
        .stderr(Stdio::inherit())
        .output()
        .context("cannot start cargo")?;
    if !output.status.success() {
        bail!("cargo tree {} ended with {}", arguments.join(" "), output.status);
    }
    Ok(String::from_utf8(output.stdout)?)
}

fn package(line: &str) -> &str {
    line.split_whitespace().next().unwrap_or_default()
}

fn is_of_family(package: &str, family: &str) -> bool {
    package.strip_prefix(family).is_some_and(|rest| rest.is_empty() || rest.starts_with(['-', '_']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_the_tree_names_its_package() {
        assert_eq!(package("domain v0.1.0 (/somewhere/shared/domain)"), "domain");
        assert_eq!(package("serde v1.0.228 (*)"), "serde");
        assert_eq!(package(""), "");
    }

    #[test]
    fn a_family_is_its_name_and_all_that_extend_it() {
        for package in ["aws", "aws-sdk-dynamodb", "aws_lambda_events"] {
            assert!(is_of_family(package, "aws"), "{package}");
        }
        for package in ["awsome", "raws", "tokio-stream"] {
            assert!(!is_of_family(package, "aws"), "{package}");
        }
    }
}
