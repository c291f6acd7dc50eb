//! Which trees are used: new ones have to be at least as good as what they replace.

use serde::{Deserialize, Serialize};

use super::{
    Examples,
    terms::{self, Terms},
    trees::{Fit, Trees},
};

const FIT: Fit = Fit {
    trees: 150,
    rate: 0.07,
    leaf_rows_min: 200,
    terms_share: 0.5,
    rising: &terms::VOICES_HEARD,
};

/// With fewer cases the trees would learn them by heart.
const CASES_MIN: usize = 200;
/// With fewer cases any difference is chance.
const CHECKED_CASES_MIN: usize = 50;
/// Trees in use stay if new ones are worse by more than so many standard errors.
const ERRORS: f64 = 2.0;

/// How the trees did on the newest orders before they were used, by trees learned from older orders
/// alone. Each figure is the chance that a product which a customer added stood above one that they
/// passed over (the area under the ROC curve, mean over orders; 0.5 is chance).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ModelCheck {
    pub orders: u32,
    pub learned: f64,
    /// What the links alone say, without trees.
    pub links: f64,
    /// Of the trees in use until then, on the orders that they had not seen, beside what the new ones
    /// did on these; `None` where these were too few.
    pub before: Option<BesideBefore>,
    pub chosen: Chosen,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct BesideBefore {
    pub orders: u32,
    pub before: f64,
    pub learned: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Chosen {
    /// The trees learned now.
    Learned,
    /// Those in use before: the new ones were worse.
    Before,
    /// None: the links alone were better than any trees.
    Links,
}

/// Trees that are in use, and the day on which they were learned.
pub(super) struct InUse<'a> {
    pub trees: &'a Trees,
    pub day: i32,
}

