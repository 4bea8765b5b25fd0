//! The layer types that are written.

/// Which versions of Caffe have a layer type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Version {
    /// Every Caffe since 1.0.
    V1,
    /// Caffe's own repository, later than the release of 1.0.
    Later,
    /// The fork of SSD, the Single Shot MultiBox Detector.
    Ssd,
    /// Several forks, each with the same layer.
    Forks,
}

impl Version {
    /// Which Caffe it is, in words.
    pub fn name(self) -> &'static str {
        match self {
            Version::V1 => "Caffe 1.0",
            Version::Later => "a Caffe later than 1.0",
            Version::Ssd => "the Caffe of SSD",
            Version::Forks => "a fork of Caffe",
        }
    }
}

/// Whether a layer may write its top over its bottom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Each element, or each channel, by itself.
    InPlace,
    /// It needs both.
    Apart,
}

/// The one list of layer types that are written: name, which Caffe has it, and whether it works in place.
macro_rules! kinds {
    ($($kind:ident in $version:ident, $place:ident;)*) => {
        /// A layer type.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        #[expect(missing_docs, reason = "they are Caffe's names")]
        pub enum Kind { $($kind,)* }

        impl Kind {
            /// Its name in a prototxt.
            pub fn name(self) -> &'static str {
                match self { $(Kind::$kind => stringify!($kind),)* }
            }

            /// Which Caffe has it.
            pub fn version(self) -> Version {
                match self { $(Kind::$kind => Version::$version,)* }
            }

            pub(crate) fn is_in_place(self) -> bool {
                match self { $(Kind::$kind => Place::$place == Place::InPlace,)* }
            }
        }
    };
}

kinds! {
    AbsVal in V1, Apart;
    ArgMax in V1, Apart;
    BatchNorm in V1, InPlace;
    BatchReindex in V1, Apart;
    Bias in V1, InPlace;
    BNLL in V1, InPlace;
    Clip in Later, InPlace;
    Concat in V1, Apart;
    Convolution in V1, Apart;
    Deconvolution in V1, Apart;
    DetectionOutput in Ssd, Apart;
    DummyData in V1, Apart;
    Eltwise in V1, Apart;
    ELU in V1, InPlace;
    Embed in V1, Apart;
    Exp in V1, InPlace;
    Flatten in V1, Apart;
    InnerProduct in V1, Apart;
    Input in V1, Apart;
    Interp in Forks, Apart;
    Log in V1, InPlace;
    LRN in V1, Apart;
    LSTM in V1, Apart;
    MVN in V1, Apart;
    Normalize in Ssd, Apart;
    Parameter in V1, Apart;
    Permute in Ssd, Apart;
    Pooling in V1, Apart;
    Power in V1, InPlace;
    PReLU in V1, InPlace;
    Reduction in V1, Apart;
    ReLU in V1, InPlace;
    Reshape in V1, Apart;
    RNN in V1, Apart;
    Scale in V1, InPlace;
    Sigmoid in V1, InPlace;
    Silence in V1, Apart;
    Slice in V1, Apart;
    Softmax in V1, Apart;
    Split in V1, Apart;
    TanH in V1, InPlace;
    Threshold in V1, InPlace;
    Tile in V1, Apart;
    Upsample in Forks, Apart;
}
