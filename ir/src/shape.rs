//! Dimensions, shapes and types of values.

use std::fmt;
use std::sync::Arc;

use crate::DType;

/// One dimension: a number, or a symbol that is fixed later (a batch, say).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Dim {
    /// That many elements.
    Fixed(u64),
    /// A size not known yet. Equal symbols are equal sizes.
    Sym(Arc<str>),
}

impl Dim {
    /// A symbolic dimension.
    pub fn sym(name: &str) -> Self {
        Dim::Sym(name.into())
    }

    /// The number, if it is fixed.
    pub fn fixed(&self) -> Option<u64> {
        match self {
            Dim::Fixed(n) => Some(*n),
            Dim::Sym(_) => None,
        }
    }
}

impl From<u64> for Dim {
    fn from(n: u64) -> Self {
        Dim::Fixed(n)
    }
}

impl fmt::Display for Dim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Dim::Fixed(n) => write!(f, "{n}"),
            Dim::Sym(name) => f.write_str(name),
        }
    }
}

/// The dimensions of a value, outermost first. A scalar has none.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Shape(pub Vec<Dim>);

impl Shape {
    /// A shape of fixed dimensions.
    pub fn fixed(dims: &[u64]) -> Self {
        Shape(dims.iter().map(|&n| Dim::Fixed(n)).collect())
    }

    /// The number of dimensions.
    pub fn rank(&self) -> usize {
        self.0.len()
    }

    /// All dimensions as numbers, if all are fixed.
    pub fn as_fixed(&self) -> Option<Vec<u64>> {
        self.0.iter().map(Dim::fixed).collect()
    }

    /// The number of elements; `None` if a dimension is symbolic or the product overflows.
    pub fn n_elements(&self) -> Option<u64> {
        self.0.iter().try_fold(1u64, |n, dim| n.checked_mul(dim.fixed()?))
    }

    /// Whether some dimension is symbolic.
    pub fn is_symbolic(&self) -> bool {
        self.0.iter().any(|dim| dim.fixed().is_none())
    }
}

impl From<Vec<Dim>> for Shape {
    fn from(dims: Vec<Dim>) -> Self {
        Shape(dims)
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[")?;
        for (i, dim) in self.0.iter().enumerate() {
            if i > 0 {
                f.write_str(", ")?;
            }
            write!(f, "{dim}")?;
        }
        f.write_str("]")
    }
}

/// The type of a value: elements and shape.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Type {
    /// The type of its elements.
    pub dtype: DType,
    /// Its dimensions.
    pub shape: Shape,
}

impl Type {
    /// A type.
    pub fn new(dtype: DType, shape: impl Into<Shape>) -> Self {
        Type { dtype, shape: shape.into() }
    }

    /// An f32 type of fixed dimensions.
    pub fn f32(dims: &[u64]) -> Self {
        Type::new(DType::F32, Shape::fixed(dims))
    }

    /// The bytes a value of this type takes; `None` if a dimension is symbolic or the product overflows.
    pub fn n_bytes(&self) -> Option<u64> {
        self.shape.n_elements()?.checked_mul(self.dtype.size() as u64)
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.dtype, self.shape)
    }
}
