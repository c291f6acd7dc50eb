//! How strongly each product speaks for others: a sparse matrix, the strongest few of each row.

use ndarray::{Array2, Axis};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::sweep;

/// Others kept of each product. More than 100 change no list by much and make the model large.
const KEPT: usize = 150;
/// Rows of a dense matrix that one core fills at once.
const BAND: usize = 128;

/// One customer's or one basket's products with weights, by product.
pub(super) type WeightedRow = Vec<(u32, f32)>;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Links {
    starts: Vec<u32>,
    others: Vec<u32>,
    weights: Vec<f32>,
}

impl Links {
    /// From the rows of all products of a catalogue, in their order.
    pub(super) fn from_rows(rows: impl IndexedParallelIterator<Item = WeightedRow>) -> Self {
        let strength =
            |a: &(u32, f32), b: &(u32, f32)| b.1.abs().total_cmp(&a.1.abs()).then(a.0.cmp(&b.0));
        let strongest = |mut row: WeightedRow| {
            if row.len() > KEPT {
                row.select_nth_unstable_by(KEPT - 1, strength);
                row.truncate(KEPT);
                row.shrink_to_fit();
            }
            row.sort_unstable_by_key(|it| it.0);
            row
        };
        let rows: Vec<WeightedRow> = rows.map(strongest).collect();
        let mut links = Self { starts: vec![0], ..Self::default() };
        for row in &rows {
            links.others.extend(row.iter().map(|it| it.0));
            links.weights.extend(row.iter().map(|it| it.1));
            links.starts.push(u32::try_from(links.others.len()).expect("fewer than 2^32 links"));
        }
        links
    }

    pub(crate) fn of(&self, product: usize) -> impl Iterator<Item = (usize, f32)> {
        let bounds = self.starts.get(product).zip(self.starts.get(product + 1));
        let (start, end) = bounds.map_or((0, 0), |it| (*it.0 as usize, *it.1 as usize));
        let others = self.others[start..end].iter().map(|it| *it as usize);
        others.zip(self.weights[start..end].iter().copied())
    }

    /// EASE: the weights that best rebuild each row from its other products, in closed form, with
    /// `ridge` on the squares of the weights (H. Steck, "Embarrassingly shallow autoencoders for
    /// sparse data", WWW 2019). Of a catalogue of `size` products those in `among` alone take part.
    pub(super) fn ease(rows: &[WeightedRow], among: &[u32], size: usize, ridge: f32) -> Self {
        let ease = Ease::new(rows, among, size, ridge);
        Self::from_rows((0..size).into_par_iter().map(|it| ease.weights(it).collect()))
    }

    /// The same of rows whose products all weigh the same, with what speaks for each product whatever
    /// else stands in a row: the weight of a product that every row holds. Without it, what sells well
    /// seems to go with everything.
    pub(super) fn ease_with_constants(
        mut rows: Vec<WeightedRow>,
        among: &[u32],
        size: usize,
        ridge: f32,
    ) -> (Self, Vec<f32>) {
        let everywhere = u32::try_from(size).expect("32 bits");
        for row in &mut rows {
            row.extend(row.first().map(|it| (everywhere, it.1)));
        }
        let among = [among, &[everywhere]].concat();
        let ease = Ease::new(&rows, &among, size + 1, ridge);
        let mut constants = vec![0.0; size];
        ease.weights(size).for_each(|it| constants[it.0 as usize] = it.1);
        let others = |it: usize| ease.weights(it).filter(|it| it.0 != everywhere).collect();
        (Self::from_rows((0..size).into_par_iter().map(others)), constants)
    }

    /// How often two products stand in one row, over what their own frequencies lead to expect; of a
    /// catalogue of `size` products.
    pub(super) fn cosine(rows: &[WeightedRow], size: usize) -> Self {
        let mut squares = vec![1.0_f32; size];
        let mut bearers: Vec<Vec<(u32, f32)>> = vec![Vec::new(); size];
        for (number, row) in (0..).zip(rows) {
            // Who buys everything says little about what goes with what.
            let breadth = (1.0 + row.len() as f32).sqrt();
            for &(product, weight) in row {
                squares[product as usize] += weight * weight;
                bearers[product as usize].push((number, weight / breadth));
            }
        }
        let scratch = || (vec![0.0_f32; size], Vec::<u32>::new());
        let others = bearers.par_iter().enumerate();
        Self::from_rows(others.map_init(scratch, |(sums, touched), (product, bearers)| {
            for &(row, own) in bearers {
                for &(other, weight) in &rows[row as usize] {
                    if sums[other as usize] == 0.0 {
                        touched.push(other);
                    }
                    sums[other as usize] += own * weight;
                }
            }
            let linked = touched.drain(..).map(|other| {
                let sum = std::mem::take(&mut sums[other as usize]);
                (other, sum / (squares[product] * squares[other as usize]).sqrt())
            });
            linked.filter(|it| it.0 as usize != product).collect()
        }))
    }
}

/// All weights of [`Links::ease`], as the inverse that they are read from.
struct Ease<'a> {
    among: &'a [u32],
    /// Where a product of the catalogue stands in `among`.
    places: Vec<Option<usize>>,
    inverse: Array2<f32>,
    diagonal: Vec<f32>,
}

