//! What is known of one customer and one product before they meet: the terms that trees weigh.

use std::collections::HashMap;

use super::{
    Learned,
    fresh::Fresh,
    links::{Links, WeightedRow},
    sales::{Bought, fade},
};

/// After so many days a customer's own purchase says half as much about what they want next.
const OWN_HALF_LIFE_DAYS: f32 = 60.0;

/// The best so many by each of several terms are looked at closely.
const CANDIDATES_BY_TERM: usize = 150;

pub(super) const COUNT: usize = 22;
pub(super) type Terms = [f32; COUNT];

/// What the history and the last order alone say, of a product's terms.
pub(super) fn links_say(terms: &Terms) -> f32 {
    terms[HISTORY] + terms[ANCHORS]
}

/// What the catalogue says, by product.
pub(super) struct Shop<'a> {
    pub log_prices: &'a [f32],
    pub kinds: &'a [Option<u32>],
    pub alike: &'a Links,
}

/// One customer's purchases up to a day, and what each table says for every product because of them.
pub(super) struct Asked<'a> {
    shop: &'a Shop<'a>,
    fresh: &'a Fresh,
    own: &'a [Bought],
    day: i32,
    voices: Vec<[f32; VOICES]>,
    has: Vec<bool>,
    kinds: HashMap<u32, f32>,
    mean_log_price: f32,
    /// Logarithms of one plus: products, days with an order, products of the last, days since the first.
    counts: [f32; 4],
    new_share: f32,
}

const VOICES: usize = 7;
const HISTORY: usize = 0;
const ANCHORS: usize = 1;
const BASKET: usize = 2;
const RECENT: usize = 3;
const ALIKE: usize = 4;
const ALIKE_ANCHORS: usize = 5;
const MOST_ALIKE: usize = 6;

/// The voices come first among a product's terms: what links it to what its customer has.
pub(super) const VOICES_HEARD: [usize; VOICES] =
    [HISTORY, ANCHORS, BASKET, RECENT, ALIKE, ALIKE_ANCHORS, MOST_ALIKE];

