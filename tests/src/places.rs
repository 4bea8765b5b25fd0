//! Where the project and the published models are.

use std::io::Write;
use std::path::{Path, PathBuf};

/// The project's folder.
pub fn workspace() -> &'static Path {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.parent().unwrap_or(package)
}

/// A folder or file of the published models and other engines' results: below `FIREBRICK_SHARED`, or below `shared`
/// beside the project. Without it the test is to end; that it does, and why, is printed.
pub fn shared(part: &str) -> Option<PathBuf> {
    let beside = || workspace().join("../shared");
    let path = std::env::var_os("FIREBRICK_SHARED").map_or_else(beside, PathBuf::from).join(part);
    if path.exists() {
        return Some(path);
    }
    announce(&format!(
        "skipped: there is no {} (FIREBRICK_SHARED names the folder of published models)",
        path.display()
    ));
    None
}

/// Prints a line that is seen even if the test passes: the test harness keeps what `println!` writes.
pub fn announce(message: &str) {
    let name = std::thread::current().name().unwrap_or_default().to_owned();
    let written = writeln!(std::io::stderr(), "{name}: {message}");
    written.unwrap_or_else(|error| panic!("stderr: {error}"));
}
