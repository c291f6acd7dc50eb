//! The three questions as somebody would write them who knows the columns and has nothing else to
//! ask: one walk over each customer's rows from the newest, as far as a year back.
//!
//! It knows that the generated shop has no cancellations and no refunds, and does not look for them.

use std::{ops::Range, thread};

use aftercart_archive::{Archive, BlockRows};
use aftercart_segment::{Columns, HistoryKind, NO_PRODUCT};

use super::generate::{World, now};

const ORDER: u8 = HistoryKind::Order as u8;
const ORDER_LINE: u8 = HistoryKind::OrderLine as u8;
const VIEWED: u8 = HistoryKind::ProductViewed as u8;
const CLICKED: u8 = HistoryKind::MessageClicked as u8;
const OPENED: u8 = HistoryKind::MessageOpened as u8;

const DAY_MS: i64 = 86_400_000;
const WORTH_MINOR: i64 = 20_000;

/// How many customers meet each: the upsell segment's condition, three orders in a year worth 200 or
/// more together, no email opened in 90 days.
pub type Counts = [usize; 3];

pub fn count(archive: &Archive, customers: usize, world: &World) -> Counts {
    let blocks: Vec<BlockRows<'_>> = archive.blocks().collect();
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let share = blocks.len().div_ceil(cores).max(1);
    let counts: Vec<Counts> = thread::scope(|scope| {
        let ask = |blocks: &[BlockRows<'_>]| {
            blocks.iter().map(|it| count_block(it, world)).fold([0; 3], add)
        };
        let threads: Vec<_> =
            blocks.chunks(share).map(|own| scope.spawn(move || ask(own))).collect();
        threads.into_iter().map(|it| it.join().expect("counting does not panic")).collect()
    });
    let held: usize = blocks.iter().map(|it| it.customers.len()).sum();
    let idle = [0, 0, customers - held];
    counts.into_iter().fold(idle, add)
}

fn add(one: Counts, other: Counts) -> Counts {
    std::array::from_fn(|it| one[it] + other[it])
}

fn count_block(block: &BlockRows<'_>, world: &World) -> Counts {
    let columns = block.columns;
    let Some((base_ms, highs, lows)) = columns.narrow_times() else { return [0; 3] };
    let after_ms = |ms: i64| (ms - base_ms) as u64;
    let now_ms = now().as_millisecond();
    let at = |row: usize| u64::from(highs[row]) << 8 | u64::from(lows[row]);
    let [end, day_30, day_90, day_365] =
        [0, 30, 90, 365].map(|days| after_ms(now_ms - days * DAY_MS));
    let (kinds, mut counts) = (columns.kinds(), [0; 3]);
    for own in block.starts.windows(2) {
        let own = own[0] as usize..own[1] as usize;
        let (mut orders, mut spent, mut has_opened, mut last_order) = (0, 0, false, None);
        for row in own.clone().rev() {
            let at = at(row);
            if at <= day_365 {
                break;
            }
            if at > end {
                continue;
            }
            match kinds[row] {
                ORDER => {
                    orders += 1;
                    spent += columns.amount(row);
                    if last_order.is_none() && at > day_30 {
                        last_order = Some(row);
                    }
                }
                OPENED => has_opened |= at > day_90,
                _ => {}
            }
        }
        let is_upsell =
            last_order.is_some_and(|order| looked_again(columns, order..own.end, world));
        counts[0] += usize::from(is_upsell);
        counts[1] += usize::from(orders >= 3 && spent >= WORTH_MINOR);
        counts[2] += usize::from(!has_opened);
    }
    counts
}

/// Whether a row after the order is a look at what goes with one of its lines or betters it.
fn looked_again(columns: &Columns, rows: Range<usize>, world: &World) -> bool {
    let (kinds, subjects) = (columns.kinds(), columns.subjects());
    let start = rows.start + 1;
    let lines = kinds[start..rows.end].iter().take_while(|it| **it == ORDER_LINE).count();
    let lines = start..start + lines;
    (lines.end..rows.end).any(|row| {
        let product = subjects[row];
        let is_look = matches!(kinds[row], VIEWED | CLICKED) && product != NO_PRODUCT;
        is_look
            && lines.clone().any(|line| {
                let bought = subjects[line] as usize;
                let is_listed = |list: &[aftercart_model::ProductId]| {
                    list.binary_search(&aftercart_model::ProductId(product)).is_ok()
                };
                is_listed(&world.complements[bought]) || is_listed(&world.upgrades[bought])
            })
    })
}
