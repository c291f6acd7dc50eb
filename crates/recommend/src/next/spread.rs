//! A list of ten that is not ten times the same guess.
//!
//! Ranked by likelihood alone, products that go together stand together: if the first is not wanted,
//! neither is the next. Who wants at least one thing right chooses each as if those before it were
//! wrong (H. Chen and D. R. Karger, "Less is more: probabilistic models for retrieving fewer relevant
//! documents", SIGIR 2006).

use aftercart_model::ProductId;

use super::links::Links;

/// So many are chosen one after the other, among so many of the best; the others follow as they stood.
const CHOSEN: usize = 10;
const AMONG: usize = 60;

/// What a product loses, in log-odds, for each one chosen before it: times their link in baskets and
/// times how alike their names are.
const LINKED: f32 = 1.0;
const NAMED_ALIKE: f32 = 0.15;

/// `ranked`, the best first with its log-odds, with its first ten spread over what they go with.
pub(super) fn spread(
    ranked: &[(ProductId, f32)],
    baskets: &Links,
    alike: &Links,
) -> Vec<ProductId> {
    let mut left: Vec<(ProductId, f32)> = ranked.iter().take(AMONG).copied().collect();
    let mut chosen = Vec::with_capacity(ranked.len());
    while chosen.len() < CHOSEN && !left.is_empty() {
        let better = |best: usize, it: usize| if left[it].1 > left[best].1 { it } else { best };
        let (product, _) = left.remove((1..left.len()).fold(0, better));
        chosen.push(product);
        for (links, cost) in [(baskets, LINKED), (alike, NAMED_ALIKE)] {
            for (other, link) in links.of(product.index()) {
                if let Some((_, score)) = left.iter_mut().find(|it| it.0.index() == other) {
                    *score -= cost * link.max(0.0);
                }
            }
        }
    }
    let is_left = |it: &ProductId| !chosen.contains(it);
    let rest: Vec<ProductId> = ranked.iter().map(|it| it.0).filter(is_left).collect();
    chosen.extend(rest);
    chosen
}

#[cfg(test)]
mod tests {
    use rayon::iter::IntoParallelIterator;

    use super::*;

    fn links(rows: Vec<Vec<(u32, f32)>>) -> Links {
        Links::from_rows(rows.into_par_iter())
    }

    #[test]
    fn what_goes_with_the_first_waits_for_others() {
        let ranked = [(2, 1.0), (0, 0.9), (3, 0.7), (1, 0.2)].map(|it| (ProductId(it.0), it.1));
        let baskets = links(vec![vec![(2, 0.4)], vec![], vec![(0, 0.4), (1, -3.0)], vec![]]);
        let order =
            |links, alike| spread(&ranked, links, alike).iter().map(|it| it.0).collect::<Vec<_>>();
        let none = links(vec![]);
        assert_eq!(order(&none, &none), [2, 0, 3, 1]);
        assert_eq!(order(&baskets, &none), [2, 3, 0, 1]);
        assert_eq!(order(&none, &baskets), [2, 0, 3, 1]);
    }

    #[test]
    fn nothing_is_lost_and_what_follows_the_ten_stays_in_order() {
        let ranked: Vec<_> = (0..100_u32).map(|it| (ProductId(it), -(it as f32) / 50.0)).collect();
        let all_linked =
            (0..100).map(|it| (0..100).filter(|o| *o != it).map(|o| (o, (o % 3) as f32)).collect());
        let spread = spread(&ranked, &links(all_linked.collect()), &links(vec![]));
        assert!(spread[..CHOSEN].iter().all(|it| it.0 % 3 == 0) && spread[CHOSEN..].is_sorted());
        let mut all = spread;
        all.sort_unstable();
        assert!(all.into_iter().eq((0..100).map(ProductId)));
    }
}