impl<'a> Asked<'a> {
    /// `own` ends with the day asked about, `day`; the products of `anchors` were bought on it.
    pub fn new(
        (learned, recent, fresh): (&Learned, &Links, &'a Fresh),
        shop: &'a Shop<'a>,
        own: &'a [Bought],
        anchors: &[u32],
        day: i32,
    ) -> Self {
        let size = fresh.products.len();
        let mut last: HashMap<u32, i32> = HashMap::new();
        for it in own {
            let latest = last.entry(it.product).or_insert(it.day);
            *latest = it.day.max(*latest);
        }
        let weigh = |(it, at): (&u32, &i32)| (*it, fade(day - at, OWN_HALF_LIFE_DAYS));
        let mut row: WeightedRow = last.iter().map(weigh).collect();
        row.sort_unstable_by_key(|it| it.0);
        let anchors: WeightedRow = anchors.iter().map(|it| (*it, 1.0)).collect();
        let mut asked = Self {
            shop,
            fresh,
            own,
            day,
            voices: vec![[0.0; VOICES]; size],
            has: vec![false; size],
            kinds: HashMap::new(),
            mean_log_price: 0.0,
            counts: [0.0; 4],
            new_share: 0.0,
        };
        row.iter().for_each(|it| asked.has[it.0 as usize] = true);
        asked.add(HISTORY, &row, &learned.customers);
        asked.add(ANCHORS, &anchors, &learned.customers);
        asked.add(BASKET, &anchors, &learned.baskets);
        asked.add(RECENT, &row, recent);
        asked.add_likeness(&row, &anchors);
        asked.describe(own, &row, anchors.len(), day);
        asked
    }

    fn add(&mut self, voice: usize, row: &[(u32, f32)], links: &Links) {
        for &(product, weight) in row {
            for (other, link) in links.of(product as usize) {
                self.voices[other][voice] += weight * link;
            }
        }
    }

    fn add_likeness(&mut self, row: &[(u32, f32)], anchors: &[(u32, f32)]) {
        let total: f32 = row.iter().map(|it| it.1).sum();
        for &(product, weight) in row {
            for (other, likeness) in self.shop.alike.of(product as usize) {
                let voices = &mut self.voices[other];
                voices[ALIKE] += weight / total * likeness * likeness;
                voices[MOST_ALIKE] = voices[MOST_ALIKE].max(likeness);
            }
        }
        for &(product, _) in anchors {
            for (other, likeness) in self.shop.alike.of(product as usize) {
                self.voices[other][ALIKE_ANCHORS] += likeness * likeness / anchors.len() as f32;
            }
        }
    }

    fn describe(&mut self, own: &[Bought], row: &[(u32, f32)], anchors: usize, day: i32) {
        let total: f32 = row.iter().map(|it| it.1).sum::<f32>().max(f32::MIN_POSITIVE);
        let (mut prices, mut new) = (0.0, 0.0);
        for &(product, weight) in row {
            let index = product as usize;
            prices += weight * self.shop.log_prices[index];
            new += if self.fresh.products[index].is_new { weight } else { 0.0 };
            if let Some(kind) = self.shop.kinds[index] {
                *self.kinds.entry(kind).or_insert(0.0) += weight / total;
            }
        }
        self.mean_log_price = prices / total;
        self.new_share = new / total;
        let mut days: Vec<i32> = own.iter().map(|it| it.day).collect();
        days.sort_unstable();
        days.dedup();
        let first = days.first().map_or(0, |it| day - it);
        let log = |count: usize| (count as f32).ln_1p();
        self.counts =
            [log(row.len()), log(days.len()), log(anchors), (first.max(0) as f32).ln_1p()];
    }

    pub fn own(&self) -> &[Bought] {
        self.own
    }

    pub fn day(&self) -> i32 {
        self.day
    }

    pub fn has(&self, product: u32) -> bool {
        self.has[product as usize]
    }

    /// What their history alone says for a product.
    pub fn history_says(&self, product: u32) -> f32 {
        self.voices[product as usize][HISTORY]
    }

    /// What their last order alone says for a product.
    pub fn anchors_say(&self, product: u32) -> f32 {
        self.voices[product as usize][ANCHORS]
    }

    /// What people with the same purchases bought of late says for a product.
    pub fn recent_says(&self, product: u32) -> f32 {
        self.voices[product as usize][RECENT]
    }

    /// What they do not have and `can_be_shown`, the most promising by some term. Ascending.
    pub fn candidates(&self, can_be_shown: &dyn Fn(u32) -> bool) -> Vec<u32> {
        let shown = |it: &u32| !self.has(*it) && can_be_shown(*it);
        let on_sale: Vec<u32> = self.fresh.rising.iter().copied().filter(shown).collect();
        let mut chosen: Vec<u32> = on_sale.iter().copied().take(CANDIDATES_BY_TERM).collect();
        let heir = |it: u32| {
            self.history_says(it) * self.fresh.products[it as usize].trend.clamp(-2.0, 2.0).exp()
        };
        let voice = |voice: usize| move |it: u32| self.voices[it as usize][voice];
        let mut ranked: Vec<u64> = Vec::with_capacity(on_sale.len());
        let mut best_by = |term: &dyn Fn(u32) -> f32| {
            ranked.clear();
            ranked.extend(on_sale.iter().map(|it| ranking_key(term(*it), *it)));
            let rest = ranked.len().saturating_sub(CANDIDATES_BY_TERM);
            if rest > 0 {
                ranked.select_nth_unstable(rest);
            }
            chosen.extend(ranked[rest..].iter().map(|it| !(*it as u32)));
        };
        [HISTORY, RECENT, ALIKE, ANCHORS].into_iter().for_each(|it| best_by(&voice(it)));
        best_by(&heir);
        chosen.sort_unstable();
        chosen.dedup();
        chosen
    }

    pub fn terms(&self, product: u32) -> Terms {
        let index = product as usize;
        let (voices, fresh) = (&self.voices[index], &self.fresh.products[index]);
        let log_price = self.shop.log_prices[index];
        let dearer = log_price - self.mean_log_price;
        let kind = self.shop.kinds[index].and_then(|it| self.kinds.get(&it));
        let [products, orders, anchors, days] = self.counts;
        [
            voices[HISTORY],
            voices[ANCHORS],
            voices[BASKET],
            voices[RECENT],
            voices[ALIKE],
            voices[ALIKE_ANCHORS],
            voices[MOST_ALIKE],
            kind.copied().unwrap_or(0.0),
            fresh.first_buyers_14,
            fresh.first_buyers_90,
            fresh.trend,
            fresh.days_since_first,
            fresh.days_since_last,
            log_price,
            dearer,
            dearer.abs(),
            products,
            orders,
            anchors,
            self.new_share,
            days,
            voices[HISTORY] * fresh.trend.clamp(-2.0, 2.0).exp(),
        ]
    }
}

/// Higher for a higher score, and of equal scores for the lower id: whole numbers are compared at once.
fn ranking_key(score: f32, product: u32) -> u64 {
    let bits = score.to_bits();
    let ordered = if bits >> 31 == 0 { bits | 1 << 31 } else { !bits };
    u64::from(ordered) << 32 | u64::from(!product)
}

#[cfg(test)]
mod tests {
    use super::ranking_key;

    #[test]
    fn keys_rank_as_scores_do_and_equal_scores_by_id() {
        let down = [(2.5, 7), (2.5, 8), (0.1, 0), (0.0, 3), (-0.0, 1), (-0.5, 1), (-7.0, 2)];
        let keys: Vec<u64> = down.iter().map(|it| ranking_key(it.0, it.1)).collect();
        assert!(keys.is_sorted_by(|a, b| a > b), "{keys:?}");
        assert!(down.iter().zip(keys).all(|(it, key)| !(key as u32) == it.1));
    }
}
