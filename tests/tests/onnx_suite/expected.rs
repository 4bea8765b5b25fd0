//! The list of cases that fail, and why.

use std::fs;
use std::path::PathBuf;

use firebrick_tests::workspace;

use crate::Outcomes;

/// The list: groups of cases that fail for one reason. In the file a reason is a line after `# `, and the cases of its
/// group follow, sorted.
pub(crate) struct Expected {
    groups: Vec<(String, Vec<String>)>,
}

fn path() -> PathBuf {
    workspace().join("tests/tests/onnx_suite/expected_failures.txt")
}

impl Expected {
    /// Reads the list, and checks its form.
    pub(crate) fn read() -> Self {
        let text = fs::read_to_string(path()).unwrap_or_else(|error| panic!("{}: {error}", path().display()));
        let mut groups: Vec<(String, Vec<String>)> = Vec::new();
        for line in text.lines().filter(|line| !line.is_empty()) {
            match (line.strip_prefix("# "), groups.last_mut()) {
                (Some(reason), _) => groups.push((reason.to_owned(), Vec::new())),
                (None, Some((_, cases))) => cases.push(line.to_owned()),
                (None, None) => panic!("{line}: has no reason"),
            }
        }
        for (reason, cases) in &groups {
            assert!(cases.is_sorted(), "the cases of \"{reason}\" are not sorted");
        }
        let mut all: Vec<&String> = groups.iter().flat_map(|(_, cases)| cases).collect();
        all.sort();
        let twice = all.windows(2).find(|pair| pair[0] == pair[1]);
        assert!(twice.is_none(), "{twice:?} is in the list twice");
        Expected { groups }
    }

    /// Every case that does not do what the list says.
    pub(crate) fn surprises(&self, outcomes: &Outcomes) -> Vec<String> {
        let listed: Vec<&String> = self.groups.iter().flat_map(|(_, cases)| cases).collect();
        let unknown = listed.iter().filter(|name| !outcomes.contains_key(**name));
        let unknown = unknown.map(|name| format!("{name}: is in the list, but no case"));
        let surprise = |(name, outcome): (&String, &Result<(), String>)| match (outcome, listed.contains(&name)) {
            (Ok(()), true) => Some(format!("{name}: passes, but is in the list of failures")),
            (Err(message), false) => Some(format!("{name}: {message}")),
            (Ok(()), false) | (Err(_), true) => None,
        };
        // No list excuses a panic.
        let is_panic = |outcome: &Result<(), String>| outcome.as_ref().is_err_and(|message| message == "PANIC");
        let panics = outcomes.iter().filter(|(_, outcome)| is_panic(outcome)).map(|(name, _)| format!("{name}: PANIC"));
        unknown.chain(outcomes.iter().filter_map(surprise)).chain(panics).collect()
    }

    /// The list without the cases that pass.
    pub(crate) fn without_passes(mut self, outcomes: &Outcomes) -> Self {
        for (_, cases) in &mut self.groups {
            cases.retain(|name| outcomes.get(name).is_some_and(Result::is_err));
        }
        self.groups.retain(|(_, cases)| !cases.is_empty());
        self
    }

    pub(crate) fn write(&self) {
        let group = |(reason, cases): &(String, Vec<String>)| format!("# {reason}\n{}\n", cases.join("\n"));
        let text = self.groups.iter().map(group).collect::<Vec<_>>().join("\n");
        fs::write(path(), text).unwrap_or_else(|error| panic!("{}: {error}", path().display()));
    }
}
