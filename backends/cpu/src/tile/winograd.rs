//! Winograd's algorithm F(4×4, 3×3): the transforms of inputs and outputs, and the products between them.
//!
//! A tile of 4 × 4 outputs reads 6 × 6 inputs d. With weights g transformed beforehand, it is
//! `Aᵀ [(G g Gᵀ) ⊙ (Bᵀ d B)] A`, where ⊙ is a product of matrices over channels for each of the 36 places: 36
//! multiplications a channel instead of 144. Source: Lavin and Gray, Fast Algorithms for Convolutional Neural Networks,
//! 2015. The transforms need 16 registers, and take two rows of a tile at a time.

use super::generate::generate_inside;
use super::{Finish, Pointer, Reg, Tile, VectorAsm};

/// Rows and columns of a tile's outputs.
pub(crate) const OUTPUTS: usize = 4;

/// Rows and columns of a tile's inputs, and of everything between.
pub(crate) const SIDE: usize = 6;

/// The numbers that transforms multiply by: a vector of each lies at the pointer to the weights.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Factor {
    MinusFive,
    MinusFour,
    MinusOne,
    Two,
    Four,
    Eight,
}

/// All factors, in the order in which they lie in memory.
pub(crate) const FACTORS: [f32; 6] = [-5.0, -4.0, -1.0, 2.0, 4.0, 8.0];

/// `Bᵀ d B` of a tile in each of some blocks of channels. All steps are in bytes.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct InputTransform {
    /// Inputs that there are; the others are 0.
    pub(crate) rows: usize,
    pub(crate) columns: usize,
    pub(crate) n_blocks: u32,
    pub(crate) vector_bytes: i32,
    /// In the input: to the pixel below, to the one on the right, and to the next block.
    pub(crate) down: i32,
    pub(crate) right: i32,
    pub(crate) block: i32,
    /// In the result: to the next of the 36 places, and to the next block.
    pub(crate) place: i32,
    pub(crate) to_block: i32,
}

/// Products of a matrix of tiles × channels with one of channels × output channels, for each of the 36 places.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Products {
    /// Those of one place.
    pub(crate) tile: Tile,
    /// From one place to the next in the operand and in the result, in bytes.
    pub(crate) x: i32,
    pub(crate) y: i32,
}

/// `Aᵀ m A` of a tile in each of some vectors of channels, with all that is done to results. All steps are in bytes.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct OutputTransform {
    /// Outputs that there are.
    pub(crate) rows: usize,
    pub(crate) columns: usize,
    pub(crate) n_vectors: u32,
    pub(crate) vector_bytes: i32,
    /// In the products: to the next of the 36 places, and to the next vector.
    pub(crate) place: i32,
    pub(crate) from_vector: i32,
    /// In the output, and in what is added: to the pixel below, to the one on the right, and to the next vector.
    pub(crate) y: [i32; 3],
    pub(crate) residual: [i32; 3],
    /// In this order.
    pub(crate) finish: Vec<Finish>,
}

/// Registers behind the two rows: sums, and a factor or 0.
const SUMS: [Reg; 3] = [Reg(12), Reg(13), Reg(14)];
const EXTRA: Reg = Reg(15);

/// A register of one of the two rows.
fn reg(row: usize, column: usize) -> Reg {
    Reg(small(row * SIDE + column))
}

fn small(n: usize) -> u8 {
    u8::try_from(n).expect("there are 12 registers of two rows")
}

/// So many steps.
fn times(n: usize, step: i32) -> i32 {
    i32::try_from(n).expect("tiles are small") * step
}

impl Factor {
    /// Where it lies from the pointer to the weights on.
    fn at(self, vector_bytes: i32) -> i32 {
        self as i32 * vector_bytes
    }
}

impl InputTransform {
    pub(super) fn generate<A: VectorAsm>(&self, asm: &mut A) {
        repeat(asm, self.n_blocks, &mut |asm| {
            self.middle_rows(asm, 1, Factor::MinusFour);
            self.middle_rows(asm, 3, Factor::MinusOne);
            self.outer_rows(asm);
            asm.advance(Pointer::Input, self.block);
            asm.advance(Pointer::Output, self.to_block);
        });
    }

    /// An input, if there is one.
    fn input(&self, row: usize, column: usize) -> Option<i32> {
        let exists = row < self.rows && column < self.columns;
        exists.then(|| times(row, self.down) + times(column, self.right))
    }

    fn load<A: VectorAsm>(&self, asm: &mut A, to: Reg, row: usize, column: usize) {
        match self.input(row, column) {
            Some(disp) => asm.load(to, Pointer::Input, disp),
            None => asm.zero(to),
        }
    }

