//! The inverse of a symmetric positive definite matrix, by the sweep operator in blocks (J. H.
//! Goodnight, "A tutorial on the SWEEP operator", The American Statistician 33(3), 1979).
//!
//! A sweep keeps the matrix symmetric, so that the lower half alone is worked on: half the
//! multiplications of elimination, nearly all of them in one matrix product a block.

use std::ops::Range;

use ndarray::{Array2, ArrayView2, ArrayViewMut2, Axis, Slice, linalg::general_mat_mul};
use rayon::prelude::*;

/// Rows swept at once.
const BLOCK: usize = 128;
/// Rows of one matrix product.
const STRIP: usize = 256;

/// Puts the negative inverse into the lower half of `matrix`, of which the lower half alone is read.
/// `None` if it is not positive definite as far as single precision tells.
pub(super) fn invert(matrix: &mut Array2<f32>) -> Option<()> {
    let size = matrix.nrows();
    for start in (0..size).step_by(BLOCK) {
        let end = (start + BLOCK).min(size);
        let pivot = inverse_of_block(&part(matrix, start..end, start..end))?;
        let panel = panel(matrix, start, end);
        let mut scaled = Array2::zeros(panel.raw_dim());
        general_mat_mul(1.0, &panel, &pivot, 0.0, &mut scaled);
        subtract_products(matrix, &scaled, &panel);
        let width = 0..end - start;
        let below = part(&scaled, end..size, width.clone());
        part_mut(matrix, end..size, start..end).assign(&below);
        part_mut(matrix, start..end, 0..start).assign(&part(&scaled, 0..start, width).t());
        part_mut(matrix, start..end, start..end).assign(&pivot.mapv(|it| -it));
    }
    Some(())
}

/// Copies the lower half to the upper.
pub(super) fn mirror(matrix: &mut Array2<f32>) {
    let size = matrix.nrows();
    for first in (0..size).step_by(BLOCK) {
        let last = (first + BLOCK).min(size);
        let below = part(matrix, last..size, first..last).to_owned();
        part_mut(matrix, first..last, last..size).assign(&below.t());
        for row in first..last {
            for column in row + 1..last {
                matrix[[row, column]] = matrix[[column, row]];
            }
        }
    }
}

/// The columns from `start` to `end` of the whole matrix, without the block itself.
fn panel(matrix: &Array2<f32>, start: usize, end: usize) -> Array2<f32> {
    let (size, width) = (matrix.nrows(), 0..end - start);
    let mut panel = Array2::zeros((size, width.len()));
    let above = part(matrix, start..end, 0..start);
    part_mut(&mut panel, 0..start, width.clone()).assign(&above.t());
    part_mut(&mut panel, end..size, width).assign(&part(matrix, end..size, start..end));
    panel
}

fn part(matrix: &Array2<f32>, rows: Range<usize>, columns: Range<usize>) -> ArrayView2<'_, f32> {
    matrix.slice_axis(Axis(0), Slice::from(rows)).slice_axis_move(Axis(1), Slice::from(columns))
}

fn part_mut(
    matrix: &mut Array2<f32>,
    rows: Range<usize>,
    columns: Range<usize>,
) -> ArrayViewMut2<'_, f32> {
    let rows = matrix.slice_axis_mut(Axis(0), Slice::from(rows));
    rows.slice_axis_move(Axis(1), Slice::from(columns))
}

/// Takes `scaled` times `panel` turned off the lower half.
fn subtract_products(matrix: &mut Array2<f32>, scaled: &Array2<f32>, panel: &Array2<f32>) {
    let strips = matrix.axis_chunks_iter_mut(Axis(0), STRIP).into_par_iter().enumerate();
    strips.with_max_len(1).for_each(|(index, mut strip)| {
        let first = index * STRIP;
        let last = first + strip.nrows();
        let rows = part(scaled, first..last, 0..scaled.ncols());
        let columns = part(panel, 0..last, 0..panel.ncols());
        let mut own = strip.slice_axis_mut(Axis(1), Slice::from(0..last));
        general_mat_mul(-1.0, &rows, &columns.t(), 1.0, &mut own);
    });
}

/// The inverse of one block, read from its lower half, by elimination in double precision.
fn inverse_of_block(block: &ArrayView2<'_, f32>) -> Option<Array2<f32>> {
    let size = block.nrows();
    let at = |(row, column): (usize, usize)| f64::from(block[[row.max(column), row.min(column)]]);
    let mut swept = Array2::from_shape_fn((size, size), at);
    for pivot in 0..size {
        let d = swept[[pivot, pivot]];
        if d.is_nan() || d <= f64::from(f32::EPSILON) {
            return None;
        }
        let column: Vec<f64> = swept.column(pivot).to_vec();
        for (row, &own) in column.iter().enumerate() {
            if row != pivot {
                let factor = own / d;
                let others = swept.row_mut(row).into_iter().zip(&column);
                others.for_each(|(it, &other)| *it -= factor * other);
                swept[[row, pivot]] = factor;
            }
        }
        for (other, &own) in column.iter().enumerate() {
            swept[[pivot, other]] = if other == pivot { -1.0 / d } else { own / d };
        }
    }
    Some(swept.mapv(|it| -it as f32))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// `XᵀX` of pseudo-random rows plus `ridge` on the diagonal.
    fn gram(size: usize, seed: u64, ridge: f32) -> Array2<f32> {
        let mut state = seed | 1;
        let mut next = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 40) as f32 / (1_u64 << 24) as f32
        };
        let rows = Array2::from_shape_fn((size / 2 + 1, size), |_| next());
        rows.t().dot(&rows) + Array2::<f32>::eye(size) * ridge
    }

    fn check(size: usize, seed: u64) {
        let matrix = gram(size, seed, 5.0);
        let mut swept = matrix.clone();
        invert(&mut swept).expect("positive definite");
        mirror(&mut swept);
        let product = -matrix.dot(&swept);
        for ((row, column), it) in product.indexed_iter() {
            let expected = if row == column { 1.0 } else { 0.0 };
            assert!((it - expected).abs() < 0.02, "{size}: {it} at {row}, {column}");
        }
    }

    #[test]
    fn blocks_and_strips_of_any_size_fit_together() {
        [1, 2, 127, 128, 129, 300, 520].into_iter().for_each(|size| check(size, 7));
    }

    #[test]
    fn what_is_not_positive_definite_has_no_inverse() {
        let mut matrix = Array2::from_shape_vec((2, 2), vec![1.0, 2.0, 2.0, 1.0]).unwrap();
        assert_eq!(invert(&mut matrix), None);
    }

    proptest! {
        #[test]
        fn a_matrix_times_its_inverse_is_one(size in 1_usize..40, seed in 1_u64..1_000) {
            check(size, seed);
        }
    }
}
