//! What the documents name must be there.

use std::collections::BTreeSet;

use tests::{read, root};

#[test]
fn every_decision_is_listed_and_every_one_listed_is_there() {
    let listed = read("docs/adr/README.md");
    let mut files: BTreeSet<String> = std::fs::read_dir(root().join("docs/adr"))
        .expect("a folder")
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .collect();
    files.remove("README.md");
    for file in &files {
        assert!(listed.contains(&format!("]({file})")), "docs/adr/README.md does not list {file}");
    }
    assert_eq!(listed.matches("](").count(), files.len());
}

#[test]
fn every_file_that_a_document_links_to_is_there() {
    for document in ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "docs/adr/README.md"] {
        let text = read(document);
        let folder = std::path::Path::new(document).parent().expect("a folder");
        let links = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
        for link in links.filter(|link| !link.contains("://") && !link.starts_with('#')) {
            let path = link.split('#').next().unwrap_or_default();
            assert!(root().join(folder).join(path).exists(), "{document} links to {link}");
        }
    }
}
