//! The kind of each documented command: exempt, a server, or a command whose output is checked.

use anyhow::bail;

/// The conditions on this machine.
pub struct Conditions {
    pub has_pokeapi: bool,
}

#[derive(Debug, PartialEq, Eq)]
pub enum Step {
    /// Not run, with the reason.
    Exempt(&'static str),
    /// Runs in the background until its section ends or a command needs it stopped.
    Serve(Ready),
    /// Runs to its end with exit status 0; its output, or the file that `-o FILE` names last, contains every text. The servers are stopped
    /// before it if they hold the data.
    Run { needs_servers_stopped: bool, output: &'static [&'static str] },
}

/// The condition under which a server counts as ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ready {
    /// Its output has a line that begins with `ready: `.
    Line,
    /// It accepts connections on this port.
    Port(u16),
}

const POKEAPI: &str = "asks PokeAPI, and POKEAPI_MIRROR names no program that stands in for it";

/// The commands that call PokeAPI, each by a part that no other command contains.
const ASKS_POKEAPI: [&str; 2] = ["cargo run -- --data synced --sync", "# asks PokeAPI"];

/// The required output of each other command. The first entry whose part the command contains applies.
const OUTPUTS: &[(&str, &[&str])] = &[
    ("type=water&type=flying", &["\"types\":[\"water\",\"flying\"]", "\"name\":\"mantyke\""]),
    ("flab%C3%A9b%C3%A9", &["\"name\":\"flabebe\"", "\"total\":1,"]),
    ("deoxys?include=moves,forms", &["\"name\":\"deoxys-normal\"", "\"learnset\":[{", "\"forms\":["]),
    ("eevee/evolutions", &["vaporeon", "sylveon"]),
    ("Mega%20Charizard%20X", &["\"name\":\"charizard-mega-x\""]),
    ("ACCOUNT=$(curl", &[]),
    ("field() {", &[]),
    ("ID=$(field id)", &[]),
    ("echo \"$ACCOUNT\"", &["\"username\":\"ash\"", "\"access_token\":\"ey", "\"refresh_token\":\"rt_"]),
    ("/favorites", &["\"pokemon_id\":25", "\"display_name\":\"Pikachu\""]),
    ("/auth/export", &["PK\u{3}\u{4}", "favorites.csv"]),
    ("admin grant ash", &["ash"]),
    ("curl -X PUT", &["\"display_name\":\"Pika\""]),
    ("curl -X DELETE", &["\"message\":"]),
    ("# asks PokeAPI", &["\"name\":\"pikachu\""]),
    ("/admin/sync", &["\"held\":null", "\"recent\":["]),
    ("export $(grep", &[]),
    ("127.0.0.1:9000/api/v1/pokemon/25", &["\"name\":\"pikachu\""]),
    ("cargo lambda invoke functions", &["statusCode", "pikachu"]),
];

impl Step {
    /// # Errors
    /// For a command that no entry of this file matches: every command is exempt for a reason, a server, or checked.
    pub fn of(command: &str, conditions: &Conditions) -> anyhow::Result<Self> {
        if let Some(reason) = exemption(command, conditions) {
            return Ok(Self::Exempt(reason));
        }
        if command.starts_with("cargo run") && !command.contains(" admin ") {
            return Ok(Self::Serve(Ready::Line));
        }
        if command.starts_with("cargo lambda watch") {
            return Ok(Self::Serve(Ready::Port(9000)));
        }
        let Some((_, output)) = OUTPUTS.iter().find(|(part, _)| command.contains(part)) else {
            bail!("no entry of xtask/src/test/readme/steps.rs says what `{command}` answers")
        };
        Ok(Self::Run { needs_servers_stopped: command.contains(" admin grant "), output })
    }
}

