//! README.md and docs/: every command that is shown there prints what is shown.
//!
//! A fenced block with the info string `console` has lines `$ COMMAND`, each followed by what the command prints. A
//! line `...` stands for any number of lines. How long something took, and for which instruction set, may differ. Commands are `firebrick ARGS`, or the same by `cargo run`; those that
//! build, install or fetch something are not run. A block `console models` is run in a copy of the folder of published
//! models, in which it may write.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use pulldown_cmark::{CodeBlockKind, Event, Parser, Tag, TagEnd};

use crate::check::{Scratch, firebrick, without_times, workspace};

/// How a command to be run begins.
const RUN: &[&[&str]] = &[&["firebrick"], &["cargo", "run", "--release", "-q", "--bin", "firebrick", "--"]];
/// How a command that is not to be run begins.
const NOT_RUN: &[&[&str]] = &[&["cargo", "build"], &["cargo", "install"], &["cargo", "test"], &["git"], &["cd"]];

#[test]
fn commands_print_what_is_shown() {
    let mut n_run = 0;
    let mut failures = Vec::new();
    let mut copy = None;
    for page in pages() {
        let text = std::fs::read_to_string(&page).unwrap_or_else(|error| panic!("{}: {error}", page.display()));
        let name = page.strip_prefix(workspace()).unwrap_or(&page).display().to_string();
        for block in blocks(&text) {
            let Some(folder) = folder(&block.info, &name, &mut copy) else { continue };
            for step in steps(&block.text) {
                match step.check(&folder) {
                    Ok(ran) => n_run += usize::from(ran),
                    Err(message) => failures.push(format!("{name}: $ {}\n{message}", step.command)),
                }
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert!(n_run > 0, "README.md shows how to run something");
}

/// README.md and everything in docs/.
fn pages() -> Vec<PathBuf> {
    let docs = std::fs::read_dir(workspace().join("docs")).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut pages: Vec<PathBuf> = docs.filter(|path| path.extension().is_some_and(|e| e == "md")).collect();
    pages.push(workspace().join("README.md"));
    pages.sort();
    pages
}

/// A fenced block.
struct Block {
    info: String,
    text: String,
}

/// The blocks whose info strings begin with `console`.
fn blocks(page: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut open: Option<Block> = None;
    for event in Parser::new(page) {
        if let Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(info))) = event {
            open = Some(Block { info: info.to_string(), text: String::new() });
        } else if let (Event::Text(text), Some(block)) = (&event, &mut open) {
            block.text.push_str(text);
        } else if event == Event::End(TagEnd::CodeBlock) {
            blocks.extend(open.take());
        }
    }
    blocks.retain(|block| block.info.split_whitespace().next() == Some("console"));
    blocks
}

/// Where a block's commands run; `None` if that place isn't there.
fn folder(info: &str, page: &str, copy: &mut Option<Scratch>) -> Option<PathBuf> {
    match info.split_whitespace().nth(1) {
        None => Some(workspace().to_owned()),
        Some("models") => {
            let shared =
                std::env::var_os("FIREBRICK_SHARED").map_or_else(|| workspace().join("../shared"), PathBuf::from);
            let models = shared.join("models");
            if !models.is_dir() {
                // Not by `eprintln!`, which the test harness keeps to itself if the test passes.
                let message = format!("skipped: a block of {page}, as there is no {}", models.display());
                writeln!(std::io::stderr(), "{message}").unwrap_or_else(|error| panic!("{message}: {error}"));
                return None;
            }
            Some(copy.get_or_insert_with(|| linked(&shared)).path("models"))
        }
        Some(other) => panic!("{page}: `console {other}` has no meaning"),
    }
}

/// A folder like that of published models and what is beside it: links to all of it, and room for more.
#[cfg(unix)]
fn linked(shared: &Path) -> Scratch {
    let scratch = Scratch::new();
    let models = scratch.path("models");
    std::fs::create_dir(&models).unwrap_or_else(|error| panic!("{}: {error}", models.display()));
    let shared = shared.canonicalize().unwrap_or_else(|error| panic!("{}: {error}", shared.display()));
    for (from, to) in [(shared.join("models"), models), (shared, scratch.path(""))] {
        for entry in std::fs::read_dir(&from).into_iter().flatten().flatten() {
            let link = to.join(entry.file_name());
            if !link.exists() {
                let linked = std::os::unix::fs::symlink(entry.path(), &link);
                linked.unwrap_or_else(|error| panic!("{}: {error}", link.display()));
            }
        }
    }
    scratch
}

/// Without links, the folder itself.
#[cfg(not(unix))]
fn linked(_: &Path) -> Scratch {
    panic!("blocks of published models are checked on Unix")
}

/// A command and what it should print.
struct Step {
    command: String,
    expected: Vec<String>,
}

/// The steps of a block. A command that ends in `\` goes on in the next line.
fn steps(block: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let mut lines = block.lines();
    while let Some(line) = lines.next() {
        if let Some(command) = line.strip_prefix("$ ") {
            let mut command = command.to_owned();
            while let Some(start) = command.strip_suffix('\\') {
                command = format!("{start}{}", lines.next().unwrap_or_default().trim_start());
            }
            steps.push(Step { command, expected: Vec::new() });
        } else if let Some(step) = steps.last_mut() {
            step.expected.push(line.to_owned());
        } else {
            panic!("a console block begins with a command, not with `{line}`");
        }
    }
    steps
}

impl Step {
    /// Runs the command and compares. Whether it was one to run.
    fn check(&self, folder: &Path) -> Result<bool, String> {
        let words = shlex::split(&self.command).ok_or("the quotes don't match")?;
        let begins = |with: &&&[&str]| words.len() >= with.len() && words.iter().zip(**with).all(|(a, b)| a == b);
        if NOT_RUN.iter().any(|with| begins(&with)) {
            return Ok(false);
        }
        let Some(start) = RUN.iter().find(begins) else {
            return Err("this test can't run that command".to_owned());
        };
        let printed = run(folder, &words[start.len()..]).map_err(|error| error.to_string())?;
        let (printed, expected) = (without_times(&printed), without_times(&self.expected.join("\n")));
        let printed: Vec<&str> = printed.lines().collect();
        let expected: Vec<&str> = expected.lines().collect();
        // A block's last line and a blank line between two steps are not part of what is printed.
        let trim = |lines: &[&str]| lines.len() - lines.iter().rev().take_while(|line| line.trim().is_empty()).count();
        let (printed, expected) = (&printed[..trim(&printed)], &expected[..trim(&expected)]);
        if matches(printed, expected) {
            return Ok(true);
        }
        Err(format!("shown:\n{}\nprinted:\n{}\n", expected.join("\n"), printed.join("\n")))
    }
}

/// What a command prints to stdout and stderr, as in a terminal.
fn run(folder: &Path, args: &[String]) -> std::io::Result<String> {
    let (mut reader, writer) = std::io::pipe()?;
    let mut command = firebrick(folder);
    command.args(args).stdin(std::process::Stdio::null()).stdout(writer.try_clone()?).stderr(writer);
    let mut child = command.spawn()?;
    // The command holds the other ends of the pipe, which would else stay open.
    drop(command);
    let mut printed = String::new();
    reader.read_to_string(&mut printed)?;
    child.wait()?;
    Ok(printed)
}

/// Whether the lines are those expected, of which `...` stands for any number.
fn matches(lines: &[&str], expected: &[&str]) -> bool {
    match expected {
        [] => lines.is_empty(),
        ["...", rest @ ..] => (0..=lines.len()).any(|n| matches(&lines[n..], rest)),
        [first, rest @ ..] => lines.first() == Some(first) && matches(&lines[1..], rest),
    }
}

#[test]
fn dots_stand_for_any_number_of_lines() {
    assert!(matches(&["a", "b", "c"], &["a", "...", "c"]));
    assert!(matches(&["a", "c"], &["a", "...", "c"]));
    assert!(matches(&["a"], &["...", "a", "..."]));
    assert!(!matches(&["a", "b"], &["a", "...", "c"]));
    assert!(!matches(&["a", "b"], &["a"]));
    assert!(!matches(&[], &["a"]));
}

#[test]
fn blocks_and_steps() {
    let page = "```console\n$ firebrick a \\\n    b\nprinted\n\n$ firebrick c\n```\n\n```sh\n$ no\n```\n";
    let blocks = blocks(page);
    assert_eq!(blocks.len(), 1);
    let steps = steps(&blocks[0].text);
    let commands: Vec<&str> = steps.iter().map(|step| step.command.as_str()).collect();
    assert_eq!(commands, ["firebrick a b", "firebrick c"]);
    assert_eq!(steps[0].expected, ["printed", ""]);
}
