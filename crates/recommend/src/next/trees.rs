//! Boosted trees for yes and no: small trees, each fitted to what those before it got wrong (J. H.
//! Friedman, "Greedy function approximation: a gradient boosting machine", Annals of Statistics
//! 29(5), 2001), with the logistic loss, second-order leaf values, and histograms of quantiles in
//! place of sorted values (G. Ke et al., "LightGBM", NeurIPS 2017). A tree is asked without a branch:
//! every split strikes out the leaves it rules out, and of those left the first holds (C. Lucchese et
//! al., "QuickScorer", SIGIR 2015).
//!
//! Where more of a term is more evidence, more of it never lowers the score: no tree may cut it the
//! other way, and what lies below such a cut stays below its middle (LightGBM's "basic" monotone
//! constraints). It also keeps the trees from learning by heart.
//!
//! The same rows give the same trees: what is drawn by lot comes from a fixed generator.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::terms::{COUNT, Terms};

/// What fitting takes as given.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fit {
    pub trees: usize,
    pub rate: f32,
    /// A leaf of fewer rows would learn single cases by heart.
    pub leaf_rows_min: usize,
    /// Each tree sees this share of the terms, and half of the rows.
    pub terms_share: f32,
    /// The terms of which more never makes a yes less likely.
    pub rising: &'static [usize],
}

