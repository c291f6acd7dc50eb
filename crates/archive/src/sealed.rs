//! The sealed rows: blocks of neighbouring customers. What changes one customer makes one block anew
//! and leaves the others as they are, in memory and on disk.

use std::{ops::Range, sync::Arc};

use aftercart_model::CustomerId;
use aftercart_segment::{Columns, History, NameId, Names};

use crate::{block::Block, bulk::BulkRows};

/// A block that would have more rows is cut in two or more. To make one anew takes milliseconds.
const BLOCK_ROWS_MAX: usize = 1 << 18;

/// Invariant: blocks ascend by customer and none is empty.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sealed {
    blocks: Vec<Arc<Block>>,
}

/// Where a customer's rows are, or were last found.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Place {
    block: usize,
    customer: usize,
}

/// What becomes of customers when blocks are made anew, in ascending order of customers.
trait News {
    fn next_customer(&self) -> Option<CustomerId>;

    /// Writes all of the next customer's rows behind those of `block`, given those held so far.
    fn write_next(&mut self, block: &mut Block, held: &Columns, rows: Range<usize>);
}

impl Sealed {
    pub(crate) fn of(blocks: Vec<Arc<Block>>) -> Self {
        Self { blocks }
    }

    pub(crate) fn blocks(&self) -> &[Arc<Block>] {
        &self.blocks
    }

    pub(crate) fn rows(&self) -> usize {
        self.blocks.iter().map(|it| it.rows()).sum()
    }

    pub(crate) fn bytes(&self) -> usize {
        self.blocks.iter().map(|it| it.bytes()).sum()
    }

    pub(crate) fn get<'a>(&'a self, names: &'a Names, customer: CustomerId) -> Option<History<'a>> {
        let place = self.place(customer)?;
        Some(self.blocks[place.block].history(names, place.customer))
    }

    /// As [`Sealed::get`], quick where customers are asked for in ascending order: `next` is the
    /// place after the last answer.
    #[inline]
    pub(crate) fn get_next<'a>(
        &'a self,
        names: &'a Names,
        customer: CustomerId,
        next: &mut Place,
    ) -> Option<History<'a>> {
        let found = self
            .blocks
            .get(next.block)
            .and_then(|it| it.customers().get(next.customer))
            .is_some_and(|it| *it == customer);
        if !found {
            *next = self.place(customer)?;
        }
        let block = &self.blocks[next.block];
        let history = block.history(names, next.customer);
        next.customer += 1;
        if next.customer == block.customers().len() {
            *next = Place { block: next.block + 1, customer: 0 };
        }
        Some(history)
    }

    pub(crate) fn rows_of(&self, customer: CustomerId) -> usize {
        self.place(customer).map_or(0, |it| self.blocks[it.block].range(it.customer).len())
    }

    /// The customer's rows, copied out.
    pub(crate) fn copy_of(&self, customer: CustomerId) -> Columns {
        let mut copy = Columns::new();
        if let Some(place) = self.place(customer) {
            let block = &self.blocks[place.block];
            copy.extend_from(block.columns(), block.range(place.customer));
        }
        copy
    }

    fn place(&self, customer: CustomerId) -> Option<Place> {
        let block = self.blocks.partition_point(|it| it.customers()[0] <= customer);
        let block = block.checked_sub(1)?;
        Some(Place { block, customer: self.blocks[block].place(customer)? })
    }

    /// These rows with the histories of `tail` in the place of their customers' own; a customer
    /// whose history there is empty is gone.
    pub(crate) fn with(&self, tail: impl IntoIterator<Item = (CustomerId, Columns)>) -> Self {
        let mut tail: Vec<(CustomerId, Columns)> = tail.into_iter().collect();
        tail.sort_unstable_by_key(|(customer, _)| *customer);
        self.renewed(Replaced { tail: &tail })
    }

    /// These rows with `news` in their places; `news` stand in the order of the log and come after
    /// all that is sealed.
    pub(crate) fn with_rows(&self, news: &BulkRows) -> Self {
        let order = news.order();
        self.renewed(Added { news, order: &order })
    }

    fn renewed(&self, mut news: impl News) -> Self {
        let mut blocks = Vec::with_capacity(self.blocks.len());
        for (index, block) in self.blocks.iter().enumerate() {
            let end = self.blocks.get(index + 1).map(|it| it.customers()[0]);
            let concerns = |it: CustomerId| end.is_none_or(|end| it < end);
            if news.next_customer().is_some_and(concerns) {
                renew(block, end, &mut news, &mut blocks);
            } else {
                blocks.push(Arc::clone(block));
            }
        }
        if news.next_customer().is_some() {
            renew(&Block::with_room(0), None, &mut news, &mut blocks);
        }
        Self { blocks }
    }

    /// Hands every text that rows speak of to `see`.
    pub(crate) fn see_names(&self, mut see: impl FnMut(NameId)) {
        self.blocks.iter().for_each(|it| it.columns().see_names(&mut see));
    }
}

