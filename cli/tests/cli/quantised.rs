//! Quantised and compressed networks, as they are read and as they are run.

use crate::check::{Scratch, check, check_in};

#[test]
fn ristretto() {
    const NET: [&str; 2] = ["tests/fixtures/caffe/ristretto.prototxt", "--random-weights=1"];
    check("ristretto_imported", &["inspect", NET[0], NET[1], "--format", "ir"]);
    check("ristretto_folded", &["optimize", NET[0], NET[1], "-O2"]);
}

/// Deep Compression's file of `compressed.prototxt`: an entry for each weight of its layer, none of which is 0.
fn compressed() -> Vec<u8> {
    let codebook = (0..256).map(|entry| entry as f32 / 16.0 - 1.0);
    let bias = [0.5f32, -0.5, 0.25, 0.0];
    let mut bytes = 12u32.to_le_bytes().to_vec();
    bytes.extend(codebook.chain(bias).flat_map(f32::to_le_bytes));
    bytes.extend(1..=12u8);
    bytes.extend([0; 6]);
    bytes
}

#[test]
fn deep_compression() {
    const NET: &str = "cli/tests/fixtures/compressed.prototxt";
    let (folder, bytes) = (Scratch::new(), compressed());
    folder.write("weights.net", &bytes);
    // Known by what is in it.
    folder.write("weights", &bytes);
    folder.write("short.net", &bytes[..bytes.len() - 1]);
    folder.write("short", &bytes[..bytes.len() - 1]);
    check_in(&folder, "compressed_imported", &["inspect", NET, "{tmp}/weights", "--format", "ir"]);
    check_in(&folder, "compressed_folded", &["optimize", "{tmp}/weights.net", NET, "-O2"]);
    check_in(&folder, "compressed_short", &["inspect", NET, "{tmp}/short.net"]);
    check_in(&folder, "compressed_short_unnamed", &["inspect", NET, "{tmp}/short"]);
    check_in(&folder, "compressed_alone", &["inspect", "{tmp}/weights.net"]);
}
