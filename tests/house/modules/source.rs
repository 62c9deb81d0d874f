//! The modules of a crate and the paths between them, as far as its source text determines them: a path is followed through imports and
//! re-exports to the module that defines the name. Method calls have no path, so they are not seen.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use proc_macro2::{TokenStream, TokenTree};
use syn::{
    Attribute, Item, ItemMod, ItemUse, Macro, UseTree,
    visit::{self, Visit},
};

use super::graph::Edges;

/// A module: the names that it imports, and every path in its code.
#[derive(Default)]
struct Module {
    children: BTreeSet<String>,
    /// The path of each imported name.
    imports: BTreeMap<String, Vec<String>>,
    /// The paths whose names are all imported.
    globs: Vec<Vec<String>>,
    paths: BTreeSet<Vec<String>>,
    defined: BTreeSet<String>,
}

/// The modules of a crate, by path: `["store", "read"]`. The root is empty.
#[derive(Default)]
pub(super) struct Crate(BTreeMap<Vec<String>, Module>);

impl Crate {
    /// Reads the crate with this root file, without its tests.
    pub(super) fn read(root: &Path) -> Self {
        let mut all = Self::default();
        let folder = root.parent().expect("a folder").to_owned();
        all.read_file(Vec::new(), root, &folder);
        all
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    fn read_file(&mut self, name: Vec<String>, file: &Path, folder: &Path) {
        let text = fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let parsed = syn::parse_file(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        self.read_items(name, &parsed.items, folder);
    }

    /// `folder` holds the files of the child modules.
    fn read_items(&mut self, name: Vec<String>, items: &[Item], folder: &Path) {
        let mut module = Module::default();
        for item in items {
            match item {
                Item::Mod(child) if is_for_tests(&child.attrs) => {}
                Item::Mod(child) => {
                    module.children.insert(child.ident.to_string());
                    self.read_child(&name, child, folder);
                }
                item => module.visit_item(item),
            }
        }
        self.0.insert(name, module);
    }

    fn read_child(&mut self, parent: &[String], child: &ItemMod, folder: &Path) {
        let ident = child.ident.to_string();
        let name = [parent, std::slice::from_ref(&ident)].concat();
        let subfolder = folder.join(&ident);
        match &child.content {
            Some((_, items)) => self.read_items(name, items, &subfolder),
            None => {
                let files: [PathBuf; 2] = [folder.join(format!("{ident}.rs")), subfolder.join("mod.rs")];
                let file = files.iter().find(|file| file.exists());
                self.read_file(name, file.unwrap_or_else(|| panic!("no file of {subfolder:?}")), &subfolder);
            }
        }
    }

    /// Returns every use of one module by another.
    pub(super) fn edges(&self) -> Edges {
        let mut edges = Edges::new();
        for (from, module) in &self.0 {
            for path in &module.paths {
                let to = self.resolve(from, path, 0);
                if let Some(to) = to.filter(|to| to != from) {
                    edges.entry((spelled(from), spelled(&to))).or_insert_with(|| path.join("::"));
                }
            }
        }
        edges
    }

    /// Returns the module that defines what `path` names in the module `from`, or that it names; `None` for another crate's.
    fn resolve(&self, from: &[String], path: &[String], depth: usize) -> Option<Vec<String>> {
        // Imports that import each other end here.
        if depth > 20 {
            return None;
        }
        let (first, rest) = path.split_first()?;
        match first.as_str() {
            "crate" => self.walk(Vec::new(), rest, depth),
            "self" => self.walk(from.to_vec(), rest, depth),
            "super" => self.walk(from[..from.len().checked_sub(1)?].to_vec(), rest, depth),
            name => {
                let module = self.0.get(from)?;
                let is_known = module.children.contains(name) || module.imports.contains_key(name);
                is_known.then(|| self.walk(from.to_vec(), path, depth))?
            }
        }
    }

    /// Follows the rest of a path from a module.
    fn walk(&self, mut at: Vec<String>, path: &[String], depth: usize) -> Option<Vec<String>> {
        for (place, name) in path.iter().enumerate() {
            let module = self.0.get(&at)?;
            if name == "super" {
                at.pop();
            } else if module.children.contains(name) {
                at.push(name.clone());
            } else if module.defined.contains(name) {
                return Some(at);
            } else if let Some(import) = module.imports.get(name) {
                let import: Vec<_> = import.iter().chain(&path[place + 1..]).cloned().collect();
                return self.resolve(&at, &import, depth + 1);
            } else {
                let through = |glob: &Vec<String>| {
                    let path: Vec<_> = glob.iter().chain(&path[place..]).cloned().collect();
                    self.resolve(&at, &path, depth + 1)
                };
                return module.globs.iter().find_map(through).or(Some(at));
            }
        }
        Some(at)
    }
}

impl Module {
    fn import(&mut self, tree: &UseTree, path: &[String]) {
        let with = |name: &syn::Ident| [path, &[name.to_string()]].concat();
        match tree {
            UseTree::Path(part) => self.import(&part.tree, &with(&part.ident)),
            UseTree::Name(name) if name.ident == "self" => self.add(path.last().cloned(), path.to_vec()),
            UseTree::Name(name) => self.add(Some(name.ident.to_string()), with(&name.ident)),
            UseTree::Rename(name) => self.add(Some(name.rename.to_string()), with(&name.ident)),
            UseTree::Group(group) => group.items.iter().for_each(|tree| self.import(tree, path)),
            UseTree::Glob(_) => {
                self.paths.insert(path.to_vec());
                self.globs.push(path.to_vec());
            }
        }
    }

    fn add(&mut self, name: Option<String>, path: Vec<String>) {
        self.paths.insert(path.clone());
        // `use crate::a;` imports a name; `use a;` would import the name itself.
        if let Some(name) = name.filter(|_| path.len() > 1) {
            self.imports.insert(name, path);
        }
    }

    /// Adds the paths in the tokens of a macro call, which are not parsed.
    fn add_tokens(&mut self, tokens: TokenStream) {
        let mut path: Vec<String> = Vec::new();
        let mut colons = 0;
        for token in tokens {
            match token {
                TokenTree::Ident(name) => {
                    if colons != 2 {
                        self.end_path(&mut path);
                    }
                    path.push(name.to_string());
                    colons = 0;
                }
                TokenTree::Punct(mark) if mark.as_char() == ':' => colons += 1,
                TokenTree::Group(group) => {
                    self.end_path(&mut path);
                    self.add_tokens(group.stream());
                }
                _ => self.end_path(&mut path),
            }
        }
        self.end_path(&mut path);
    }

    fn end_path(&mut self, path: &mut Vec<String>) {
        if path.len() > 1 {
            self.paths.insert(std::mem::take(path));
        }
        path.clear();
    }
}

impl<'ast> Visit<'ast> for Module {
    fn visit_item(&mut self, item: &'ast Item) {
        if is_for_tests(attributes(item)) {
            return;
        }
        if let Some(name) = name_of(item) {
            self.defined.insert(name);
        }
        visit::visit_item(self, item);
    }

    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        self.import(&item.tree, &[]);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        self.paths.insert(path.segments.iter().map(|part| part.ident.to_string()).collect());
        visit::visit_path(self, path);
    }

    /// `pub(super)` is not a use.
    fn visit_visibility(&mut self, _: &'ast syn::Visibility) {}

    fn visit_macro(&mut self, call: &'ast Macro) {
        self.add_tokens(call.tokens.clone());
    }
}

fn name_of(item: &Item) -> Option<String> {
    let name = match item {
        Item::Const(item) => &item.ident,
        Item::Enum(item) => &item.ident,
        Item::Fn(item) => &item.sig.ident,
        Item::Static(item) => &item.ident,
        Item::Struct(item) => &item.ident,
        Item::Trait(item) => &item.ident,
        Item::Type(item) => &item.ident,
        _ => return None,
    };
    Some(name.to_string())
}

fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        Item::Const(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        _ => &[],
    }
}

/// Whether an item exists only in tests.
fn is_for_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg")
            && attribute.parse_args::<syn::Path>().is_ok_and(|path| path.is_ident("test"))
    })
}

fn spelled(module: &[String]) -> String {
    if module.is_empty() { "the root".to_owned() } else { module.join("::") }
}