const BINS: usize = 64;
/// Of one tree: as many as a byte has bits.
const LEAVES: usize = 8;
/// Rows counted in single precision, and by one core, at once.
const ROWS_COUNTED: usize = 8_192;
/// On the squares of leaf values.
const RIDGE: f64 = 1.0;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Trees {
    trees: Vec<Tree>,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Tree {
    splits: [Split; LEAVES - 1],
    /// From the lowest side to the highest.
    leaves: [f32; LEAVES],
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Split {
    term: u8,
    threshold: f32,
    /// A bit for each leaf that can still hold if the term is above `threshold`.
    above: u8,
}

impl Split {
    /// Rules out nothing.
    const NONE: Self = Self { term: 0, threshold: f32::MAX, above: u8::MAX };
}

impl Trees {
    /// Higher for what is more likely a yes.
    pub fn score(&self, terms: &Terms) -> f32 {
        self.trees.iter().map(|it| it.score(terms)).sum()
    }

    pub fn fit(rows: &[Terms], is_yes: &[bool], weights: &[f32], fit: &Fit) -> Self {
        let bins = Bins::new(rows);
        let mut trees = Self::default();
        let mut scores = vec![0.0_f32; rows.len()];
        let mut lot = Lot(0x9e37_79b9_7f4a_7c15);
        for _ in 0..fit.trees {
            let gradients: Vec<[f32; 2]> = (scores.par_iter().zip(is_yes).zip(weights))
                .map(|((score, is_yes), weight)| {
                    let chance = 1.0 / (1.0 + (-score).exp());
                    let wanted = f32::from(u8::from(*is_yes));
                    [weight * (chance - wanted), weight * chance * (1.0 - chance)]
                })
                .collect();
            let sample = lot.half_of(u32::try_from(rows.len()).expect("fewer than 2^32 rows"));
            let terms: Vec<usize> = (0..COUNT).filter(|_| lot.share() < fit.terms_share).collect();
            let tree =
                Growing { bins: &bins, gradients: &gradients, terms: &terms, fit }.grow(sample);
            let known = scores.par_iter_mut().zip(rows);
            known.for_each(|(score, terms)| *score += tree.score(terms));
            trees.trees.push(tree);
        }
        trees
    }
}

impl Tree {
    fn score(&self, terms: &Terms) -> f32 {
        let left = self.splits.iter().fold(u8::MAX, |left, it| {
            let is_above = terms[usize::from(it.term)] > it.threshold;
            left & (it.above | if is_above { 0 } else { u8::MAX })
        });
        self.leaves[left.trailing_zeros() as usize]
    }
}

/// Drawn by lot, always the same.
struct Lot(u64);

impl Lot {
    fn bits(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// From 0 to 1.
    fn share(&mut self) -> f32 {
        (self.bits() >> 40) as f32 / (1_u64 << 24) as f32
    }

    /// About half of the numbers below `count`, ascending.
    fn half_of(&mut self, count: u32) -> Vec<u32> {
        let mut half = Vec::with_capacity(count as usize);
        for first in (0..count).step_by(64) {
            let bits = self.bits();
            let last = first.saturating_add(64).min(count);
            half.extend((first..last).filter(|it| bits >> (it - first) & 1 == 1));
        }
        half
    }
}

/// All rows' terms as the numbers of quantiles.
struct Bins {
    /// Per term the highest value of each bin but the last.
    bounds: Vec<Vec<f32>>,
    rows: Vec<[u8; COUNT]>,
}

impl Bins {
    fn new(rows: &[Terms]) -> Self {
        let bounds: Vec<Vec<f32>> = (0..COUNT)
            .into_par_iter()
            .map(|term| {
                // Quantiles of some thousands of rows are as good as those of all.
                let step = (rows.len() / 20_000).max(1);
                let mut values: Vec<f32> = rows.iter().step_by(step).map(|it| it[term]).collect();
                values.sort_unstable_by(f32::total_cmp);
                let at = |bin: usize| values[(bin * values.len() / BINS).min(values.len() - 1)];
                let mut bounds: Vec<f32> =
                    if values.is_empty() { Vec::new() } else { (1..BINS).map(at).collect() };
                bounds.dedup();
                bounds
            })
            .collect();
        let bin = |term: usize, value: f32| bounds[term].partition_point(|it| *it < value) as u8;
        let binned = |row: &Terms| std::array::from_fn(|term| bin(term, row[term]));
        let rows = rows.par_iter().map(binned).collect();
        Self { bounds, rows }
    }
}

struct Growing<'a> {
    bins: &'a Bins,
    gradients: &'a [[f32; 2]],
    terms: &'a [usize],
    fit: &'a Fit,
}

/// The best way to part a leaf's rows.
#[derive(Clone, Copy)]
struct Cut {
    gain: f64,
    term: usize,
    /// The last bin that goes low.
    bin: u8,
    /// Between the values of both sides.
    middle: f64,
}

struct Leaf {
    rows: Vec<u32>,
    counts: Counts,
    between: Between,
    cut: Option<Cut>,
}

/// The values that a leaf may take, before they are multiplied by the rate.
#[derive(Clone, Copy, Debug)]
struct Between {
    least: f64,
    most: f64,
}

impl Between {
    const ANY: Self = Self { least: f64::NEG_INFINITY, most: f64::INFINITY };

    /// Of rows with these sums of gradients and curvatures.
    fn value(&self, gradient: f64, curvature: f64) -> f64 {
        (-gradient / (curvature + RIDGE)).clamp(self.least, self.most)
    }

    /// How much of the loss such rows lose by their value.
    fn worth(&self, gradient: f64, curvature: f64) -> f64 {
        let value = self.value(gradient, curvature);
        -value * (2.0 * gradient + (curvature + RIDGE) * value)
    }

    /// Below and above a cut whose sides stay apart at `middle`.
    fn parted(self, middle: f64) -> (Self, Self) {
        (Self { most: middle, ..self }, Self { least: middle, ..self })
    }
}

/// Per term that is looked at and per bin: gradients, curvatures and how many rows.
type Counts = Vec<[[f64; 3]; BINS]>;

impl Growing<'_> {
    /// Parts, again and again, the leaf that gains most.
    fn grow(&self, rows: Vec<u32>) -> Tree {
        let mut leaves = vec![self.leaf(self.count(&rows), rows, Between::ANY)];
        // The leaf that each split parted, and by what, in the order of growing.
        let mut cuts: Vec<(usize, Cut)> = Vec::new();
        while leaves.len() < LEAVES {
            let gain = |it: &Leaf| it.cut.map_or(0.0, |it| it.gain);
            let best =
                (0..leaves.len()).max_by(|a, b| gain(&leaves[*a]).total_cmp(&gain(&leaves[*b])));
            let Some((place, cut)) = best.and_then(|it| Some((it, leaves[it].cut?))) else { break };
            let Leaf { rows, counts, between, .. } = leaves.remove(place);
            let (low, high): (Vec<u32>, Vec<u32>) =
                rows.into_iter().partition(|it| self.bins.rows[*it as usize][cut.term] <= cut.bin);
            // Only the smaller part is counted: the other is what is left.
            let (low_counts, high_counts) = if low.len() < high.len() {
                let low = self.count(&low);
                let high = without(counts, &low);
                (low, high)
            } else {
                let high = self.count(&high);
                (without(counts, &high), high)
            };
            let is_rising = self.fit.rising.contains(&cut.term);
            let (below, above) =
                if is_rising { between.parted(cut.middle) } else { (between, between) };
            leaves.insert(place, self.leaf(high_counts, high, above));
            leaves.insert(place, self.leaf(low_counts, low, below));
            cuts.push((place, cut));
        }
        self.tree(&leaves, cuts)
    }

    /// Of the last cut backwards: the leaves that one parted have been joined again by then.
    fn tree(&self, leaves: &[Leaf], cuts: Vec<(usize, Cut)>) -> Tree {
        let mut tree = Tree { splits: [Split::NONE; LEAVES - 1], leaves: [0.0; LEAVES] };
        for (value, leaf) in tree.leaves.iter_mut().zip(leaves) {
            *value = self.value(leaf);
        }
        let mut bits: Vec<u8> = (0..leaves.len()).map(|it| 1 << it).collect();
        for (split, (place, cut)) in tree.splits.iter_mut().zip(cuts.into_iter().rev()) {
            let low = bits.remove(place);
            bits[place] |= low;
            *split = Split {
                term: u8::try_from(cut.term).expect("few terms"),
                threshold: self.bins.bounds[cut.term][usize::from(cut.bin)],
                above: !low,
            };
        }
        tree
    }

    fn leaf(&self, counts: Counts, rows: Vec<u32>, between: Between) -> Leaf {
        Leaf { cut: self.best_cut(&counts, between), counts, rows, between }
    }

    /// Of what is counted in a leaf; by any term, since each counts every row.
    fn value(&self, leaf: &Leaf) -> f32 {
        let bins = leaf.counts.iter().take(1).flatten();
        let [gradient, curvature] =
            bins.fold([0.0, 0.0], |sum, bin| [sum[0] + bin[0], sum[1] + bin[1]]);
        self.fit.rate * leaf.between.value(gradient, curvature) as f32
    }

    /// The same on any number of cores: rows are counted in parts of a fixed size.
    fn count(&self, rows: &[u32]) -> Counts {
        let count = |rows: &[u32]| {
            let mut counts = vec![[[0.0_f32; 4]; BINS]; self.terms.len()];
            for &row in rows {
                let [gradient, curvature] = self.gradients[row as usize];
                // Four, so that one instruction adds them.
                let own = [gradient, curvature, 1.0, 0.0];
                let bins = &self.bins.rows[row as usize];
                for (counts, term) in counts.iter_mut().zip(self.terms) {
                    let count = &mut counts[usize::from(bins[*term]) % BINS];
                    (0..4).for_each(|it| count[it] += own[it]);
                }
            }
            counts
        };
        let parts: Vec<_> = rows.par_chunks(ROWS_COUNTED).map(count).collect();
        let mut all = vec![[[0.0; 3]; BINS]; self.terms.len()];
        for part in &parts {
            for (all, part) in all.iter_mut().flatten().zip(part.iter().flatten()) {
                (0..3).for_each(|it| all[it] += f64::from(part[it]));
            }
        }
        all
    }

    /// Of equals the earlier term.
    fn best_cut(&self, counts: &Counts, between: Between) -> Option<Cut> {
        let each = self.terms.iter().zip(counts);
        let cuts = each.filter_map(|it| self.best_cut_by(*it.0, it.1, between));
        cuts.reduce(|best, it| if it.gain > best.gain { it } else { best })
    }

    fn best_cut_by(&self, term: usize, bins: &[[f64; 3]; BINS], between: Between) -> Option<Cut> {
        let sum = |at: usize| bins.iter().map(|it| it[at]).sum::<f64>();
        let [gradient, curvature, count] = [sum(0), sum(1), sum(2)];
        let whole = between.worth(gradient, curvature);
        let is_rising = self.fit.rising.contains(&term);
        let rows_min = self.fit.leaf_rows_min as f64;
        let (mut low, mut best) = ([0.0; 3], None::<Cut>);
        for (bin, own) in (0_u8..).zip(bins).take(self.bins.bounds[term].len()) {
            (0..3).for_each(|it| low[it] += own[it]);
            if low[2] < rows_min || count - low[2] < rows_min {
                continue;
            }
            let high = [gradient - low[0], curvature - low[1]];
            let gain = between.worth(low[0], low[1]) + between.worth(high[0], high[1]) - whole;
            if gain <= best.map_or(1e-9, |it| it.gain) {
                continue;
            }
            let (below, above) = (between.value(low[0], low[1]), between.value(high[0], high[1]));
            if !is_rising || below <= above {
                best = Some(Cut { gain, term, bin, middle: f64::midpoint(below, above) });
            }
        }
        best
    }
}

fn without(mut all: Counts, part: &Counts) -> Counts {
    let both = all.iter_mut().flatten().flatten().zip(part.iter().flatten().flatten());
    both.for_each(|(all, part)| *all -= part);
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIT: Fit = Fit { trees: 40, rate: 0.3, leaf_rows_min: 5, terms_share: 1.0, rising: &[] };

    /// Rows with two terms at random; a yes where `rule` says so.
    fn rows(rule: impl Fn(f32, f32) -> bool) -> (Vec<Terms>, Vec<bool>) {
        let mut lot = Lot(5);
        let row = |_| {
            let mut terms = [0.0; COUNT];
            terms[0] = lot.share();
            terms[1] = lot.share();
            terms
        };
        let rows: Vec<Terms> = (0..2_000).map(row).collect();
        let is_yes = rows.iter().map(|it| rule(it[0], it[1])).collect();
        (rows, is_yes)
    }

    fn share_right(rule: impl Fn(f32, f32) -> bool + Copy) -> f64 {
        let (rows, is_yes) = rows(rule);
        let trees = Trees::fit(&rows, &is_yes, &vec![1.0; rows.len()], &FIT);
        let right = rows.iter().zip(&is_yes).filter(|(it, yes)| (trees.score(it) > 0.0) == **yes);
        right.count() as f64 / rows.len() as f64
    }

    #[test]
    fn a_bound_and_what_no_single_term_tells_are_learned() {
        assert!(share_right(|a, _| a > 0.3) > 0.97);
        assert!(share_right(|a, b| (a > 0.5) != (b > 0.5)) > 0.93);
    }

    #[test]
    fn more_of_a_rising_term_never_lowers_the_score() {
        // Between .4 and .6 of the first term there are fewer yeses, and where the second is high.
        let (rows, is_yes) =
            rows(|a, b| a > 0.3 && !(0.4..0.6).contains(&a) && (b < 0.5 || a > 0.9));
        let fit =
            |rising| Trees::fit(&rows, &is_yes, &vec![1.0; rows.len()], &Fit { rising, ..FIT });
        let falls = |trees: &Trees, second: f32| {
            let at = |first: u16| {
                let mut terms = [0.0; COUNT];
                (terms[0], terms[1]) = (f32::from(first) / 200.0, second);
                trees.score(&terms)
            };
            (0..200).filter(|it| at(it + 1) < at(*it)).count()
        };
        let (free, rising) = (fit(&[]), fit(&[0]));
        for second in [0.0, 0.3, 0.6, 1.0] {
            assert!(falls(&free, second) > 0);
            assert_eq!(falls(&rising, second), 0);
        }
        assert!(rising.score(&rows[0]).is_finite());
    }

    #[test]
    fn the_same_rows_give_the_same_trees() {
        let (rows, is_yes) = rows(|a, b| a + b > 1.0);
        let fit = || Trees::fit(&rows, &is_yes, &vec![1.0; rows.len()], &FIT);
        assert_eq!(fit(), fit());
    }

    #[test]
    fn nothing_is_learned_where_there_is_nothing_to_learn() {
        let trees = Trees::fit(&[], &[], &[], &FIT);
        assert_eq!(trees.score(&[0.0; COUNT]), 0.0);
        let (rows, _) = rows(|_, _| true);
        let trees = Trees::fit(&rows, &vec![true; rows.len()], &vec![1.0; rows.len()], &FIT);
        assert!(trees.score(&rows[0]) > 1.0);
    }

    #[test]
    fn a_heavier_row_counts_more() {
        let rows = vec![[0.0; COUNT]; 100];
        let is_yes: Vec<bool> = (0..100).map(|it| it < 50).collect();
        let weights: Vec<f32> = (0..100).map(|it| if it < 50 { 3.0 } else { 1.0 }).collect();
        assert!(Trees::fit(&rows, &is_yes, &weights, &FIT).score(&rows[0]) > 0.5);
    }
}