impl<'a> Ease<'a> {
    fn new(rows: &[WeightedRow], among: &'a [u32], size: usize, ridge: f32) -> Self {
        let mut inverse = gram(rows, among, size);
        inverse.diag_mut().iter_mut().for_each(|it| *it += ridge);
        let mut places = vec![None; size];
        if sweep::invert(&mut inverse).is_some() {
            (0..).zip(among).for_each(|(index, it)| places[*it as usize] = Some(index));
        }
        // Else the weights are so large that the ridge is lost in them: no shop's, but never a panic.
        sweep::mirror(&mut inverse);
        let diagonal = inverse.diag().to_vec();
        Self { among, places, inverse, diagonal }
    }

    /// Of a product for all others.
    fn weights(&self, product: usize) -> impl Iterator<Item = (u32, f32)> {
        let own = self.places[product];
        let inverse = own.map(|it| self.inverse.row(it).into_iter());
        let others = inverse.into_iter().flatten().zip(&self.diagonal).zip(self.among).enumerate();
        let others = others.filter(move |it| Some(it.0) != own);
        others.map(|(_, ((it, diagonal), other))| (*other, -it / diagonal))
    }
}

/// The lower half of `XᵀX`.
fn gram(rows: &[WeightedRow], among: &[u32], size: usize) -> Array2<f32> {
    let mut place = vec![u32::MAX; size];
    (0..).zip(among).for_each(|(index, it)| place[*it as usize] = index);
    let compact = |row: &WeightedRow| {
        let placed = row.iter().map(|(product, weight)| (place[*product as usize], *weight));
        let mut placed: WeightedRow = placed.filter(|it| it.0 != u32::MAX).collect();
        placed.sort_unstable_by_key(|it| it.0);
        placed
    };
    let rows: Vec<WeightedRow> = rows.iter().map(compact).collect();
    let size = among.len();
    let mut gram = Array2::zeros((size, size));
    let bands = gram.axis_chunks_iter_mut(Axis(0), BAND).into_par_iter().enumerate();
    bands.with_max_len(1).for_each(|(band, mut target)| {
        let first = band * BAND;
        let last = first + target.nrows();
        for row in &rows {
            let start = row.partition_point(|it| (it.0 as usize) < first);
            let end = row.partition_point(|it| (it.0 as usize) < last);
            for high in start..end {
                let (product, own) = row[high];
                let mut target = target.row_mut(product as usize - first);
                for &(low, other) in &row[..=high] {
                    target[low as usize] += own * other;
                }
            }
        }
    });
    gram
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(products: &[u32]) -> WeightedRow {
        products.iter().map(|it| (*it, 1.0)).collect()
    }

    fn weight(links: &Links, from: usize, to: usize) -> f32 {
        links.of(from).find(|it| it.0 == to).map_or(0.0, |it| it.1)
    }

    #[test]
    fn ease_is_the_closed_form() {
        // numpy: G = XᵀX + I; P = inv(G); B = -P / diag(P), its diagonal 0.
        let rows = [row(&[0, 1]), row(&[0, 1]), row(&[1, 2]), row(&[2])];
        let links = Links::ease(&rows, &[0, 1, 2], 3, 1.0);
        for (from, to, expected) in
            [(0, 1, 0.666_666_7), (1, 0, 0.545_454_5), (1, 2, 0.375), (2, 0, -0.181_818_2)]
        {
            let found = weight(&links, from, to);
            assert!((found - expected).abs() < 1e-4, "{from} to {to}: {found}");
        }
    }

    #[test]
    fn what_stands_in_most_rows_has_the_highest_constant() {
        // numpy, with a fourth column of ones: the last row of B; and from 1 to 2.
        let rows = vec![row(&[0, 1]), row(&[0, 1]), row(&[1, 2]), row(&[2])];
        let (links, constants) = Links::ease_with_constants(rows, &[0, 1, 2], 3, 1.0);
        let expected = [0.333333, 0.428571, 0.52381];
        for (found, expected) in constants.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-4, "{constants:?}");
        }
        assert!((weight(&links, 1, 2) - 0.047619).abs() < 1e-4, "{}", weight(&links, 1, 2));
    }

    #[test]
    fn products_that_do_not_take_part_have_no_links() {
        let rows = [row(&[0, 1, 3]), row(&[0, 3])];
        let links = Links::ease(&rows, &[0, 3], 5, 1.0);
        assert!(weight(&links, 0, 3) > 0.0 && weight(&links, 0, 1) == 0.0);
        assert_eq!(links.of(1).count() + links.of(4).count() + links.of(77).count(), 0);
    }

    #[test]
    fn the_number_of_cores_changes_nothing() {
        let rows: Vec<WeightedRow> =
            (0..200).map(|it| row(&[it % 150, (it * 7) % 150, (it * 13 + 5) % 150])).collect();
        let among: Vec<u32> = (0..150).collect();
        let of = |threads| {
            let cores = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            cores.install(|| (Links::ease(&rows, &among, 150, 2.0), Links::cosine(&rows, 150)))
        };
        assert_eq!(of(1), of(3));
    }
}
