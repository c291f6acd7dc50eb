//! The models against the published analysis of CDNOW, against values computed to 40 digits by
//! mpmath, and against shops drawn from the models themselves.

use proptest::prelude::*;

use super::*;

/// Table 2 of the paper, with the weeks turned into days.
const CDNOW: BgNbd = BgNbd { r: 0.243, alpha: 7.0 * 4.414, a: 0.793, b: 2.426 };

/// Of the note of 2013, in dollars.
const CDNOW_VALUE: GammaGamma = GammaGamma { p: 6.25, q: 3.74, v: 15.44 };

fn summary(repeats: u32, last_days: f64, age_days: f64) -> OrderSummary {
    OrderSummary { repeats, last_days, age_days, mean_value: 0.0 }
}

#[track_caller]
fn assert_near(found: f64, expected: f64, within: f64) {
    assert!((found - expected).abs() <= within * expected.abs(), "{found} is not {expected}");
}

#[test]
fn expectations_are_the_published_ones() {
    // The authors' spreadsheet "BG/NBD parameter estimation": customer 1 in the next 39 weeks.
    let first = summary(2, 7.0 * 30.43, 7.0 * 38.86);
    assert!((CDNOW.expected_orders(&first, 7.0 * 39.0) - 1.226).abs() < 5e-4);
    // The same: a new customer within so many weeks, as near as parameters of three digits come.
    for (weeks, expected) in
        [(0.1429, 0.0078), (1.0, 0.0532), (3.0, 0.1506), (31.8571, 1.0405), (78.0, 1.8576)]
    {
        let found = CDNOW.expected_orders(&summary(0, 0.0, 0.0), 7.0 * weeks);
        assert!((found - expected).abs() < 5e-5 + 2e-3 * expected, "{weeks} weeks: {found}");
    }
    // The R package BTYD: nobody orders within 39 weeks so often.
    let none = 1.0 - CDNOW.chance_to_order(&summary(0, 0.0, 0.0), 7.0 * 39.0);
    assert!((none - 0.573_786_4).abs() < 1e-6, "{none}");
    // The authors' spreadsheet of note 25: what the first customers' purchases are worth.
    for (repeats, mean_value, expected) in [
        (2, 22.35, 24.65),
        (1, 11.77, 18.91),
        (0, 0.0, 35.17),
        (7, 73.74, 71.46),
        (2, 25.55, 27.28),
    ] {
        let found =
            CDNOW_VALUE.mean_value(&OrderSummary { mean_value, ..summary(repeats, 0.0, 1.0) });
        assert!((found - expected).abs() < 0.05, "{found} is not {expected}");
    }
}

#[test]
fn formulas_are_those_of_mpmath() {
    let near = |model: BgNbd, it: OrderSummary, days: f64, [gone, orders, likelihood]: [f64; 3]| {
        assert_near(model.chance_gone(&it), gone, 1e-12);
        assert_near(model.expected_orders(&it, days), orders, 1e-9);
        assert_near(model.log_likelihood(&it), likelihood, 1e-11);
    };
    let of = |r, alpha, a, b| BgNbd { r, alpha, a, b };
    let first = summary(2, 213.0, 272.0);
    near(
        CDNOW,
        first,
        273.0,
        [0.273_410_278_164_505_2, 1.226_115_806_149_322, -13.350_293_855_599_12],
    );
    let once = summary(0, 0.0, 272.0);
    near(CDNOW, once, 90.0, [0.0, 0.069_193_238_265_443_64, -0.554_697_231_962_602_3]);
    let often = summary(26, 200.0, 272.0);
    near(
        CDNOW,
        often,
        365.0,
        [0.972_865_850_175_427_1, 0.622_529_654_367_043_5, -90.003_398_242_257_62],
    );
    let lost = summary(1, 12.0, 272.0);
    near(
        CDNOW,
        lost,
        30.0,
        [0.787_739_937_445_386_7, 0.025_605_093_054_260_32, -6.415_671_078_630_168],
    );
    let old = summary(3, 700.0, 720.0);
    near(
        CDNOW,
        old,
        730.0,
        [0.163_572_905_139_338_9, 2.139_536_533_350_933, -21.505_697_110_324_34],
    );
    let keen = of(2.0, 3.0, 1.5, 0.7);
    near(
        keen,
        summary(4, 10.0, 11.0),
        700.0,
        [0.387_408_202_994_568_3, 5.548_010_004_853_824, -10.919_384_603_704_93],
    );
    let at_one = of(0.3, 0.5, 1.0, 2.0);
    near(
        at_one,
        summary(2, 20.0, 30.0),
        500.0,
        [0.453_926_533_939_190_5, 4.952_024_772_531_086, -9.098_469_487_833_919],
    );
    let fickle = of(5.0, 60.0, 3.2, 0.4);
    near(
        fickle,
        summary(1, 5.0, 40.0),
        3_650.0,
        [0.990_660_683_780_434_5, 0.015_281_609_932_037_15, -3.073_562_730_402_179],
    );
    let worth = |repeats, mean_value| OrderSummary { mean_value, ..summary(repeats, 1.0, 2.0) };
    assert_near(CDNOW_VALUE.log_likelihood(&worth(2, 22.35)), -3.551_316_759_731_705, 1e-12);
    assert_near(CDNOW_VALUE.log_likelihood(&worth(7, 73.74)), -6.054_867_310_722_229, 1e-12);
}

