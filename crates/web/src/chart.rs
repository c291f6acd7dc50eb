//! Charts, drawn on the server as SVG with the sentence that they show.
//!
//! Each is drawn in the widths it may get, down to 330 units for a phone, so that its text stays
//! near 12 px; the style sheet shows the one that fits. At most five grid lines, every tick with its
//! unit, zero always in view, bars never cut off.

use maud::{Markup, html};

/// The width at which charts are drawn for a phone.
pub(crate) const NARROW: f64 = 330.0;
/// More lines than this read as a pattern, not as a scale.
const GRID_LINES_MAX: usize = 5;

/// The width for a column beside another.
const MIDDLE: f64 = 530.0;

/// Draws a chart in each width it may get, all under the one sentence `label`.
pub(crate) fn widths(label: &str, wide: f64, height: f64, draw: impl Fn(f64) -> Markup) -> Markup {
    let of = |width: f64, class: &str| {
        html! {
            svg class=(format!("chart {class}")) viewBox=(format!("0 0 {} {}", n(width), n(height)))
                width=(n(width)) height=(n(height)) role="img" aria-label=(label) {
                (draw(width))
            }
        }
    };
    html! {
        div.chart-box {
            (of(NARROW, "narrow"))
            @if wide > MIDDLE { (of(MIDDLE, "middle")) (of(wide, "wide")) }
            @else { (of(wide, "middle wide")) }
        }
    }
}

/// A coordinate with one decimal: more would only make the page longer.
fn n(value: f64) -> String {
    let text = format!("{value:.1}");
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}

/// The step of a scale from 0 to at least `max` with at most `steps_max` steps.
fn nice_step(max: f64, steps_max: f64) -> f64 {
    if max <= 0.0 {
        return 1.0;
    }
    let decade = 10_f64.powf((max / steps_max).log10().floor());
    let fits = |step: &f64| (max / step).ceil() <= steps_max;
    [1.0, 2.0, 2.5, 4.0, 5.0, 10.0].map(|it| it * decade).into_iter().find(fits).unwrap_or(max)
}

/// The end of the scale on which a column of bars is drawn: 46 % of 50, 11 % of 12.
pub fn scale_end(max: f64) -> f64 {
    if max <= 0.0 {
        return 1.0;
    }
    let decade = 10_f64.powf(max.log10().floor());
    let ends = [1.0, 1.2, 2.0, 2.5, 5.0, 10.0].map(|it| it * decade);
    ends.into_iter().find(|end| *end >= max * 1.000_001).unwrap_or(10.0 * decade)
}

fn line(class: &str, x1: f64, y1: f64, x2: f64, y2: f64) -> Markup {
    html! { line class=(class) x1=(n(x1)) y1=(n(y1)) x2=(n(x2)) y2=(n(y2)) {} }
}

fn text(class: &str, anchor: &str, x: f64, y: f64, words: &str) -> Markup {
    html! { text class=(class) text-anchor=(anchor) x=(n(x)) y=(n(y)) { (words) } }
}

/// One bar of a bar chart.
pub struct Bar {
    pub name: String,
    pub value: f64,
}

/// Bars over time, from zero.
pub fn bars(label: &str, bars: &[Bar], tick: impl Fn(f64) -> String) -> Markup {
    let max = bars.iter().map(|it| it.value).fold(0.0, f64::max);
    let step = nice_step(max, 4.0);
    let steps = (max / step).ceil().max(1.0);
    let (top, bottom, left) = (12.0, 142.0, 50.0);
    let y = |value: f64| bottom - (bottom - top) * value / (step * steps);
    widths(label, MIDDLE, 168.0, |width| {
        let band = (width - left) / bars.len().max(1) as f64;
        let thick = (band * 0.43).clamp(2.0, 29.0);
        html! {
            @for i in 0..=steps as usize {
                @let value = step * i as f64;
                (line(if i == 0 { "zero" } else { "grid" }, left, y(value), width, y(value)))
                (text("axis", "end", left - 8.0, y(value) + 4.0, &tick(value)))
            }
            @for (i, bar) in bars.iter().enumerate() {
                @let middle = left + band * (i as f64 + 0.5);
                @let (x0, x1, y0) = (middle - thick / 2.0, middle + thick / 2.0, y(bar.value));
                @let round = 3.0_f64.min(bottom - y0).max(0.0);
                path.series-1 d=(format!(
                    "M{} {}V{}q0-{r} {r}-{r}H{}q{r} 0 {r} {r}V{}z",
                    n(x0), n(bottom), n(y0 + round), n(x1 - round), n(bottom), r = n(round),
                )) {}
                (text("axis", "middle", middle, bottom + 20.0, &bar.name))
            }
        }
    })
}