/// Makes a block anew with the news about its customers and those up to `end`.
fn renew(
    block: &Block,
    end: Option<CustomerId>,
    news: &mut impl News,
    blocks: &mut Vec<Arc<Block>>,
) {
    let room = block.rows() + block.rows() / 8;
    let mut renewed = Block::with_room(room.min(BLOCK_ROWS_MAX));
    let mut cut = |renewed: &mut Block, is_last: bool| {
        if renewed.rows() >= BLOCK_ROWS_MAX || is_last && !renewed.is_empty() {
            renewed.shrink();
            blocks.push(Arc::new(std::mem::replace(renewed, Block::with_room(0))));
        }
    };
    let mut kept = (0..block.customers().len()).peekable();
    while let Some(customer) = news.next_customer().filter(|it| end.is_none_or(|end| *it < end)) {
        while let Some(place) = kept.next_if(|it| block.customers()[*it] < customer) {
            renewed.push(block.customers()[place], block.columns(), block.range(place));
            cut(&mut renewed, false);
        }
        let held = kept.next_if(|it| block.customers()[*it] == customer);
        let rows = held.map_or(0..0, |it| block.range(it));
        news.write_next(&mut renewed, block.columns(), rows);
        renewed.close(customer);
        cut(&mut renewed, false);
    }
    for place in kept {
        renewed.push(block.customers()[place], block.columns(), block.range(place));
        cut(&mut renewed, false);
    }
    cut(&mut renewed, true);
}

/// Whole histories that stand in the place of those held.
struct Replaced<'a> {
    /// Those still to be written.
    tail: &'a [(CustomerId, Columns)],
}

impl News for Replaced<'_> {
    fn next_customer(&self) -> Option<CustomerId> {
        self.tail.first().map(|it| it.0)
    }

    fn write_next(&mut self, block: &mut Block, _: &Columns, _: Range<usize>) {
        if let Some(((_, columns), rest)) = self.tail.split_first() {
            block.columns_mut().extend_from(columns, 0..columns.len());
            self.tail = rest;
        }
    }
}

/// Rows that come to those held.
struct Added<'a> {
    news: &'a BulkRows,
    /// Those still to be written.
    order: &'a [u32],
}

impl News for Added<'_> {
    fn next_customer(&self) -> Option<CustomerId> {
        self.order.first().map(|it| self.news.customer(*it))
    }

    fn write_next(&mut self, block: &mut Block, held: &Columns, rows: Range<usize>) {
        let customer = self.next_customer();
        let own = self.order.iter().take_while(|it| Some(self.news.customer(**it)) == customer);
        let (own, rest) = self.order.split_at(own.count());
        let own = own.iter().map(|it| *it as usize);
        block.columns_mut().extend_merged(held, rows, self.news.columns(), own);
        self.order = rest;
    }
}
