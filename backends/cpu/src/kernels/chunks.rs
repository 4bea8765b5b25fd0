//! How work on the rows of planes divides into tasks.

use cranelift_codegen::ir::Value;
use cranelift_module::Module;

use crate::emit::{Code, as_imm};
use crate::plan::Image;

/// Tasks to have where there are rows enough: a multiple of what threads are common.
const N_TASKS: usize = 48;

/// Rows of planes, some of which make a task.
#[derive(Debug, Clone, Copy)]
pub(super) struct Chunks {
    n_images: usize,
    n_planes: usize,
    n_rows: usize,
    /// Rows of a task.
    chunk: usize,
}

impl Chunks {
    /// All rows of an image's planes of blocks.
    pub(super) fn of(image: &Image) -> Self {
        Chunks::new(image.size.n, image.n_blocks(), image.size.h)
    }

    pub(super) fn new(n_images: usize, n_planes: usize, n_rows: usize) -> Self {
        let chunk = (n_images * n_planes * n_rows).div_ceil(N_TASKS).clamp(1, n_rows.max(1));
        Chunks { n_images, n_planes, n_rows, chunk }
    }

    fn per_plane(self) -> usize {
        self.n_rows.div_ceil(self.chunk)
    }

    pub(super) fn n_tasks(self) -> usize {
        self.n_images * self.n_planes * self.per_plane()
    }

    /// Writes the body for every row of a task: image, plane and row.
    pub(super) fn emit<M: Module>(
        self,
        code: &mut Code<'_, M>,
        task: Value,
        body: &mut dyn FnMut(&mut Code<'_, M>, [Value; 3]),
    ) {
        let [image, chunk, plane] = code.split(task, [self.n_images, self.per_plane(), self.n_planes]);
        let first = code.scaled(chunk, as_imm(self.chunk));
        let end = code.offset(first, as_imm(self.chunk));
        let n_rows = code.int(self.n_rows);
        let end = code.min(end, n_rows);
        code.range(first, end, &mut |code, row| body(code, [image, plane, row]));
    }
}

/// What all kernels have in common that read a view `x` and write the rows of a view `y`, each by itself.
macro_rules! rows_to_rows {
    () => {
        pub(super) fn n_tasks(&self) -> usize {
            Chunks::of(&self.y.image).n_tasks()
        }

        pub(super) fn reads(&self) -> Vec<$crate::plan::BufferId> {
            vec![self.x.buffer]
        }

        pub(super) fn writes(&self) -> Vec<$crate::plan::BufferId> {
            vec![self.y.buffer]
        }
    };
}
pub(super) use rows_to_rows;
