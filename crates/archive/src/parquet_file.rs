//! A block as a Parquet file, and back. The schema is documented in `docs/reference/archive.md`:
//! other programs read these files, so columns may be added, and none renamed.

use std::{fmt::Write as _, sync::Arc};

use aftercart_model::CustomerId;
use aftercart_segment::{Columns, NameId, Names, PropertyValue};
use bytes::Bytes;
use parquet::{
    basic::Encoding,
    column::reader::get_typed_column_reader,
    data_type::{ByteArray, ByteArrayType, DataType, Int32Type, Int64Type},
    errors::{ParquetError, Result},
    file::{
        properties::{EnabledStatistics, WriterProperties},
        reader::{FileReader as _, RowGroupReader, SerializedFileReader},
        writer::{SerializedFileWriter, SerializedRowGroupWriter},
    },
    schema::{parser::parse_message_type, types::ColumnPath},
};

use crate::block::Block;

const BLOCK_SCHEMA: &str = "
message aftercart_history {
  REQUIRED INT64 customer;
  REQUIRED INT64 at (TIMESTAMP(MILLIS,true));
  REQUIRED INT32 kind (INTEGER(8,false));
  REQUIRED INT32 subject (INTEGER(32,false));
  REQUIRED INT64 amount;
  OPTIONAL INT64 detail;
  OPTIONAL BYTE_ARRAY properties (UTF8);
}";

const NAMES_SCHEMA: &str = "
message aftercart_names {
  REQUIRED BYTE_ARRAY what (UTF8);
  REQUIRED INT32 number (INTEGER(32,false));
  REQUIRED BYTE_ARRAY text (UTF8);
  OPTIONAL BYTE_ARRAY step (UTF8);
}";

/// What a row of the names file is about.
const TEXT: &str = "text";
const EMAIL: &str = "email";

pub(crate) fn write_block(block: &Block, names: &Names) -> Result<Vec<u8>> {
    let columns = block.columns();
    let rows = 0..columns.len();
    let customers: Vec<i64> = (0..block.customers().len())
        .flat_map(|it| block.range(it).map(move |_| block.customers()[it].0))
        .collect();
    let times: Vec<i64> = rows.clone().map(|it| columns.time_ms(it)).collect();
    let kinds: Vec<i32> = columns.kinds().iter().map(|it| i32::from(*it)).collect();
    let subjects: Vec<i32> = columns.subjects().iter().map(|it| it.cast_signed()).collect();
    let amounts: Vec<i64> = rows.clone().map(|it| columns.amount(it)).collect();
    let details: Vec<Option<i64>> = rows.clone().map(|it| columns.detail(it)).collect();
    let properties: Vec<Option<ByteArray>> =
        rows.map(|it| properties_text(columns, it, names)).collect();

    let mut file = writer(BLOCK_SCHEMA)?;
    let mut group = file.next_row_group()?;
    write::<Int64Type>(&mut group, &customers)?;
    write::<Int64Type>(&mut group, &times)?;
    write::<Int32Type>(&mut group, &kinds)?;
    write::<Int32Type>(&mut group, &subjects)?;
    write::<Int64Type>(&mut group, &amounts)?;
    write_some::<Int64Type>(&mut group, details)?;
    write_some::<ByteArrayType>(&mut group, properties)?;
    group.close()?;
    file.into_inner()
}