/// A small line of counts from day to day, beside the numbers it is of. It has no axis: it begins at
/// the least of the counts, unless they lie so near that it would make a mountain of nothing.
pub fn spark(label: &str, counts: &[u64]) -> Markup {
    let (width, height, room) = (180.0, 34.0, 4.0);
    let [min, max] = [counts.iter().min(), counts.iter().max()].map(|it| *it.unwrap_or(&0) as f64);
    let span = (max - min).max(max * SPARK_SPAN_LEAST).max(1.0);
    let low = ((min + max - span) / 2.0).max(0.0);
    let step = (width - 2.0 * room) / (counts.len().max(2) - 1) as f64;
    let point = |(at, count): (usize, &u64)| {
        let y = height - room - (height - 2.0 * room) * (*count as f64 - low) / span;
        (room + step * at as f64, y)
    };
    let points: Vec<(f64, f64)> = counts.iter().enumerate().map(point).collect();
    let path: String = points.iter().enumerate().fold(String::new(), |mut path, (at, (x, y))| {
        path.push_str(&format!("{}{} {}", if at == 0 { "M" } else { "L" }, n(*x), n(*y)));
        path
    });
    html! {
        svg.spark viewBox=(format!("0 0 {} {}", n(width), n(height))) width=(n(width))
            height=(n(height)) role="img" aria-label=(label) {
            path.line-1 d=(path) {}
            @if let Some((x, y)) = points.last() { circle.dot-1 cx=(n(*x)) cy=(n(*y)) r="3" {} }
        }
    }
}

/// A change of less than this share of all is shown as less than the whole height.
const SPARK_SPAN_LEAST: f64 = 0.05;

/// An estimate with its 95 % interval.
#[derive(Clone, Copy, Debug)]
pub struct Interval {
    pub estimate: f64,
    pub low: f64,
    pub high: f64,
}

impl Interval {
    /// From and to where the scale is drawn, and its step. Zero is always in view.
    fn scale(&self) -> (f64, f64, f64) {
        let room = (self.high - self.low).abs().max(f64::EPSILON) * 0.15;
        let (low, high) = ((self.low - room).min(0.0), (self.high + room).max(0.0));
        let step = nice_step(high - low, 6.0);
        ((low / step).floor() * step, (high / step).ceil() * step, step)
    }
}

/// The scale below an interval: a tick with its unit at each step, lines at some of them.
fn scale_below(
    (from, to, step): (f64, f64, f64),
    x: impl Fn(f64) -> f64,
    (top, bottom): (f64, f64),
    tick: &impl Fn(f64) -> String,
) -> Markup {
    let first = (from / step).round() as i64;
    let last = (to / step).round() as i64;
    let is_dense = (last - first) as usize + 1 > GRID_LINES_MAX;
    html! {
        @for i in first..=last {
            @let at = x(i as f64 * step);
            @if i != 0 && (!is_dense || i % 2 == 0) { (line("grid", at, top, at, bottom)) }
            @else { (line("grid", at, bottom - 4.0, at, bottom)) }
            (text("axis", "middle", at, bottom + 18.0, &tick(i as f64 * step)))
        }
    }
}

/// The interval as a band with a dot at the estimate: the short form, for an overview.
pub fn interval(label: &str, it: Interval, tick: impl Fn(f64) -> String) -> Markup {
    let (from, to, step) = it.scale();
    widths(label, MIDDLE, 118.0, |width| {
        let x = |value: f64| 22.0 + (width - 44.0) * (value - from) / (to - from);
        let (top, bottom, middle) = (22.0, 92.0, 46.0);
        html! {
            (scale_below((from, to, step), x, (top, bottom), &tick))
            rect.band x=(n(x(it.low))) y=(n(middle - 9.0)) width=(n(x(it.high) - x(it.low)))
                height="18" rx="9" {}
            (line("nothing", x(0.0), top, x(0.0), bottom))
            (text("axis", "middle", x(0.0), top - 8.0, "nothing"))
            (text("end", "start", x(it.low) + 2.0, middle + 26.0, &tick(it.low)))
            (text("end", "end", x(it.high) - 2.0, middle + 26.0, &tick(it.high)))
            circle.estimate cx=(n(x(it.estimate))) cy=(n(middle)) r="8" {}
            circle.estimate-eye cx=(n(x(it.estimate))) cy=(n(middle)) r="3" {}
        }
    })
}

