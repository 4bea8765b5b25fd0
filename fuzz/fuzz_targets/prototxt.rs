//! Any bytes as a prototxt: an error or a graph that the verifier accepts and that prints.
#![no_main]

use firebrick_caffe::{Definition, Options, import};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(definition) = Definition::read_text("fuzz.prototxt", bytes) else { return };
    match import(&definition, None, &Options::default()) {
        Ok(imported) => {
            assert!(firebrick_ir::verify(&imported.graph).is_ok());
            let _ = imported.graph.to_string();
        }
        Err(report) => {
            let _ = report.render(false);
        }
    }
});
