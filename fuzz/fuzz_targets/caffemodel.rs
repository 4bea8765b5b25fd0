//! Any bytes as a caffemodel that is definition and weights in one.
#![no_main]

use firebrick_caffe::{Definition, Options, import};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(definition) = Definition::read_binary("fuzz.caffemodel", bytes.to_vec().into()) else { return };
    match import(&definition, None, &Options::default()) {
        Ok(imported) => assert!(firebrick_ir::verify(&imported.graph).is_ok()),
        Err(report) => {
            let _ = report.render(false);
        }
    }
});
