//! The `sh` blocks of a Markdown document.

/// One fenced block: the heading above it and its commands.
#[derive(Debug, PartialEq, Eq)]
pub struct Block {
    pub section: String,
    pub commands: Vec<String>,
}

/// Reads every `sh` block, the only language for commands. A line that ends in a backslash continues on the next one; empty lines and
/// comment lines are left out.
pub fn read(document: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut section = String::new();
    let mut lines = document.lines();
    while let Some(line) = lines.next() {
        if line.starts_with('#') {
            line.clone_into(&mut section);
        } else if let Some(language) = line.strip_prefix("```") {
            let body: Vec<&str> = lines.by_ref().take_while(|line| !line.starts_with("```")).collect();
            if language == "sh" {
                blocks.push(Block { section: section.clone(), commands: commands(&body) });
            }
        }
    }
    blocks
}

fn commands(body: &[&str]) -> Vec<String> {
    let joined = body.join("\n").replace("\\\n", " ");
    let lines = joined.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sh_blocks_are_read_with_their_section_and_other_blocks_are_skipped() {
        let document = "# One\n```sh\na  # why\n\n# only a comment\nb \\\n  c\n```\n```json\n# x\n```\n## Two\n```sh\nd\n```\n";
        let block = |section: &str, commands: &[&str]| Block {
            section: section.to_owned(),
            commands: commands.iter().map(|command| (*command).to_owned()).collect(),
        };
        assert_eq!(read(document), [block("# One", &["a  # why", "b    c"]), block("## Two", &["d"])]);
    }
}