#[test]
fn digammas_are_those_of_mpmath() {
    for (x, expected) in [
        (0.1, -10.423_754_940_411_077),
        (1.0, -0.577_215_664_901_532_9),
        (2.5, 0.703_156_640_645_243_2),
        (9.99, 2.250_700_372_831_201),
        (30.0, 3.384_438_132_685_525),
    ] {
        assert_near(special::digamma(x), expected, 1e-13);
    }
}

/// Numbers that look drawn, the same ones from the same seed (SplitMix64; Steele, Lea and Flood,
/// OOPSLA 2014).
struct Draw(u64);

impl Draw {
    /// Between 0 and 1, neither of them.
    fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64 + 1e-17
    }

    fn exponential(&mut self, rate: f64) -> f64 {
        -self.uniform().ln() / rate
    }

    /// Marsaglia and Tsang's way (ACM TOMS 26(3), 2000).
    fn gamma(&mut self, shape: f64, rate: f64) -> f64 {
        if shape < 1.0 {
            let boost = self.uniform().powf(1.0 / shape);
            return self.gamma(shape + 1.0, rate) * boost;
        }
        let d = shape - 1.0 / 3.0;
        let c = 1.0 / (9.0 * d).sqrt();
        loop {
            let normal = crate::normal_quantile(self.uniform());
            let v = (1.0 + c * normal).powi(3);
            if v > 0.0 && self.uniform().ln() < 0.5 * normal * normal + d - d * v + d * v.ln() {
                return d * v / rate;
            }
        }
    }

    fn beta(&mut self, a: f64, b: f64) -> f64 {
        let (x, y) = (self.gamma(a, 1.0), self.gamma(b, 1.0));
        x / (x + y)
    }
}

/// Customers of a shop that is as the models say, who first ordered at some time in the last two
/// years; each with how often they order in the half year to come.
fn shop_of(
    model: BgNbd,
    value: GammaGamma,
    customers: u32,
    draw: &mut Draw,
) -> Vec<(OrderSummary, u32)> {
    const AHEAD_DAYS: f64 = 182.0;

    let customer = |_| {
        let age_days = 730.0 * draw.uniform();
        let rate = draw.gamma(model.r, model.alpha);
        let stop = draw.beta(model.a, model.b);
        let worth = draw.gamma(value.q, value.v);
        let (mut repeats, mut last_days, mut ahead, mut total) = (0, 0.0, 0, 0.0);
        let mut at = draw.exponential(rate);
        while at < age_days + AHEAD_DAYS {
            if at <= age_days {
                (repeats, last_days) = (repeats + 1, at);
                total += draw.gamma(value.p, worth);
            } else {
                ahead += 1;
            }
            if draw.uniform() < stop {
                break;
            }
            at += draw.exponential(rate);
        }
        let mean_value = if repeats > 0 { total / f64::from(repeats) } else { 0.0 };
        (OrderSummary { repeats, last_days, age_days, mean_value }, ahead)
    };
    (0..customers).map(customer).collect()
}

