//! From Rust data to [`Value`]s by way of serde, keeping the order of fields.

use std::{fmt, sync::Arc};

use serde::{
    Deserialize, Deserializer, Serialize,
    de::{MapAccess, SeqAccess, Visitor},
    ser::{self, Serializer},
};

use crate::Value;

/// Data deeper than this is refused, so that no walk over it comes near the end of the stack.
const DATA_DEPTH_MAX: usize = 64;

/// Why data cannot be given to a template.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ValueError {
    #[error("the data is nested deeper than {DATA_DEPTH_MAX} levels; flatten it")]
    TooDeep,
    #[error("a key of the data is not text, a number or true or false; name it by text")]
    KeyNotText,
    #[error("the data cannot be read: {0}; mend its `Serialize`")]
    Other(String),
}

impl ser::Error for ValueError {
    fn custom<T: fmt::Display>(text: T) -> Self {
        Self::Other(text.to_string())
    }
}

impl Value {
    pub fn from_serialize<T: Serialize + ?Sized>(data: &T) -> Result<Self, ValueError> {
        data.serialize(Builder { depth: 0 })
    }
}

#[derive(Clone, Copy)]
struct Builder {
    depth: usize,
}

impl Builder {
    fn deeper(self) -> Result<Self, ValueError> {
        let depth = self.depth + 1;
        if depth > DATA_DEPTH_MAX { Err(ValueError::TooDeep) } else { Ok(Self { depth }) }
    }
}

struct Items {
    inside: Builder,
    items: Vec<Value>,
    /// The name of an enum's variant around it.
    variant: Option<&'static str>,
}

struct Entries {
    inside: Builder,
    entries: Vec<(Arc<str>, Value)>,
    key: Option<Arc<str>>,
    variant: Option<&'static str>,
}

fn wrapped(variant: Option<&'static str>, value: Value) -> Value {
    match variant {
        Some(name) => Value::object([(name, value)]),
        None => value,
    }
}

impl Items {
    fn finish(self) -> Value {
        wrapped(self.variant, Value::array(self.items))
    }
}

impl Entries {
    fn finish(self) -> Value {
        wrapped(self.variant, Value::object(self.entries))
    }
}

impl Serializer for Builder {
    type Ok = Value;
    type Error = ValueError;
    type SerializeSeq = Items;
    type SerializeTuple = Items;
    type SerializeTupleStruct = Items;
    type SerializeTupleVariant = Items;
    type SerializeMap = Entries;
    type SerializeStruct = Entries;
    type SerializeStructVariant = Entries;

    fn serialize_bool(self, it: bool) -> Result<Value, ValueError> {
        Ok(Value::Bool(it))
    }
    fn serialize_i8(self, it: i8) -> Result<Value, ValueError> {
        Ok(Value::Int(it.into()))
    }
    fn serialize_i16(self, it: i16) -> Result<Value, ValueError> {
        Ok(Value::Int(it.into()))
    }
    fn serialize_i32(self, it: i32) -> Result<Value, ValueError> {
        Ok(Value::Int(it.into()))
    }
    fn serialize_i64(self, it: i64) -> Result<Value, ValueError> {
        Ok(Value::Int(it))
    }
    fn serialize_u8(self, it: u8) -> Result<Value, ValueError> {
        Ok(Value::Int(it.into()))
    }
    fn serialize_u16(self, it: u16) -> Result<Value, ValueError> {
        Ok(Value::Int(it.into()))
    }
    fn serialize_u32(self, it: u32) -> Result<Value, ValueError> {
        Ok(Value::Int(it.into()))
    }
    fn serialize_u64(self, it: u64) -> Result<Value, ValueError> {
        Ok(i64::try_from(it).map_or(Value::Float(it as f64), Value::Int))
    }
    fn serialize_f32(self, it: f32) -> Result<Value, ValueError> {
        Ok(Value::Float(it.into()))
    }
    fn serialize_f64(self, it: f64) -> Result<Value, ValueError> {
        Ok(Value::Float(it))
    }
    fn serialize_char(self, it: char) -> Result<Value, ValueError> {
        Ok(Value::Str(it.encode_utf8(&mut [0; 4]).into()))
    }
    fn serialize_str(self, it: &str) -> Result<Value, ValueError> {
        Ok(Value::Str(it.into()))
    }
    fn serialize_bytes(self, it: &[u8]) -> Result<Value, ValueError> {
        Ok(Value::array(it.iter().map(|&byte| Value::Int(byte.into()))))
    }
    fn serialize_none(self) -> Result<Value, ValueError> {
        Ok(Value::Nil)
    }
    fn serialize_some<T: Serialize + ?Sized>(self, it: &T) -> Result<Value, ValueError> {
        it.serialize(self)
    }
    fn serialize_unit(self) -> Result<Value, ValueError> {
        Ok(Value::Nil)
    }
    fn serialize_unit_struct(self, _: &'static str) -> Result<Value, ValueError> {
        Ok(Value::Nil)
    }
    fn serialize_unit_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
    ) -> Result<Value, ValueError> {
        Ok(Value::Str(variant.into()))
    }
    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        it: &T,
    ) -> Result<Value, ValueError> {
        it.serialize(self)
    }
    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        it: &T,
    ) -> Result<Value, ValueError> {
        Ok(wrapped(Some(variant), it.serialize(self.deeper()?)?))
    }
    fn serialize_seq(self, len: Option<usize>) -> Result<Items, ValueError> {
        // The length is only a hint and may be wrong.
        let items = Vec::with_capacity(len.unwrap_or(0).min(1_024));
        Ok(Items { inside: self.deeper()?, items, variant: None })
    }
    fn serialize_tuple(self, len: usize) -> Result<Items, ValueError> {
        self.serialize_seq(Some(len))
    }
    fn serialize_tuple_struct(self, _: &'static str, len: usize) -> Result<Items, ValueError> {
        self.serialize_seq(Some(len))
    }
    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        len: usize,
    ) -> Result<Items, ValueError> {
        Ok(Items { variant: Some(variant), ..self.deeper()?.serialize_seq(Some(len))? })
    }
    fn serialize_map(self, len: Option<usize>) -> Result<Entries, ValueError> {
        let entries = Vec::with_capacity(len.unwrap_or(0).min(1_024));
        Ok(Entries { inside: self.deeper()?, entries, key: None, variant: None })
    }
    fn serialize_struct(self, _: &'static str, len: usize) -> Result<Entries, ValueError> {
        self.serialize_map(Some(len))
    }
    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        len: usize,
    ) -> Result<Entries, ValueError> {
        Ok(Entries { variant: Some(variant), ..self.deeper()?.serialize_map(Some(len))? })
    }
}