/// The interval as the curve of what the difference may be, for the report's answer.
pub fn curve(label: &str, it: Interval, tick: impl Fn(f64) -> String) -> Markup {
    let (from, to, step) = it.scale();
    // The 95 % interval of a normal curve is 1.96 standard deviations to either side.
    let deviation = ((it.high - it.low) / (2.0 * 1.959_964)).max(f64::EPSILON);
    let density = |value: f64| (-0.5 * ((value - it.estimate) / deviation).powi(2)).exp();
    widths(label, 724.0, 236.0, |width| {
        let x = |value: f64| 26.0 + (width - 52.0) * (value - from) / (to - from);
        let (top, bottom, below) = (42.0, 150.0, 200.0);
        let y = |value: f64| bottom - (bottom - top - 20.0) * density(value);
        let area = |low: f64, high: f64| {
            let points: String = (0..=60)
                .map(|i| low + (high - low) * f64::from(i) / 60.0)
                .map(|value| format!("L{} {}", n(x(value)), n(y(value))))
                .collect();
            format!("M{} {b}{points}L{} {b}z", n(x(low)), n(x(high)), b = n(bottom))
        };
        let (zero, middle) = (x(0.0), x(it.estimate));
        // Two names side by side would run into each other: the zero line's steps aside.
        let (anchor, beside) = match middle - zero {
            gap if gap.abs() >= 66.0 => ("middle", zero),
            gap if gap >= 0.0 => ("end", zero.min(middle - 36.0)),
            _ => ("start", zero.max(middle + 36.0)),
        };
        html! {
            (scale_below((from, to, step), x, (top, bottom), &tick))
            path.curve-rest d=(area(from, to)) {}
            path.curve-body d=(area(it.low.max(from), it.high.min(to))) {}
            (line("nothing", zero, top, zero, bottom))
            (text("axis strong", anchor, beside, top - 10.0, "nothing"))
            (line("estimate-line", middle, y(it.estimate), middle, bottom))
            circle.estimate cx=(n(middle)) cy=(n(y(it.estimate))) r="5.5" {}
            (text("estimate-text", "middle", middle, top - 9.0, &tick(it.estimate)))
            (line("bracket", x(it.low), below, x(it.high), below))
            (line("bracket", x(it.low), below - 5.0, x(it.low), below + 5.0))
            (line("bracket", x(it.high), below - 5.0, x(it.high), below + 5.0))
            (text("end", "middle", x(it.low), below + 26.0, &tick(it.low)))
            (text("end", "middle", x(it.high), below + 26.0, &tick(it.high)))
            @if x(it.high) - x(it.low) > 170.0 {
                (text("axis", "middle", (x(it.low) + x(it.high)) / 2.0, below + 26.0,
                    "95% interval"))
            }
        }
    })
}

/// Two shares day by day, from day 0: those in the flow, and those held out if there are any.
pub struct Days<'a> {
    pub offered: &'a [f64],
    pub held_out: Option<&'a [f64]>,
    /// The days on which an email goes out, numbered from 1 on the chart.
    pub sends: &'a [u32],
}

