//! The names of the public ops, read from their sources, so that there is no second list to keep.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

pub(crate) fn public_ops() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    collect(&Path::new(env!("CARGO_MANIFEST_DIR")).join("crates/tensor/src/ops"), &mut names);
    names
}

fn collect(folder: &Path, names: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).expect("the sources are in the tree") {
        let path = entry.expect("a readable folder").path();
        if path.is_dir() {
            collect(&path, names);
        } else {
            let source = fs::read_to_string(&path).expect("a readable source");
            names.extend(source.lines().filter_map(name).map(String::from));
        }
    }
}

/// `pub fn name(`, or `name = Type, |` inside of a list of functions.
fn name(line: &str) -> Option<&str> {
    let line = line.trim();
    if let Some(rest) = line.strip_prefix("pub fn ") {
        return rest.split(['(', '<']).next().filter(|name| !name.starts_with('$'));
    }
    let (name, rest) = line.split_once(" = ")?;
    let word = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || c == '_');
    let (op, function) = rest.split_once(", ")?;
    (word(name) && word(op) && op.starts_with(char::is_uppercase) && function.starts_with('|'))
        .then_some(name)
}