impl ser::SerializeSeq for Items {
    type Ok = Value;
    type Error = ValueError;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, it: &T) -> Result<(), ValueError> {
        self.items.push(it.serialize(self.inside)?);
        Ok(())
    }
    fn end(self) -> Result<Value, ValueError> {
        Ok(self.finish())
    }
}

impl ser::SerializeTuple for Items {
    type Ok = Value;
    type Error = ValueError;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, it: &T) -> Result<(), ValueError> {
        ser::SerializeSeq::serialize_element(self, it)
    }
    fn end(self) -> Result<Value, ValueError> {
        Ok(self.finish())
    }
}

impl ser::SerializeTupleStruct for Items {
    type Ok = Value;
    type Error = ValueError;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, it: &T) -> Result<(), ValueError> {
        ser::SerializeSeq::serialize_element(self, it)
    }
    fn end(self) -> Result<Value, ValueError> {
        Ok(self.finish())
    }
}

impl ser::SerializeTupleVariant for Items {
    type Ok = Value;
    type Error = ValueError;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, it: &T) -> Result<(), ValueError> {
        ser::SerializeSeq::serialize_element(self, it)
    }
    fn end(self) -> Result<Value, ValueError> {
        Ok(self.finish())
    }
}

impl ser::SerializeMap for Entries {
    type Ok = Value;
    type Error = ValueError;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, it: &T) -> Result<(), ValueError> {
        let mut text = String::new();
        match it.serialize(self.inside)? {
            key @ (Value::Str(_) | Value::Int(_) | Value::Bool(_)) => key.print(&mut text),
            _ => return Err(ValueError::KeyNotText),
        }
        self.key = Some(text.into());
        Ok(())
    }
    fn serialize_value<T: Serialize + ?Sized>(&mut self, it: &T) -> Result<(), ValueError> {
        let key = self.key.take().expect("serde gives the key before the value");
        self.entries.push((key, it.serialize(self.inside)?));
        Ok(())
    }
    fn end(self) -> Result<Value, ValueError> {
        Ok(self.finish())
    }
}

impl ser::SerializeStruct for Entries {
    type Ok = Value;
    type Error = ValueError;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        name: &'static str,
        it: &T,
    ) -> Result<(), ValueError> {
        self.entries.push((name.into(), it.serialize(self.inside)?));
        Ok(())
    }
    fn end(self) -> Result<Value, ValueError> {
        Ok(self.finish())
    }
}

impl ser::SerializeStructVariant for Entries {
    type Ok = Value;
    type Error = ValueError;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        name: &'static str,
        it: &T,
    ) -> Result<(), ValueError> {
        ser::SerializeStruct::serialize_field(self, name, it)
    }
    fn end(self) -> Result<Value, ValueError> {
        Ok(self.finish())
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ValueVisitor)
    }
}

struct ValueVisitor;

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }
    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Nil)
    }
    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Nil)
    }
    fn visit_some<D: Deserializer<'de>>(self, it: D) -> Result<Value, D::Error> {
        Value::deserialize(it)
    }
    fn visit_bool<E>(self, it: bool) -> Result<Value, E> {
        Ok(Value::Bool(it))
    }
    fn visit_i64<E>(self, it: i64) -> Result<Value, E> {
        Ok(Value::Int(it))
    }
    fn visit_u64<E>(self, it: u64) -> Result<Value, E> {
        Ok(i64::try_from(it).map_or(Value::Float(it as f64), Value::Int))
    }
    fn visit_f64<E>(self, it: f64) -> Result<Value, E> {
        Ok(Value::Float(it))
    }
    fn visit_str<E>(self, it: &str) -> Result<Value, E> {
        Ok(Value::Str(it.into()))
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = access.next_element()? {
            items.push(item);
        }
        Ok(Value::array(items))
    }
    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut entries: Vec<(String, Value)> = Vec::new();
        while let Some(entry) = access.next_entry()? {
            entries.push(entry);
        }
        Ok(Value::object(entries))
    }
}
