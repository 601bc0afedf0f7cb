//! The list at the head of a safetensors file: names, types, shapes and places of its tensors.

use safetensors::tensor::TensorInfo;
use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};
use std::collections::BTreeMap;
use std::fmt::{self, Write as _};

/// The longest list that is read, as that of the `safetensors` crate.
pub(crate) const LONGEST: u64 = 100_000_000;
/// The key of the texts beside the tensors.
pub(crate) const METADATA: &str = "__metadata__";

/// What a file lists.
#[derive(Debug, Clone, Default)]
pub(crate) struct Header {
    /// In the order of their bytes, those of no bytes by name.
    pub(crate) tensors: Vec<(String, TensorInfo)>,
    pub(crate) texts: BTreeMap<String, String>,
}

impl Header {
    /// A list in the order that a reader gets it back in.
    pub(crate) fn new(mut tensors: Vec<(String, TensorInfo)>, texts: BTreeMap<String, String>) -> Self {
        tensors.sort_by(|(a_name, a), (b_name, b)| {
            a.data_offsets.cmp(&b.data_offsets).then_with(|| a_name.cmp(b_name))
        });
        Self { tensors, texts }
    }

    /// The names of all tensors.
    pub(crate) fn names(&self) -> Vec<String> {
        self.tensors.iter().map(|(name, _)| name.clone()).collect()
    }

    /// Reads a list whose tensors fill `length` bytes, without gaps and without overlaps.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(crate) fn parse(json: &[u8], length: u64) -> Result<Self, String> {
        let header: Self = serde_json::from_slice(json).map_err(|error| error.to_string())?;
        let mut end = 0;
        for (name, info) in &header.tensors {
            let bytes = info.shape.iter().try_fold(1usize, |size, &axis| size.checked_mul(axis));
            let bits = bytes.and_then(|size| size.checked_mul(info.dtype.bitsize()));
            let bits = bits.ok_or_else(|| format!("`{name}`: shape {:?} is too large", info.shape))?;
            let (from, to) = info.data_offsets;
            if from != end || to < from {
                return Err(format!("`{name}` lies at {from}..{to} where {end} is the end of the others"));
            }
            if bits % 8 != 0 || bits / 8 != to - from {
                let (dtype, shape) = (info.dtype, &info.shape);
                return Err(format!("`{name}` has {} bytes for {dtype} {shape:?}", to - from));
            }
            end = to;
        }
        if end as u64 != length {
            return Err(format!("its tensors fill {end} of {length} bytes"));
        }
        Ok(header)
    }

    /// The list as JSON; the same text for the same list.
    pub(crate) fn json(&self) -> String {
        let mut out = String::from("{");
        let texts: Vec<_> =
            self.texts.iter().map(|(key, text)| format!("{}:{}", quoted(key), quoted(text))).collect();
        if !texts.is_empty() {
            let _ = write!(out, "{}:{{{}}}", quoted(METADATA), texts.join(","));
        }
        for (name, TensorInfo { dtype, shape, data_offsets: (from, to) }) in &self.tensors {
            let comma = if out.len() > 1 { "," } else { "" };
            let name = quoted(name);
            let place = format!("[{from},{to}]");
            let _ = write!(
                out,
                "{comma}{name}:{{\"dtype\":\"{dtype}\",\"shape\":{shape:?},\"data_offsets\":{place}}}"
            );
        }
        out.push('}');
        out
    }
}

/// A JSON string.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

impl<'de> Deserialize<'de> for Header {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Entries)
    }
}

struct Entries;

impl<'de> Visitor<'de> for Entries {
    type Value = Header;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of tensors")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Header, A::Error> {
        let (mut tensors, mut texts) = (BTreeMap::new(), None);
        while let Some(name) = map.next_key::<String>()? {
            let is_new = if name == METADATA {
                texts.replace(map.next_value::<Option<Texts>>()?).is_none()
            } else {
                let info: TensorInfo = map.next_value()?;
                tensors.insert(name.clone(), info).is_none()
            };
            if !is_new {
                return Err(A::Error::custom(format_args!("`{name}` is listed twice")));
            }
        }
        let texts = texts.flatten().map_or_else(BTreeMap::new, |Texts(texts)| texts);
        Ok(Header::new(tensors.into_iter().collect(), texts))
    }
}

