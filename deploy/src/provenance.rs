//! The provenance of a program: GitHub attests that the workflow of deployments built it from the branch `main`, and of which components.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Stdio,
};

use anyhow::{Context as _, Result, ensure};
use tokio::process::Command;

/// The statements that must exist about a program: where it was built, and its list of components.
const STATEMENTS: [&str; 2] = ["https://slsa.dev/provenance/v1", "https://cyclonedx.org/bom"];

/// Verifies the attestations of `program` by the repository at GitHub that is named `OWNER/NAME`. GitHub's command line does this, with the
/// token in `GH_TOKEN`.
///
/// # Errors
/// If an attestation is missing, or another workflow or branch signed it, or GitHub does not answer.
pub async fn verify(root: &Path, program: &[u8], repository: &str) -> Result<()> {
    let file: PathBuf = root.join("target/provenance/bootstrap");
    fs::create_dir_all(file.parent().context("a folder")?)?;
    fs::write(&file, program)?;
    for statement in STATEMENTS {
        let mut verify = Command::new("gh");
        verify.args(["attestation", "verify"]).arg(&file).args(options(repository, statement));
        let output = verify.stdin(Stdio::null()).output().await;
        let output = output.context("cannot start gh, the command line of GitHub")?;
        ensure!(
            output.status.success(),
            "{repository} does not attest {statement} of the program: {}",
            String::from_utf8_lossy(&output.stderr).trim()
        );
    }
    Ok(())
}

/// Returns the options of `gh attestation verify`: who must have signed, and where.
fn options(repository: &str, statement: &str) -> [String; 5] {
    [
        format!("--repo={repository}"),
        format!("--signer-workflow={repository}/.github/workflows/deploy.yml"),
        "--source-ref=refs/heads/main".to_owned(),
        format!("--predicate-type={statement}"),
        "--deny-self-hosted-runners".to_owned(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_workflow_of_deployments_on_main_may_have_signed() {
        let workflow = Path::new(env!("CARGO_MANIFEST_DIR")).join("../.github/workflows/deploy.yml");
        let workflow = fs::read_to_string(workflow).expect("the workflow that signs");
        assert!(workflow.contains("branches: [main]") && workflow.contains("uses: actions/attest@"));
        let expected = [
            "--repo=owner/name",
            "--signer-workflow=owner/name/.github/workflows/deploy.yml",
            "--source-ref=refs/heads/main",
            "--predicate-type=https://cyclonedx.org/bom",
            "--deny-self-hosted-runners",
        ];
        assert_eq!(options("owner/name", STATEMENTS[1]), expected);
    }
}
