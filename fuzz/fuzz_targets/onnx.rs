//! Any bytes as an ONNX model: an error, a graph that the verifier accepts and that prints, or what has to be known first.
#![no_main]

use firebrick_onnx::{Definition, Import, NoExternalData, Options, import};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(definition) = Definition::read("fuzz.onnx", bytes.to_vec().into()) else { return };
    match import(&definition, &Options::default(), &NoExternalData) {
        Ok(Import::Graph(imported)) => {
            assert!(firebrick_ir::verify(&imported.graph).is_ok());
            let _ = imported.graph.to_string();
        }
        Ok(Import::Deferred(_)) => {}
        Err(report) => {
            let _ = report.render(false);
        }
    }
});
