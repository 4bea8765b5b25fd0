//! Runs the command and keeps what it prints.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

/// The project's folder, in which commands run.
pub(crate) fn workspace() -> &'static Path {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.parent().unwrap_or(package)
}

/// The command, whatever the terminal and the user's settings are.
pub(crate) fn firebrick(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_firebrick"));
    command.current_dir(folder);
    for variable in ["CLICOLOR", "CLICOLOR_FORCE", "COLUMNS", "NO_COLOR", "RUST_BACKTRACE", "RUST_LOG"] {
        command.env_remove(variable);
    }
    command
}

/// What a command printed, and how it ended.
pub(crate) struct Ran {
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) code: Option<i32>,
}

/// Runs `firebrick` in the project's folder.
pub(crate) fn run<S: AsRef<OsStr>>(args: &[S]) -> Ran {
    let output = firebrick(workspace()).args(args).output().unwrap_or_else(|error| panic!("firebrick: {error}"));
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap_or_else(|error| panic!("output is UTF-8: {error}"));
    Ran { stdout: text(output.stdout), stderr: text(output.stderr), code: output.status.code() }
}

/// Runs `firebrick`; command line, output and exit code are the snapshot `name`.
#[track_caller]
pub(crate) fn check(name: &str, args: &[&str]) {
    let ran = run(args);
    keep(name, args, &ran.stdout, &ran.stderr, ran.code);
}

/// As [`check`], in which `{tmp}` stands for a temporary folder that is returned.
#[track_caller]
pub(crate) fn check_in(folder: &Scratch, name: &str, args: &[&str]) {
    let ran = run(&args.iter().map(|arg| folder.fill(arg)).collect::<Vec<_>>());
    keep(name, args, &folder.blank(&ran.stdout), &folder.blank(&ran.stderr), ran.code);
}

#[track_caller]
fn keep(name: &str, args: &[&str], stdout: &str, stderr: &str, code: Option<i32>) {
    let line = shlex::try_join(args.iter().copied()).unwrap_or_else(|error| panic!("{error}"));
    let code = code.map_or("a signal".to_owned(), |code| code.to_string());
    let section =
        |title: &str, text: &str| if text.is_empty() { String::new() } else { format!("--- {title}\n{text}") };
    let (stdout, stderr) = (section("stdout", stdout), section("stderr", &without_times(stderr)));
    let command = format!("firebrick {line}");
    let text = format!("$ {}\n{stdout}{stderr}--- exit code {code}\n", command.trim_end());
    insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!(name, text);
    });
}

/// The text without what differs from run to run and from machine to machine: in lines that say times, the numbers and
/// the instruction set.
pub(crate) fn without_times(text: &str) -> String {
    text.split_inclusive('\n')
        .map(|line| if line.contains(" ms") { without_time(line) } else { line.to_owned() })
        .collect()
}

fn without_time(line: &str) -> String {
    let mut words: Vec<String> = line.split(' ').map(str::to_owned).collect();
    for i in 0..words.len() {
        let unit = words.get(i + 1).map(|unit| unit.trim_end_matches(['\n', ',']));
        let is_time = unit.is_some_and(|unit| unit == "ms" || unit == "images/s");
        if is_time && words[i].parse::<f64>().is_ok() {
            words[i] = "#".to_owned();
        }
        let word = words[i].trim_end_matches(['\n', ',']).to_owned();
        if firebrick::Isa::from_name(&word).is_some() {
            words[i] = words[i].replace(&word, "#");
        }
    }
    words.join(" ")
}

#[test]
fn times_are_taken_out() {
    let text = "opened in 1.20 ms, compiled in 10.03 ms for avx512, run in 3.00 ms\n2 items for avx2\n";
    let without = "opened in # ms, compiled in # ms for #, run in # ms\n2 items for avx2\n";
    assert_eq!(without_times(text), without);
}

/// A temporary folder.
pub(crate) struct Scratch(TempDir);

impl Scratch {
    pub(crate) fn new() -> Self {
        Scratch(tempfile::tempdir().unwrap_or_else(|error| panic!("a temporary folder: {error}")))
    }

    pub(crate) fn path(&self, part: &str) -> PathBuf {
        self.0.path().join(part)
    }

    /// Writes a file into the folder.
    pub(crate) fn write(&self, name: &str, bytes: &[u8]) {
        std::fs::write(self.path(name), bytes).unwrap_or_else(|error| panic!("{name}: {error}"));
    }

    /// All files below the folder, with `/` between a path's parts.
    pub(crate) fn files(&self) -> Vec<String> {
        let mut files = Vec::new();
        let mut folders = vec![self.0.path().to_owned()];
        while let Some(folder) = folders.pop() {
            let entries = std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
            for path in entries.flatten().map(|entry| entry.path()) {
                if path.is_dir() {
                    folders.push(path);
                } else {
                    let part = path.strip_prefix(self.0.path()).unwrap_or(&path);
                    files.push(part.to_string_lossy().replace('\\', "/"));
                }
            }
        }
        files.sort();
        files
    }

    fn fill(&self, text: &str) -> String {
        text.replace("{tmp}", &self.0.path().display().to_string())
    }

    fn blank(&self, text: &str) -> String {
        text.replace(&self.0.path().display().to_string(), "{tmp}")
    }
}