const SHOP: BgNbd = BgNbd { r: 0.6, alpha: 90.0, a: 0.9, b: 2.2 };
const SHOP_VALUE: GammaGamma = GammaGamma { p: 5.0, q: 4.0, v: 3_500.0 };

#[test]
fn parameters_are_found_again_in_a_shop_drawn_from_them() {
    let shop = shop_of(SHOP, SHOP_VALUE, 60_000, &mut Draw(7));
    let summaries: Vec<OrderSummary> = shop.iter().map(|(it, _)| *it).collect();
    let model = BgNbd::fit(&summaries).unwrap();
    assert_near(model.r, SHOP.r, 0.05);
    assert_near(model.alpha, SHOP.alpha, 0.05);
    assert_near(model.a, SHOP.a, 0.1);
    assert_near(model.b, SHOP.b, 0.1);
    let value = GammaGamma::fit(&summaries).unwrap();
    assert_near(value.p, SHOP_VALUE.p, 0.05);
    assert_near(value.q, SHOP_VALUE.q, 0.05);
    assert_near(value.v, SHOP_VALUE.v, 0.05);
    let expected: f64 = summaries.iter().map(|it| model.expected_orders(it, 182.0)).sum();
    let ahead: u32 = shop.iter().map(|(_, ahead)| ahead).sum();
    assert_near(expected, f64::from(ahead), 0.03);
}

/// How far the expected orders of the next half year are off, against those of the true model:
/// the mean over shops with so many repeat customers, and how many of the shops got no estimate.
fn mean_error(repeat_customers: usize, shops: u64) -> (f64, u64) {
    let (mut error, mut without) = (0.0, 0);
    for seed in 0..shops {
        let mut shop =
            shop_of(SHOP, SHOP_VALUE, 12 * repeat_customers as u32, &mut Draw(seed << 20));
        let (mut repeats, mut end) = (0, 0);
        while repeats < repeat_customers {
            repeats += usize::from(shop[end].0.repeats > 0);
            end += 1;
        }
        shop.truncate(end);
        let summaries: Vec<OrderSummary> = shop.into_iter().map(|(it, _)| it).collect();
        let total = |model: &BgNbd| {
            summaries.iter().map(|it| model.expected_orders(it, 182.0)).sum::<f64>()
        };
        match BgNbd::fit(&summaries) {
            Some(model) => error += (total(&model) / total(&SHOP) - 1.0).abs(),
            None => without += 1,
        }
    }
    (error / (shops - without) as f64, without)
}

#[test]
fn enough_repeat_customers_are_enough() {
    let (error, without) = mean_error(REPEAT_CUSTOMERS_MIN as usize, 60);
    assert!(error < 0.1 && without <= 6, "off by {error}, {without} of 60 without");
    let (error, without) = mean_error(REPEAT_CUSTOMERS_MIN as usize / 4, 60);
    assert!(error > 0.12 && without > 6, "a quarter would do: {error}, {without} of 60 without");
}

#[test]
fn there_is_no_model_of_too_few_nor_of_what_does_not_tell() {
    let now: Timestamp = "2026-03-01T12:00:00Z".parse().unwrap();
    let day = |days: i64| now.as_millisecond() - days * DAY_MS as i64;
    let mut fit = ShopModelFit::new(now);
    for customer in 0..150 {
        let order = |days: i64| PaidOrder { at_ms: day(days), minor: 1_000 + customer };
        fit.add(&[order(300 + customer), order(100)][..if customer < 99 { 2 } else { 1 }]);
    }
    fit.add(&[]);
    let model = fit.fit();
    assert_eq!((model.customers, model.repeat_customers), (150, 99));
    assert_eq!((model.bg_nbd, model.gamma_gamma), (None, None), "one customer too few");
    assert!(model.rfm.is_some());
    assert_eq!(model.chance_gone(&summary(1, 10.0, 20.0)), None);
    // Nobody ever stops, and all order at one rate and for one price.
    let alike: Vec<OrderSummary> = (0..500)
        .map(|it| OrderSummary { mean_value: 1_000.0, ..summary(it % 30, 9.9, 10.0) })
        .collect();
    assert_eq!(GammaGamma::fit(&alike), None, "every order is worth the same");
    assert_eq!(BgNbd::fit(&[summary(0, 0.0, 100.0); 300]), None, "nobody came back");
    assert_eq!(BgNbd::fit(&[]), None);
}