    /// `sum += factor * input`
    fn add_product<A: VectorAsm>(&self, asm: &mut A, sum: Reg, factor: Reg, row: usize, column: usize) {
        if let Some(disp) = self.input(row, column) {
            asm.fma_load(sum, factor, Pointer::Input, disp);
        }
    }

    fn factor<A: VectorAsm>(&self, asm: &mut A, to: Reg, factor: Factor) {
        asm.load(to, Pointer::Weights, factor.at(self.vector_bytes));
    }

    /// Rows 1 and 2 are `(d4 - 4 d2) ± (d3 - 4 d1)`, rows 3 and 4 `(d4 - d2) ± 2 (d3 - d1)`.
    fn middle_rows<A: VectorAsm>(&self, asm: &mut A, first: usize, factor: Factor) {
        self.factor(asm, EXTRA, factor);
        let [even, odd, _] = SUMS;
        for column in 0..SIDE {
            self.load(asm, even, 4, column);
            self.add_product(asm, even, EXTRA, 2, column);
            self.load(asm, odd, 3, column);
            self.add_product(asm, odd, EXTRA, 1, column);
            if factor == Factor::MinusOne {
                asm.add(odd, odd, odd);
            }
            asm.add(reg(0, column), even, odd);
            asm.sub(reg(1, column), even, odd);
        }
        self.store_row(asm, 0, first);
        self.store_row(asm, 1, first + 1);
    }

    /// Rows 0 and 5 are `4 d0 - 5 d2 + d4` and `4 d1 - 5 d3 + d5`.
    fn outer_rows<A: VectorAsm>(&self, asm: &mut A) {
        let [four, minus_five, _] = SUMS;
        self.factor(asm, four, Factor::Four);
        self.factor(asm, minus_five, Factor::MinusFive);
        for row in 0..2 {
            for column in 0..SIDE {
                let to = reg(row, column);
                self.load(asm, to, row + 4, column);
                self.add_product(asm, to, four, row, column);
                self.add_product(asm, to, minus_five, row + 2, column);
            }
        }
        self.store_row(asm, 0, 0);
        self.store_row(asm, 1, 5);
    }

    /// The same along a row that is in registers, whose results go to the places of row `to`.
    fn store_row<A: VectorAsm>(&self, asm: &mut A, row: usize, to: usize) {
        let [r0, r1, r2, r3, r4, r5] = std::array::from_fn(|column| reg(row, column));
        let [even, odd, result] = SUMS;
        let at = |factor: Factor| factor.at(self.vector_bytes);
        let store = |asm: &mut A, column: usize, from: Reg| {
            asm.store(Pointer::Output, times(to * SIDE + column, self.place), from);
        };
        let store_both = |asm: &mut A, column: usize| {
            asm.add(result, even, odd);
            store(asm, column, result);
            asm.sub(result, even, odd);
            store(asm, column + 1, result);
        };
        asm.copy(result, r4);
        asm.fma_load(result, r0, Pointer::Weights, at(Factor::Four));
        asm.fma_load(result, r2, Pointer::Weights, at(Factor::MinusFive));
        store(asm, 0, result);
        asm.fma_load(r5, r1, Pointer::Weights, at(Factor::Four));
        asm.fma_load(r5, r3, Pointer::Weights, at(Factor::MinusFive));
        store(asm, 5, r5);
        asm.copy(even, r4);
        asm.fma_load(even, r2, Pointer::Weights, at(Factor::MinusFour));
        asm.copy(odd, r3);
        asm.fma_load(odd, r1, Pointer::Weights, at(Factor::MinusFour));
        store_both(asm, 1);
        asm.sub(even, r4, r2);
        asm.sub(odd, r3, r1);
        asm.add(odd, odd, odd);
        store_both(asm, 3);
    }
}

impl Products {
    pub(super) fn generate<A: VectorAsm>(&self, asm: &mut A) {
        asm.counted(0, (SIDE * SIDE) as u32, &mut |asm| {
            let moved = generate_inside(&self.tile, 1, asm);
            asm.advance(Pointer::Input, self.x - moved);
            asm.advance(Pointer::Output, self.y);
        });
    }
}

impl OutputTransform {
    pub(super) fn generate<A: VectorAsm>(&self, asm: &mut A) {
        repeat(asm, self.n_vectors, &mut |asm| {
            self.even_rows(asm);
            self.odd_rows(asm);
            asm.advance(Pointer::Input, self.from_vector);
            asm.advance(Pointer::Bias, self.vector_bytes);
            asm.advance(Pointer::Output, self.y[2]);
            asm.advance(Pointer::Residual, self.residual[2]);
        });
    }