/// The block of a file that [`write_block`] wrote; `names` hold all texts it speaks of.
pub(crate) fn read_block(file: Bytes, names: &Names) -> Result<Block> {
    let file = SerializedFileReader::new(file)?;
    let mut block = Block::with_room(usize::try_from(file.metadata().file_metadata().num_rows())?);
    for group in 0..file.num_row_groups() {
        let group = file.get_row_group(group)?;
        let rows = usize::try_from(group.metadata().num_rows())?;
        let customers = read::<Int64Type>(group.as_ref(), 0, rows)?;
        let times = read::<Int64Type>(group.as_ref(), 1, rows)?;
        let kinds = read::<Int32Type>(group.as_ref(), 2, rows)?;
        let subjects = read::<Int32Type>(group.as_ref(), 3, rows)?;
        let amounts = read::<Int64Type>(group.as_ref(), 4, rows)?;
        let mut details = read_some::<Int64Type>(group.as_ref(), 5, rows)?;
        let mut properties = read_some::<ByteArrayType>(group.as_ref(), 6, rows)?;
        let mut row = 0;
        for own in customers.chunk_by(|a, b| a == b) {
            for _ in own {
                let kind = u8::try_from(kinds[row])?;
                let subject = subjects[row].cast_unsigned();
                let properties = match properties.take(row) {
                    Some(text) => properties_of(text.data(), names)?,
                    None => Vec::new(),
                };
                let columns = block.columns_mut();
                let detail = details.take(row);
                columns.push_stored(times[row], kind, subject, amounts[row], detail, &properties);
                row += 1;
            }
            let customer = CustomerId(own[0]);
            if block.customers().last().is_some_and(|it| *it >= customer) {
                return Err(damaged("customers stand out of order"));
            }
            block.close(customer);
        }
    }
    if block.is_empty() {
        return Err(damaged("there are no rows"));
    }
    block.shrink();
    Ok(block)
}

pub(crate) fn write_names(names: &Names) -> Result<Vec<u8>> {
    let (mut what, mut numbers, mut texts, mut steps) = (vec![], vec![], vec![], vec![]);
    for (id, text) in names.texts() {
        what.push(ByteArray::from(TEXT));
        numbers.push(id.0.cast_signed());
        texts.push(ByteArray::from(text));
        steps.push(None);
    }
    for (id, email) in names.emails() {
        what.push(ByteArray::from(EMAIL));
        numbers.push(id.0.cast_signed());
        texts.push(ByteArray::from(email.flow.as_str()));
        steps.push(Some(ByteArray::from(email.step.as_str())));
    }
    let mut file = writer(NAMES_SCHEMA)?;
    let mut group = file.next_row_group()?;
    write::<ByteArrayType>(&mut group, &what)?;
    write::<Int32Type>(&mut group, &numbers)?;
    write::<ByteArrayType>(&mut group, &texts)?;
    write_some::<ByteArrayType>(&mut group, steps)?;
    group.close()?;
    file.into_inner()
}

pub(crate) fn read_names(file: Bytes) -> Result<Names> {
    use aftercart_model::{FlowId, StepId};

    let file = SerializedFileReader::new(file)?;
    let mut names = Names::new();
    for group in 0..file.num_row_groups() {
        let group = file.get_row_group(group)?;
        let rows = usize::try_from(group.metadata().num_rows())?;
        let what = read::<ByteArrayType>(group.as_ref(), 0, rows)?;
        let numbers = read::<Int32Type>(group.as_ref(), 1, rows)?;
        let texts = read::<ByteArrayType>(group.as_ref(), 2, rows)?;
        let mut steps = read_some::<ByteArrayType>(group.as_ref(), 3, rows)?;
        for row in 0..rows {
            let text = texts[row].as_utf8()?;
            if what[row].data() == TEXT.as_bytes() {
                names.restore(NameId(numbers[row].cast_unsigned()), text);
            } else if what[row].data() == EMAIL.as_bytes() {
                let step = steps.take(row).unwrap_or_default();
                let flow = FlowId::new(text).map_err(|_| damaged("a flow has no name"))?;
                let step =
                    StepId::new(step.as_utf8()?).map_err(|_| damaged("a step has no name"))?;
                if names.intern_email(&flow, &step).0 != numbers[row].cast_unsigned() {
                    return Err(damaged("emails stand out of order"));
                }
            }
        }
    }
    Ok(names)
}

fn writer(schema: &str) -> Result<SerializedFileWriter<Vec<u8>>> {
    let delta = Encoding::DELTA_BINARY_PACKED;
    let mut properties = WriterProperties::builder()
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .set_created_by("aftercart".to_owned());
    for column in ["customer", "at"] {
        let path = ColumnPath::from(column);
        properties = properties
            .set_column_dictionary_enabled(path.clone(), false)
            .set_column_encoding(path, delta);
    }
    let schema = Arc::new(parse_message_type(schema)?);
    SerializedFileWriter::new(Vec::new(), schema, Arc::new(properties.build()))
}