pub fn days(label: &str, days: &Days<'_>, percent: impl Fn(f64) -> String) -> Markup {
    let all = days.offered.iter().chain(days.held_out.unwrap_or_default());
    let max = all.fold(0.0, |max: f64, it| max.max(*it)) * 100.0;
    let step = nice_step(max, 4.0);
    let steps = (max / step).ceil().max(1.0);
    let last = (days.offered.len().max(2) - 1) as f64;
    let (top, bottom, left) = (26.0, 214.0, 46.0);
    let y = |share: f64| bottom - (bottom - top) * share * 100.0 / (step * steps);
    widths(label, 706.0, 248.0, |width| {
        // The names of the lines stand at their ends.
        let right = width - if width > NARROW { 112.0 } else { 62.0 };
        let x = |day: f64| left + (right - left) * day / last;
        let path = |shares: &[f64]| -> String {
            let point = |(day, share): (usize, &f64)| {
                let verb = if day == 0 { 'M' } else { 'L' };
                format!("{verb}{} {}", n(x(day as f64)), n(y(*share)))
            };
            shares.iter().enumerate().map(point).collect()
        };
        // Where there is little room a name stands above its number.
        let is_narrow = width <= NARROW;
        let room = if is_narrow { 30.0 } else { 15.0 };
        let apart = |share: f64, other: Option<f64>| {
            let Some(other) = other else { return 0.0 };
            let gap = y(share) - y(other);
            let sign = if gap < 0.0 { -1.0 } else { 1.0 };
            if gap.abs() >= room { 0.0 } else { (room - gap.abs()) / 2.0 * sign }
        };
        let name = |class: &str, name: &str, share: f64, other: Option<f64>| {
            let at = y(share) + 4.0 + apart(share, other);
            html! {
                @if is_narrow {
                    (text(class, "start", right + 8.0, at - 7.0, name))
                    (text(class, "start", right + 8.0, at + 7.0, &percent(share)))
                } @else {
                    (text(class, "start", right + 8.0, at, &format!("{name} {}", percent(share))))
                }
            }
        };
        let offered_end = days.offered.last().copied();
        let held_out_end = days.held_out.and_then(|it| it.last()).copied();
        html! {
            @for i in 0..=steps as usize {
                @let share = step * i as f64 / 100.0;
                (line(if i == 0 { "zero" } else { "grid" }, left, y(share), right, y(share)))
                (text("axis", "end", left - 8.0, y(share) + 4.0, &tick_percent(share)))
            }
            @for day in [0, 5, 10, 15, last as usize] {
                @if day as f64 <= last && (day as f64 == last || last - day as f64 >= 3.0) {
                    @let words = if day == 0 { "day 0".to_owned() } else { day.to_string() };
                    (text("axis", "middle", x(day as f64), bottom + 20.0, &words))
                }
            }
            @for (i, day) in days.sends.iter().enumerate() {
                @if f64::from(*day) <= last {
                    @let at = x(f64::from(*day));
                    (line("send-day", at, top, at, bottom))
                    rect.send-mark x=(n(at - 8.0)) y=(n(top - 8.0)) width="16" height="16" rx="5" {}
                    (text("send-number", "middle", at, top + 4.0, &(i + 1).to_string()))
                }
            }
            @if let Some(held_out) = days.held_out { path.line-2 d=(path(held_out)) {} }
            path.line-1 d=(path(days.offered)) {}
            @if let Some(share) = offered_end { (name("end", "In the flow", share, held_out_end)) }
            @if let Some(share) = held_out_end { (name("axis", "Held out", share, offered_end)) }
        }
    })
}

/// `16%`, `2.5%`: ticks are round, so they need no decimal that is zero.
fn tick_percent(share: f64) -> String {
    format!("{}%", n(share * 100.0))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn scales_end_on_round_numbers() {
        assert_eq!(nice_step(1_010.0, 4.0), 400.0);
        assert_eq!(nice_step(14.6, 4.0), 4.0);
        assert_eq!(nice_step(0.0, 4.0), 1.0, "nothing to show");
        let ends = [0.46, 0.11, 0.045, 0.0074].map(scale_end);
        for (end, expected) in ends.into_iter().zip([0.5, 0.12, 0.05, 0.01]) {
            assert!((end - expected).abs() < 1e-9, "{end} for {expected}");
        }
    }

    #[test]
    fn the_interval_of_the_pictures_is_drawn_from_minus_one_to_five() {
        let it = Interval { estimate: 222.98, low: 20.0, high: 426.0 };
        assert_eq!(it.scale(), (-100.0, 500.0, 100.0));
    }

    #[test]
    fn a_small_line_uses_its_height_and_makes_no_mountain_of_nothing() {
        let path = |counts: &[u64]| {
            let svg = spark("", counts).into_string();
            svg.split(" d=\"").nth(1).unwrap().split('"').next().unwrap().to_owned()
        };
        assert_eq!(path(&[900, 950, 1_000]), "M4 30L90 17L176 4", "from the least to the most");
        assert_eq!(path(&[1_000, 1_000]), "M4 17L176 17", "in the middle");
        assert_eq!(path(&[0, 0]), "M4 30L176 30", "nobody");
        let near = path(&[1_000, 1_001]);
        assert!(near.starts_with("M4 17.") && near.contains("L176 16."), "{near}");
    }

    proptest! {
        #[test]
        fn zero_and_both_ends_are_always_in_view(
            middle in -1e6_f64..1e6, half in 0.01_f64..1e6,
        ) {
            let it = Interval { estimate: middle, low: middle - half, high: middle + half };
            let (from, to, step) = it.scale();
            prop_assert!(from <= 0.0 && 0.0 <= to);
            prop_assert!(from <= it.low && it.high <= to);
            prop_assert!((to - from) / step <= 9.0, "few enough ticks to label");
        }

        #[test]
        fn a_scale_never_cuts_a_bar(max in 0.001_f64..1e9) {
            let step = nice_step(max, 4.0);
            prop_assert!((max / step).ceil() * step >= max * 0.999_999);
            prop_assert!((max / step).ceil() <= 4.0);
            prop_assert!(scale_end(max) >= max);
        }
    }
}