/// The complete list of commands that are not run, with reasons.
fn exemption(command: &str, conditions: &Conditions) -> Option<&'static str> {
    if command.starts_with("cargo xtask ") {
        return Some("it runs this very check, or takes what the last command made");
    }
    if command.starts_with("sam ") {
        return Some("it needs AWS or a container engine");
    }
    if command.starts_with("cargo lambda build ") && command.contains(" --arm64") {
        return Some("the target for arm64 need not be installed");
    }
    if command.contains(" --assets") {
        return Some("it encodes artwork for hours; `local::assets` starts and interrupts it");
    }
    let asks_pokeapi = ASKS_POKEAPI.iter().any(|part| command.contains(part));
    (asks_pokeapi && !conditions.has_pokeapi).then_some(POKEAPI)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OFFLINE: Conditions = Conditions { has_pokeapi: false };
    const WITH_POKEAPI: Conditions = Conditions { has_pokeapi: true };

    /// Returns every command in the current documents.
    fn documented() -> Vec<String> {
        let read = |document| {
            let path = crate::cargo::root().join(document);
            super::super::blocks::read(&std::fs::read_to_string(path).unwrap())
        };
        let blocks = super::super::DOCUMENTS.into_iter().flat_map(read);
        blocks.flat_map(|block| block.commands).collect()
    }

    fn is_exempt(command: &str, conditions: &Conditions) -> bool {
        matches!(Step::of(command, conditions), Ok(Step::Exempt(_)))
    }

    #[test]
    fn every_documented_command_is_known() {
        for command in documented() {
            for conditions in [OFFLINE, WITH_POKEAPI] {
                Step::of(&command, &conditions).unwrap();
            }
        }
        assert!(Step::of("make coffee", &WITH_POKEAPI).is_err());
    }

    #[test]
    fn with_pokeapi_only_xtask_sam_arm64_and_assets_are_exempt() {
        let exempt = documented().into_iter().filter(|command| is_exempt(command, &WITH_POKEAPI));
        for command in exempt {
            let is_listed = ["cargo xtask ", "sam "].iter().any(|start| command.starts_with(start));
            let is_slow = ["--arm64", "--assets"].iter().any(|part| command.contains(part));
            assert!(is_listed || is_slow, "{command}");
        }
    }

    #[test]
    fn cargo_run_curl_and_admin_grant_are_never_exempt() {
        let commands = documented();
        for start in ["cargo run ", "curl ", "cargo run -- admin grant", "cargo lambda invoke"] {
            let found = commands.iter().any(|command| command.starts_with(start));
            assert!(found, "no documented command begins with {start:?}");
        }
        let asking: Vec<_> = commands.iter().filter(|command| is_exempt(command, &OFFLINE)).collect();
        let asking = asking.into_iter().filter(|command| !is_exempt(command, &WITH_POKEAPI));
        assert_eq!(asking.count(), ASKS_POKEAPI.len());
        for command in commands.iter().filter(|command| command.starts_with("cargo run")) {
            assert!(command.contains("--sync") || !is_exempt(command, &OFFLINE), "{command}");
        }
        let is_kept = |command: &&String| command.contains("curl ") || command.contains(" admin grant ");
        for command in commands.iter().filter(is_kept) {
            assert!(!is_exempt(command, &WITH_POKEAPI), "{command}");
        }
    }

    #[test]
    fn commands_are_in_sh_blocks_only() {
        for document in super::super::DOCUMENTS {
            let text = std::fs::read_to_string(crate::cargo::root().join(document)).unwrap();
            let fences = text.lines().filter_map(|line| line.trim_start().strip_prefix("```"));
            for language in fences.filter(|language| !language.is_empty()) {
                let is_shell = ["bash", "shell", "console", "zsh"].contains(&language);
                assert!(!is_shell, "{document} has a block of {language}");
            }
        }
    }

    #[test]
    fn every_expected_output_belongs_to_a_documented_command() {
        let commands = documented();
        for (part, _) in OUTPUTS {
            assert!(commands.iter().any(|command| command.contains(part)), "{part}");
        }
    }
}
