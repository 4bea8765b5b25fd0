//! The lists: of passes, of levels.

use std::collections::BTreeSet;

use firebrick_passes::{Level, PASSES, Step, find, pipeline};

#[test]
fn names_are_unique_and_in_order() {
    let names: Vec<&str> = PASSES.iter().map(|pass| pass.name()).collect();
    assert!(names.is_sorted(), "{names:?}");
    assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len());
    for name in names {
        assert!(name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-'), "{name}");
        assert!(find(name).is_some_and(|pass| !pass.description().is_empty() && !pass.description().ends_with('.')));
    }
}

#[test]
fn every_pass_runs_at_some_level_and_is_in_the_list() {
    let listed: BTreeSet<&str> = PASSES.iter().map(|pass| pass.name()).collect();
    let steps = Level::ALL.iter().flat_map(|&(level, ..)| pipeline(level));
    let used: BTreeSet<&str> = steps.flat_map(Step::passes).map(|pass| pass.name()).collect();
    assert_eq!(listed, used);
}

#[test]
fn levels_are_read_by_their_names() {
    for &(level, name, _) in Level::ALL {
        assert_eq!(name.parse(), Ok(level));
        assert_eq!(level.to_string(), name);
    }
    assert_eq!("3".parse::<Level>(), Err("expected 0, 1, 2, export".to_owned()));
}