#[test]
fn orders_of_one_day_are_one_purchase() {
    let order = |hours: i64, minor| PaidOrder { at_ms: hours * 3_600_000, minor };
    let of = |orders: &[PaidOrder], hours: i64| {
        OrderSummary::of(orders.iter().copied(), hours * 3_600_000)
    };
    let orders = [order(0, 500), order(23, 70), order(24, 300), order(30, 100), order(240, 800)];
    let found = of(&orders, 480).unwrap();
    assert_eq!((found.repeats, found.last_days, found.age_days), (2, 10.0, 20.0));
    assert_eq!(found.mean_value, 600.0, "400 and 800; the first purchase is left out");
    let earlier = of(&orders, 29).unwrap();
    assert_eq!((earlier.repeats, earlier.mean_value), (1, 300.0), "what comes later is not known");
    assert_eq!(of(&orders, -1), None, "no orders yet");
    let once = of(&orders[..2], 48).unwrap();
    assert_eq!((once.repeats, once.last_days, once.mean_value), (0, 0.0, 0.0));
}

fn any_model() -> impl Strategy<Value = BgNbd> {
    let log = |low: f64, high: f64| (low.ln()..high.ln()).prop_map(f64::exp);
    (log(0.05, 20.0), log(0.5, 2_000.0), log(0.05, 20.0), log(0.05, 20.0))
        .prop_map(|(r, alpha, a, b)| BgNbd { r, alpha, a, b })
}

fn any_summary() -> impl Strategy<Value = OrderSummary> {
    (0_u32..60, 0.0..1.0_f64, 0.0..2_000.0_f64, 1.0..50_000.0_f64).prop_map(
        |(repeats, share, age_days, value)| OrderSummary {
            repeats,
            last_days: if repeats > 0 { share * age_days } else { 0.0 },
            age_days,
            mean_value: if repeats > 0 { value } else { 0.0 },
        },
    )
}

proptest! {
    #[test]
    fn silence_only_makes_it_worse(
        model in any_model(), it in any_summary(), silence in 0.1..700.0_f64, days in 1.0..730.0_f64,
    ) {
        let later = OrderSummary { age_days: it.age_days + silence, ..it };
        let nearly = 1e-9;
        prop_assert!(model.chance_gone(&later) >= model.chance_gone(&it) - nearly);
        prop_assert!(model.chance_to_order(&later, days) <= model.chance_to_order(&it, days) + nearly);
        let (before, after) = (model.expected_orders(&it, days), model.expected_orders(&later, days));
        prop_assert!(after <= before * (1.0 + nearly) + nearly, "{before} then {after}");
    }

    #[test]
    fn answers_are_possible(
        model in any_model(), it in any_summary(), days in 0.1..730.0_f64, more in 0.0..365.0_f64,
    ) {
        prop_assert!((0.0..=1.0).contains(&model.chance_gone(&it)));
        let expected = model.expected_orders(&it, days);
        prop_assert!(expected.is_finite() && expected >= 0.0, "{expected}");
        prop_assert!(model.expected_orders(&it, days + more) >= expected * (1.0 - 1e-9));
        // Of a number that is at least 0 the mean is at least the chance to be 1 or more.
        prop_assert!(expected >= model.chance_to_order(&it, days) * (1.0 - 1e-6) - 1e-9);
    }

    #[test]
    fn the_next_order_is_where_the_chance_is_a_half(model in any_model(), it in any_summary()) {
        match model.next_order_days(&it) {
            Some(days) => prop_assert!((model.chance_to_order(&it, days) - 0.5).abs() < 1e-6),
            None => prop_assert!(model.chance_to_order(&it, 1e9) < 0.501 || model.r < 0.2),
        }
    }

    #[test]
    fn worth_lies_between_the_customers_and_everybodys(it in any_summary()) {
        let everybodys = SHOP_VALUE.mean_value(&summary(0, 0.0, 0.0));
        let found = SHOP_VALUE.mean_value(&it);
        if it.repeats == 0 {
            prop_assert_eq!(found, everybodys);
        } else {
            let (low, high) = (everybodys.min(it.mean_value), everybodys.max(it.mean_value));
            prop_assert!(low - 1e-6 <= found && found <= high + 1e-6);
        }
    }
}
