//! Members as Parquet: what was spent as a decimal of the currency, instants as timestamps.

use std::{io::Write, sync::Arc};

use aftercart_model::Currency;
use anyhow::{Context, Result};
use parquet::{
    data_type::{BoolType, ByteArray, ByteArrayType, DataType, Int64Type},
    file::{
        properties::WriterProperties,
        writer::{SerializedFileWriter, SerializedRowGroupWriter},
    },
    schema::parser::parse_message_type,
};

use super::ExportedMember;

/// Rows of a group, which stand in memory until it is full.
const GROUP_ROWS: usize = 50_000;

type Out<'w> = &'w mut (dyn Write + Send);
type Group<'g, 'w> = SerializedRowGroupWriter<'g, Out<'w>>;

pub(super) struct ParquetFile<'w> {
    file: SerializedFileWriter<Out<'w>>,
    waiting: Vec<ExportedMember>,
}

impl<'w> ParquetFile<'w> {
    pub fn begin(currency: Currency, out: Out<'w>) -> Result<Self> {
        let schema = format!(
            "message members {{
               REQUIRED BYTE_ARRAY id (UTF8);
               OPTIONAL BYTE_ARRAY email (UTF8);
               REQUIRED BYTE_ARRAY given_name (UTF8);
               REQUIRED BYTE_ARRAY family_name (UTF8);
               OPTIONAL BYTE_ARRAY country (UTF8);
               OPTIONAL BYTE_ARRAY time_zone (UTF8);
               REQUIRED BOOLEAN agreed_to_marketing;
               REQUIRED BOOLEAN suppressed;
               REQUIRED INT64 orders;
               REQUIRED INT64 spent (DECIMAL(18,{}));
               OPTIONAL BYTE_ARRAY last_order (UTF8);
               OPTIONAL INT64 last_order_at (TIMESTAMP(MILLIS,true));
               REQUIRED BYTE_ARRAY currency (UTF8);
             }}",
            currency.digits()
        );
        let schema = Arc::new(parse_message_type(&schema)?);
        let file = SerializedFileWriter::new(out, schema, Arc::new(WriterProperties::default()))?;
        Ok(Self { file, waiting: Vec::new() })
    }

    pub fn write(&mut self, rows: Vec<ExportedMember>) -> Result<()> {
        self.waiting.extend(rows);
        if self.waiting.len() >= GROUP_ROWS { self.write_group() } else { Ok(()) }
    }

    pub fn end(mut self) -> Result<()> {
        if !self.waiting.is_empty() {
            self.write_group()?;
        }
        self.file.close()?;
        Ok(())
    }

    fn write_group(&mut self) -> Result<()> {
        let rows = std::mem::take(&mut self.waiting);
        let mut group = self.file.next_row_group()?;
        given::<ByteArrayType>(&mut group, rows.iter().map(|it| text(&it.id)))?;
        optional::<ByteArrayType>(&mut group, rows.iter().map(|it| it.email.as_deref().map(text)))?;
        given::<ByteArrayType>(&mut group, rows.iter().map(|it| text(&it.given_name)))?;
        given::<ByteArrayType>(&mut group, rows.iter().map(|it| text(&it.family_name)))?;
        optional::<ByteArrayType>(
            &mut group,
            rows.iter().map(|it| it.country.as_deref().map(text)),
        )?;
        optional::<ByteArrayType>(
            &mut group,
            rows.iter().map(|it| it.time_zone.as_deref().map(text)),
        )?;
        given::<BoolType>(&mut group, rows.iter().map(|it| it.agreed_to_marketing))?;
        given::<BoolType>(&mut group, rows.iter().map(|it| it.suppressed))?;
        given::<Int64Type>(&mut group, rows.iter().map(|it| it.orders.cast_signed()))?;
        given::<Int64Type>(&mut group, rows.iter().map(|it| it.spent_minor))?;
        optional::<ByteArrayType>(
            &mut group,
            rows.iter().map(|it| it.last_order.as_deref().map(text)),
        )?;
        let last_at = |it: &ExportedMember| it.last_order_at.map(|it| it.as_millisecond());
        optional::<Int64Type>(&mut group, rows.iter().map(last_at))?;
        given::<ByteArrayType>(&mut group, rows.iter().map(|it| text(&it.currency)))?;
        group.close()?;
        Ok(())
    }
}

fn text(text: &str) -> ByteArray {
    ByteArray::from(text)
}

/// The next column, of which every row has a value.
fn given<T: DataType>(group: &mut Group<'_, '_>, values: impl Iterator<Item = T::T>) -> Result<()> {
    write::<T>(group, &values.collect::<Vec<_>>(), None)
}

/// The next column, of which a row may have no value.
fn optional<T: DataType>(
    group: &mut Group<'_, '_>,
    values: impl Iterator<Item = Option<T::T>>,
) -> Result<()> {
    let values: Vec<Option<T::T>> = values.collect();
    let levels: Vec<i16> = values.iter().map(|it| i16::from(it.is_some())).collect();
    write::<T>(group, &values.into_iter().flatten().collect::<Vec<_>>(), Some(&levels))
}

fn write<T: DataType>(
    group: &mut Group<'_, '_>,
    values: &[T::T],
    levels: Option<&[i16]>,
) -> Result<()> {
    let mut column = group.next_column()?.context("the schema has a column less")?;
    column.typed::<T>().write_batch(values, levels, None)?;
    Ok(column.close()?)
}
