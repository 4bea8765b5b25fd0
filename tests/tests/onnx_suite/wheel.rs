//! The archive that has the cases.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;

use firebrick_tests::announce;
use zip::ZipArchive;

use crate::case::{Case, Inputs};

/// Where the archive has them.
const FOLDER: &str = "onnx/backend/test/data/";

/// The files of the cases, by their paths below the folder.
pub(crate) struct Wheel {
    files: BTreeMap<String, Vec<u8>>,
}

impl Wheel {
    /// Reads the archive that the environment names; without one, says so.
    pub(crate) fn open() -> Option<Self> {
        let Some(path) = std::env::var_os("FIREBRICK_ONNX_WHEEL") else {
            announce("skipped: FIREBRICK_ONNX_WHEEL names no onnx wheel (`pip download onnx==1.22.0 --no-deps`)");
            return None;
        };
        let fail = |error: &dyn std::fmt::Display| -> ! { panic!("{}: {error}", path.display()) };
        let file = File::open(&path).unwrap_or_else(|error| fail(&error));
        let mut archive = ZipArchive::new(file).unwrap_or_else(|error| fail(&error));
        let mut files = BTreeMap::new();
        for index in 0..archive.len() {
            let mut entry = archive.by_index(index).unwrap_or_else(|error| fail(&error));
            let Some(name) = entry.name().strip_prefix(FOLDER).map(str::to_owned) else { continue };
            if entry.is_file() {
                let mut bytes = Vec::new();
                entry.read_to_end(&mut bytes).unwrap_or_else(|error| fail(&error));
                files.insert(name, bytes);
            }
        }
        Some(Wheel { files })
    }

    /// The cases: folders with a model and what it makes of some inputs.
    pub(crate) fn cases(&self) -> Vec<Case> {
        let models = self.files.iter().filter_map(|(path, model)| Some((path.strip_suffix("/model.onnx")?, model)));
        let case = |(folder, model): (&str, &Vec<u8>)| {
            let numbered = |kind: &str| self.numbered(&format!("{folder}/test_data_set_0/{kind}"));
            let (inputs, outputs) = (Inputs::Given(numbered("input")), numbered("output"));
            Case { name: folder.to_owned(), model: model.clone().into(), inputs, outputs }
        };
        models.map(case).collect()
    }

    /// The models whose inputs count up.
    pub(crate) fn light_models(&self) -> Vec<Case> {
        let models = self.files.iter().filter_map(|(path, model)| Some((path.strip_suffix(".onnx")?, model)));
        let models = models.filter(|(name, _)| name.starts_with("light/"));
        let case = |(name, model): (&str, &Vec<u8>)| {
            let outputs = self.numbered(&format!("{name}_output"));
            Case { name: name.to_owned(), model: model.clone().into(), inputs: Inputs::Counting, outputs }
        };
        models.map(case).collect()
    }

    /// `PREFIX_0.pb` and so on.
    fn numbered(&self, prefix: &str) -> Vec<bytes::Bytes> {
        let files = (0..).map_while(|index| self.files.get(&format!("{prefix}_{index}.pb")));
        files.map(|file| file.clone().into()).collect()
    }
}
