//! The least value of a smooth function of a few parameters.

/// A function's value and its slope in each direction.
pub(super) type Slope<const N: usize> = (f64, [f64; N]);

const STEPS_MAX: u32 = 200;
const HALVINGS_MAX: u32 = 60;

/// The point where `function` is least, from `start` downhill by BFGS with backtracking (Nocedal
/// and Wright, Numerical Optimization, 2nd edition, algorithms 6.1 and 3.1). `None` where it does
/// not settle: it runs beyond `reach` in some direction, or the slope is still more than `slope_max`
/// when no step leads down.
pub(super) fn minimise<const N: usize>(
    start: [f64; N],
    slope_max: f64,
    reach: f64,
    mut function: impl FnMut(&[f64; N]) -> Slope<N>,
) -> Option<[f64; N]> {
    let mut at = start;
    let (mut value, mut slope) = function(&at);
    let mut inverse = scaled_identity::<N>(1.0 / norm(&slope).max(1.0));
    for step in 0..STEPS_MAX {
        if slope.iter().all(|it| it.abs() <= slope_max) {
            return Some(at);
        }
        if at.iter().any(|it| it.abs() > reach) {
            return None;
        }
        let mut direction = times(&inverse, &slope).map(|it| -it);
        if dot(&direction, &slope) >= 0.0 {
            inverse = scaled_identity(1.0 / norm(&slope).max(1.0));
            direction = times(&inverse, &slope).map(|it| -it);
        }
        let (length, next, next_value, next_slope) =
            walk(&at, value, &slope, &direction, &mut function)?;
        let moved = direction.map(|it| it * length);
        let turned = std::array::from_fn(|i| next_slope[i] - slope[i]);
        if step == 0 {
            let scale = dot(&moved, &turned) / dot(&turned, &turned);
            if scale.is_finite() && scale > 0.0 {
                inverse = scaled_identity(scale);
            }
        }
        learn(&mut inverse, &moved, &turned);
        (at, value, slope) = (next, next_value, next_slope);
    }
    None
}

/// Halves the step until it leads down enough (Armijo's rule).
fn walk<const N: usize>(
    at: &[f64; N],
    value: f64,
    slope: &[f64; N],
    direction: &[f64; N],
    function: &mut impl FnMut(&[f64; N]) -> Slope<N>,
) -> Option<(f64, [f64; N], f64, [f64; N])> {
    let downhill = dot(direction, slope);
    let mut length = 1.0;
    for _ in 0..HALVINGS_MAX {
        let next = std::array::from_fn(|i| at[i] + length * direction[i]);
        let (next_value, next_slope) = function(&next);
        if next_value <= value + 1e-4 * length * downhill
            && next_slope.iter().all(|it| it.is_finite())
        {
            return Some((length, next, next_value, next_slope));
        }
        length /= 2.0;
    }
    None
}

/// The update of the inverse of the curvature (equation 6.17), left out where the function is not
/// convex between the points.
fn learn<const N: usize>(inverse: &mut [[f64; N]; N], moved: &[f64; N], turned: &[f64; N]) {
    let curvature = dot(moved, turned);
    if curvature <= 1e-12 * norm(moved) * norm(turned) {
        return;
    }
    let pushed = times(inverse, turned);
    let weight = (1.0 + dot(turned, &pushed) / curvature) / curvature;
    for i in 0..N {
        for j in 0..N {
            inverse[i][j] += weight * moved[i] * moved[j]
                - (pushed[i] * moved[j] + moved[i] * pushed[j]) / curvature;
        }
    }
}

fn scaled_identity<const N: usize>(scale: f64) -> [[f64; N]; N] {
    std::array::from_fn(|i| std::array::from_fn(|j| if i == j { scale } else { 0.0 }))
}

fn times<const N: usize>(matrix: &[[f64; N]; N], vector: &[f64; N]) -> [f64; N] {
    std::array::from_fn(|i| dot(&matrix[i], vector))
}

fn dot<const N: usize>(a: &[f64; N], b: &[f64; N]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn norm<const N: usize>(vector: &[f64; N]) -> f64 {
    dot(vector, vector).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_bottom_of_rosenbrocks_valley() {
        let found = minimise([-1.2, 1.0], 1e-9, 10.0, |[x, y]| {
            let (a, b) = (1.0 - x, y - x * x);
            (a * a + 100.0 * b * b, [-2.0 * a - 400.0 * x * b, 200.0 * b])
        })
        .unwrap();
        assert!((found[0] - 1.0).abs() < 1e-8 && (found[1] - 1.0).abs() < 1e-8, "{found:?}");
    }

    #[test]
    fn says_where_there_is_no_bottom() {
        assert_eq!(minimise([0.0], 1e-9, 1e3, |[x]| (-x, [-1.0])), None);
        assert_eq!(minimise([1.0], 1e-9, 1e3, |[_]| (f64::NAN, [f64::NAN])), None);
    }
}
