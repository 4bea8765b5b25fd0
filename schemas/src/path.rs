//! Where a field is inside a message.

use std::borrow::Cow;
use std::fmt;

/// The way from a message to one of the fields inside it, such as `layer[3].convolution_param.kernel_size`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct FieldPath {
    /// From the outermost message inwards; empty for the message itself.
    pub steps: Vec<Step>,
}

/// One step of a [`FieldPath`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Step {
    /// The field's name.
    pub name: Cow<'static, str>,
    /// Which occurrence of a repeated field, from 0.
    pub index: Option<usize>,
}

impl FieldPath {
    /// The message itself.
    pub fn root() -> Self {
        Self::default()
    }

    /// The path to a field of what this path names.
    #[must_use]
    pub fn field(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.steps.push(Step { name: name.into(), index: None });
        self
    }

    /// The path to the n-th occurrence, from 0, of a repeated field of what this path names.
    #[must_use]
    pub fn nth(mut self, name: impl Into<Cow<'static, str>>, index: usize) -> Self {
        self.steps.push(Step { name: name.into(), index: Some(index) });
        self
    }
}

impl fmt::Display for FieldPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, step) in self.steps.iter().enumerate() {
            if position > 0 {
                f.write_str(".")?;
            }
            f.write_str(&step.name)?;
            if let Some(index) = step.index {
                write!(f, "[{index}]")?;
            }
        }
        Ok(())
    }
}
