//! What `.ci/packages` has npm install, outside of the tree.

use std::path::PathBuf;

/// Where `node` finds the packages.
pub(crate) fn folder() -> PathBuf {
    let set = |name| std::env::var_os(name).map(PathBuf::from);
    let cache = || set("XDG_CACHE_HOME").or_else(|| Some(set("HOME")?.join(".cache")));
    let folder = set("BULLETIN_NPM").or_else(|| Some(cache()?.join("bulletin-npm"))).unwrap();
    assert!(
        folder.join("installed.json").is_file(),
        "npm's packages are missing: run .ci/packages"
    );
    folder
}
