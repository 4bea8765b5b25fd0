//! How a value lies in memory.

use std::fmt;

use firebrick_ir::DType;

/// A piece of memory of a plan: one of the arena's buffers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct BufferId(pub(crate) usize);

/// What is stored around each plane: rows above and below, pixels to the left and right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Halo {
    pub(crate) top: usize,
    pub(crate) left: usize,
    pub(crate) bottom: usize,
    pub(crate) right: usize,
    /// What each of its bytes is: 0, or the integer that stands for 0.
    pub(crate) fill: u8,
}

impl Halo {
    /// Wide enough for both, and filled as one of them.
    pub(crate) fn max(self, other: Halo) -> Halo {
        Halo {
            top: self.top.max(other.top),
            left: self.left.max(other.left),
            bottom: self.bottom.max(other.bottom),
            right: self.right.max(other.right),
            fill: if self.is_none() { other.fill } else { self.fill },
        }
    }

    /// Whether there is none.
    pub(crate) fn is_none(self) -> bool {
        (self.top, self.left, self.bottom, self.right) == (0, 0, 0, 0)
    }
}

/// The sizes of a batch of images.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Size {
    pub(crate) n: usize,
    pub(crate) c: usize,
    pub(crate) h: usize,
    pub(crate) w: usize,
}

impl Size {
    /// Of dimensions NCHW. Without a height, it is 1; of other ranks all is one row.
    pub(crate) fn of(dims: &[usize]) -> Size {
        match *dims {
            [n, c, h, w] => Size { n, c, h, w },
            [n, c, w] => Size { n, c, h: 1, w },
            _ => Size { n: 1, c: 1, h: 1, w: dims.iter().product() },
        }
    }
}

/// Images in memory, NCHWc: `[n][c / block][rows][pixels][block]`, where channels that fill up the last block have
/// no meaning. A block of 1 is plain NCHW. Strides are in elements.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Image {
    pub(crate) dtype: DType,
    pub(crate) size: Size,
    pub(crate) block: usize,
    pub(crate) halo: Halo,
    /// From one row to the next.
    pub(crate) row: usize,
    /// From one block of channels to the next.
    pub(crate) plane: usize,
    /// From one image to the next.
    pub(crate) image: usize,
}

impl Image {
    /// Elements that images may have with their halos: more can't be had, and fewer can be counted without overflow.
    const MAX_ELEMENTS: usize = 1 << 40;

    /// Images with a halo; `None` if they are too large.
    pub(crate) fn new(dtype: DType, size: Size, block: usize, halo: Halo) -> Option<Image> {
        let row = size.w.checked_add(halo.left)?.checked_add(halo.right)?.checked_mul(block)?;
        let plane = row.checked_mul(size.h.checked_add(halo.top)?.checked_add(halo.bottom)?)?;
        let image = plane.checked_mul(size.c.div_ceil(block))?;
        image.checked_mul(size.n).filter(|&n| n <= Self::MAX_ELEMENTS)?;
        Some(Image { dtype, size, block, halo, row, plane, image })
    }

    /// Row-major images without a halo, of a value whose size was checked.
    pub(crate) fn plain(dtype: DType, size: Size) -> Image {
        let Size { c, h, w, .. } = size;
        Image { dtype, size, block: 1, halo: Halo::default(), row: w, plane: h * w, image: c * h * w }
    }

    /// Bytes of so many elements.
    pub(crate) fn bytes(&self, n_elements: usize) -> usize {
        n_elements * self.dtype.size()
    }

    /// Bytes of all images with their halos.
    pub(crate) fn n_bytes(&self) -> usize {
        self.bytes(self.image * self.size.n)
    }

    /// Blocks of channels.
    pub(crate) fn n_blocks(&self) -> usize {
        self.size.c.div_ceil(self.block)
    }

    /// From the beginning of a plane to its first pixel.
    pub(crate) fn origin(&self) -> usize {
        self.halo.top * self.row + self.halo.left * self.block
    }

    /// Whether it is row-major, so that its elements are those of a tensor.
    pub(crate) fn is_plain(&self) -> bool {
        let Size { n, c, h, w } = self.size;
        let one_pixel = h == 1 && w == 1 && (n == 1 || c.is_multiple_of(self.block));
        self.halo.is_none() && (self.block == 1 || one_pixel) && (n == 1 || self.image == c * h * w)
    }
}

/// A value, or a part of its channels, in a buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct View {
    pub(crate) buffer: BufferId,
    /// Elements from the buffer's beginning to the first plane with its halo.
    pub(crate) start: usize,
    pub(crate) image: Image,
}

impl View {
    /// Bytes from the buffer's beginning to the first pixel.
    pub(crate) fn first_byte(&self) -> usize {
        self.image.bytes(self.start + self.image.origin())
    }
}

impl fmt::Display for View {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Image { dtype, size: Size { n, c, h, w }, block, halo, .. } = self.image;
        write!(f, "b{}", self.buffer.0)?;
        if self.start > 0 {
            write!(f, "+{}", self.start)?;
        }
        if dtype != DType::F32 {
            write!(f, ":{dtype}")?;
        }
        write!(f, "[{n}, {c}, {h}, {w}]")?;
        if block > 1 {
            write!(f, "c{block}")?;
        }
        if !halo.is_none() {
            write!(f, " halo {} {} {} {}", halo.top, halo.left, halo.bottom, halo.right)?;
        }
        Ok(())
    }
}
