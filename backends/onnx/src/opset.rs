//! Operator sets, and the file formats they came with.

use std::fmt;

use thiserror::Error;

/// A version of ONNX's operator set that can be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Opset(i64);

/// An operator set that can't be written.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("operator set {0} can't be written: choose one from {oldest} to {newest}", oldest = Opset::OLDEST, newest = Opset::NEWEST)]
pub struct UnknownOpset(pub i64);

impl Opset {
    /// The oldest one written: the first without scopes of its own for broadcasting and statistics.
    pub const OLDEST: Opset = Opset(9);
    /// The newest one written.
    pub const NEWEST: Opset = Opset(27);

    /// That version.
    ///
    /// # Errors
    /// If it can't be written.
    pub fn new(version: i64) -> Result<Self, UnknownOpset> {
        let opset = Opset(version);
        if (Self::OLDEST..=Self::NEWEST).contains(&opset) { Ok(opset) } else { Err(UnknownOpset(version)) }
    }

    /// Its number.
    pub fn version(self) -> i64 {
        self.0
    }

    /// The version of the file format that came with it, so that whatever knows the operators can read the file.
    pub fn ir_version(self) -> i64 {
        match self.0 {
            ..=9 => 4,
            10 => 5,
            11 => 6,
            12..=14 => 7,
            15..=18 => 8,
            19..=20 => 9,
            21..=22 => 10,
            23 => 11,
            24 => 12,
            25.. => 13,
        }
    }
}

impl Default for Opset {
    /// 13, of 2020: the first with Softmax along one dimension, and read by everything that is in use.
    fn default() -> Self {
        Opset(13)
    }
}

impl fmt::Display for Opset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl std::str::FromStr for Opset {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let version = text.parse().map_err(|_| "an operator set is a number".to_owned())?;
        Opset::new(version).map_err(|error| error.to_string())
    }
}