/// The trees to use from now on, of examples by stretch, the newest first. `None` where there are too
/// few examples, or where trees only make it worse.
pub(super) fn choose(
    mut stretches: Vec<Examples>,
    in_use: Option<&InUse<'_>>,
) -> (Option<Trees>, Option<ModelCheck>) {
    let whole = |them: &[Examples]| them.iter().map(|it| it.cases.len()).sum::<usize>();
    if whole(&stretches) < CASES_MIN {
        return (None, None);
    }
    let newest = stretches.remove(0);
    let older = stretches.into_iter().fold(Examples::default(), Examples::and);
    if newest.cases.len() < CHECKED_CASES_MIN || older.cases.len() < CASES_MIN {
        return (Some(newest.and(older).fit()), None);
    }
    let trial = older.fit();
    let learned = newest.areas(|it| trial.score(it));
    let links = newest.areas(terms::links_say);
    let mut check = ModelCheck {
        orders: u32::try_from(learned.len()).unwrap_or(u32::MAX),
        learned: mean(&learned),
        links: mean(&links),
        before: None,
        chosen: Chosen::Learned,
    };
    if check.learned < check.links {
        check.chosen = Chosen::Links;
    }
    if let Some(in_use) = in_use {
        let before = newest.areas(|it| in_use.trees.score(it));
        let unseen: Vec<usize> =
            (0..before.len()).filter(|it| newest.cases[*it].next >= in_use.day).collect();
        let of = |areas: &[f64]| unseen.iter().map(|it| areas[*it]).collect::<Vec<_>>();
        let (before, learned) = (of(&before), of(&learned));
        if unseen.len() >= CHECKED_CASES_MIN {
            check.before = Some(BesideBefore {
                orders: u32::try_from(unseen.len()).unwrap_or(u32::MAX),
                before: mean(&before),
                learned: mean(&learned),
            });
            if is_worse(&learned, &before) {
                check.chosen = Chosen::Before;
            }
        }
    }
    let trees = match (check.chosen, in_use) {
        (Chosen::Links, _) => None,
        (Chosen::Before, Some(in_use)) => Some(in_use.trees.clone()),
        _ => Some(newest.and(older).fit()),
    };
    (trees, Some(check))
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// Whether `these` are lower than `those`, one by one, by more than chance.
fn is_worse(these: &[f64], those: &[f64]) -> bool {
    let gaps: Vec<f64> = these.iter().zip(those).map(|(a, b)| a - b).collect();
    let (mean, count) = (mean(&gaps), gaps.len() as f64);
    let variance = gaps.iter().map(|it| (it - mean).powi(2)).sum::<f64>() / (count - 1.0);
    mean + ERRORS * (variance / count).sqrt() < 0.0
}

impl Examples {
    fn fit(&self) -> Trees {
        Trees::fit(&self.terms, &self.is_taken, &self.weights, &FIT)
    }

    /// Per case the chance that a product taken stands above one passed over; of equals half.
    fn areas(&self, score: impl Fn(&Terms) -> f32) -> Vec<f64> {
        let mut start = 0;
        let area = |end: usize| {
            let rows = std::mem::replace(&mut start, end)..end;
            let scored = rows.map(|it| (self.is_taken[it], score(&self.terms[it])));
            let (taken, passed): (Vec<_>, Vec<_>) = scored.partition(|it| it.0);
            let above = |taken: f32| -> f64 {
                let half = |passed: f32| match taken.total_cmp(&passed) {
                    std::cmp::Ordering::Greater => 1.0,
                    std::cmp::Ordering::Equal => 0.5,
                    std::cmp::Ordering::Less => 0.0,
                };
                passed.iter().map(|it| half(it.1)).sum()
            };
            let pairs = (taken.len() * passed.len()) as f64;
            if pairs == 0.0 { 0.5 } else { taken.iter().map(|it| above(it.1)).sum::<f64>() / pairs }
        };
        self.cases.iter().map(|it| it.rows_end).map(area).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::{CaseRows, terms::COUNT},
        *,
    };

    /// `count` orders of one product taken and four passed over; the taken one has the highest of term
    /// `telling`, every product a little of everything else.
    fn examples(count: usize, telling: usize, next: i32) -> Examples {
        let mut examples = Examples::default();
        for case in 0..count {
            for product in 0..5 {
                let noise =
                    |term: usize| ((case * 31 + product * 17 + term * 7) % 23) as f32 / 100.0;
                let mut terms: Terms = std::array::from_fn(noise);
                terms[telling] = if product == 0 { 1.0 } else { terms[telling] };
                examples.terms.push(terms);
                examples.is_taken.push(product == 0);
                examples.weights.push(1.0);
            }
            examples.cases.push(CaseRows { rows_end: examples.terms.len(), next });
        }
        examples
    }

    #[test]
    fn too_few_orders_teach_no_trees() {
        assert_eq!(choose(vec![examples(150, 9, 5)], None), (None, None));
    }

    #[test]
    fn new_trees_are_checked_on_orders_that_they_have_not_seen() {
        let (trees, check) = choose(vec![examples(100, 9, 50), examples(600, 9, 5)], None);
        let check = check.expect("enough orders");
        assert!(trees.is_some() && check.chosen == Chosen::Learned);
        assert!(check.learned > 0.95 && check.links < 0.8 && check.orders == 100, "{check:?}");
    }

    #[test]
    fn where_trees_only_make_it_worse_there_are_none() {
        // Of old the ninth term told, of late the links do.
        let (trees, check) = choose(vec![examples(100, 0, 50), examples(600, 9, 5)], None);
        assert_eq!((trees, check.unwrap().chosen), (None, Chosen::Links));
    }

    #[test]
    fn better_trees_in_use_stay() {
        let mut of_late = examples(100, 12, 50);
        of_late.terms.iter_mut().for_each(|it| (it[0], it[1]) = (0.0, 0.0));
        let kept = examples(600, 12, 5).fit();
        let in_use = InUse { trees: &kept, day: 40 };
        let stretches = || vec![of_late.clone(), examples(600, 9, 5)];
        let (trees, check) = choose(stretches(), Some(&in_use));
        assert_eq!((trees.as_ref(), check.unwrap().chosen), (Some(&kept), Chosen::Before));
        // What they saw when they were learned says nothing.
        let in_use = InUse { trees: &kept, day: 51 };
        let (trees, check) = choose(stretches(), Some(&in_use));
        assert!(trees.as_ref() != Some(&kept) && check.unwrap().before.is_none());
    }

    #[test]
    fn a_product_like_any_other_stands_above_by_half() {
        let even = examples(60, 9, 5).areas(|_| 1.0);
        assert!(even.iter().all(|it| *it == 0.5));
        assert_eq!(terms::links_say(&[1.0; COUNT]), 2.0);
    }
}