    fn place(&self, row: usize, column: usize) -> i32 {
        times(row * SIDE + column, self.place)
    }

    fn at(&self, factor: Factor) -> i32 {
        factor.at(self.vector_bytes)
    }

    /// m1, the bias added to that of column 1, from where it comes into every output.
    fn load_first<A: VectorAsm>(&self, asm: &mut A, to: Reg, column: usize) {
        asm.load(to, Pointer::Input, self.place(1, column));
        if column == 1 {
            asm.add_load(to, Pointer::Bias, 0);
        }
    }

    /// Row 0 is `m0 + (m1 + m2) + (m3 + m4)`, row 2 `(m1 + m2) + 4 (m3 + m4)`.
    fn even_rows<A: VectorAsm>(&self, asm: &mut A) {
        for column in 0..SIDE {
            let (sum, row0, row2) = (SUMS[0], reg(0, column), reg(1, column));
            self.load_first(asm, row2, column);
            asm.add_load(row2, Pointer::Input, self.place(2, column));
            asm.load(sum, Pointer::Input, self.place(3, column));
            asm.add_load(sum, Pointer::Input, self.place(4, column));
            asm.load(row0, Pointer::Input, self.place(0, column));
            asm.add(row0, row0, row2);
            asm.add(row0, row0, sum);
            asm.fma_load(row2, sum, Pointer::Weights, self.at(Factor::Four));
        }
        self.store_rows(asm, [0, 2]);
    }

    /// Row 1 is `(m1 - m2) + 2 (m3 - m4)`, row 3 `(m1 - m2) + 8 (m3 - m4) + m5`.
    fn odd_rows<A: VectorAsm>(&self, asm: &mut A) {
        asm.load(EXTRA, Pointer::Weights, self.at(Factor::MinusOne));
        for column in 0..SIDE {
            let (difference, row1, row3) = (SUMS[0], reg(0, column), reg(1, column));
            self.load_first(asm, row3, column);
            asm.fma_load(row3, EXTRA, Pointer::Input, self.place(2, column));
            asm.load(difference, Pointer::Input, self.place(3, column));
            asm.fma_load(difference, EXTRA, Pointer::Input, self.place(4, column));
            asm.copy(row1, row3);
            asm.fma_load(row1, difference, Pointer::Weights, self.at(Factor::Two));
            asm.add_load(row3, Pointer::Input, self.place(5, column));
            asm.fma_load(row3, difference, Pointer::Weights, self.at(Factor::Eight));
        }
        self.store_rows(asm, [1, 3]);
    }

    /// The same along two rows that are in registers.
    fn store_rows<A: VectorAsm>(&self, asm: &mut A, rows: [usize; 2]) {
        if self.finish.contains(&Finish::Relu) {
            asm.zero(EXTRA);
        }
        for (i, &row) in rows.iter().enumerate().filter(|&(_, &row)| row < self.rows) {
            let [r0, r1, r2, r3, r4, r5] = std::array::from_fn(|column| reg(i, column));
            let [first, second, _] = SUMS;
            asm.add(first, r1, r2);
            asm.sub(r1, r1, r2);
            asm.add(second, r3, r4);
            asm.sub(r3, r3, r4);
            asm.add(r0, r0, first);
            asm.add(r0, r0, second);
            asm.fma_load(first, second, Pointer::Weights, self.at(Factor::Four));
            asm.copy(r2, r1);
            asm.fma_load(r2, r3, Pointer::Weights, self.at(Factor::Two));
            asm.add(r5, r5, r1);
            asm.fma_load(r5, r3, Pointer::Weights, self.at(Factor::Eight));
            for (column, result) in [r0, r2, first, r5].into_iter().enumerate().take(self.columns) {
                self.store(asm, result, row, column);
            }
        }
    }

    fn store<A: VectorAsm>(&self, asm: &mut A, result: Reg, row: usize, column: usize) {
        let at = |[down, right, _]: [i32; 3]| times(row, down) + times(column, right);
        for step in &self.finish {
            match step {
                Finish::Add => asm.add_load(result, Pointer::Residual, at(self.residual)),
                Finish::Relu => asm.max(result, EXTRA, result),
            }
        }
        asm.store(Pointer::Output, at(self.y), result);
    }
}

/// Without a loop for one.
fn repeat<A: VectorAsm>(asm: &mut A, n: u32, body: &mut dyn FnMut(&mut A)) {
    if n == 1 { body(asm) } else { asm.counted(0, n, body) }
}