fn write<T: DataType>(
    group: &mut SerializedRowGroupWriter<'_, Vec<u8>>,
    values: &[T::T],
) -> Result<()> {
    let mut column = group.next_column()?.ok_or_else(|| damaged("a column is missing"))?;
    column.typed::<T>().write_batch(values, None, None)?;
    column.close()
}

fn write_some<T: DataType>(
    group: &mut SerializedRowGroupWriter<'_, Vec<u8>>,
    values: Vec<Option<T::T>>,
) -> Result<()> {
    let levels: Vec<i16> = values.iter().map(|it| i16::from(it.is_some())).collect();
    let values: Vec<T::T> = values.into_iter().flatten().collect();
    let mut column = group.next_column()?.ok_or_else(|| damaged("a column is missing"))?;
    column.typed::<T>().write_batch(&values, Some(&levels), None)?;
    column.close()
}

fn read<T: DataType>(group: &dyn RowGroupReader, column: usize, rows: usize) -> Result<Vec<T::T>> {
    let mut reader = get_typed_column_reader::<T>(group.get_column_reader(column)?);
    let mut values = Vec::with_capacity(rows);
    while values.len() < rows {
        let (read, _, _) = reader.read_records(rows - values.len(), None, None, &mut values)?;
        if read == 0 {
            return Err(damaged("a column ends too early"));
        }
    }
    Ok(values)
}

/// The values of rows that have one, to be taken in the order of rows.
struct Given<T> {
    levels: Vec<i16>,
    values: std::vec::IntoIter<T>,
}

impl<T> Given<T> {
    fn take(&mut self, row: usize) -> Option<T> {
        if self.levels.get(row) == Some(&1) { self.values.next() } else { None }
    }
}

fn read_some<T: DataType>(
    group: &dyn RowGroupReader,
    column: usize,
    rows: usize,
) -> Result<Given<T::T>> {
    let chunk = group.metadata().column(column);
    let is_empty = chunk.statistics().and_then(|it| it.null_count_opt()) == Some(rows as u64);
    let (mut levels, mut values) = (Vec::new(), Vec::new());
    if !is_empty {
        let mut reader = get_typed_column_reader::<T>(group.get_column_reader(column)?);
        while levels.len() < rows {
            let wanted = rows - levels.len();
            let (read, _, _) = reader.read_records(wanted, Some(&mut levels), None, &mut values)?;
            if read == 0 {
                return Err(damaged("a column ends too early"));
            }
        }
    }
    Ok(Given { levels, values: values.into_iter() })
}

/// The properties of a row as a JSON object, names in their order.
fn properties_text(columns: &Columns, row: usize, names: &Names) -> Option<ByteArray> {
    let mut text = String::new();
    for (name, value) in columns.properties(row) {
        text.push(if text.is_empty() { '{' } else { ',' });
        let quoted = |text: &str| serde_json::Value::from(text).to_string();
        let _ = write!(text, "{}:", quoted(names.text(name)));
        let _ = match value {
            PropertyValue::Text(it) => write!(text, "{}", quoted(names.text(it))),
            PropertyValue::Truth(it) => write!(text, "{it}"),
            // JSON has no infinity, and none comes in.
            PropertyValue::Number(it) => write!(text, "{}", serde_json::Value::from(it)),
        };
    }
    if text.is_empty() {
        return None;
    }
    text.push('}');
    Some(ByteArray::from(text.into_bytes()))
}

fn properties_of(text: &[u8], names: &Names) -> Result<Vec<(NameId, PropertyValue)>> {
    let known = |text: &str| names.find(text).ok_or_else(|| damaged("a text has no number"));
    let properties: serde_json::Map<String, serde_json::Value> =
        serde_json::from_slice(text).map_err(|_| damaged("properties are no JSON object"))?;
    let property = |(name, value): (&String, &serde_json::Value)| {
        let value = match value {
            serde_json::Value::String(text) => PropertyValue::Text(known(text)?),
            serde_json::Value::Bool(is) => PropertyValue::Truth(*is),
            value => {
                let number = value.as_f64().ok_or_else(|| damaged("a property has no value"))?;
                PropertyValue::Number(number)
            }
        };
        Ok((known(name)?, value))
    };
    properties.iter().map(property).collect()
}

fn damaged(what: &str) -> ParquetError {
    ParquetError::General(what.to_owned())
}