/// Texts by key, each key once.
struct Texts(BTreeMap<String, String>);

impl<'de> Deserialize<'de> for Texts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Pairs;

        impl<'de> Visitor<'de> for Pairs {
            type Value = Texts;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of texts")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Texts, A::Error> {
                let mut texts = BTreeMap::new();
                while let Some((key, text)) = map.next_entry::<String, String>()? {
                    if texts.contains_key(&key) {
                        return Err(A::Error::custom(format_args!("text `{key}` is listed twice")));
                    }
                    texts.insert(key, text);
                }
                Ok(Texts(texts))
            }
        }

        deserializer.deserialize_map(Pairs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(json: &str, length: u64) -> String {
        Header::parse(json.as_bytes(), length).unwrap_err()
    }

    #[test]
    fn a_list_comes_back() {
        let json = r#"{"__metadata__":{"a":"1","quote":"\"\\\n"},"w":{"dtype":"F32","shape":[2, 3],"data_offsets":[0,24]},"ö":{"dtype":"F32","shape":[],"data_offsets":[24,28]}}"#;
        let header = Header::parse(json.as_bytes(), 28).unwrap();
        assert_eq!(header.tensors[0].0, "w");
        assert_eq!(header.tensors[1].1.shape, [0; 0]);
        assert_eq!(header.texts["quote"], "\"\\\n");
        assert_eq!(header.json(), json);
        assert_eq!(Header::default().json(), "{}");
        assert_eq!(Header::parse(b"{}  ", 0).unwrap().json(), "{}");
        // As some writers have it.
        assert!(Header::parse(br#"{"__metadata__":null}"#, 0).unwrap().texts.is_empty());
    }

    #[test]
    fn names_that_come_twice_are_refused() {
        let w = r#""w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}"#;
        assert!(fault(&format!("{{{w},{w}}}"), 4).contains("`w` is listed twice"));
        // The same name, spelt otherwise.
        let same = w.replace("\"w\"", "\"\\u0077\"");
        assert!(fault(&format!("{{{w},{same}}}"), 4).contains("`w` is listed twice"));
        assert!(fault(r#"{"__metadata__":{"a":"1","a":"1"}}"#, 0).contains("`a` is listed twice"));
        assert!(fault(r#"{"__metadata__":{},"__metadata__":{}}"#, 0).contains("listed twice"));
    }

    #[test]
    fn places_that_do_not_fit_are_refused() {
        let one = |shape: &str, place: &str| {
            format!(r#"{{"w":{{"dtype":"F32","shape":{shape},"data_offsets":{place}}}}}"#)
        };
        assert_eq!(fault(&one("[1]", "[4,8]"), 8), "`w` lies at 4..8 where 0 is the end of the others");
        assert_eq!(fault(&one("[1]", "[0,8]"), 8), "`w` has 8 bytes for F32 [1]");
        assert_eq!(fault(&one("[1]", "[0,4]"), 8), "its tensors fill 4 of 8 bytes");
        let huge = "[4294967296, 4294967296]";
        assert_eq!(fault(&one(huge, "[0,4]"), 4), format!("`w`: shape {huge} is too large"));
        assert_eq!(
            fault(&one("[4611686018427387904]", "[0,4]"), 4),
            "`w`: shape [4611686018427387904] is too large"
        );
        let claimed = fault(&one("[25000000000]", "[0,100000000000]"), 4);
        assert_eq!(claimed, "its tensors fill 100000000000 of 4 bytes");
        for (shape, place) in [("[-1]", "[0,4]"), ("[1.5]", "[0,4]"), ("[1]", "[0]"), ("1", "[0,4]")] {
            fault(&one(shape, place), 4);
        }
        let two = r#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}"#;
        assert_eq!(fault(two, 12), "`b` lies at 4..12 where 8 is the end of the others");
    }

    #[test]
    fn what_is_no_list_is_refused() {
        for json in ["", "[]", "{", "null", "\u{0}", "{\"w\":1}", "{}{}"] {
            fault(json, 0);
        }
        fault(&"[".repeat(100_000), 0);
        fault(&format!("{{\"w\":{}", "[".repeat(100_000)), 0);
        assert!(Header::parse(b"{\"\xff\":1}", 0).is_err());
    }
}
