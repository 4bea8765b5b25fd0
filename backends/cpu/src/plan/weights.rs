//! The numbers that a program's code reads beside its values: weights as tiles read them, tables. A plan says how many
//! there are and where; what they are is worked out when it is compiled, straight to where it belongs.

use std::fmt;

use crate::memory::{LINE, Memory};

/// Words of 32 bits of a line of the cache.
const WORDS: usize = LINE / size_of::<u32>();

/// What is to be done to fill a program's memory for weights: all of it, in any order, by any thread.
pub(crate) type Filling<'m> = Vec<Box<dyn FnOnce() + Send + 'm>>;

/// Writes a piece's words. It finds zeros.
type Fill = Box<dyn FnOnce(&mut [u32]) + Send + Sync>;

/// Pieces in the order in which they are read, each from a line of the cache on.
#[derive(Default)]
pub(crate) struct Weights {
    n_words: usize,
    pieces: Vec<Piece>,
}

struct Piece {
    start: usize,
    n_words: usize,
    fill: Fill,
}

impl Weights {
    /// Adds a piece of so many words. Returns the first one's index.
    pub(crate) fn add(&mut self, n_words: usize, fill: impl FnOnce(&mut [u32]) + Send + Sync + 'static) -> usize {
        let start = self.n_words;
        self.pieces.push(Piece { start, n_words, fill: Box::new(fill) });
        self.n_words = start.saturating_add(n_words).checked_next_multiple_of(WORDS).unwrap_or(usize::MAX);
        start
    }

    /// Adds a piece of these words. Returns the first one's index.
    pub(crate) fn add_words(&mut self, words: Vec<u32>) -> usize {
        self.add(words.len(), move |piece| piece.copy_from_slice(&words))
    }

    /// Bytes of all pieces.
    pub(crate) fn n_bytes(&self) -> usize {
        self.n_words.saturating_mul(size_of::<u32>())
    }

    /// What gives memory of [`n_bytes`](Weights::n_bytes) zeros the words. Nothing else then holds what they are made of.
    pub(crate) fn filling<'m>(&mut self, memory: &'m mut Memory) -> Filling<'m> {
        let mut rest: &mut [u32] = bytemuck::cast_slice_mut(memory.bytes_mut());
        let mut at = 0;
        let mut filling: Filling<'m> = Vec::with_capacity(self.pieces.len());
        for Piece { start, n_words, fill } in self.pieces.drain(..) {
            let (piece, behind) = std::mem::take(&mut rest)[start - at..].split_at_mut(n_words);
            (rest, at) = (behind, start + n_words);
            filling.push(Box::new(move || fill(piece)));
        }
        filling
    }
}

impl fmt::Debug for Weights {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Weights").field("n_words", &self.n_words).finish_non_exhaustive()
    }
}
