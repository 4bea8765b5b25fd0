//! A model as Caffe's files.

use bytes::Bytes;
use firebrick_caffe_writer::{Options, Refusal, Version, Written, write};
use firebrick_diagnostics::{Diagnostic, Report};
use firebrick_ir::verify;

use crate::{Error, Model};

/// A model as Caffe's two files.
#[derive(Debug, Clone)]
pub struct CaffeFiles {
    /// The definition.
    pub prototxt: String,
    /// The weights.
    pub caffemodel: Bytes,
    /// What has to be known of them: layers that Caffe 1.0 does not have.
    pub notes: Vec<Diagnostic>,
}

impl Model {
    /// The model as a prototxt and a caffemodel. Blobs keep their names.
    ///
    /// # Errors
    /// If it was opened without weights, or has something in it that Caffe has no layers for: all of it is listed.
    pub fn to_caffe(&self) -> Result<CaffeFiles, Error> {
        self.check_weights()?;
        let verified = verify(self.graph()?).map_err(Error::Verify)?;
        let comment = format!("Written by Firebrick {}.", env!("CARGO_PKG_VERSION"));
        let inputs = self.inputs().into_iter();
        let preprocessing = inputs.filter_map(|input| Some((input.name, input.preprocess?))).collect();
        let written = write(verified, &Options { comment, preprocessing });
        let Written { prototxt, caffemodel, beyond_v1 } = written.map_err(|refusals| report(&refusals))?;
        let note = |(kind, version): (firebrick_caffe_writer::Kind, Version)| {
            Diagnostic::note(format!("{} is a layer of {}", kind.name(), version.name()))
        };
        Ok(CaffeFiles { prototxt, caffemodel, notes: beyond_v1.into_iter().map(note).collect() })
    }
}

fn report(refusals: &[Refusal]) -> Report {
    let diagnostics = refusals.iter().map(|refusal| Diagnostic::error(format!("Caffe cannot have {refusal}")));
    Report::new(diagnostics.collect())
}
